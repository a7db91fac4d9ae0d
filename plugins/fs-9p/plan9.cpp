// SPDX-License-Identifier: Apache-2.0
#include "plan9.h"

#include <utility>

#include "kata/concat.h"

namespace kata::plan9 {

using share::kExportDirectory;
using share::kGuestMountPoint;
using share::kTag;
using share::ShareTree;

Result<std::unique_ptr<Plan9>> Plan9::create(const plugin::Context& context) {
  Settings settings = KATA_TRY(parse_settings(context.config_json), "");
  // A saved state has nothing to say: all there is to find is below state_dir.
  return std::unique_ptr<Plan9>(new Plan9(context.host, std::move(settings), context.state_dir));
}

Result<void> Plan9::check_host() {
  KATA_TRY(ShareTree::check_host(), "9p");
  return {};
}

Result<StartedShare> Plan9::start(Deadline deadline) {
  if (service()) return make_error(ErrorCode::kAlreadyExists, "start 9p: it is started already");
  auto made = ShareTree::create(state_dir_);
  if (!made.ok()) {
    if (auto undone = stop(deadline); !undone.ok())
      host_.log(plugin::Host::Level::kWarn, undone.error().message);
    return in_context(std::move(made).error(), "start 9p");
  }
  tree_ = made.take();
  {
    const std::lock_guard lock(mutex_);
    service_ = std::make_shared<Service>();
  }
  StartedShare started;
  started.device = Plan9Share{"kata-shared", state_dir_ / kExportDirectory, kTag, false};
  started.guest_mount = GuestMount{"9p", kTag, "9p", mount_options(settings_), kGuestMountPoint};
  return started;
}

Result<ShareTree*> Plan9::tree() {
  if (!tree_) tree_ = KATA_TRY(ShareTree::open(state_dir_), "9p is not started");
  return &*tree_;
}

Result<Share> Plan9::share(const ShareRequest& request) {
  ShareTree* const tree = KATA_TRY(this->tree(), concat("share '", request.id, "'"));
  KATA_TRY(tree->add(request), "");
  return Share{request.id, std::filesystem::path(kGuestMountPoint) / request.id};
}

Result<void> Plan9::unshare(std::string_view share_id) {
  auto tree = this->tree();
  if (!tree.ok()) return {};  // nothing is shared
  return tree.value()->remove(share_id);
}

Result<void> Plan9::stop(Deadline /*deadline*/) {
  end_service();
  tree_.reset();
  KATA_TRY(ShareTree::clear(state_dir_), "stop 9p");
  return {};
}

std::shared_ptr<Plan9::Service> Plan9::service() const {
  const std::lock_guard lock(mutex_);
  return service_;
}

void Plan9::end_service() {
  const auto service = this->service();
  if (!service) return;
  {
    const std::lock_guard lock(mutex_);
    service_.reset();
  }
  const std::lock_guard lock(service->mutex);
  service->ended = true;
  service->changed.notify_all();
}

// The server is a part of the VMM, whose end the hypervisor's plugin tells.
Result<std::string> Plan9::wait() {
  const auto service = this->service();
  if (!service)
    return make_error(ErrorCode::kFailedPrecondition, "wait for 9p: it is not started here");
  std::unique_lock lock(service->mutex);
  service->changed.wait(lock, [&service] { return service->ended; });
  return std::string("9p was stopped");
}

}  // namespace kata::plan9
