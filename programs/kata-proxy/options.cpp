// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-proxy/options.h"

#include <boost/program_options.hpp>

#include <sstream>

#include "kata/concat.h"
#include "programs/flags.h"
#include "sandbox/store.h"

namespace kata::proxy {

namespace po = boost::program_options;

namespace {

constexpr int kFirstFreeFd = 3;

po::options_description described() {
  po::options_description options("Options");
  auto add = options.add_options();
  add("root", po::value<std::string>()->default_value("/run/kata-containers"),
      "directory of all sandboxes' records");
  add("sandbox", po::value<std::string>(), "id of the sandbox to run (required)");
  add("ready-fd", po::value<int>()->default_value(-1),
      "descriptor on which to report 'ready' or the error of the start");
  add("lock-fd", po::value<int>()->default_value(-1),
      "descriptor to close when the sandbox's record names this process");
  add("log", po::value<std::string>(), "log file [<root>/<sandbox>/proxy.log]");
  add("log-level", po::value<std::string>()->default_value("info"),
      "trace, debug, info, warn or error");
  add("log-format", po::value<std::string>()->default_value("text"), "text or json");
  add("help,h", "print this text");
  add("version,v", "print the version");
  return options;
}

std::string help() {
  std::ostringstream text;
  text << "Usage: kata-proxy --sandbox ID [options]\n\n"
          "Brings one sandbox up (shared filesystem, VM, agent), stays as the parent of its VMM,\n"
          "answers on <root>/<sandbox>/proxy.sock, and takes everything down at the end.\n"
          "kata-runtime starts it; SIGTERM ends the sandbox.\n\n"
       << described();
  return text.str();
}

Result<log::Level> level_of(const std::string& name) {
  const std::pair<const char*, log::Level> levels[] = {{"trace", log::Level::kTrace},
                                                       {"debug", log::Level::kDebug},
                                                       {"info", log::Level::kInfo},
                                                       {"warn", log::Level::kWarn},
                                                       {"error", log::Level::kError}};
  for (const auto& [text, level] : levels)
    if (name == text) return level;
  return make_error(
      ErrorCode::kInvalidArgument,
      concat("--log-level '", name, "' is unknown: use trace, debug, info, warn or error"));
}

Result<log::Format> format_of(const std::string& name) {
  if (name == "text") return log::Format::kText;
  if (name == "json") return log::Format::kJson;
  return make_error(ErrorCode::kInvalidArgument,
                    concat("--log-format '", name, "' is unknown: use text or json"));
}

Result<Options> from(const po::variables_map& values) {
  Options options;
  if (values.count("help") != 0) options.message = help();
  if (values.count("version") != 0) options.message = "kata-proxy " KATA_VERSION "\n";
  if (!options.message.empty()) return options;
  if (values.count("sandbox") == 0)
    return make_error(ErrorCode::kInvalidArgument, "--sandbox is required: see --help");
  options.sandbox = values["sandbox"].as<std::string>();
  KATA_TRY(sandbox::check_id(options.sandbox), "--sandbox");
  options.root = values["root"].as<std::string>();
  if (!options.root.is_absolute())
    return make_error(ErrorCode::kInvalidArgument,
                      concat("--root '", options.root, "' is not an absolute path"));
  options.log = values.count("log") != 0 ? std::filesystem::path(values["log"].as<std::string>())
                                         : options.root / options.sandbox / "proxy.log";
  options.ready_fd = values["ready-fd"].as<int>();
  options.lock_fd = values["lock-fd"].as<int>();
  for (const auto& [flag, fd] :
       {std::pair("--ready-fd", options.ready_fd), std::pair("--lock-fd", options.lock_fd)})
    if (fd >= 0 && fd < kFirstFreeFd)
      return make_error(ErrorCode::kInvalidArgument,
                        concat(flag, " must be 3 or more: 0 to 2 become /dev/null"));
  options.log_level = KATA_TRY(level_of(values["log-level"].as<std::string>()), "");
  options.log_format = KATA_TRY(format_of(values["log-format"].as<std::string>()), "");
  return options;
}

}  // namespace

Result<Options> parse_options(int argc, const char* const* argv) {
  return from(KATA_TRY(parse_flags(argc, argv, described()), ""));
}

}  // namespace kata::proxy
