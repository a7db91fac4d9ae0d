// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/schema.h"

#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <cstdlib>

#include "kata/concat.h"
#include "programs/kata-agent-ctl/descriptor_set.h"

namespace kata::agentctl {

namespace pb = google::protobuf;

namespace {

// Lower case, without underscores.
std::string normalised(std::string_view name) {
  std::string result;
  for (const char c : name)
    if (c != '_') result.push_back(static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c));
  return result;
}

std::string enum_values(const pb::EnumDescriptor& type) {
  std::string names;
  for (int at = 0; at < type.value_count(); ++at)
    names += concat(at == 0 ? "" : "|", type.value(at)->name());
  return names;
}

std::string plain_type_name(const Field& field) {
  if (field.type() == Field::TYPE_MESSAGE) return field.message_type()->name();
  if (field.type() == Field::TYPE_ENUM) return concat("enum ", enum_values(*field.enum_type()));
  return field.type_name();
}

}  // namespace

Schema::Schema()
    : pool_(std::make_unique<pb::DescriptorPool>()),
      factory_(std::make_unique<pb::DynamicMessageFactory>(pool_.get())) {
  pb::FileDescriptorSet files;
  // Bytes of the program itself: a set that does not hold together is a broken build.
  if (!files.ParseFromArray(kDescriptorSet, static_cast<int>(kDescriptorSetSize))) std::abort();
  for (const pb::FileDescriptorProto& file : files.file()) {
    const pb::FileDescriptor* built = pool_->BuildFile(file);
    if (built == nullptr) std::abort();
    for (int service = 0; service < built->service_count(); ++service)
      for (int at = 0; at < built->service(service)->method_count(); ++at)
        methods_.push_back(built->service(service)->method(at));
  }
}

Result<const Method*> Schema::find(std::string_view name) const {
  const std::string wanted = normalised(name);
  std::string near;
  for (const Method* method : methods_) {
    const std::string candidate = normalised(method->name());
    if (candidate == wanted) return method;
    if (wanted.size() >= 3 && candidate.find(wanted) != std::string::npos)
      near += concat(near.empty() ? "; did you mean " : ", ", method->name());
  }
  return make_error(ErrorCode::kInvalidArgument, concat("'", name, "' is no RPC and no command",
                                                        near.empty() ? ": see 'list'" : near));
}

std::unique_ptr<Message> Schema::new_message(const pb::Descriptor& type) const {
  return std::unique_ptr<Message>(factory_->GetPrototype(&type)->New());
}

const Field* find_field(const pb::Descriptor& type, std::string_view name) {
  if (const Field* exact = type.FindFieldByName(std::string(name))) return exact;
  const std::string wanted = normalised(name);
  for (int at = 0; at < type.field_count(); ++at)
    if (normalised(type.field(at)->name()) == wanted) return type.field(at);
  return nullptr;
}

Error unknown_field(const pb::Descriptor& type, std::string_view name) {
  std::string known;
  for (int at = 0; at < type.field_count(); ++at)
    known += concat(at == 0 ? "" : ", ", type.field(at)->name());
  return make_error(ErrorCode::kInvalidArgument,
                    concat(type.name(), " has no field '", name, "'; it has ",
                           known.empty() ? std::string("none") : known));
}

std::string type_name(const Field& field) {
  if (field.is_map())
    return concat("map<", plain_type_name(*field.message_type()->map_key()), ", ",
                  plain_type_name(*field.message_type()->map_value()), ">");
  const char* label = "";
  if (field.is_repeated()) label = "repeated ";
  if (field.has_optional_keyword()) label = "optional ";
  return concat(label, plain_type_name(field));
}

}  // namespace kata::agentctl
