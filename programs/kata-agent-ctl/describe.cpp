// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/describe.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "programs/kata-agent-ctl/arguments.h"
#include "programs/kata-runtime/text_table.h"

namespace kata::agentctl {

namespace pb = google::protobuf;
using nlohmann::ordered_json;

namespace {

// The comment above a method or a field, or behind it, on one line.
template <class Descriptor>
std::string comment_of(const Descriptor& item) {
  pb::SourceLocation location;
  if (!item.GetSourceLocation(&location)) return {};
  std::string text = location.leading_comments + location.trailing_comments;
  std::replace(text.begin(), text.end(), '\n', ' ');
  const std::size_t begin = text.find_first_not_of(' ');
  const std::size_t end = text.find_last_not_of(' ');
  return begin == std::string::npos ? std::string() : text.substr(begin, end - begin + 1);
}

// The message, then those that its fields have, each once and in the order of their first use.
void collect(const pb::Descriptor& type, std::vector<const pb::Descriptor*>& types) {
  if (std::find(types.begin(), types.end(), &type) != types.end()) return;
  types.push_back(&type);
  for (int at = 0; at < type.field_count(); ++at) {
    const Field& field = *type.field(at);
    const Field& target = field.is_map() ? *field.message_type()->map_value() : field;
    if (target.cpp_type() == Field::CPPTYPE_MESSAGE) collect(*target.message_type(), types);
  }
}

// A table without the blanks that pad an empty last column.
std::string trimmed_table(const std::vector<runtime::Column>& columns,
                          const std::vector<std::vector<std::string>>& rows) {
  const std::string table = runtime::text_table(columns, rows);
  std::string trimmed;
  for (std::size_t at = 0; at < table.size();) {
    const std::size_t end = table.find('\n', at);
    const std::string line = table.substr(at, end - at);
    trimmed += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    at = end + 1;
  }
  return trimmed;
}

std::string message_text(const pb::Descriptor& type) {
  if (type.field_count() == 0) return concat(type.name(), ": no fields\n");
  std::vector<std::vector<std::string>> rows;
  for (int at = 0; at < type.field_count(); ++at) {
    const Field& field = *type.field(at);
    rows.push_back({concat("  ", field.name()), type_name(field), comment_of(field)});
  }
  return trimmed_table({{type.name()}, {"TYPE"}, {""}}, rows);
}

std::string special_text(const Method& method) {
  std::vector<std::vector<std::string>> rows;
  for (const SpecialKey& special : special_keys())
    if (special.method == method.name())
      rows.push_back({concat("  ", special.key, "="), std::string(special.meaning)});
  if (rows.empty()) return {};
  return concat("\n", trimmed_table({{"Besides its fields"}, {""}}, rows));
}

ordered_json message_json(const pb::Descriptor& type) {
  ordered_json fields = ordered_json::array();
  for (int at = 0; at < type.field_count(); ++at) {
    const Field& field = *type.field(at);
    fields.push_back(
        {{"name", field.name()}, {"number", field.number()}, {"type", type_name(field)}});
  }
  return fields;
}

ordered_json method_json(const Method& method) {
  return {{"service", method.service()->full_name()},
          {"method", method.name()},
          {"request", method.input_type()->name()},
          {"reply", method.output_type()->name()}};
}

}  // namespace

std::string list_methods(const Schema& schema, Output output) {
  if (output == Output::kJson) {
    ordered_json list = ordered_json::array();
    for (const Method* method : schema.methods()) list.push_back(method_json(*method));
    return list.dump() + "\n";
  }
  std::vector<std::vector<std::string>> rows;
  for (const Method* method : schema.methods())
    rows.push_back({method->name(), method->input_type()->name(), method->output_type()->name(),
                    method->service()->full_name()});
  return runtime::text_table({{"RPC"}, {"REQUEST"}, {"REPLY"}, {"SERVICE"}}, rows);
}

std::string describe_method(const Method& method, Output output) {
  std::vector<const pb::Descriptor*> types;
  collect(*method.input_type(), types);
  collect(*method.output_type(), types);
  if (output == Output::kJson) {
    ordered_json document = method_json(method);
    for (const pb::Descriptor* type : types)
      document["messages"][type->name()] = message_json(*type);
    return document.dump() + "\n";
  }
  std::string text =
      concat(method.service()->full_name(), ".", method.name(), ": ", method.input_type()->name(),
             " -> ", method.output_type()->name(), "\n");
  if (const std::string comment = comment_of(method); !comment.empty()) text += comment + "\n";
  for (const pb::Descriptor* type : types) text += concat("\n", message_text(*type));
  return text + special_text(method);
}

}  // namespace kata::agentctl
