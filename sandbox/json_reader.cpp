// SPDX-License-Identifier: Apache-2.0
#include "sandbox/json_reader.h"

#include <nlohmann/json.hpp>
#include <set>

#include "kata/concat.h"

namespace kata::sandbox {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxQuoted = 60;  // characters of the document in a message

// A message is one line of printable text, whatever the document holds.
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, kMaxQuoted))
    out.push_back(static_cast<unsigned char>(c) < ' ' || c == 0x7f ? '?' : c);
  return out + (text.size() > kMaxQuoted ? "…'" : "'");
}

std::string described(const json& value) {
  switch (value.type()) {
    case json::value_t::string:
      return concat("the string ", in_quotes(value.get_ref<const std::string&>()));
    case json::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
    case json::value_t::number_float:
      return concat("the number ", value.dump());
    case json::value_t::array:
      return "an array";
    case json::value_t::object:
      return "an object";
    default:
      return "nothing";
  }
}

// Watches a document being parsed for what the parser itself lets pass.
class Watch {
 public:
  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    using Event = json::parse_event_t;
    if (static_cast<std::size_t>(depth) > kMaxJsonDepth && complaint.empty())
      complaint = concat("nested deeper than ", kMaxJsonDepth, " levels");
    if (event == Event::object_start) names_.emplace_back();
    if (event == Event::object_end) names_.pop_back();
    if (event == Event::key && !names_.back().insert(parsed.get<std::string>()).second &&
        complaint.empty())
      complaint =
          concat("the key ", in_quotes(parsed.get_ref<const std::string&>()), " is there twice");
    return complaint.empty();
  }

  std::string complaint{};

 private:
  std::vector<std::set<std::string>> names_{};
};

}  // namespace

void Findings::refuse(std::string_view path, std::string_view complaint) {
  if (first) return;
  const std::string_view separator = path.empty() ? "" : ": ";
  first = make_error(ErrorCode::kInvalidArgument, concat(where, ": ", path, separator, complaint));
}

void Findings::warn(std::string_view path, std::string_view remark) {
  if (warnings != nullptr) warnings->push_back(concat(where, ": ", path, ": ", remark));
}

json parse_json_object(std::string_view text, Findings& findings) {
  if (text.size() > kMaxJsonSize) {
    findings.refuse("", concat("larger than ", kMaxJsonSize, " bytes"));
    return json::object();
  }
  Watch watch;
  json document;
  try {
    document = json::parse(text, [&watch](int depth, json::parse_event_t event, json& parsed) {
      return watch(depth, event, parsed);
    });
  } catch (const json::exception& error) {
    const std::string_view what = error.what();  // "[json.exception.…] parse error at line 1, …"
    const std::size_t label = what.find("] ");
    const std::string reason(what.substr(label == what.npos ? 0 : label + 2, 200));
    findings.refuse("",
                    watch.complaint.empty() ? concat("not valid JSON: ", reason) : watch.complaint);
    return json::object();
  }
  if (!watch.complaint.empty()) findings.refuse("", watch.complaint);
  if (findings.ok() && !document.is_object())
    findings.refuse("", concat("expected an object, found ", described(document)));
  return findings.ok() ? document : json::object();
}

std::string JsonReader::path_of(const char* key) const {
  return path_.empty() ? key : concat(path_, '.', key);
}

void JsonReader::refuse(const char* key, std::string_view complaint) const {
  findings_->refuse(path_of(key), complaint);
}

const json* JsonReader::find(const char* key) const {
  const auto found = object_->find(key);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

const json* JsonReader::require(const char* key, Need need, std::string_view expected) const {
  const json* member = find(key);
  if (member == nullptr && need == Need::kRequired)
    refuse(key, concat("expected ", expected, ", found nothing"));
  return member;
}

std::optional<std::string> JsonReader::text_of(const json& value, const std::string& path) const {
  if (!value.is_string()) {
    findings_->refuse(path, concat("expected a string, found ", described(value)));
    return std::nullopt;
  }
  const auto& text = value.get_ref<const std::string&>();
  if (text.find('\0') != std::string::npos) {
    findings_->refuse(path, "expected a string without NUL characters, found one with");
    return std::nullopt;
  }
  return text;
}

std::string JsonReader::text(const char* key, Need need) const {
  const json* member = require(key, need, "a string");
  if (member == nullptr) return {};
  std::string value = text_of(*member, path_of(key)).value_or("");
  if (value.empty() && need == Need::kRequired)
    refuse(key, "expected a string that is not empty, found ''");
  return value;
}

std::string JsonReader::absolute_path(const char* key, Need need) const {
  std::string value = text(key, need);
  if (!value.empty() && value.front() != '/')
    refuse(key, concat("expected an absolute path, found ", in_quotes(value)));
  return value;
}

bool JsonReader::flag(const char* key, Need need) const {
  const json* member = require(key, need, "true or false");
  if (member == nullptr) return false;
  if (member->is_boolean()) return member->get<bool>();
  refuse(key, concat("expected true or false, found ", described(*member)));
  return false;
}

std::optional<std::int64_t> JsonReader::integer_of(const json& value, const std::string& path,
                                                   std::int64_t least, std::int64_t most) const {
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() ||
                     value.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX)) &&
                    value.get<std::int64_t>() >= least && value.get<std::int64_t>() <= most;
  if (fits) return value.get<std::int64_t>();
  const std::string range =
      least == INT64_MIN && most == INT64_MAX ? "" : concat(" from ", least, " to ", most);
  findings_->refuse(path, concat("expected an integer", range, ", found ", described(value)));
  return std::nullopt;
}

std::int64_t JsonReader::integer(const char* key, std::int64_t least, std::int64_t most,
                                 Need need) const {
  const json* member = require(key, need, "an integer");
  return member == nullptr ? 0 : integer_of(*member, path_of(key), least, most).value_or(0);
}

std::int64_t JsonReader::integer_or(const char* key, std::int64_t least, std::int64_t most,
                                    std::int64_t otherwise) const {
  return has(key) ? integer(key, least, most) : otherwise;
}

std::uint64_t JsonReader::natural(const char* key, Need need) const {
  const json* member = require(key, need, "an integer");
  if (member == nullptr) return 0;
  if (member->is_number_unsigned()) return member->get<std::uint64_t>();
  refuse(key, concat("expected an integer from 0, found ", described(*member)));
  return 0;
}

std::uint32_t JsonReader::natural32(const char* key, Need need) const {
  return static_cast<std::uint32_t>(integer(key, 0, UINT32_MAX, need));
}

bool JsonReader::check_object(const json& value, const std::string& path) const {
  if (value.is_object()) return true;
  findings_->refuse(path, concat("expected an object, found ", described(value)));
  return false;
}

std::size_t JsonReader::array_size(const char* key) const {
  const json* member = find(key);
  if (member == nullptr) return 0;
  if (member->is_array()) return member->size();
  refuse(key, concat("expected an array, found ", described(*member)));
  return 0;
}

const json& JsonReader::element(const char* key, std::size_t index) const {
  return object_->at(key).at(index);
}

std::vector<std::string> JsonReader::names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : object_->items())
    if (!value.is_null()) names.push_back(name);
  return names;
}

}  // namespace kata::sandbox
