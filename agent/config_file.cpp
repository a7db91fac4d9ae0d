// SPDX-License-Identifier: Apache-2.0
#include "agent/config_file.h"

#include <algorithm>

#include "agent/config_settings.h"
#include "core/base/files.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

constexpr std::size_t kLargestFile = 1U << 20;
constexpr std::string_view kBlank = " \t";
constexpr std::string_view kKeyCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

// One line, read from the left.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  // True at the end or a comment.
  bool at_end() {
    skip_blank();
    return rest_.empty() || rest_.front() == '#';
  }
  bool take(char wanted) {
    skip_blank();
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  Result<std::string> key();
  Result<std::string> value();

 private:
  void skip_blank() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlank), rest_.size()));
  }
  std::string_view take_while(std::string_view characters) {
    const std::string_view word =
        rest_.substr(0, std::min(rest_.find_first_not_of(characters), rest_.size()));
    rest_.remove_prefix(word.size());
    return word;
  }
  Result<std::string> literal_string();
  Result<std::string> basic_string();
  Result<char> escaped();

  std::string_view rest_;
};

Result<std::string> LineReader::key() {
  std::string key;
  do {
    skip_blank();
    const std::string_view part = take_while(kKeyCharacters);
    if (part.empty()) return invalid("expected a key of letters, digits, '_' and '-'");
    key += concat(key.empty() ? "" : ".", part);
  } while (take('.'));
  return key;
}

Result<std::string> LineReader::literal_string() {
  const std::size_t end = rest_.find('\'');
  if (end == std::string_view::npos) return invalid("a string has no end on its line");
  std::string text(rest_.substr(0, end));
  rest_.remove_prefix(end + 1);
  return text;
}

Result<char> LineReader::escaped() {
  constexpr std::string_view kNames = "btnfr\"\\", kMeant = "\b\t\n\f\r\"\\";
  const std::size_t index = rest_.empty() ? std::string_view::npos : kNames.find(rest_.front());
  if (index == std::string_view::npos)
    return invalid("a string has an escape other than \\b \\t \\n \\f \\r \\\" \\\\");
  rest_.remove_prefix(1);
  return kMeant[index];
}

Result<std::string> LineReader::basic_string() {
  std::string text;
  while (!rest_.empty()) {
    const char next = rest_.front();
    rest_.remove_prefix(1);
    if (next == '"') return text;
    text += next == '\\' ? KATA_TRY(escaped(), "") : next;
  }
  return invalid("a string has no end on its line");
}

Result<std::string> LineReader::value() {
  if (take('\'')) return literal_string();
  if (take('"')) return basic_string();
  skip_blank();
  std::string word(take_while("abcdefghijklmnopqrstuvwxyz0123456789_+-"));
  if (word == "true" || word == "false") return word;
  std::string digits;
  std::ranges::copy_if(word, std::back_inserter(digits), [](char c) { return c != '_'; });
  if (digits.starts_with('+')) digits.erase(0, 1);
  const std::size_t sign = digits.starts_with('-') ? 1 : 0;
  const bool is_number =
      digits.size() > sign && digits.find_first_not_of("0123456789", sign) == std::string::npos;
  if (!is_number) return invalid("expected a string, a whole number, true, false or {…}");
  return digits;
}

class FileParser {
 public:
  Result<void> line(std::string_view text);
  std::vector<FileSetting> take() { return std::move(settings_); }

 private:
  Result<void> table_heading(LineReader& reader);
  Result<void> inline_table(LineReader& reader, const std::string& key);
  Result<void> put(std::string key, std::string value);

  std::vector<FileSetting> settings_{};
  std::string table_{};  // with a dot at its end
  int number_ = 0;
};

Result<void> FileParser::put(std::string key, std::string value) {
  if (std::ranges::find(settings_, key, &FileSetting::key) != settings_.end())
    return invalid(concat("'", key, "' is set twice"));
  settings_.push_back({std::move(key), std::move(value), number_});
  return {};
}

Result<void> FileParser::table_heading(LineReader& reader) {
  table_ = KATA_TRY(reader.key(), "") + '.';
  if (!reader.take(']') || !reader.at_end()) return invalid("expected '[table]'");
  return {};
}

Result<void> FileParser::inline_table(LineReader& reader, const std::string& key) {
  if (reader.take('}')) return {};
  do {
    const std::string inner = KATA_TRY(reader.key(), "");
    if (!reader.take('=')) return invalid(concat("expected '=' after '", inner, "'"));
    std::string value = KATA_TRY(reader.value(), inner);
    KATA_TRY(put(concat(key, '.', inner), std::move(value)), "");
  } while (reader.take(','));
  if (!reader.take('}')) return invalid(concat("the table '", key, "' has no '}' on its line"));
  return {};
}

Result<void> FileParser::line(std::string_view text) {
  ++number_;
  LineReader reader(text);
  if (reader.at_end()) return {};
  if (reader.take('[')) return table_heading(reader);
  const std::string key = table_ + KATA_TRY(reader.key(), "");
  if (!reader.take('=')) return invalid(concat("expected '=' after '", key, "'"));
  if (reader.take('{')) {
    KATA_TRY(inline_table(reader, key), "");
  } else {
    std::string value = KATA_TRY(reader.value(), key);
    KATA_TRY(put(key, std::move(value)), "");
  }
  if (!reader.at_end()) return invalid(concat("something follows the value of '", key, "'"));
  return {};
}

// Time-outs are tables of seconds and nanoseconds; a part of a second makes no difference here.
std::string setting_name(const std::string& key) {
  for (const std::string_view suffix : {".secs", ".nanos"})
    if (key.ends_with(suffix)) return key.substr(0, key.size() - suffix.size());
  return key;
}

void apply(const FileSetting& setting, AgentConfig& config, std::vector<std::string>& warnings) {
  const Setting* const known = setting_of_key(setting_name(setting.key));
  if (known == nullptr) {
    warnings.push_back(
        concat("line ", setting.line, ": ignored '", setting.key, "': the agent has no such key"));
    return;
  }
  if (setting.key.ends_with(".nanos")) return;
  if (auto set = known->set(setting.value, config); !set.ok())
    warnings.push_back(
        concat("line ", setting.line, ": ignored ",
               refused_setting(setting.key, setting.value, std::move(set).error()).message));
}

}  // namespace

Result<std::vector<FileSetting>> parse_config_file(std::string_view text) {
  FileParser parser;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    text.remove_prefix(std::min(end + 1, text.size()));
    KATA_TRY(parser.line(line), concat("line ", number));
  }
  return parser.take();
}

Result<std::vector<std::string>> apply_config_file(const std::filesystem::path& file,
                                                   AgentConfig& config) {
  const std::string action = concat("configuration file '", file, "'");
  const std::string text = KATA_TRY(read_file(file, kLargestFile), action);
  std::vector<std::string> warnings;
  for (const FileSetting& setting : KATA_TRY(parse_config_file(text), action))
    apply(setting, config, warnings);
  for (std::string& warning : warnings) warning = concat(action, ": ", warning);
  return warnings;
}

}  // namespace kata::agent
