// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-shim/options.h"

#include <boost/program_options.hpp>

#include <sstream>

#include "kata/concat.h"
#include "programs/flags.h"

namespace kata::shim {

namespace po = boost::program_options;

namespace {

po::options_description described() {
  po::options_description options("Options");
  auto add = options.add_options();
  add("agent", po::value<std::string>(), "address of the sandbox's proxy: unix://PATH (required)");
  add("container", po::value<std::string>(), "id of the container (required)");
  add("exec-id", po::value<std::string>(),
      "id of the process; the container's id means its first process (required)");
  add("terminal", "the process has a terminal");
  add("view-fd", po::value<int>(),
      "descriptor of a file that names the container's rootfs and mounts: they become this "
      "process's");
  add("help,h", "print this text");
  add("version,v", "print the version");
  return options;
}

std::string help() {
  std::ostringstream text;
  text << "Usage: kata-shim --agent ADDRESS --container ID --exec-id ID [--terminal]\n\n"
          "Stands on the host for one process of a container: carries its stdin, stdout, stderr "
          "and\n"
          "terminal, passes signals on, and ends with its exit code (128 + n after signal n).\n"
          "Ends with 255 when the sandbox is gone. kata-runtime starts it.\n\n"
       << described();
  return text.str();
}

Result<Options> from(const po::variables_map& values) {
  Options options;
  if (values.count("help") != 0) options.message = help();
  if (values.count("version") != 0) options.message = "kata-shim " KATA_VERSION "\n";
  if (!options.message.empty()) return options;
  for (const auto& [name, target] : {std::pair<const char*, std::string*>{"agent", &options.agent},
                                     {"container", &options.container},
                                     {"exec-id", &options.exec_id}}) {
    if (values.count(name) == 0)
      return make_error(ErrorCode::kInvalidArgument,
                        concat("--", name, " is required: see --help"));
    *target = values[name].as<std::string>();
  }
  options.terminal = values.count("terminal") != 0;
  if (values.count("view-fd") != 0) options.view_fd = values["view-fd"].as<int>();
  return options;
}

}  // namespace

Result<Options> parse_options(int argc, const char* const* argv) {
  return from(KATA_TRY(parse_flags(argc, argv, described()), ""));
}

}  // namespace kata::shim
