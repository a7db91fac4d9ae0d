// SPDX-License-Identifier: Apache-2.0
//
// kata-shim's command line.
#pragma once

#include <string>

#include "kata/result.h"

namespace kata::shim {

struct Options {
  std::string agent{};  // "unix:///run/…/proxy.sock"
  std::string container{};
  std::string exec_id{};  // the container's id: its init process
  bool terminal = false;
  int view_fd = -1;       // a ShimView to enter; -1: the caller's mount namespace
  std::string message{};  // print it and end: --help or --version
};

Result<Options> parse_options(int argc, const char* const* argv);

}  // namespace kata::shim
