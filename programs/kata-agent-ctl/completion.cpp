// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/completion.h"

#include <algorithm>

#include "kata/concat.h"
#include "programs/kata-agent-ctl/arguments.h"
#include "programs/kata-agent-ctl/interpreter.h"

namespace kata::agentctl {

namespace pb = google::protobuf;

namespace {

bool is_index(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool ends_with_message(const Field& field) {
  return field.cpp_type() == Field::CPPTYPE_MESSAGE || field.is_map();
}

// "devices.0." for a list of messages, "OCI." for a message, "container_id=" for the rest.
std::string continued(const Field& field) {
  if (field.is_map() || !ends_with_message(field))
    return concat(field.name(), field.is_map() ? "." : "=");
  return concat(field.name(), field.is_repeated() ? ".0." : ".");
}

class Completer {
 public:
  Completer(const Schema& schema, std::string current)
      : schema_(schema), current_(std::move(current)) {}

  std::vector<std::string> run(const Words& before) {
    if (!before.empty() && flag_takes_value(before.back()))
      add_flag_values(before.back());
    else if (current_.starts_with('-'))
      for (const std::string& flag : flag_names()) add(flag);
    else
      add_words(without_flags(before));
    std::sort(found_.begin(), found_.end());
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
    return std::move(found_);
  }

 private:
  void add(std::string word) {
    if (word.starts_with(current_)) found_.push_back(std::move(word));
  }

  void add_rpcs() {
    for (const Method* method : schema_.methods()) add(method->name());
  }

  void add_flag_values(const std::string& flag) {
    if (flag != "--output" && flag != "-o") return;
    for (const char* value : {"text", "json"}) add(value);
  }

  void add_words(Words before) {
    if (!before.empty() && before.front() == "connect") before.erase(before.begin());
    if (!before.empty() && before.front() == "bench") before.erase(before.begin());
    if (before.size() >= 2 && before.front() == "repeat")
      before.erase(before.begin(), before.begin() + 2);
    if (before.empty()) {
      add_rpcs();
      for (const Command& command : commands()) add(std::string(command.name));
      return;
    }
    const std::string& first = before.front();
    if (first == "describe" || first == "help") return add_rpcs();
    if (first == "completion")
      for (const char* shell : {"bash", "zsh", "fish"}) add(shell);
    if (const auto method = schema_.find(first); method.ok()) add_arguments(*method.value());
  }

  void add_arguments(const Method& method) {
    if (const std::size_t equals = current_.find('='); equals != std::string::npos)
      return add_values(*method.input_type(), current_.substr(0, equals));
    const std::size_t dot = current_.rfind('.');
    const std::string path = dot == std::string::npos ? "" : current_.substr(0, dot);
    const pb::Descriptor* type = message_at(*method.input_type(), path);
    if (type == nullptr) return;
    for (int at = 0; at < type->field_count(); ++at)
      add(concat(path, path.empty() ? "" : ".", continued(*type->field(at))));
    if (!path.empty()) return;
    for (const SpecialKey& special : special_keys())
      if (special.method == method.name()) add(concat(special.key, "="));
  }

  // The message that a path leads to; null when it leads nowhere.
  static const pb::Descriptor* message_at(const pb::Descriptor& root, std::string_view path) {
    const pb::Descriptor* type = &root;
    while (!path.empty()) {
      const std::size_t dot = std::min(path.find('.'), path.size());
      const std::string_view step = path.substr(0, dot);
      path.remove_prefix(std::min(dot + 1, path.size()));
      if (is_index(step)) continue;
      const Field* field = find_field(*type, step);
      if (field == nullptr || field->is_map() || field->message_type() == nullptr) return nullptr;
      type = field->message_type();
    }
    return type;
  }

  void add_values(const pb::Descriptor& root, const std::string& path) {
    const std::size_t dot = path.rfind('.');
    const bool nested = dot != std::string::npos;
    const pb::Descriptor* type = message_at(root, nested ? path.substr(0, dot) : "");
    const Field* field =
        type == nullptr ? nullptr : find_field(*type, nested ? path.substr(dot + 1) : path);
    if (field == nullptr) return;
    if (field->cpp_type() == Field::CPPTYPE_BOOL)
      for (const char* value : {"true", "false"}) add(concat(path, "=", value));
    if (field->cpp_type() == Field::CPPTYPE_ENUM)
      for (int at = 0; at < field->enum_type()->value_count(); ++at)
        add(concat(path, "=", field->enum_type()->value(at)->name()));
  }

  const Schema& schema_;
  std::string current_;
  std::vector<std::string> found_;
};

// bash breaks words at '=' and ':' on its own; what it left out of the last word is taken off.
constexpr std::string_view kBash = R"script(# bash completion for kata-agent-ctl
_kata_agent_ctl() {
  local line=${COMP_LINE:0:COMP_POINT} last candidate prefix
  local -a words
  read -ra words <<<"$line"
  last=
  [[ $line == *[[:space:]] ]] || last=${words[-1]}
  [[ -n $last ]] && unset 'words[-1]'
  prefix=${last%"${COMP_WORDS[COMP_CWORD]}"}
  [[ ${COMP_WORDS[COMP_CWORD]} == [=:] ]] && prefix=$last
  COMPREPLY=()
  while IFS= read -r candidate; do
    [[ $candidate == *[=.] ]] || candidate+=' '
    COMPREPLY+=("${candidate#"$prefix"}")
  done < <(kata-agent-ctl __complete "${words[@]:1}" "$last" 2>/dev/null)
}
complete -o nospace -o default -F _kata_agent_ctl kata-agent-ctl
)script";

constexpr std::string_view kZsh = R"script(#compdef kata-agent-ctl
_kata_agent_ctl() {
  local candidate
  local -a whole partial
  for candidate in ${(f)"$(kata-agent-ctl __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
    if [[ $candidate == *[=.] ]]; then partial+=("$candidate"); else whole+=("$candidate"); fi
  done
  compadd -S '' -a partial
  compadd -a whole
  (( $#partial + $#whole )) || _files
}
compdef _kata_agent_ctl kata-agent-ctl
)script";

constexpr std::string_view kFish = R"script(# fish completion for kata-agent-ctl
function __kata_agent_ctl
    set -l words (commandline -opc)
    kata-agent-ctl __complete $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c kata-agent-ctl -f -a '(__kata_agent_ctl)'
)script";

}  // namespace

std::vector<std::string> complete(const Schema& schema, const Words& before,
                                  const std::string& current) {
  return Completer(schema, current).run(before);
}

Result<std::string_view> completion_script(std::string_view shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  if (shell == "fish") return kFish;
  return make_error(ErrorCode::kInvalidArgument,
                    concat("completion '", shell, "': expected bash, zsh or fish"));
}

}  // namespace kata::agentctl
