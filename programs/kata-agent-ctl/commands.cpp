// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cstdint>
#include <iterator>
#include <thread>

#include "kata/concat.h"
#include "programs/kata-agent-ctl/command_table.h"
#include "programs/kata-agent-ctl/completion.h"
#include "programs/kata-agent-ctl/console.h"
#include "programs/kata-agent-ctl/describe.h"
#include "programs/kata-agent-ctl/exit_code.h"
#include "programs/kata-agent-ctl/help_text.h"
#include "programs/kata-runtime/duration.h"
#include "programs/kata-runtime/text_table.h"

namespace kata::agentctl {

namespace {
constexpr std::size_t kAny = SIZE_MAX;
}

// The one place that may name the interpreter's private methods.
struct CommandTable {
  static constexpr CommandEntry kEntries[] = {
      {{"list", "", "the RPCs"}, 0, 0, &Interpreter::list},
      {{"describe", "RPC", "the fields of its request and reply"}, 1, 1, &Interpreter::describe},
      {{"help", "[RPC]", "this text, or what describe says"}, 0, 1, &Interpreter::help},
      {{"bench", "RPC [ARGUMENT...]", "how long calls take"}, 1, kAny, &Interpreter::bench},
      {{"repeat", "N LINE...", "a line N times"}, 2, kAny, &Interpreter::repeat},
      {{"set", "FLAG...", "keeps flags of a call for later lines"}, 0, 0, &Interpreter::set},
      {{"sleep", "TIME", "waits, for example 500ms"}, 1, 1, &Interpreter::sleep},
      {{"echo", "WORD...", "prints the words"}, 0, kAny, &Interpreter::echo},
      {{"generate-cid", "", "a new container id"}, 0, 0, &Interpreter::generate_cid},
      {{"generate-sid", "", "a new sandbox id"}, 0, 0, &Interpreter::generate_sid},
      {{"completion", "bash|zsh|fish", "a script for that shell"}, 1, 1, &Interpreter::completion},
      {{"examples", "", "lines to begin with"}, 0, 0, &Interpreter::examples},
      {{"quit", "", "ends the shell"}, 0, 0, &Interpreter::quit},
      {{"exit", "", "ends the shell"}, 0, 0, &Interpreter::quit},
  };
};

const CommandEntry* find_command(std::string_view name) {
  for (const CommandEntry& entry : CommandTable::kEntries)
    if (entry.shown.name == name) return &entry;
  return nullptr;
}

const std::vector<Command>& commands() {
  static const std::vector<Command> kShown = [] {
    std::vector<Command> shown;
    for (const CommandEntry& entry : CommandTable::kEntries) shown.push_back(entry.shown);
    return shown;
  }();
  return kShown;
}

int Interpreter::list(const CommandLine& line) {
  print(list_methods(schema_, line.settings.output));
  return kOk;
}

int Interpreter::describe(const CommandLine& line) {
  const Result<const Method*> method = schema_.find(line.words[1]);
  if (!method.ok()) return refuse(method.error(), kUsage);
  print(describe_method(*method.value(), line.settings.output));
  return kOk;
}

int Interpreter::help(const CommandLine& line) {
  if (line.words.size() == 2) return describe(line);
  std::vector<std::vector<std::string>> rows;
  for (const Command& command : commands())
    rows.push_back({concat(command.name, " ", command.operands), std::string(command.summary)});
  rows.push_back({"RPC [ARGUMENT...]", "a call: field=value, {JSON}, @FILE or -"});
  print(runtime::text_table({{"COMMAND"}, {"MEANING"}}, rows));
  return kOk;
}

int Interpreter::bench(const CommandLine& line) {
  const CommandLine inner{line.settings, Words(line.words.begin() + 1, line.words.end())};
  const Result<const Method*> method = schema_.find(inner.words.front());
  if (!method.ok()) return refuse(method.error(), kUsage);
  Result<std::unique_ptr<Message>> request = make_request(*method.value(), inner);
  if (!request.ok())
    return refuse(in_context(std::move(request).error(), method.value()->name()), kFailed);
  const BenchCall call{method.value()->service()->full_name(), method.value()->name(),
                       request.value()->SerializeAsString(), line.settings.timeout};
  Result<BenchResult> result = run_bench(link_, call, line.settings.bench);
  if (!result.ok()) return refuse(result.error(), kNoAgent);
  const int code = result.value().exit_code;
  print(line.settings.output == Output::kJson
            ? bench_json(result.take(), call.method, line.settings.bench)
            : bench_text(result.take()));
  return code;
}

int Interpreter::repeat(const CommandLine& line) {
  const std::string& text = line.words[1];
  std::uint32_t rounds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rounds);
  if (error != std::errc() || end != text.data() + text.size()) {
    complain(concat("repeat '", text, "': expected a number"));
    return kUsage;
  }
  const CommandLine inner{line.settings, Words(line.words.begin() + 2, line.words.end())};
  int code = kOk;
  for (std::uint32_t round = 0; round < rounds && !quits_; ++round) {
    const int this_time = run(inner);
    if (code == kOk) code = this_time;
    if (this_time == kInterrupted || (this_time != kOk && !line.settings.ignore_errors)) break;
  }
  return code;
}

int Interpreter::set(const CommandLine& line) {
  settings_ = line.settings;
  return kOk;
}

int Interpreter::sleep(const CommandLine& line) {
  const auto time = runtime::duration(line.words[1]);
  if (!time.ok()) return refuse(in_context(time.error(), "sleep"), kUsage);
  std::this_thread::sleep_for(time.value());
  return kOk;
}

int Interpreter::echo(const CommandLine& line) {
  std::string text;
  for (std::size_t at = 1; at < line.words.size(); ++at)
    text += concat(at == 1 ? "" : " ", line.words[at]);
  print(text + "\n");
  return kOk;
}

int Interpreter::quit(const CommandLine&) {
  quits_ = true;
  return kOk;
}

int Interpreter::generate_cid(const CommandLine&) {
  print(generate_id() + "\n");
  return kOk;
}

int Interpreter::generate_sid(const CommandLine& line) { return generate_cid(line); }

int Interpreter::completion(const CommandLine& line) {
  const Result<std::string_view> script = completion_script(line.words[1]);
  if (!script.ok()) return refuse(script.error(), kUsage);
  print(script.value());
  return kOk;
}

int Interpreter::examples(const CommandLine&) {
  print(kExamplesText);
  return kOk;
}

}  // namespace kata::agentctl
