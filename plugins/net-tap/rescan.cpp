// SPDX-License-Identifier: Apache-2.0
//
// TapNetwork's later looks at the namespace.
#include <algorithm>
#include <utility>

#include "guest_interface.h"
#include "kata/concat.h"
#include "namespace.h"
#include "netlink.h"
#include "tap_network.h"
#include "watch.h"

namespace kata::tap {

namespace {

bool has_link(const std::vector<Link>& links, int index) {
  return std::any_of(links.begin(), links.end(),
                     [index](const Link& link) { return link.index == index; });
}

template <class Item>
void keep_of(std::vector<Item>& items, const std::vector<GuestInterface>& interfaces) {
  std::erase_if(items, [&](const Item& item) {
    return std::none_of(interfaces.begin(), interfaces.end(),
                        [&](const GuestInterface& one) { return one.name == item.interface_name; });
  });
}

Error not_attached(std::string_view what) {
  return make_error(ErrorCode::kFailedPrecondition,
                    concat(what, ": this instance has attached no network namespace"));
}

}  // namespace

Result<int> TapNetwork::watch() {
  if (!watch_) return not_attached("watch");
  return watch_.get();
}

Result<NetworkChange> TapNetwork::rescan() {
  if (!watch_) return not_attached("rescan");
  drain_watch(watch_);
  auto space = KATA_TRY(open_attached(state_), "rescan");
  if (!space) return forget_all();
  NetworkChange change;
  KATA_TRY(run_inside(*space, [&] { return look_again(change); }),
           concat("rescan network namespace '", state_.netns, "'"));
  return change;
}

// The scan comes first: what follows changes things and only warns.
Result<void> TapNetwork::look_again(NetworkChange& change) {
  const auto socket = KATA_TRY(open_netlink(), "");
  Scan found = KATA_TRY(scan(*socket), "");
  const bool had_none = guest_.interfaces.empty();
  KATA_TRY(drop_gone(*socket, found, change), "");
  update_known(*socket, found, change);
  join_new(*socket, found, change);
  compare_routes(std::move(found), change);
  if (guest_.interfaces.empty() && !had_none)
    warn(concat("network namespace '", state_.netns,
                "' has no link with an address any more: the guest has lo only"));
  return {};
}

// A link that is gone took its rules along; a tap that is gone left the link's rules behind.
Result<void> TapNetwork::drop_gone(nl_sock& socket, const Scan& found, NetworkChange& change) {
  std::vector<Attachment> kept, orphans;
  for (const Attachment& item : state_.attachments) {
    const bool link_there = has_link(found.links, item.link_index);
    const bool tap_there = KATA_TRY(find_link(socket, item.tap_index), "") != nullptr;
    (link_there && tap_there ? kept : orphans).push_back(item);
  }
  if (orphans.empty()) return {};
  SavedState fewer = state_;
  fewer.attachments = kept;
  for (const Attachment& item : orphans) {
    // The tap of a link that is gone stays for the VMM to close.
    if (has_link(found.links, item.link_index))
      if (auto undone = undo(socket, {item}); !undone.ok()) warn_once(undone.error().message);
    warn(concat("link '", item.link, "' or its tap is gone: the guest loses '", item.device, "'"));
    std::erase_if(guest_.interfaces,
                  [&](const GuestInterface& one) { return one.device_id == item.device; });
    change.removed.push_back(item.device);
  }
  state_ = std::move(fewer);
  if (auto written = write_state(state_dir_, state_); !written.ok())
    warn(written.error().message);  // the old record names what is gone, which undo passes over
  return {};
}

void TapNetwork::update_known(nl_sock& socket, const Scan& found, NetworkChange& change) {
  for (const Attachment& item : state_.attachments) {
    const auto link = std::find_if(found.links.begin(), found.links.end(),
                                   [&](const Link& one) { return one.index == item.link_index; });
    const auto known =
        std::find_if(guest_.interfaces.begin(), guest_.interfaces.end(),
                     [&](const GuestInterface& one) { return one.device_id == item.device; });
    if (link == found.links.end() || known == guest_.interfaces.end()) continue;
    GuestInterface now = guest_interface(item.device, *link);
    if (now.mac != known->mac) {
      warn_once(concat("link '", item.link, "' has another MAC address now: the guest keeps its"));
      now.mac = known->mac;
    }
    if (now == *known) continue;
    Tap tap;
    tap.name = item.tap;
    tap.index = item.tap_index;
    if (now.mtu != known->mtu)
      if (auto set = set_up_tap(socket, tap, now.mtu); !set.ok()) warn_once(set.error().message);
    *known = now;
    change.interfaces.push_back(std::move(now));
  }
}

void TapNetwork::join_new(nl_sock& socket, const Scan& found, NetworkChange& change) {
  for (const Link& link : found.links) {
    if (link.addresses.empty() || attachment_of_link(link.index) != nullptr) continue;
    const std::size_t before = state_.attachments.size();
    auto possible = check_wanted(socket, link);
    auto joined =
        possible.ok() ? attach_link(socket, link) : Result<Joined>(std::move(possible).error());
    if (joined.ok()) {
      guest_.interfaces.push_back(joined.value().guest);
      change.interfaces.push_back(std::move(joined.value().guest));
      change.added.push_back(std::move(joined.value().device));
      continue;
    }
    warn_once(concat("a late link is left out: ", joined.error().message));
    if (state_.attachments.size() == before) continue;
    if (auto undone = undo(socket, {state_.attachments.back()}); !undone.ok())
      warn_once(undone.error().message);
    state_.attachments.pop_back();
    if (auto written = write_state(state_dir_, state_); !written.ok())
      warn_once(written.error().message);
  }
}

void TapNetwork::compare_routes(Scan found, NetworkChange& change) {
  keep_of(found.routes, guest_.interfaces);
  keep_of(found.neighbors, guest_.interfaces);
  // Setting a NIC up, also again, may cost the guest its routes.
  const bool again = !change.interfaces.empty();
  if (found.routes != guest_.routes || again) change.routes = found.routes;
  if (found.neighbors != guest_.neighbors || again) change.neighbors = found.neighbors;
  guest_.routes = std::move(found.routes);
  guest_.neighbors = std::move(found.neighbors);
}

Result<void> TapNetwork::release(std::string_view device_id) {
  const auto item =
      std::find_if(state_.attachments.begin(), state_.attachments.end(),
                   [device_id](const Attachment& one) { return one.device == device_id; });
  if (item == state_.attachments.end()) return {};
  const std::string what = concat("release device '", device_id, "'");
  if (const auto space = KATA_TRY(open_attached(state_), what))
    KATA_TRY(run_inside(*space, [&] { return undo_inside({*item}); }), what);
  std::erase_if(guest_.interfaces,
                [device_id](const GuestInterface& one) { return one.device_id == device_id; });
  keep_of(guest_.routes, guest_.interfaces);
  keep_of(guest_.neighbors, guest_.interfaces);
  state_.attachments.erase(item);
  KATA_TRY(write_state(state_dir_, state_), what);
  return {};
}

const Attachment* TapNetwork::attachment_of_link(int link_index) const {
  const auto found =
      std::find_if(state_.attachments.begin(), state_.attachments.end(),
                   [link_index](const Attachment& item) { return item.link_index == link_index; });
  return found == state_.attachments.end() ? nullptr : &*found;
}

NetworkChange TapNetwork::forget_all() {
  NetworkChange change;
  for (const Attachment& item : state_.attachments) change.removed.push_back(item.device);
  if (!change.removed.empty())
    warn(concat("network namespace '", state_.netns, "' is gone: the guest has lo"));
  state_.attachments.clear();
  guest_ = {};
  return change;
}

}  // namespace kata::tap
