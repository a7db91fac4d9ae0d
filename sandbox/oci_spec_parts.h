// SPDX-License-Identifier: Apache-2.0
//
// The pieces of oci_spec.cpp, one function for each part of config.json. Each fills its message
// from an object of the document; complaints go to the reader's findings.
#pragma once

#include "protocol/oci.pb.h"
#include "sandbox/json_reader.h"

namespace kata::sandbox {

void read_process(const JsonReader& from, grpc::Process& process);
void read_linux(const JsonReader& from, grpc::Linux& linux_part);
void read_seccomp(const JsonReader& from, grpc::LinuxSeccomp& seccomp);
void read_resources(const JsonReader& from, grpc::LinuxResources& resources);

// What travels as annotations; after the bundle's own have been read.
void read_extras(const JsonReader& from, grpc::Spec& spec);

// Says of each of these keys that is there: the guest does not honour it yet.
void warn_unhonoured(const JsonReader& from, std::initializer_list<const char*> keys);

}  // namespace kata::sandbox
