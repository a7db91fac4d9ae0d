// SPDX-License-Identifier: Apache-2.0
//
// The guest's /etc/resolv.conf: lines as the host sends them.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <string>

#include "kata/result.h"

namespace kata::agent {

// Replaces the file; on a read-only root it is mounted over instead.
Result<void> write_resolv_conf(const google::protobuf::RepeatedPtrField<std::string>& lines);

}  // namespace kata::agent
