// SPDX-License-Identifier: Apache-2.0
//
// What a line means: an RPC with its arguments, or a command of the program's own. The shell, -c
// and the words of the command line all end here. Replies go to stdout, everything else to stderr.
#pragma once

#include <string>
#include <string_view>

#include "programs/kata-agent-ctl/auto_values.h"
#include "programs/kata-agent-ctl/options.h"
#include "programs/kata-agent-ctl/schema.h"

namespace kata::agentctl {

struct Command {
  std::string_view name{}, operands{}, summary{};
};
const std::vector<Command>& commands();

// Threads: one.
class Interpreter {
 public:
  Interpreter(const Schema& schema, LinkSettings link, CallSettings settings)
      : schema_(schema), link_(std::move(link)), settings_(std::move(settings)) {}

  // The exit code of the line; an empty one is kOk.
  int run_line(std::string_view line);
  int run(const CommandLine& line);

  bool quits() const { return quits_; }  // a line said so
  const CallSettings& settings() const { return settings_; }

 private:
  friend struct CommandTable;

  int list(const CommandLine& line);
  int describe(const CommandLine& line);
  int help(const CommandLine& line);
  int bench(const CommandLine& line);
  int repeat(const CommandLine& line);
  int set(const CommandLine& line);
  int sleep(const CommandLine& line);
  int echo(const CommandLine& line);
  int quit(const CommandLine& line);
  int generate_cid(const CommandLine& line);
  int generate_sid(const CommandLine& line);
  int completion(const CommandLine& line);
  int examples(const CommandLine& line);

  int call(const CommandLine& line);
  int call_once(const Method& method, const CommandLine& line, bool& empty);
  int copy_file(const Method& method, const CommandLine& line, bool& empty);
  int send(const Method& method, const Message& request, const CallSettings& settings, bool& empty);
  int fail(const Error& error, bool lost, const CallSettings& settings);
  Result<std::unique_ptr<Message>> make_request(const Method& method, const CommandLine& line);
  void print_reply(const Message& reply, Output output);

  const Schema& schema_;
  Link link_;
  CallSettings settings_;
  SessionIds ids_;
  bool quits_ = false;
};

}  // namespace kata::agentctl
