// SPDX-License-Identifier: Apache-2.0
//
// kata-ksm-throttler: merges equal pages of guests, as hard as it pays. See --help.
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/log_spdlog.h"
#include "programs/kata-ksm-throttler/options.h"
#include "programs/kata-ksm-throttler/query.h"
#include "programs/kata-ksm-throttler/run.h"

namespace {

using namespace kata;

constexpr int kUsageError = 2;

int failed(const Error& error, int code) {
  std::fprintf(stderr, "kata-ksm-throttler: %s\n", error.message.c_str());
  return code;
}

Result<std::vector<std::string>> command_line(int argc, char** argv) {
  std::vector<std::string> words(argv, argv + argc);
  std::error_code error;
  words[0] = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return errno_error("read the link '/proc/self/exe'", error.value());
  return words;
}

Result<std::string> obey(const throttler::Options& options, int argc, char** argv) {
  if (options.verb != "run") return throttler::ask(options);
  const auto sink = KATA_TRY(log::make_spdlog_sink({{}, log::Format::kText, "kata-ksm-throttler"}),
                             "open the log");
  log::set_sink(sink.get(), log::Level::kInfo);
  const auto words = KATA_TRY(command_line(argc, argv), "");
  auto ended = throttler::run_daemon(options, words);
  log::set_sink(nullptr, log::Level::kInfo);
  if (!ended.ok()) return std::move(ended).error();
  return std::string();
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = throttler::parse_options(argc, argv);
  if (!options.ok()) return failed(options.error(), kUsageError);
  const auto text = options.value().message.empty() ? obey(options.value(), argc, argv)
                                                    : Result<std::string>(options.value().message);
  if (!text.ok()) return failed(text.error(), 1);
  std::fputs(text.value().c_str(), stdout);
  return 0;
}
