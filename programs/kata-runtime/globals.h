// SPDX-License-Identifier: Apache-2.0
//
// The flags before the verb, which hold for every verb.
#pragma once

#include <boost/program_options/options_description.hpp>
#include <filesystem>
#include <optional>

#include "kata/result.h"
#include "programs/kata-runtime/command_line.h"
#include "programs/kata-runtime/log_file.h"
#include "sandbox/store.h"

namespace kata::runtime {

struct Globals {
  std::filesystem::path root{};                   // absolute
  std::optional<std::filesystem::path> config{};  // as --config says
  std::filesystem::path log{};                    // empty: no log
  LogFormat log_format = LogFormat::kText;
  bool debug = false, help = false, version = false;
  bool systemd_cgroup = false;  // linux.cgroupsPath names a scope of systemd

  sandbox::Store store() const { return sandbox::Store(root); }
};

boost::program_options::options_description global_flags();

// Leaves the verb and what follows it in `rest`.
Result<Globals> parse_globals(const Words& words, Words& rest);

}  // namespace kata::runtime
