// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/shell.h"

#include <unistd.h>

#include <iostream>
#include <string>

#include "programs/kata-agent-ctl/exit_code.h"
#include "programs/kata-agent-ctl/line_editor.h"

namespace kata::agentctl {

namespace {

int run_terminal(const Schema& schema, Interpreter& interpreter) {
  LineEditor editor(schema);
  while (!interpreter.quits()) {
    const std::optional<std::string> line = editor.read_line();
    if (!line) break;
    interpreter.run_line(*line);
  }
  return kOk;
}

int run_pipe(Interpreter& interpreter) {
  int code = kOk;
  for (std::string line; !interpreter.quits() && std::getline(std::cin, line);) {
    const int this_line = interpreter.run_line(line);
    if (code == kOk) code = this_line;
    if (this_line == kInterrupted || (code != kOk && !interpreter.settings().ignore_errors)) break;
  }
  return code;
}

}  // namespace

int run_shell(const Schema& schema, Interpreter& interpreter) {
  return ::isatty(STDIN_FILENO) != 0 ? run_terminal(schema, interpreter) : run_pipe(interpreter);
}

}  // namespace kata::agentctl
