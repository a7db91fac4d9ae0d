// SPDX-License-Identifier: Apache-2.0
//
// A line from the terminal, with emacs or vi keys (~/.editrc), history and tab completion. The only
// user of libedit.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "programs/kata-agent-ctl/schema.h"

namespace kata::agentctl {

// One at a time: it owns the terminal's settings. Threads: one.
class LineEditor {
 public:
  explicit LineEditor(const Schema& schema);
  ~LineEditor();  // keeps the history in ~/.local/state/kata-agent-ctl/history

  // Without the line end; nothing at the end of input. Ctrl-C gives an empty line.
  std::optional<std::string> read_line();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kata::agentctl
