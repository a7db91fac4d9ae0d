// SPDX-License-Identifier: Apache-2.0
//
// What a storage on a disk waits for before it can be mounted: the disk, and a filesystem on it
// when the host wants a new one.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "agent/devices/device_wait.h"
#include "agent/signals.h"
#include "kata/result.h"

namespace grpc {
class Storage;
}

namespace kata::agent {

// Its source becomes the disk's node. Storages of other drivers stay as they are. With driver
// option "create_filesystem" the disk is formatted; whatever is on it is lost.
boost::asio::awaitable<Result<void>> prepare_storage(DeviceWait& wait, Signals& signals,
                                                     grpc::Storage& storage);

}  // namespace kata::agent
