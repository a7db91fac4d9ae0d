// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/json_input.h"

#include <google/protobuf/util/json_util.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "kata/concat.h"

namespace kata::agentctl {

using nlohmann::json;
namespace pb = google::protobuf;

namespace {

Result<void> rename_value(json& value, const Field& field);

// Every key becomes the name that the .proto file has.
Result<void> rename_keys(json& object, const pb::Descriptor& type) {
  json renamed = json::object();
  for (auto& [key, value] : object.items()) {
    const Field* field = find_field(type, key);
    if (field == nullptr) return unknown_field(type, key);
    KATA_TRY(rename_value(value, *field), field->name());
    renamed[field->name()] = std::move(value);
  }
  object = std::move(renamed);
  return {};
}

Result<void> rename_value(json& value, const Field& field) {
  if (field.cpp_type() != Field::CPPTYPE_MESSAGE) return {};
  const Field& target = field.is_map() ? *field.message_type()->map_value() : field;
  if (target.cpp_type() != Field::CPPTYPE_MESSAGE) return {};
  const pb::Descriptor& type = *target.message_type();
  if (!field.is_repeated()) return value.is_object() ? rename_keys(value, type) : Result<void>();
  if (!value.is_structured()) return {};  // protobuf says what it expected
  for (json& element : value)
    if (element.is_object()) KATA_TRY(rename_keys(element, type), "");
  return {};
}

}  // namespace

Result<json> parse_json_object(std::string_view text, std::string_view where) {
  try {
    json document = json::parse(text);
    if (document.is_object()) return document;
  } catch (const json::exception& error) {
    return make_error(ErrorCode::kInvalidArgument, concat(where, ": ", error.what()));
  }
  return make_error(ErrorCode::kInvalidArgument, concat(where, ": expected a JSON object {…}"));
}

Result<void> merge_json(json document, Message& message) {
  const std::string& type = message.GetDescriptor()->name();
  KATA_TRY(rename_keys(document, *message.GetDescriptor()), "");
  const std::string text = document.dump(-1, ' ', false, json::error_handler_t::replace);
  const std::unique_ptr<Message> part(message.New());
  const auto status = pb::util::JsonStringToMessage(text, part.get());
  if (!status.ok())
    return make_error(ErrorCode::kInvalidArgument,
                      concat(type, ": ", std::string(status.message())));
  message.MergeFrom(*part);
  return {};
}

}  // namespace kata::agentctl
