// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/globals.h"

#include <boost/program_options/value_semantic.hpp>

#include "kata/concat.h"

namespace kata::runtime {

namespace po = boost::program_options;
namespace fs = std::filesystem;

po::options_description global_flags() {
  po::options_description flags("Global flags");
  auto add = flags.add_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  add("root", text("DIR")->default_value("/run/kata-containers"), "directory of all records");
  add("config", text("FILE"), "configuration.toml to use");
  add("kata-config", text("FILE"), "the same, as Kata 1.x called it");
  add("log", text("FILE"), "append errors and warnings to this file too");
  add("log-format", text("FORMAT")->default_value("text"), "text or json");
  add("debug", po::bool_switch(), "log in detail");
  add("systemd-cgroup", po::bool_switch(),
      "linux.cgroupsPath is slice:prefix:name; systemd makes that scope and owns it");
  add("rootless", text("WHETHER"), "true, false or auto; accepted, a VM needs no rootless mode");
  add("criu", text("PROGRAM"), "accepted; a VM's container cannot be checkpointed");
  add("version,v", po::bool_switch(), "print the version");
  add("help,h", po::bool_switch(), "print this text");
  return flags;
}

Result<Globals> parse_globals(const Words& words, Words& rest) {
  CommandLine line =
      KATA_TRY(parse_command_line(global_flags(), words, Flags::kBeforeOperands), "");
  rest = std::move(line.operands);
  Globals globals;
  std::error_code failure;
  globals.root = fs::absolute(line.text("root"), failure).lexically_normal();
  if (!globals.root.has_filename()) globals.root = globals.root.parent_path();
  for (const char* name : {"config", "kata-config"})
    if (line.has(name)) globals.config = line.text(name);
  globals.log = line.text("log");
  globals.debug = line.is_set("debug");
  globals.systemd_cgroup = line.is_set("systemd-cgroup");
  globals.help = line.is_set("help");
  globals.version = line.is_set("version");
  const std::string rootless = line.has("rootless") ? line.text("rootless") : "auto";
  if (rootless != "true" && rootless != "false" && rootless != "auto")
    return make_error(ErrorCode::kInvalidArgument,
                      concat("--rootless '", rootless, "': expected true, false or auto"));
  const std::string format = line.text("log-format");
  if (format != "text" && format != "json")
    return make_error(ErrorCode::kInvalidArgument,
                      concat("--log-format '", format, "': expected text or json"));
  globals.log_format = format == "json" ? LogFormat::kJson : LogFormat::kText;
  return globals;
}

}  // namespace kata::runtime
