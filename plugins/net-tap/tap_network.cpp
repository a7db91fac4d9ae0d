// SPDX-License-Identifier: Apache-2.0
#include "tap_network.h"

#include <unistd.h>

#include <utility>

#include "kata/concat.h"
#include "mirror.h"
#include "namespace.h"
#include "netlink.h"
#include "routes.h"

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
  KATA_TRY(run_in_fresh_namespace(try_mirroring), "tap network");
  return {};
}

Result<NetworkPlan> TapNetwork::attach(const NetworkSpec& spec) {
  KATA_TRY(check_spec(spec), "");
  if (!state_.netns.empty())
    return make_error(ErrorCode::kFailedPrecondition,
                      concat("network namespace '", state_.netns, "' is attached already"));
  const NetworkNamespace space = KATA_TRY(open_namespace(spec.netns), "");
  const std::string where = concat("network namespace '", spec.netns, "'");
  if (KATA_TRY(refuse_host_namespace(space), where) == HostCheck::kOwnOnly)
    warn("/proc/1/ns/net cannot be read: the pod's network is compared with this process's only");
  state_ = {spec.netns, space.inode, {}};
  NetworkPlan plan;
  auto built = run_inside(space, [&] { return build(spec, plan); });
  if (built.ok()) return plan;
  state_ = {};
  return in_context(std::move(built).error(), where);
}

Result<void> TapNetwork::build(const NetworkSpec& spec, NetworkPlan& plan) {
  const auto socket = KATA_TRY(open_netlink(), "");
  const auto links = KATA_TRY(wanted_links(*socket), "");
  std::vector<std::string> skipped;
  plan.guest.routes = KATA_TRY(scan_routes(*socket, links, skipped), "");
  plan.guest.neighbors = KATA_TRY(scan_neighbors(*socket, links), "");
  for (const std::string& sentence : skipped) warn(sentence);
  for (const Link& link : links) {
    auto attached = attach_link(*socket, link, spec.queues, plan);
    if (attached.ok()) continue;
    auto undone = undo(*socket, state_.attachments);
    if (undone.ok()) undone = remove_state(state_dir_);
    if (!undone.ok()) warn(concat("undo a failed attach: ", undone.error().message));
    return attached;
  }
  return {};
}

// Judges all links before the first is changed.
Result<std::vector<Link>> TapNetwork::wanted_links(nl_sock& socket) {
  std::vector<Link> wanted;
  for (Link& link : KATA_TRY(scan_links(socket), "")) {
    if (link.loopback) continue;
    if (link.addresses.empty()) {
      host_.log(plugin::Host::Level::kInfo,
                concat("link '", printable(link.name), "' has no address: the guest gets none"));
      continue;
    }
    KATA_TRY(check_link(link), "");
    if (settings_.model == Model::kTcFilter && KATA_TRY(has_ingress(socket, link.index), ""))
      return make_error(
          ErrorCode::kAlreadyExists,
          concat("link '", link.name,
                 "' has an ingress qdisc: another sandbox or a traffic shaper uses it; end that, "
                 "or remove it with: tc qdisc del dev ",
                 link.name, " ingress"));
    wanted.push_back(std::move(link));
  }
  if (wanted.empty()) warn("the network namespace has no link with an address: the guest has lo");
  return wanted;
}

Result<void> TapNetwork::attach_link(nl_sock& socket, const Link& link, std::uint32_t queues,
                                     NetworkPlan& plan) {
  const std::string what = concat("link '", link.name, "'");
  const std::size_t number = plan.devices.size();
  Tap tap = KATA_TRY(make_tap(socket, concat("tap", number, "_kata"), queues), what);
  Attachment& attachment = state_.attachments.emplace_back(attachment_of(link, tap));
  KATA_TRY(set_up_tap(socket, tap, link.mtu), what);
  if (settings_.model == Model::kTcFilter) {
    SavedState planned = state_;
    planned.attachments.back().mirrored = true;
    KATA_TRY(write_state(state_dir_, planned), what);
    KATA_TRY(join(socket, attachment), "");
  }
  const std::string id = concat("net", number);
  plan.devices.push_back({id, tap.name, link.mac, std::move(tap.queues)});
  plan.guest.interfaces.push_back({id, link.name, link.mac, link.mtu, link.addresses});
  return {};
}

Result<void> TapNetwork::detach() {
  if (state_.netns.empty()) state_ = KATA_TRY(read_state(state_dir_), "detach network");
  if (!state_.attachments.empty())
    KATA_TRY(undo_all(), concat("detach network namespace '", state_.netns, "'"));
  KATA_TRY(remove_state(state_dir_), "detach network");
  state_ = {};
  return {};
}

Result<void> TapNetwork::undo_all() {
  auto space = open_namespace(state_.netns);
  // A namespace that is gone, or whose path is now something else, took everything with it.
  if (!space.ok() && (space.error().code == ErrorCode::kNotFound ||
                      space.error().code == ErrorCode::kInvalidArgument))
    return {};
  if (!space.ok()) return std::move(space).error();
  if (space.value().inode != state_.inode) return {};
  return run_inside(space.value(), [this]() -> Result<void> {
    const auto socket = KATA_TRY(open_netlink(), "");
    return undo(*socket, state_.attachments);
  });
}

}  // namespace kata::tap
