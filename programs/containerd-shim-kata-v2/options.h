// SPDX-License-Identifier: Apache-2.0
//
// How containerd calls a shim: the command line, in the notation of Go's flag package, and what it
// puts into the environment.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "kata/result.h"

namespace kata::shim_v2 {

enum class Action {
  kServe,  // no verb: serve the Task API on the socket that is descriptor 3
  kStart,
  kDelete,
  kVersion,
  kInfo,
  kHelp,
};

struct Options {
  Action action = Action::kServe;
  std::string container_namespace{};  // of containerd: "default", "k8s.io"
  std::string id{};                   // of the container
  std::string containerd_address{};   // its gRPC socket
  std::string publish_binary{};       // containerd's program, for events
  std::filesystem::path bundle{};     // empty: the working directory
  std::string
      config_path{};  // of `start`, for the shim that it leaves behind; empty: the usual place
  bool debug = false;
};

// Without the program's name. The verbs need -namespace and -id.
Result<Options> parse_options(std::span<const char* const> words);

std::string help_text();

struct Environment {
  std::string ttrpc_address{};  // where events go; empty: containerd does not take them by ttRPC
  unsigned max_version = 2;     // of the shim's protocol that containerd understands
};

// `look_up` is getenv: null for what is not set. A version that is no number counts as none.
Environment read_environment(const std::function<const char*(const char*)>& look_up);

}  // namespace kata::shim_v2
