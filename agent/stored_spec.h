// SPDX-License-Identifier: Apache-2.0
//
// A container's specification between the calls that ask for it, in its wire form: a fraction of
// the memory of the message, which a guest of many containers pays for each and which each fork of
// the agent maps again.
#pragma once

#include <string>

#include "oci.pb.h"

namespace kata::agent {

class StoredSpec {
 public:
  grpc::Spec get() const {
    grpc::Spec spec;
    spec.ParseFromString(wire_);
    return spec;
  }
  void set(const grpc::Spec& spec) { wire_ = spec.SerializeAsString(); }

 private:
  std::string wire_{};
};

}  // namespace kata::agent
