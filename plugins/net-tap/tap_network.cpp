// SPDX-License-Identifier: Apache-2.0
#include "tap_network.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "guest_interface.h"
#include "kata/concat.h"
#include "macvtap.h"
#include "mirror.h"
#include "namespace.h"
#include "netlink.h"
#include "rate_limit.h"
#include "routes.h"
#include "watch.h"

namespace kata::tap {

namespace {

constexpr std::uint32_t kMaxQueues = 256;  // the tap driver's
constexpr int kLoopbackIndex = 1;          // of every namespace

// Does in a namespace that nobody else has what attach() will do.
Result<void> try_mirroring() {
  const auto socket = KATA_TRY(open_netlink(), "");
  const Tap tap = KATA_TRY(make_tap(*socket, "tap0_kata", 1), "");
  KATA_TRY(set_up_tap(*socket, tap, 1500), "");
  KATA_TRY(add_ingress(*socket, tap.index), "");
  KATA_TRY(redirect(*socket, tap.index, kLoopbackIndex), "");
  return {};
}

// A macvtap on a tap, which stands for the link of a pod.
Result<void> try_macvtap() {
  const auto socket = KATA_TRY(open_netlink(), "");
  const Tap lower = KATA_TRY(make_tap(*socket, "tap0_kata", 1), "");
  Link link;
  link.index = lower.index;
  link.name = lower.name;
  Tap upper;
  upper.name = "tap1_kata";
  upper.index = KATA_TRY(free_link_index(*socket), "");
  KATA_TRY(make_macvtap(*socket, link, upper), "");
  KATA_TRY(open_macvtap_queues(upper, 1), "");
  return set_up_tap(*socket, upper, 1500);
}

Result<void> check_spec(const NetworkSpec& spec) {
  if (spec.netns.empty())
    return make_error(
        ErrorCode::kInvalidArgument,
        "the tap network needs a network namespace, and the sandbox was given none; give "
        "linux.namespaces in config.json one of type \"network\" with a path, or set "
        "[plugins] network = \"none\"");
  // Another process must find the namespace again.
  const auto saved = state_from_json(to_json({spec.netns, 0, {}}));
  if (!saved.ok() || saved.value().netns != spec.netns)
    return make_error(ErrorCode::kInvalidArgument,
                      "the path of the network namespace is not UTF-8; use another name for it");
  if (spec.queues >= 1 && spec.queues <= kMaxQueues) return {};
  return make_error(ErrorCode::kInvalidArgument,
                    concat(spec.queues, " queues: must be 1 to ", kMaxQueues));
}

}  // namespace

Result<std::unique_ptr<TapNetwork>> TapNetwork::create(const plugin::Context& context) {
  const Settings settings = KATA_TRY(parse_settings(context.config_json), "");
  SavedState state;
  if (!context.saved_state.empty())
    state = KATA_TRY(state_from_json(context.saved_state), "saved state");
  return std::unique_ptr<TapNetwork>(
      new TapNetwork(context.host, settings, context.state_dir, std::move(state)));
}

Result<void> TapNetwork::check_host() {
  if (::geteuid() != 0)
    return make_error(ErrorCode::kPermission, "tap network: making taps needs root");
  KATA_TRY(run_in_fresh_namespace(settings_.model == Model::kMacvtap ? try_macvtap : try_mirroring),
           "tap network");
  return {};
}

Result<NetworkPlan> TapNetwork::attach(const NetworkSpec& spec) {
  KATA_TRY(check_spec(spec), "");
  if (!state_.netns.empty())
    return make_error(ErrorCode::kAlreadyExists,
                      concat("network namespace '", state_.netns, "' is attached already"));
  const NetworkNamespace space = KATA_TRY(open_namespace(spec.netns), "");
  const std::string where = concat("network namespace '", spec.netns, "'");
  KATA_TRY(refuse_host_namespace(space), where);
  state_ = {spec.netns, space.inode, {}};
  queues_ = spec.queues;
  NetworkPlan plan;
  auto built = run_inside(space, [&] { return build(plan); });
  if (built.ok()) {
    guest_ = plan.guest;
    return plan;
  }
  state_ = {};
  watch_.reset();
  next_number_ = 0;
  return in_context(std::move(built).error(), where);
}

Result<void> TapNetwork::build(NetworkPlan& plan) {
  watch_ = KATA_TRY(open_watch(), "");  // before the scan: no change falls between them
  const auto socket = KATA_TRY(open_netlink(), "");
  Scan found = KATA_TRY(scan(*socket), "");
  const auto links = KATA_TRY(wanted_links(*socket, std::move(found.links)), "");
  plan.guest.routes = std::move(found.routes);
  plan.guest.neighbors = std::move(found.neighbors);
  for (const Link& link : links) {
    auto attached = attach_link(*socket, link);
    if (attached.ok()) {
      plan.devices.push_back(std::move(attached.value().device));
      plan.guest.interfaces.push_back(std::move(attached.value().guest));
      continue;
    }
    auto undone = undo(*socket, state_.attachments);
    if (undone.ok()) undone = remove_state(state_dir_);
    if (!undone.ok()) warn(concat("undo a failed attach: ", undone.error().message));
    return std::move(attached).error();
  }
  return {};
}

Result<TapNetwork::Scan> TapNetwork::scan(nl_sock& socket) {
  Scan found;
  for (Link& link : KATA_TRY(scan_links(socket), "")) {
    const bool ours =
        std::any_of(state_.attachments.begin(), state_.attachments.end(),
                    [&link](const Attachment& item) { return item.tap_index == link.index; });
    if (!link.loopback && !ours) found.links.push_back(std::move(link));
  }
  std::vector<Link> with_address;
  std::copy_if(found.links.begin(), found.links.end(), std::back_inserter(with_address),
               [](const Link& link) { return !link.addresses.empty(); });
  std::vector<std::string> skipped;
  found.routes = KATA_TRY(scan_routes(socket, with_address, skipped), "");
  found.neighbors = KATA_TRY(scan_neighbors(socket, with_address), "");
  for (const std::string& sentence : skipped) warn_once(sentence);
  return found;
}

// Judges all links before the first is changed.
Result<std::vector<Link>> TapNetwork::wanted_links(nl_sock& socket, std::vector<Link> links) {
  std::vector<Link> wanted;
  for (Link& link : links) {
    if (link.addresses.empty()) {
      info(concat("link '", printable(link.name), "' has no address: the guest gets none"));
      continue;
    }
    KATA_TRY(check_wanted(socket, link), "");
    wanted.push_back(std::move(link));
  }
  if (wanted.empty())
    warn(concat("network namespace '", state_.netns,
                "' has no link with an address: the guest has lo only, until one comes"));
  return wanted;
}

Result<void> TapNetwork::check_wanted(nl_sock& socket, const Link& link) {
  KATA_TRY(check_link(link), "");
  if (settings_.model == Model::kMacvtap) return check_macvtap_link(link);
  if (settings_.model == Model::kTcFilter && KATA_TRY(has_ingress(socket, link.index), ""))
    return make_error(
        ErrorCode::kAlreadyExists,
        concat("link '", link.name,
               "' has an ingress qdisc: another sandbox or a traffic shaper uses it; end that, "
               "or remove it with: tc qdisc del dev ",
               link.name, " ingress"));
  if (settings_.guest_sends != 0 && KATA_TRY(has_root_qdisc(socket, link.index), ""))
    return make_error(ErrorCode::kAlreadyExists,
                      concat("link '", link.name,
                             "' has a root qdisc, so what the guest sends cannot be limited: set "
                             "tx_rate_limiter_max_rate = 0, or remove it with: tc qdisc del dev ",
                             link.name, " root"));
  return {};
}

// The caller undoes what is recorded when this fails.
Result<TapNetwork::Joined> TapNetwork::attach_link(nl_sock& socket, const Link& link) {
  const std::string what = concat("link '", link.name, "'");
  const std::size_t number = next_number_;
  Tap tap;
  tap.name = concat("tap", number, "_kata");
  KATA_TRY(make_endpoint(socket, link, tap), what);
  ++next_number_;
  KATA_TRY(set_up_tap(socket, tap, link.mtu), what);
  KATA_TRY(join_endpoint(socket, link, tap), what);
  const std::string id = state_.attachments.back().device;
  return Joined{{id, tap.name, link.mac, std::move(tap.queues)}, guest_interface(id, link)};
}

Result<void> TapNetwork::make_endpoint(nl_sock& socket, const Link& link, Tap& tap) {
  const std::string device = concat("net", next_number_);
  if (settings_.model != Model::kMacvtap) {
    tap = KATA_TRY(make_tap(socket, tap.name, queues_), "");
    state_.attachments.push_back(attachment_of(link, tap, device));
    return {};
  }
  // Unlike a tap it outlives its descriptors, so it is recorded first.
  tap.index = KATA_TRY(free_link_index(socket), "");
  state_.attachments.push_back(attachment_of(link, tap, device));
  KATA_TRY(write_state(state_dir_, state_), "");
  KATA_TRY(make_macvtap(socket, link, tap), "");
  return open_macvtap_queues(tap, queues_);
}

Result<void> TapNetwork::join_endpoint(nl_sock& socket, const Link& link, const Tap& tap) {
  if (settings_.model != Model::kTcFilter) return {};
  Attachment& attachment = state_.attachments.back();
  SavedState planned = state_;
  planned.attachments.back().mirrored = true;
  planned.attachments.back().limited = settings_.guest_sends != 0;
  KATA_TRY(write_state(state_dir_, planned), "");
  KATA_TRY(join(socket, attachment), "");
  if (settings_.guest_receives != 0)
    KATA_TRY(limit_rate(socket, tap.index, settings_.guest_receives), "");
  if (settings_.guest_sends == 0) return {};
  KATA_TRY(limit_rate(socket, link.index, settings_.guest_sends), "");
  attachment.limited = true;
  return {};
}

Result<void> TapNetwork::detach() {
  if (state_.netns.empty()) state_ = KATA_TRY(read_state(state_dir_), "detach network");
  if (!state_.attachments.empty())
    KATA_TRY(undo_all(), concat("detach network namespace '", state_.netns, "'"));
  KATA_TRY(remove_state(state_dir_), "detach network");
  state_ = {};
  guest_ = {};
  watch_.reset();
  next_number_ = 0;
  return {};
}

Result<void> TapNetwork::undo_all() {
  auto space = open_attached(state_);
  if (!space.ok()) return std::move(space).error();
  if (!space.value()) return {};
  return run_inside(*space.value(), [this] { return undo_inside(state_.attachments); });
}

Result<void> TapNetwork::undo_inside(const std::vector<Attachment>& attachments) {
  const auto socket = KATA_TRY(open_netlink(), "");
  return undo(*socket, attachments);
}

}  // namespace kata::tap
