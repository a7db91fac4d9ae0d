// SPDX-License-Identifier: Apache-2.0
//
// The part of CreateSandbox and CreateContainer that waits: for disks and other devices, for mounts
// of other containers. All of it comes before anything is made, so that making is one step to other
// calls.
#include <boost/asio/use_awaitable.hpp>

#include "agent.pb.h"
#include "agent/devices/device_requests.h"
#include "agent/disk_storage.h"
#include "agent/sandbox.h"
#include "agent/shared_mounts.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr std::uint32_t kRemoveTimeout = 10;  // seconds
constexpr const char* kSandbox = "";

// While it lives, the id is taken.
class Claim {
 public:
  Claim(std::set<std::string>& ids, const std::string& id) : ids_(ids), id_(id) { ids_.insert(id); }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  ~Claim() { ids_.erase(id_); }

 private:
  std::set<std::string>& ids_;
  std::string id_;
};

}  // namespace

asio::awaitable<Result<void>> Sandbox::create(grpc::CreateSandboxRequest request) {
  if (namespaces_ || claims_.contains(kSandbox))
    co_return make_error(ErrorCode::kFailedPrecondition, "this guest has a sandbox already");
  const Claim claim(claims_, kSandbox);
  for (auto& storage : *request.mutable_storages()) {
    const std::string action = concat("storage '", storage.mount_point(), "'");
    KATA_CO_CHECK(co_await prepare_storage(devices_, signals_, storage), action);
  }
  co_return make(request);
}

Result<void> Sandbox::check_new_container(const grpc::CreateContainerRequest& request) const {
  const std::string& id = request.container_id();
  if (!is_container_id(id))
    return make_error(ErrorCode::kInvalidArgument, concat("invalid container id '", id, "'"));
  if (!namespaces_)
    return make_error(ErrorCode::kFailedPrecondition, "no sandbox: call CreateSandbox first");
  if (containers_.has(id) || claims_.contains(id))
    return make_error(ErrorCode::kAlreadyExists, concat("container '", id, "' exists"));
  if (!request.has_oci())
    return make_error(ErrorCode::kInvalidArgument, "the request has no OCI specification");
  return check_shared_mounts(request.shared_mounts());
}

asio::awaitable<Result<PciAddresses>> Sandbox::prepare(grpc::CreateContainerRequest& request) {
  KATA_CO_TRY(PciAddresses addresses, co_await prepare_devices(devices_, request), "");
  for (auto& storage : *request.mutable_storages()) {
    if (storages_.has(storage.mount_point())) continue;
    const std::string action = concat("storage '", storage.mount_point(), "'");
    KATA_CO_CHECK(co_await prepare_storage(devices_, signals_, storage), action);
  }
  co_await wait_for_shared_mounts(containers_, request.shared_mounts());
  co_return addresses;
}

asio::awaitable<Result<void>> Sandbox::create_container(grpc::CreateContainerRequest request) {
  KATA_CO_CHECK(check_new_container(request), "");
  const std::string id = request.container_id();
  const Claim claim(claims_, id);
  const SharedMountList mounts = request.shared_mounts();
  KATA_CO_TRY(PciAddresses addresses, co_await prepare(request), "");
  if (!namespaces_)
    co_return make_error(ErrorCode::kFailedPrecondition, "the sandbox was destroyed meanwhile");
  KATA_CO_CHECK(make_container(std::move(request), std::move(addresses)), "");
  auto shared = attach_shared_mounts(containers_, mounts, containers_.find(id)->init->pid());
  if (!shared.ok()) (void)co_await remove_container(id, kRemoveTimeout);
  co_return shared;
}

}  // namespace kata::agent
