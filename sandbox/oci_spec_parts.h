// SPDX-License-Identifier: Apache-2.0
//
// The pieces of oci_spec.cpp, one function for each part of config.json. Each fills its message
// from an object of the document; complaints go to the reader's findings.
#pragma once

#include <span>
#include <string_view>

#include "protocol/oci.pb.h"
#include "sandbox/json_reader.h"

namespace kata::sandbox {

using IdMappings = google::protobuf::RepeatedPtrField<grpc::LinuxIDMapping>;
void read_id_mappings(const JsonReader& from, const char* key, IdMappings& mappings);

void read_mounts(const JsonReader& from, grpc::Spec& spec);
void read_process(const JsonReader& from, grpc::Process& process);
void read_linux(const JsonReader& from, grpc::Linux& linux_part);
void read_seccomp(const JsonReader& from, grpc::LinuxSeccomp& seccomp);
void read_resources(const JsonReader& from, grpc::LinuxResources& resources);

// What travels as annotations; after the bundle's own have been read.
void read_extras(const JsonReader& from, grpc::Spec& spec);

// The schema's rules that no reader asks about; see oci_spec_schema.cpp. The readers of a process
// and of resources call theirs, because these are documents of their own too.
void check_schema(const JsonReader& spec);
void check_process_schema(const JsonReader& process);
void check_resources_schema(const JsonReader& resources);

void expect_one_of(const JsonReader& from, const char* key, std::string_view found,
                   std::span<const std::string_view> names);

// Says of each of these keys that is there: the guest does not honour it yet.
void warn_unhonoured(const JsonReader& from, std::initializer_list<const char*> keys);

}  // namespace kata::sandbox
