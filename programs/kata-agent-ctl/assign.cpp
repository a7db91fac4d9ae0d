// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/assign.h"

#include <charconv>
#include <iostream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/files.h"
#include "kata/concat.h"
#include "programs/kata-agent-ctl/json_input.h"
#include "programs/kata-runtime/signal_names.h"

namespace kata::agentctl {

namespace pb = google::protobuf;
using nlohmann::json;

namespace {

constexpr std::size_t kLongestFile = 16U << 20;

struct Step {
  std::string_view name, rest;
};

Step first_step(std::string_view path) {
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) return {path, {}};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

template <class Integer>
std::optional<Integer> parse_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string_view digits = text.substr(negative ? 1 : 0);
  int base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    base = 16;
    digits.remove_prefix(2);
  } else if (digits.size() > 1 && digits.starts_with('0')) {
    base = 8;
  }
  if (digits.starts_with('-')) return std::nullopt;
  Integer number{};
  const std::string signed_digits = concat(negative ? "-" : "", digits);
  const char* end = signed_digits.data() + signed_digits.size();
  const auto [stop, error] = std::from_chars(signed_digits.data(), end, number, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

Error expected(const Field& field, std::string_view value) {
  return make_error(ErrorCode::kInvalidArgument, concat(field.name(), "='", value.substr(0, 60),
                                                        "': expected ", type_name(field)));
}

// How a scalar is put in its place: appended to a list, over an element of it, or alone.
struct Place {
  Message& message;
  const Field& field;
  int index = -1;  // of a list; -1: its end
};

#define KATA_PUT(Type)                                                                \
  do {                                                                                \
    const pb::Reflection& reflection = *place.message.GetReflection();                \
    if (!place.field.is_repeated())                                                   \
      reflection.Set##Type(&place.message, &place.field, value);                      \
    else if (place.index < 0)                                                         \
      reflection.Add##Type(&place.message, &place.field, value);                      \
    else                                                                              \
      reflection.SetRepeated##Type(&place.message, &place.field, place.index, value); \
  } while (false)

void put(const Place& place, std::int32_t value) { KATA_PUT(Int32); }
void put(const Place& place, std::int64_t value) { KATA_PUT(Int64); }
void put(const Place& place, std::uint32_t value) { KATA_PUT(UInt32); }
void put(const Place& place, std::uint64_t value) { KATA_PUT(UInt64); }
void put(const Place& place, bool value) { KATA_PUT(Bool); }
void put(const Place& place, const std::string& value) { KATA_PUT(String); }
void put(const Place& place, const pb::EnumValueDescriptor* value) { KATA_PUT(Enum); }

#undef KATA_PUT

template <class Value>
Result<void> put_if(const Place& place, const std::optional<Value>& value, std::string_view text) {
  if (!value) return expected(place.field, text);
  put(place, *value);
  return {};
}

Result<void> put_enum(const Place& place, const std::string& text) {
  const pb::EnumDescriptor& type = *place.field.enum_type();
  const pb::EnumValueDescriptor* value = type.FindValueByName(text);
  if (const auto number = parse_integer<std::int32_t>(text); value == nullptr && number)
    value = type.FindValueByNumber(*number);
  if (value == nullptr) return expected(place.field, text);
  put(place, value);
  return {};
}

Result<void> put_text(const Place& place, const std::string& text) {
  if (!text.starts_with('@')) return put(place, text), Result<void>();
  if (text.starts_with("@@")) return put(place, text.substr(1)), Result<void>();
  put(place, KATA_TRY(read_argument_file(text.substr(1)), place.field.name()));
  return {};
}

Result<void> put_uint32(const Place& place, const std::string& text) {
  const auto plain = parse_integer<std::uint32_t>(text);
  if (place.field.name() == "signal" && !plain) {
    const int number = KATA_TRY(runtime::signal_number(text), "signal");
    return put(place, static_cast<std::uint32_t>(number)), Result<void>();
  }
  return put_if(place, plain, text);
}

Result<void> put_scalar(const Place& place, const std::string& text) {
  switch (place.field.cpp_type()) {
    case Field::CPPTYPE_INT32:
      return put_if(place, parse_integer<std::int32_t>(text), text);
    case Field::CPPTYPE_INT64:
      return put_if(place, parse_integer<std::int64_t>(text), text);
    case Field::CPPTYPE_UINT32:
      return put_uint32(place, text);
    case Field::CPPTYPE_UINT64:
      return put_if(place, parse_integer<std::uint64_t>(text), text);
    case Field::CPPTYPE_BOOL:
      return put_if(place, parse_bool(text), text);
    case Field::CPPTYPE_ENUM:
      return put_enum(place, text);
    case Field::CPPTYPE_STRING:
      return put_text(place, text);
    default:
      return expected(place.field, text);  // the protocol has no floating point
  }
}

json object_of(const std::string& key, json value) {
  json object = json::object();
  object[key] = std::move(value);
  return object;
}

// A whole message, list or map as JSON. One object for a list is one more element.
Result<void> merge_value(Message& message, const Field& field, const std::string& text) {
  std::string content = text;
  if (text.starts_with('@')) content = KATA_TRY(read_argument_file(text.substr(1)), field.name());
  json value = json::parse(content, nullptr, false);
  if (!value.is_structured()) return expected(field, concat(text, "' as JSON, not '", text));
  if (field.is_repeated() && !field.is_map() && value.is_object()) {
    json list = json::array();
    list.push_back(std::move(value));
    value = std::move(list);
  }
  return merge_json(object_of(field.name(), std::move(value)), message);
}

Result<void> put_in_map(Message& message, const Field& field, std::string_view key,
                        const std::string& value) {
  const bool is_text = field.message_type()->map_value()->cpp_type() == Field::CPPTYPE_STRING;
  json content = is_text ? json(value) : json::parse(value, nullptr, false);
  if (content.is_discarded()) return expected(field, value);
  json entry = object_of(std::string(key), std::move(content));
  return merge_json(object_of(field.name(), std::move(entry)), message);
}

Result<int> list_index(const Message& message, const Field& field, std::string_view text) {
  const int size = message.GetReflection()->FieldSize(message, &field);
  const auto index = parse_integer<int>(text);
  if (index && *index >= 0 && *index <= size) return *index;
  return make_error(ErrorCode::kInvalidArgument,
                    concat(field.name(), ".", text, ": expected an index from 0 to ", size,
                           ", the length of the list"));
}

Result<void> assign_in_list(Message& message, const Field& field, std::string_view rest,
                            const std::string& value) {
  const Step step = first_step(rest);
  const int index = KATA_TRY(list_index(message, field, step.name), "");
  const pb::Reflection& reflection = *message.GetReflection();
  const bool at_end = index == reflection.FieldSize(message, &field);
  if (field.cpp_type() != Field::CPPTYPE_MESSAGE)
    return put_scalar({message, field, at_end ? -1 : index}, value);
  if (step.rest.empty())
    return make_error(ErrorCode::kInvalidArgument,
                      concat(field.name(), ".", step.name, ": expected a field of ",
                             field.message_type()->name(), " behind it"));
  Message& element = at_end ? *reflection.AddMessage(&message, &field)
                            : *reflection.MutableRepeatedMessage(&message, &field, index);
  return assign(element, step.rest, value);
}

Result<void> assign_field(Message& message, const Field& field, std::string_view rest,
                          const std::string& value) {
  const bool is_message = field.cpp_type() == Field::CPPTYPE_MESSAGE;
  if (rest.empty()) {
    if (is_message || (field.is_repeated() && value.starts_with('[')))
      return merge_value(message, field, value);
    return put_scalar({message, field, -1}, value);
  }
  if (field.is_map()) return put_in_map(message, field, rest, value);
  if (field.is_repeated()) return assign_in_list(message, field, rest, value);
  if (is_message)
    return assign(*message.GetReflection()->MutableMessage(&message, &field), rest, value);
  return make_error(ErrorCode::kInvalidArgument,
                    concat(field.name(), ": is a ", type_name(field), " and has no '", rest, "'"));
}

}  // namespace

Result<void> assign(Message& message, std::string_view path, const std::string& value) {
  const Step step = first_step(path);
  const Field* field = find_field(*message.GetDescriptor(), step.name);
  if (field == nullptr) return unknown_field(*message.GetDescriptor(), step.name);
  return assign_field(message, *field, step.rest, value);
}

Result<std::string> read_argument_file(const std::string& path) {
  if (path == "-")
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  return read_file(path, kLongestFile);
}

}  // namespace kata::agentctl
