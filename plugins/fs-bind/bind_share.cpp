// SPDX-License-Identifier: Apache-2.0
#include "bind_share.h"

#include <utility>

#include "kata/concat.h"

namespace kata::bind {

using share::kExportDirectory;
using share::kGuestMountPoint;
using share::ShareTree;

Result<std::unique_ptr<BindShare>> BindShare::create(const plugin::Context& context) {
  // A saved state has nothing to say: all there is to find is below state_dir.
  return std::unique_ptr<BindShare>(new BindShare(context.host, context.state_dir));
}

Result<void> BindShare::check_host() {
  KATA_TRY(ShareTree::check_host(), "bind share");
  return {};
}

Result<StartedShare> BindShare::start(Deadline deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (service_ == Service::kRuns)
      return make_error(ErrorCode::kAlreadyExists, "start bind share: it is started already");
  }
  auto made = ShareTree::create(state_dir_);
  if (!made.ok()) {
    if (auto undone = stop(deadline); !undone.ok())
      host_.log(plugin::Host::Level::kWarn, undone.error().message);
    return in_context(std::move(made).error(), "start bind share");
  }
  tree_ = made.take();
  const std::lock_guard lock(mutex_);
  service_ = Service::kRuns;
  StartedShare started;
  started.guest_mount = GuestMount{
      "bind", state_dir_ / kExportDirectory, "bind", {"rbind", "nodev"}, kGuestMountPoint};
  return started;
}

Result<ShareTree*> BindShare::tree() {
  if (!tree_) tree_ = KATA_TRY(ShareTree::open(state_dir_), "the bind share is not started");
  return &*tree_;
}

Result<Share> BindShare::share(const ShareRequest& request) {
  ShareTree* const tree = KATA_TRY(this->tree(), concat("share '", request.id, "'"));
  KATA_TRY(tree->add(request), "");
  return Share{request.id, std::filesystem::path(kGuestMountPoint) / request.id};
}

Result<void> BindShare::unshare(std::string_view share_id) {
  auto tree = this->tree();
  if (!tree.ok()) return {};  // nothing is shared
  return tree.value()->remove(share_id);
}

Result<void> BindShare::stop(Deadline /*deadline*/) {
  {
    const std::lock_guard lock(mutex_);
    if (service_ == Service::kRuns) service_ = Service::kEnded;
    ++stops_;
    changed_.notify_all();
  }
  tree_.reset();
  KATA_TRY(ShareTree::clear(state_dir_), "stop bind share");
  return {};
}

Result<std::string> BindShare::wait() {
  std::unique_lock lock(mutex_);
  if (service_ == Service::kNone)
    return make_error(ErrorCode::kFailedPrecondition,
                      "wait for the bind share: it is not started here");
  const std::uint64_t before = stops_;
  if (service_ == Service::kRuns) changed_.wait(lock, [this, before] { return stops_ != before; });
  return std::string("the bind share was stopped");
}

}  // namespace kata::bind
