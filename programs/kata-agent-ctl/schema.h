// SPDX-License-Identifier: Apache-2.0
//
// What an agent can be asked: the methods of grpc.AgentService and grpc.Health, and messages made
// by their description, since the generated classes of the project have no reflection.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace kata::agentctl {

using Method = google::protobuf::MethodDescriptor;
using Message = google::protobuf::Message;
using Field = google::protobuf::FieldDescriptor;

// Lent to everything else of the program; messages do not outlive it. Threads: one.
class Schema {
 public:
  Schema();

  std::span<const Method* const> methods() const { return methods_; }  // in the files' order

  // Upper and lower case are one. kInvalidArgument with the names that are nearest.
  Result<const Method*> find(std::string_view name) const;

  std::unique_ptr<Message> new_message(const google::protobuf::Descriptor& type) const;

 private:
  std::unique_ptr<google::protobuf::DescriptorPool> pool_;
  std::unique_ptr<google::protobuf::DynamicMessageFactory> factory_;
  std::vector<const Method*> methods_;
};

// A field by its name in the .proto file, or by that name without regard to case and underscores:
// "hwAddr", "hw_addr", "hwaddr". Null: there is none.
const Field* find_field(const google::protobuf::Descriptor& type, std::string_view name);

// For messages: "CopyFileRequest has no field 'pth'; it has path, file_size, …".
Error unknown_field(const google::protobuf::Descriptor& type, std::string_view name);

// "string", "repeated Storage", "map<string, string>", "enum v4|v6", as --describe prints it.
std::string type_name(const Field& field);

}  // namespace kata::agentctl
