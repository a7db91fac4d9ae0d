// SPDX-License-Identifier: Apache-2.0
//
// kata-agent-ctl: every call of a Kata agent, from the command line. See --help.
#include <google/protobuf/stubs/logging.h>
#include <stdlib.h>

#include <csignal>

#include "programs/kata-agent-ctl/completion.h"
#include "programs/kata-agent-ctl/console.h"
#include "programs/kata-agent-ctl/exit_code.h"
#include "programs/kata-agent-ctl/interpreter.h"
#include "programs/kata-agent-ctl/options.h"
#include "programs/kata-agent-ctl/shell.h"

namespace {

using namespace kata;
using namespace kata::agentctl;

// __complete WORD... CURRENT
int answer_completion(const Schema& schema, Words words) {
  words.erase(words.begin());
  std::string current;
  if (!words.empty()) {
    current = words.back();
    words.pop_back();
  }
  for (const std::string& candidate : complete(schema, words, current)) print(candidate + "\n");
  return kOk;
}

int run_commands(const Options& options, Interpreter& interpreter) {
  int code = kOk;
  for (const std::string& command : options.commands) {
    const int this_one = interpreter.run_line(command);
    if (code == kOk) code = this_one;
    if (this_one == kInterrupted || interpreter.quits()) break;
    if (this_one != kOk && !options.line.settings.ignore_errors) break;
  }
  return code;
}

int run(const Schema& schema, const Options& options) {
  Interpreter interpreter(schema, options.link, options.line.settings);
  const Words& words = options.line.words;
  if (!words.empty() && words.front() != "shell") return interpreter.run(options.line);
  const int code = run_commands(options, interpreter);
  if (!options.commands.empty() && (code != kOk || !options.interactive)) return code;
  return run_shell(schema, interpreter);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  google::protobuf::SetLogHandler(nullptr);  // what is wrong with a message is ours to say
  const Words words(argv + 1, argv + argc);
  const Schema schema;
  if (!words.empty() && words.front() == "__complete") return answer_completion(schema, words);
  const Result<Options> options = parse_options(words, ::getenv("KATA_AGENT_SERVER_ADDR"));
  if (!options.ok()) return refuse(options.error(), kUsage);
  if (!options.value().message.empty()) {
    print(options.value().message);
    return kOk;
  }
  return run(schema, options.value());
}
