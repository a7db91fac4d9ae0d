// SPDX-License-Identifier: Apache-2.0
//
// kata-runtime's side of `config` and `plugin`.
#include <unistd.h>

#include <cstdio>

#include "core/config/load.h"
#include "core/config/print.h"
#include "kata/concat.h"
#include "programs/kata-runtime/config_words.h"
#include "programs/kata-runtime/verbs.h"
#include "sandbox/companion.h"

namespace kata::runtime {
namespace {

Error become(Words words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  return errno_error(concat("execute '", words[0], "'"), errno);
}

Result<int> check_plugin(const Globals& globals, const CommandLine& line) {
  if (line.operands.size() != 2)
    return make_error(ErrorCode::kInvalidArgument, "plugin check: expected a plugin's file");
  Words words = {KATA_TRY(sandbox::companion("kata-plugin-check"), ""), line.operands[1]};
  if (globals.config) words.insert(words.end(), {"--config", *globals.config});
  return become(std::move(words));
}

// Becomes kata-runtime-plugins, which loads plugins; this program never does.
Result<int> hand_over(const Globals& globals, const char* verb, const CommandLine& line) {
  Words words = {KATA_TRY(sandbox::companion("kata-runtime-plugins"), ""), "--root", globals.root};
  if (globals.config) words.insert(words.end(), {"--config", *globals.config});
  if (!globals.log.empty()) words.insert(words.end(), {"--log", globals.log});
  if (globals.log_format == LogFormat::kJson) words.emplace_back("--log-format=json");
  words.insert(words.end(), {verb, "--"});
  words.insert(words.end(), line.operands.begin(), line.operands.end());
  return become(std::move(words));
}

Result<int> print_config(const Globals& globals) {
  const auto file = KATA_TRY(config::find_config_file(globals.config), "");
  const auto config = KATA_TRY(config::load_config(file), "");
  for (const std::string& warning : config.warnings)
    std::fprintf(stderr, "kata-runtime: %s\n", warning.c_str());
  std::fputs(config::print_effective(config).c_str(), stdout);
  return 0;
}

}  // namespace

Verb config_verb() {
  Verb verb = config_manual();
  verb.run = [](const Globals& globals, const CommandLine& line) -> Result<int> {
    return line.operands.empty() ? print_config(globals) : hand_over(globals, "config", line);
  };
  return verb;
}

Verb plugin_verb() {
  Verb verb = plugin_manual();
  verb.run = [](const Globals& globals, const CommandLine& line) {
    const bool check = !line.operands.empty() && line.operands[0] == "check";
    return check ? check_plugin(globals, line) : hand_over(globals, "plugin", line);
  };
  return verb;
}

}  // namespace kata::runtime
