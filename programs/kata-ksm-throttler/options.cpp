// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-ksm-throttler/options.h"

#include <boost/program_options.hpp>

#include <sstream>

#include "kata/concat.h"
#include "programs/flags.h"

namespace kata::throttler {

namespace po = boost::program_options;

namespace {

po::options_description described() {
  po::options_description options("Options");
  auto add = options.add_options();
  add("config", po::value<std::string>(), "configuration file [as kata-runtime finds it]");
  add("run-dir", po::value<std::string>(),
      "directory of the socket ksm.sock and of the host's saved settings [run_directory of the "
      "configuration, where those who start VMs kick]");
  add("watch", po::value<std::string>(),
      "run: a new entry of this directory kicks too, for runtimes that do not: /run/vc/sbs");
  add("help,h", "print this text");
  add("version,v", "print the version");
  return options;
}

std::string help() {
  std::ostringstream text;
  text << "Usage: kata-ksm-throttler run|kick|status|metrics [options]\n\n"
          "run      drives the configured memory_dedup plugin; SIGTERM restores the host's KSM\n"
          "kick     a VM has come or gone: scan hard for a while\n"
          "status   what the daemon does, and how much memory is saved over time\n"
          "metrics  the same in Prometheus' text format\n\n"
       << described();
  return text.str();
}

Result<std::filesystem::path> absolute(const po::variables_map& values, const char* name) {
  std::filesystem::path path = values[name].as<std::string>();
  if (path.is_absolute()) return path.lexically_normal();
  return make_error(ErrorCode::kInvalidArgument,
                    concat("--", name, " '", path, "' is not an absolute path"));
}

Result<Options> from(std::string verb, const po::variables_map& values) {
  Options options;
  options.verb = std::move(verb);
  if (values.count("help") != 0) options.message = help();
  if (values.count("version") != 0) options.message = "kata-ksm-throttler " KATA_VERSION "\n";
  if (values.count("config") != 0) options.config = values["config"].as<std::string>();
  if (values.count("run-dir") != 0)
    options.run_directory = KATA_TRY(absolute(values, "run-dir"), "");
  if (values.count("watch") != 0) options.watch = KATA_TRY(absolute(values, "watch"), "");
  if (!options.message.empty()) return options;
  for (const char* known : {"run", "kick", "status", "metrics"})
    if (options.verb == known) return options;
  return make_error(
      ErrorCode::kInvalidArgument,
      concat("verb '", options.verb, "' is unknown: use run, kick, status or metrics"));
}

}  // namespace

Result<Options> parse_options(int argc, const char* const* argv) {
  const bool has_verb = argc > 1 && argv[1][0] != '-';
  const int skipped = has_verb ? 1 : 0;
  const auto values = KATA_TRY(parse_flags(argc - skipped, argv + skipped, described()), "");
  return from(has_verb ? argv[1] : "", values);
}

}  // namespace kata::throttler
