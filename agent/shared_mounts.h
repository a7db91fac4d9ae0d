// SPDX-License-Identifier: Apache-2.0
//
// CreateContainer's `shared_mounts`: the new container gets mounts that another container of the
// sandbox, known by its Kubernetes name, makes for itself.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <google/protobuf/repeated_field.h>
#include <sys/types.h>

#include "agent/container_table.h"
#include "kata/result.h"

namespace grpc {
class SharedMount;
}

namespace kata::agent {

using SharedMountList = google::protobuf::RepeatedPtrField<grpc::SharedMount>;

Result<void> check_shared_mounts(const SharedMountList& mounts);

// Until all are there, at most 10 s.
boost::asio::awaitable<void> wait_for_shared_mounts(ContainerTable& containers,
                                                    const SharedMountList& mounts);

// A mount that is not there is left out, with a warning, as Kata does.
Result<void> attach_shared_mounts(ContainerTable& containers, const SharedMountList& mounts,
                                  pid_t destination);

}  // namespace kata::agent
