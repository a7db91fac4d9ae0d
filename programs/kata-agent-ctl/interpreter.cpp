// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/interpreter.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "kata/concat.h"
#include "programs/kata-agent-ctl/arguments.h"
#include "programs/kata-agent-ctl/command_table.h"
#include "programs/kata-agent-ctl/console.h"
#include "programs/kata-agent-ctl/copy_file.h"
#include "programs/kata-agent-ctl/exit_code.h"

namespace kata::agentctl {

namespace {

bool is_local_failure(int code) { return code == kUsage || code == kNoAgent; }

Words arguments_of(const CommandLine& line) {
  Words words(line.words.begin() + 1, line.words.end());
  if (!line.settings.bundle_directory.empty() && line.words.front() == "CreateContainer")
    words.insert(words.begin(), concat("bundle=", line.settings.bundle_directory));
  return words;
}

}  // namespace

int Interpreter::run_line(std::string_view text) {
  Result<Words> words = split_line(text);
  if (!words.ok()) return refuse(words.error(), kUsage);
  if (words.value().empty()) return kOk;
  Result<CommandLine> line = parse_command(words.value(), settings_);
  if (!line.ok()) return refuse(line.error(), kUsage);
  return run(line.value());
}

int Interpreter::run(const CommandLine& line) {
  if (line.words.empty()) return kOk;
  const CommandEntry* command = find_command(line.words.front());
  if (command == nullptr) return call(line);
  const std::size_t operands = line.words.size() - 1;
  if (operands >= command->least && operands <= command->most) return (this->*command->run)(line);
  complain(concat(command->shown.name, ": expected ", command->shown.name, " ",
                  command->shown.operands));
  return kUsage;
}

int Interpreter::call(const CommandLine& line) {
  const Result<const Method*> method = schema_.find(line.words.front());
  if (!method.ok()) return refuse(method.error(), kUsage);
  int code = kOk;
  for (std::uint64_t round = 0; round < line.settings.repeat || line.settings.until_empty;
       ++round) {
    bool empty = false;
    const int this_time = call_once(*method.value(), line, empty);
    if (code == kOk) code = this_time;
    if (this_time == kInterrupted || (this_time != kOk && !line.settings.ignore_errors)) break;
    if (is_local_failure(this_time) || (line.settings.until_empty && (empty || this_time != kOk)))
      break;
  }
  return code;
}

int Interpreter::call_once(const Method& method, const CommandLine& line, bool& empty) {
  if (method.name() == "CopyFile") return copy_file(method, line, empty);
  Result<std::unique_ptr<Message>> request = make_request(method, line);
  if (!request.ok()) return refuse(in_context(std::move(request).error(), method.name()), kFailed);
  return send(method, *request.value(), line.settings, empty);
}

int Interpreter::copy_file(const Method& method, const CommandLine& line, bool& empty) {
  CommandLine rest = line;
  const Result<CopySource> copy = take_copy_source(rest.words);
  if (!copy.ok()) return refuse(copy.error(), kFailed);
  Result<std::unique_ptr<Message>> request = make_request(method, rest);
  if (!request.ok()) return refuse(in_context(std::move(request).error(), method.name()), kFailed);
  if (copy.value().source.empty()) return send(method, *request.value(), line.settings, empty);
  int code = kOk;  // of send(), which has told already why
  const auto send_part = [&](const Message& part) -> Result<void> {
    code = send(method, part, line.settings, empty);
    return code == kOk ? Result<void>() : make_error(ErrorCode::kCancelled, "");
  };
  const Result<void> copied = agentctl::copy_file(copy.value(), *request.value(), send_part);
  if (copied.ok() || code != kOk) return code;
  return refuse(in_context(copied.error(), method.name()), kFailed);
}

Result<std::unique_ptr<Message>> Interpreter::make_request(const Method& method,
                                                           const CommandLine& line) {
  std::unique_ptr<Message> request = schema_.new_message(*method.input_type());
  std::vector<std::string> warnings;
  KATA_TRY(apply_arguments(arguments_of(line), *request, method, warnings), "");
  for (const std::string& warning : warnings) complain(warning);
  if (line.settings.auto_values)
    for (const std::string& made : fill_auto_values(method, *request, ids_)) complain(made);
  return request;
}

int Interpreter::send(const Method& method, const Message& request, const CallSettings& settings,
                      bool& empty) {
  if (settings.show_requests) complain(concat(method.name(), " ", render_json(request)));
  Answer answer = link_.call(method.service()->full_name(), method.name(),
                             request.SerializeAsString(), settings.timeout);
  if (!answer.payload.ok()) return fail(answer.payload.error(), answer.lost, settings);
  remember_ids(request, ids_);
  std::unique_ptr<Message> reply = schema_.new_message(*method.output_type());
  if (!reply->ParseFromString(answer.payload.value()))
    return refuse(make_error(ErrorCode::kInternal,
                             concat(method.name(), ": the reply is not a valid message")),
                  kFailed);
  empty = answer.payload.value().empty();
  if (!(empty && settings.until_empty)) print_reply(*reply, settings.output);
  return kOk;
}

int Interpreter::fail(const Error& error, bool lost, const CallSettings& settings) {
  if (settings.output == Output::kJson) print(render_json_error(error));
  if (lost) return refuse(error, kNoAgent);
  complain(concat(status_name(ttrpc::status_code(error)), ": ", error.message));
  return exit_code_of_answer(error, lost);
}

void Interpreter::print_reply(const Message& reply, Output output) {
  if (output == Output::kJson) return print(render_json(reply));
  print(render_text(reply, ::isatty(STDOUT_FILENO) != 0));
}

}  // namespace kata::agentctl
