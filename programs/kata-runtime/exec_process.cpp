// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/exec_process.h"

#include <algorithm>
#include <charconv>

#include "kata/concat.h"

namespace kata::runtime {
namespace {

Result<std::uint32_t> id_number(std::string_view text, std::string_view flag) {
  std::uint32_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || status != std::errc{} || end != text.data() + text.size() ||
      number == UINT32_MAX)
    return make_error(ErrorCode::kInvalidArgument,
                      concat(flag, " '", text, "': expected a number from 0 to ", UINT32_MAX - 1));
  return number;
}

void add_capability(grpc::LinuxCapabilities& sets, const std::string& name) {
  for (auto* set : {sets.mutable_bounding(), sets.mutable_effective(), sets.mutable_permitted()})
    if (std::find(set->begin(), set->end(), name) == set->end()) set->Add(std::string(name));
}

}  // namespace

Result<void> set_user(const std::string& text, grpc::User& user) {
  user.clear_username();
  const std::size_t colon = text.find(':');
  if (text.find_first_not_of("0123456789:") != std::string::npos) {
    if (colon == 0 || colon + 1 == text.size())
      return make_error(ErrorCode::kInvalidArgument,
                        concat("--user '", text, "': expected USER[:GROUP]"));
    user.clear_additionalgids();
    user.set_username(text);
    return {};
  }
  user.set_uid(KATA_TRY(id_number(text.substr(0, colon), "--user"), ""));
  if (colon != std::string::npos)
    user.set_gid(KATA_TRY(id_number(text.substr(colon + 1), "--user"), ""));
  return {};
}

void set_string_user(const grpc::User& user, grpc::StringUser& names) {
  const std::size_t colon = user.username().find(':');
  names.set_uid(user.username().substr(0, colon));
  if (colon != std::string::npos) names.set_gid(user.username().substr(colon + 1));
  for (const std::uint32_t group : user.additionalgids())
    names.add_additionalgids(std::to_string(group));
}

Result<void> apply_exec_flags(const CommandLine& line, grpc::Process& process) {
  if (!line.has("process")) process.set_terminal(false);
  if (line.is_set("tty")) process.set_terminal(true);
  if (line.has("cwd")) process.set_cwd(line.text("cwd"));
  if (process.cwd().empty() || process.cwd().front() != '/')
    return make_error(ErrorCode::kInvalidArgument,
                      concat("--cwd '", process.cwd(), "': expected an absolute path"));
  for (const std::string& entry : line.texts("env")) {
    if (entry.find('=') == std::string::npos || entry.front() == '=')
      return make_error(ErrorCode::kInvalidArgument,
                        concat("--env '", entry, "': expected NAME=value"));
    process.add_env(entry);
  }
  process.mutable_user()->clear_username();  // config.json's is for Windows
  if (line.has("user")) KATA_TRY(set_user(line.text("user"), *process.mutable_user()), "");
  for (const std::string& gid : line.texts("additional-gids"))
    process.mutable_user()->add_additionalgids(KATA_TRY(id_number(gid, "--additional-gids"), ""));
  for (const std::string& name : line.texts("cap"))
    add_capability(*process.mutable_capabilities(), name);
  if (line.is_set("no-new-privs")) process.set_nonewprivileges(true);
  if (line.operands.size() > 1) {
    process.clear_args();
    for (auto word = line.operands.begin() + 1; word != line.operands.end(); ++word)
      process.add_args(*word);
  }
  return {};
}

}  // namespace kata::runtime
