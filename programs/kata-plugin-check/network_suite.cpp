// SPDX-License-Identifier: Apache-2.0
//
// A network over a pod's namespace.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "kata/plugin/extension.h"
#include "kata/plugin/network_changes.h"
#include "programs/kata-plugin-check/network_stage.h"
#include "programs/kata-plugin-check/suite.h"

namespace kata::check {

namespace {

namespace fs = std::filesystem;
using Networks = std::unique_ptr<Network>;

struct Attached {
  NetworkStage stage;
  std::string before{};
  Networks network{};
  NetworkPlan plan{};
};

Result<Attached> attached(const Workplace& workplace) {
  Attached it{KATA_TRY(NetworkStage::make(), "make a pod's network")};
  it.before = KATA_TRY(it.stage.picture(), "");
  it.network = KATA_TRY(workplace.subject.network(workplace.context()), "");
  it.plan = KATA_TRY(it.network->attach({it.stage.path(), 1}), "attach");
  return it;
}

Outcome as_before(const NetworkStage& stage, const std::string& before) {
  const std::string now = KATA_TRY(stage.picture(), "");
  if (now == before) return {};
  const auto differs = std::mismatch(before.begin(), before.end(), now.begin(), now.end());
  const auto line_of = [](const std::string& text, auto at) {
    const auto index = static_cast<std::size_t>(at - text.begin());
    const std::size_t begin = index == 0 ? 0 : text.rfind('\n', index - 1) + 1;
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  return make_error(ErrorCode::kInternal, concat("the pod's network is not as before: expected '",
                                                 line_of(before, differs.first), "', found '",
                                                 line_of(now, differs.second), "'"));
}

Outcome exact_detach(const Workplace& workplace) {
  Attached it = KATA_TRY(attached(workplace), "");
  it.plan = {};  // the VM has gone
  KATA_TRY(it.network->detach(), "detach");
  KATA_TRY(as_before(it.stage, it.before), "");
  KATA_TRY(it.network->detach(), "detach again");
  return as_before(it.stage, it.before);
}

Outcome detach_nothing(const Workplace& workplace) {
  const Networks network = KATA_TRY(workplace.subject.network(workplace.context()), "");
  return network->detach();
}

Outcome detach_after_a_kill(const Workplace& workplace) {
  Attached it = KATA_TRY(attached(workplace), "");
  it.plan = {};  // the VM has gone
  const std::string saved = KATA_TRY(it.network->save_state(), "save_state");
  const Networks second = KATA_TRY(workplace.subject.network(workplace.context(saved)), "");
  KATA_TRY(second->detach(), "detach of the second instance");
  return as_before(it.stage, it.before);
}

Outcome own_namespace_kept(const Workplace& workplace) {
  std::error_code ignored;
  const fs::path before = fs::read_symlink("/proc/thread-self/ns/net", ignored);
  const Attached it = KATA_TRY(attached(workplace), "");
  const fs::path after = fs::read_symlink("/proc/thread-self/ns/net", ignored);
  KATA_TRY(it.network->detach(), "detach");
  return expect(before == after, "attach left the calling thread in another namespace");
}

Outcome attach_twice(const Workplace& workplace) {
  const Attached it = KATA_TRY(attached(workplace), "");
  KATA_TRY(expect_code(it.network->attach({it.stage.path(), 1}), {ErrorCode::kAlreadyExists},
                       "attach of an attached network"),
           "");
  return it.network->detach();
}

Outcome no_namespace(const Workplace& workplace) {
  const Networks network = KATA_TRY(workplace.subject.network(workplace.context()), "");
  KATA_TRY(expect(!network->attach({workplace.directory / "nothing", 1}).ok(),
                  "attach to a namespace that does not exist succeeded"),
           "");
  return network->detach();
}

Outcome check_tap(const TapDevice& tap) {
  KATA_TRY(expect(!tap.id.empty() && tap.id.size() <= 31 &&
                      tap.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
                          std::string::npos,
                  concat("device id '", tap.id, "' is not 1 to 31 of [a-z0-9-]")),
           "");
  KATA_TRY(expect(tap.mac.size() == 17, concat("'", tap.mac, "' is no MAC address")), "");
  KATA_TRY(expect(!tap.queues.empty(), concat("device '", tap.id, "' has no descriptor")), "");
  for (const UniqueFd& queue : tap.queues)
    KATA_TRY(expect((::fcntl(queue.get(), F_GETFD) & FD_CLOEXEC) != 0,
                    concat("a descriptor of '", tap.id, "' is not close-on-exec")),
             "");
  return {};
}

Outcome sound_plan(const Workplace& workplace) {
  const Attached it = KATA_TRY(attached(workplace), "");
  std::set<std::string> ids;
  for (const TapDevice& tap : it.plan.devices) {
    KATA_TRY(check_tap(tap), "");
    KATA_TRY(expect(ids.insert(tap.id).second, concat("two devices are '", tap.id, "'")), "");
  }
  for (const GuestInterface& guest : it.plan.guest.interfaces)
    KATA_TRY(expect(ids.count(guest.device_id) == 1 && !guest.name.empty(),
                    concat("interface '", guest.name, "' is of no device of the plan")),
             "");
  return it.network->detach();
}

NetworkChanges& changes_of(Network& network) {
  return *extension_of<NetworkChanges>(network);  // no_changes has asked
}

Outcome quiet_rescan(const Workplace& workplace) {
  const Attached it = KATA_TRY(attached(workplace), "");
  NetworkChanges& changes = changes_of(*it.network);
  const NetworkChange change = KATA_TRY(changes.rescan(), "rescan");
  KATA_TRY(expect(change.empty(), "rescan tells a change right after attach"), "");
  KATA_TRY(changes.release("nobody"), "release of an unknown device");
  return it.network->detach();
}

Outcome early_watch(const Workplace& workplace) {
  const Networks network = KATA_TRY(workplace.subject.network(workplace.context()), "");
  NetworkChanges& changes = changes_of(*network);
  constexpr auto kEarly = ErrorCode::kFailedPrecondition;
  KATA_TRY(expect_code(changes.watch(), {kEarly}, "watch before attach"), "");
  return expect_code(changes.rescan(), {kEarly}, "rescan before attach");
}

Outcome watch_sees(const Workplace& workplace) {
  const Attached it = KATA_TRY(attached(workplace), "");
  NetworkChanges& changes = changes_of(*it.network);
  const int watched = KATA_TRY(changes.watch(), "watch");
  KATA_TRY(it.stage.run({"ip", "address", "add", "10.9.8.3/24", "dev", "eth0"}), "ip");
  pollfd item{watched, POLLIN, 0};
  KATA_TRY(expect(::poll(&item, 1, 5000) == 1, "watch does not tell of a new address within 5 s"),
           "");
  KATA_TRY(changes.rescan(), "rescan");
  return it.network->detach();
}

const char* no_changes(const Workplace& workplace) {
  const auto network = workplace.subject.network(workplace.context());
  const bool lacks = network.ok() && extension_of<NetworkChanges>(*network.value()) == nullptr;
  return lacks ? "the plugin does not offer kata.network.changes/1" : nullptr;
}

const char* no_changing_stage(const Workplace& workplace) {
  const char* const reason = no_changes(workplace);
  return reason != nullptr ? reason : no_network_stage(workplace);
}

constexpr Case kCases[] = {
    {"detach leaves the pod's network as it was and can be repeated", exact_detach,
     no_network_stage},
    {"detach of nothing is no error", detach_nothing},
    {"an instance over a saved state detaches", detach_after_a_kill, no_network_stage},
    {"attach leaves the calling thread in its namespace", own_namespace_kept, no_network_stage},
    {"attach of an attached network is kAlreadyExists", attach_twice, no_network_stage},
    {"attach to a namespace that does not exist is an error", no_namespace},
    {"the plan's devices and interfaces fit each other", sound_plan, no_network_stage},
    {"a rescan without a change is empty", quiet_rescan, no_changing_stage},
    {"watch and rescan before attach are kFailedPrecondition", early_watch, no_changes},
    {"watch tells of a new address", watch_sees, no_changing_stage},
};

}  // namespace

Suite network_suite() { return {"network", kCases}; }

}  // namespace kata::check
