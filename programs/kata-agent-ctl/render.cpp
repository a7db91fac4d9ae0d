// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/render.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "programs/kata-runtime/text_table.h"
#include "protocol/ttrpc/status.h"

namespace kata::agentctl {

namespace pb = google::protobuf;
using runtime::Column;
using Row = std::vector<std::string>;

namespace {

constexpr std::array<const char*, 17> kStatusNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

std::string json_of(const Message& message) {
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  if (!pb::util::MessageToJsonString(message, &text, options).ok()) text = "{}";
  return text;
}

const Field* only_field(const pb::Descriptor& type) {
  return type.field_count() == 1 ? type.field(0) : nullptr;
}

// The value of a scalar; index -1: the field is no list.
std::string scalar(const Message& message, const Field& field, int index) {
  const pb::Reflection& from = *message.GetReflection();
#define KATA_GET(Type) \
  (index < 0 ? from.Get##Type(message, &field) : from.GetRepeated##Type(message, &field, index))
  switch (field.cpp_type()) {
    case Field::CPPTYPE_INT32:
      return std::to_string(KATA_GET(Int32));
    case Field::CPPTYPE_INT64:
      return std::to_string(KATA_GET(Int64));
    case Field::CPPTYPE_UINT32:
      return std::to_string(KATA_GET(UInt32));
    case Field::CPPTYPE_UINT64:
      return std::to_string(KATA_GET(UInt64));
    case Field::CPPTYPE_BOOL:
      return KATA_GET(Bool) ? "true" : "false";
    case Field::CPPTYPE_ENUM:
      return KATA_GET(Enum)->name();
    case Field::CPPTYPE_STRING:
      return KATA_GET(String);
    default:
      return {};  // the protocol has no floating point
  }
#undef KATA_GET
}

// A list of messages in one cell: an address as 10.0.0.1/24, others as JSON.
std::string element_text(const Message& element) {
  const pb::Descriptor& type = *element.GetDescriptor();
  if (type.full_name() != "types.IPAddress") return json_of(element);
  return concat(scalar(element, *type.FindFieldByName("address"), -1), "/",
                scalar(element, *type.FindFieldByName("mask"), -1));
}

std::string cell(const Message& message, const Field& field) {
  const pb::Reflection& from = *message.GetReflection();
  const bool is_message = field.cpp_type() == Field::CPPTYPE_MESSAGE;
  if (!field.is_repeated()) {
    if (!is_message) return scalar(message, field, -1);
    return from.HasField(message, &field) ? element_text(from.GetMessage(message, &field)) : "-";
  }
  std::string text;
  for (int at = 0; at < from.FieldSize(message, &field); ++at)
    text += concat(at == 0 ? "" : ",",
                   is_message ? element_text(from.GetRepeatedMessage(message, &field, at))
                              : scalar(message, field, at));
  return text;
}

std::string or_dash(std::string text) { return text.empty() ? "-" : text; }

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

bool is_number(const Field& field) {
  return !field.is_repeated() && field.cpp_type() != Field::CPPTYPE_STRING &&
         field.cpp_type() != Field::CPPTYPE_MESSAGE && field.cpp_type() != Field::CPPTYPE_ENUM &&
         field.cpp_type() != Field::CPPTYPE_BOOL;
}

std::string list_table(const Message& message, const Field& list) {
  const pb::Descriptor& type = *list.message_type();
  std::vector<Column> columns;
  for (int at = 0; at < type.field_count(); ++at)
    columns.push_back({upper(type.field(at)->name()), is_number(*type.field(at))});
  std::vector<Row> rows;
  const pb::Reflection& from = *message.GetReflection();
  for (int index = 0; index < from.FieldSize(message, &list); ++index) {
    const Message& element = from.GetRepeatedMessage(message, &list, index);
    Row row;
    for (int at = 0; at < type.field_count(); ++at)
      row.push_back(or_dash(cell(element, *type.field(at))));
    rows.push_back(std::move(row));
  }
  return runtime::text_table(columns, rows);
}

// One row a leaf: "cgroup_stats.pids_stats.current" and its value. Elements of lists are numbered
// as assign() takes them, entries of maps named.
class Leaves {
 public:
  std::vector<Row> rows;

  void add(const Message& message, const std::string& prefix) {
    const pb::Descriptor& type = *message.GetDescriptor();
    for (int at = 0; at < type.field_count(); ++at) add_field(message, *type.field(at), prefix);
  }

 private:
  void add_field(const Message& message, const Field& field, const std::string& prefix) {
    const pb::Reflection& from = *message.GetReflection();
    const std::string name = prefix + field.name();
    if (field.has_presence() && !from.HasField(message, &field)) return;
    if (field.cpp_type() != Field::CPPTYPE_MESSAGE)
      rows.push_back({name, or_dash(cell(message, field))});
    else if (field.is_map())
      add_map(message, field, name);
    else if (!field.is_repeated())
      add(from.GetMessage(message, &field), name + ".");
    else
      for (int at = 0; at < from.FieldSize(message, &field); ++at)
        add(from.GetRepeatedMessage(message, &field, at), concat(name, ".", at, "."));
  }

  void add_map(const Message& message, const Field& field, const std::string& name) {
    std::vector<Row> entries;
    for (int at = 0; at < message.GetReflection()->FieldSize(message, &field); ++at) {
      const Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, at);
      entries.push_back({concat(name, ".", cell(entry, *field.message_type()->map_key())),
                         or_dash(cell(entry, *field.message_type()->map_value()))});
    }
    std::sort(entries.begin(), entries.end());
    rows.insert(rows.end(), entries.begin(), entries.end());
  }
};

// A reply that is one text or one run of bytes is itself what was asked for.
std::string bare_text(const Message& reply, const Field& field, bool terminal) {
  std::string text = scalar(reply, field, -1);
  if (terminal) text = printable(text, "\n\t");
  if (field.type() == Field::TYPE_STRING && !text.empty() && !text.ends_with('\n')) text += '\n';
  return text;
}

}  // namespace

Result<Output> parse_output(std::string_view text) {
  if (text == "text" || text == "table") return Output::kText;
  if (text == "json") return Output::kJson;
  return make_error(ErrorCode::kInvalidArgument,
                    concat("--output '", text, "': expected text or json"));
}

std::string render_text(const Message& reply, bool terminal) {
  const Field* only = only_field(*reply.GetDescriptor());
  if (only != nullptr && !only->is_repeated() && only->cpp_type() == Field::CPPTYPE_STRING)
    return bare_text(reply, *only, terminal);
  if (only != nullptr && only->is_repeated() && only->cpp_type() == Field::CPPTYPE_MESSAGE)
    return list_table(reply, *only);
  Leaves leaves;
  leaves.add(reply, "");
  if (leaves.rows.empty()) return {};
  return runtime::text_table({{"FIELD"}, {"VALUE"}}, leaves.rows);
}

std::string render_json(const Message& reply) { return json_of(reply) + "\n"; }

std::string render_json_error(const Error& error) {
  const int code = ttrpc::status_code(error);
  const nlohmann::json document = {
      {"error", {{"code", code}, {"status", status_name(code)}, {"message", error.message}}}};
  return document.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string status_name(int code) {
  const bool known = code >= 0 && static_cast<std::size_t>(code) < kStatusNames.size();
  return known ? kStatusNames[static_cast<std::size_t>(code)] : concat("status ", code);
}

std::string printable(std::string_view text, std::string_view but) {
  std::string result(text);
  for (char& c : result) {
    const bool control = static_cast<unsigned char>(c) < ' ' || c == 0x7f;
    if (control && but.find(c) == std::string_view::npos) c = '?';
  }
  return result;
}

}  // namespace kata::agentctl
