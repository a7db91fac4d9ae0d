// SPDX-License-Identifier: Apache-2.0
//
// A sandbox's network as the guest will see it: reads the pod's network namespace, makes a tap
// there for each link with an address, and joins the two; later again, when the namespace changed.
// One instance a sandbox.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kata/plugin/descriptor.h"
#include "kata/plugin/network.h"
#include "kata/plugin/network_changes.h"
#include "kata/unique_fd.h"
#include "link.h"
#include "saved_state.h"
#include "settings.h"
#include "tap_device.h"

namespace kata::tap {

class TapNetwork final : public Network, public NetworkChanges {
 public:
  static Result<std::unique_ptr<TapNetwork>> create(const plugin::Context& context);

  Result<void> check_host() override;
  Result<NetworkPlan> attach(const NetworkSpec& spec) override;
  Result<void> detach() override;
  Result<std::string> save_state() const override { return to_json(state_); }
  void* extension(std::string_view id) noexcept override {
    return id == NetworkChanges::kId ? static_cast<NetworkChanges*>(this) : nullptr;
  }

  Result<int> watch() override;
  Result<NetworkChange> rescan() override;
  Result<void> release(std::string_view device_id) override;

 private:
  // What joining one link gives.
  struct Joined {
    TapDevice device{};
    GuestInterface guest{};
  };
  // What a scan finds, before anything is changed.
  struct Scan {
    std::vector<Link> links{};  // without lo and our own taps
    std::vector<GuestRoute> routes{};
    std::vector<GuestNeighbor> neighbors{};
  };

  TapNetwork(plugin::Host& host, Settings settings, std::filesystem::path state_dir,
             SavedState state)
      : host_(host),
        settings_(settings),
        state_dir_(std::move(state_dir)),
        state_(std::move(state)) {}

  // These run inside the pod's namespace.
  Result<void> build(NetworkPlan& plan);
  Result<Scan> scan(nl_sock& socket);
  Result<std::vector<Link>> wanted_links(nl_sock& socket, std::vector<Link> links);
  Result<void> check_wanted(nl_sock& socket, const Link& link);
  Result<Joined> attach_link(nl_sock& socket, const Link& link);
  Result<void> make_endpoint(nl_sock& socket, const Link& link, Tap& tap);
  Result<void> join_endpoint(nl_sock& socket, const Link& link, const Tap& tap);
  Result<void> look_again(NetworkChange& change);
  Result<void> drop_gone(nl_sock& socket, const Scan& found, NetworkChange& change);
  void update_known(nl_sock& socket, const Scan& found, NetworkChange& change);
  void join_new(nl_sock& socket, const Scan& found, NetworkChange& change);
  void compare_routes(Scan found, NetworkChange& change);

  const Attachment* attachment_of_link(int link_index) const;
  NetworkChange forget_all();
  Result<void> undo_all();
  Result<void> undo_inside(const std::vector<Attachment>& attachments);

  void info(std::string_view message) { host_.log(plugin::Host::Level::kInfo, message); }
  void warn(std::string_view message) { host_.log(plugin::Host::Level::kWarn, message); }
  void warn_once(const std::string& message) {
    if (warned_.insert(message).second) warn(message);
  }

  plugin::Host& host_;
  Settings settings_;
  std::filesystem::path state_dir_;
  SavedState state_;

  // Of the instance that attached; another one can only detach.
  UniqueFd watch_{};
  std::uint32_t queues_ = 1;
  std::size_t next_number_ = 0;  // of a device; never used twice
  GuestNetwork guest_{};         // what the host was told
  std::set<std::string> warned_{};
};

}  // namespace kata::tap
