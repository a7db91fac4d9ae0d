// SPDX-License-Identifier: Apache-2.0
//
// A container's specification between the calls that ask for it, in its wire form: a fraction of
// the memory of the message, which a guest of many containers pays for each and which each fork of
// the agent maps again.
#pragma once

#include <string>
#include <utility>

#include "kata/result.h"
#include "oci.pb.h"

namespace kata::agent {

class StoredSpec {
 public:
  grpc::Spec get() const {
    grpc::Spec spec;
    spec.ParseFromString(wire_);
    return spec;
  }

  // Refuses what get() could not give back whole: a text that is not UTF-8, of a hook file's name.
  Result<void> set(const grpc::Spec& spec) {
    std::string wire = spec.SerializeAsString();
    if (!grpc::Spec().ParseFromString(wire))
      return make_error(ErrorCode::kInvalidArgument,
                        "the specification has text that is not UTF-8");
    wire_ = std::move(wire);
    return {};
  }

 private:
  std::string wire_{};
};

}  // namespace kata::agent
