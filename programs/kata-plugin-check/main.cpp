// SPDX-License-Identifier: Apache-2.0
//
// kata-plugin-check: whether a plugin keeps the promises of its interface.
#include <boost/program_options.hpp>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>

#include "programs/kata-plugin-check/library.h"
#include "programs/kata-plugin-check/runner.h"

namespace {

using namespace kata;
namespace po = boost::program_options;

constexpr int kFailed = 1, kUsageError = 2, kNothingRan = 77;

struct Options {
  std::string message{};  // --help or --version
  std::filesystem::path library{};
  std::optional<std::filesystem::path> config{};
  std::string only{}, junit{};
  bool list = false;
  unsigned timeout_s = 60;
};

po::options_description described() {
  po::options_description options("Options");
  auto add = options.add_options();
  add("config", po::value<std::string>(),
      "configuration.toml whose table of the plugin counts; a hypervisor finds kernel and initrd "
      "there");
  add("list", "print the cases and run none");
  add("only", po::value<std::string>(), "run the cases whose 'suite: name' contains this text");
  add("junit", po::value<std::string>(), "write the results to this file, as JUnit's XML");
  add("timeout", po::value<unsigned>(), "seconds for a case (default 60)");
  add("help,h", "print this text");
  add("version,v", "print the version");
  return options;
}

std::string help() {
  std::ostringstream text;
  text << "Usage: kata-plugin-check [options] LIBRARY\n\n"
          "Loads a plugin as kata-runtime does and checks that it keeps the promises of its "
          "interface.\n"
          "Each case runs in a process of its own. A case that the plugin's capabilities or this "
          "host\n"
          "rule out is reported as skipped. Exit status: 0 all passed, 1 some failed, 2 wrong "
          "usage or\n"
          "a library that is refused, 77 no case ran. Most cases need root.\n\n"
       << described();
  return text.str();
}

Result<Options> parse(int argc, char** argv) {
  try {
    po::options_description all = described();
    all.add_options()("library", po::value<std::string>(), "");
    po::positional_options_description positional;
    positional.add("library", 1);
    po::variables_map values;
    po::store(po::command_line_parser(argc, argv).options(all).positional(positional).run(),
              values);
    Options options;
    if (values.count("help") != 0) options.message = help();
    if (values.count("version") != 0) options.message = "kata-plugin-check " KATA_VERSION "\n";
    if (!options.message.empty()) return options;
    if (values.count("library") == 0)
      return make_error(ErrorCode::kInvalidArgument, "expected the path of a plugin's library");
    std::error_code failure;
    options.library = std::filesystem::absolute(values["library"].as<std::string>(), failure);
    if (values.count("config") != 0) options.config = values["config"].as<std::string>();
    if (values.count("only") != 0) options.only = values["only"].as<std::string>();
    if (values.count("junit") != 0) options.junit = values["junit"].as<std::string>();
    if (values.count("timeout") != 0) options.timeout_s = values["timeout"].as<unsigned>();
    options.list = values.count("list") != 0;
    return options;
  } catch (const po::error& error) {
    return make_error(ErrorCode::kInvalidArgument, error.what());
  }
}

std::vector<check::Report> run_all(const Options& options, const check::Subject& subject) {
  std::vector<check::Report> reports;
  for (const check::Suite& suite : check::suites_of(subject.interface_id))
    for (const check::Case& test : suite.cases) {
      const std::string name = concat(suite.name, ": ", test.name);
      if (name.find(options.only) == std::string::npos) continue;
      if (options.list) {
        std::cout << name << '\n';
        continue;
      }
      reports.push_back(
          check::run_case(suite, test, subject, std::chrono::seconds(options.timeout_s)));
      std::cout << check::as_line(reports.back()) << std::flush;
    }
  return reports;
}

int summary(const std::vector<check::Report>& reports) {
  using Verdict = check::Report::Verdict;
  std::map<Verdict, int> counts;
  for (const check::Report& report : reports) ++counts[report.verdict];
  std::cout << counts[Verdict::kPassed] << " passed, " << counts[Verdict::kFailed] << " failed, "
            << counts[Verdict::kSkipped] << " skipped\n";
  if (counts[Verdict::kFailed] != 0) return kFailed;
  return counts[Verdict::kPassed] == 0 ? kNothingRan : 0;
}

Result<int> check_library(const Options& options) {
  plugin_host::PluginHost host;
  const check::Subject subject =
      KATA_TRY(check::subject_of(host, options.library, options.config), "");
  const auto reports = run_all(options, subject);
  if (options.list) return 0;
  if (!options.junit.empty()) {
    std::ofstream file(options.junit);
    file << check::as_junit(options.library.stem().native(), reports) << std::flush;
    if (!file)
      return make_error(ErrorCode::kInternal, concat("write '", options.junit, "' failed"));
  }
  return summary(reports);
}

}  // namespace

int main(int argc, char** argv) {
  auto options = parse(argc, argv);
  if (options.ok() && !options.value().message.empty()) {
    std::fputs(options.value().message.c_str(), stdout);
    return 0;
  }
  const auto code =
      options.ok() ? check_library(options.value()) : Result<int>(std::move(options).error());
  if (code.ok()) return code.value();
  std::fprintf(stderr, "kata-plugin-check: %s\n", code.error().message.c_str());
  return kUsageError;
}
