// SPDX-License-Identifier: Apache-2.0
//
// The decorators over an object that throws from every method: no exception may pass any of them.
#include "core/plugin_host/guard.h"

#include <doctest/doctest.h>

#include <stdexcept>

namespace kata::plugin_host {

namespace {

[[noreturn]] void fail() { throw std::runtime_error("broken"); }

class ThrowingHypervisor final : public Hypervisor {
 public:
  HypervisorCapabilities capabilities() const override { fail(); }
  Result<void> check_host() override { fail(); }
  Result<void> create_vm(VmSpec /*spec*/, std::vector<Device> /*devices*/) override { fail(); }
  Result<void> start_vm(Deadline /*deadline*/) override { fail(); }
  Result<void> stop_vm(Deadline /*deadline*/) override { fail(); }
  Result<VmExit> wait_vm() override { fail(); }
  Result<void> pause_vm() override { fail(); }
  Result<void> resume_vm() override { fail(); }
  Result<AttachedDevice> attach(Device /*device*/, Deadline /*deadline*/) override { fail(); }
  Result<void> detach(std::string_view /*id*/, Deadline /*deadline*/) override { fail(); }
  Result<VmResources> resize(VmResources /*wanted*/, Deadline /*deadline*/) override { fail(); }
  Result<AgentAddress> agent_address() const override { fail(); }
  Result<VmProcesses> processes() const override { fail(); }
  Result<std::string> console_tail(std::uint32_t /*lines*/) const override { fail(); }
  Result<std::string> save_state() const override { fail(); }
};

class ThrowingNetwork final : public Network {
 public:
  Result<void> check_host() override { fail(); }
  Result<NetworkPlan> attach(const NetworkSpec& /*spec*/) override { fail(); }
  Result<void> detach() override { fail(); }
  Result<int> watch() override { fail(); }
  Result<NetworkChange> rescan() override { fail(); }
  Result<void> release(std::string_view /*device_id*/) override { fail(); }
  Result<std::string> save_state() const override { fail(); }
};

class ThrowingFilesystem final : public SharedFilesystem {
 public:
  SharedFilesystemNeeds needs() const override { fail(); }
  Result<void> check_host() override { fail(); }
  Result<StartedShare> start(Deadline /*deadline*/) override { fail(); }
  Result<Share> share(const ShareRequest& /*request*/) override { fail(); }
  Result<void> unshare(std::string_view /*id*/) override { fail(); }
  Result<void> stop(Deadline /*deadline*/) override { fail(); }
  Result<std::string> wait() override { fail(); }
  Result<std::string> save_state() const override { fail(); }
};

class ThrowingDedup final : public MemoryDedup {
 public:
  Result<void> check_host() override { fail(); }
  Result<Next> start(Deadline /*now*/) override { fail(); }
  Result<Next> boost(Deadline /*now*/) override { fail(); }
  Result<Next> tick(Deadline /*now*/) override { fail(); }
  Result<DedupStats> stats() const override { fail(); }
  Result<void> restore() override { fail(); }
};

int destroyed = 0;

template <class Interface>
void destroy(void* instance) noexcept {
  ++destroyed;
  delete static_cast<Interface*>(instance);
}

template <class Interface>
std::unique_ptr<Interface> guard_over(Interface* object) {
  Instance<Interface> instance;
  instance.name = "acme";
  instance.services = std::make_unique<HostServices>("acme");
  instance.object = {object, DestroyInstance{&destroy<Interface>}};
  return guarded(std::move(instance));
}

template <class T>
void check_threw(const Result<T>& result, const std::string& method) {
  REQUIRE_FALSE(result.ok());
  CHECK(result.error() ==
        Error{ErrorCode::kInternal, 0, "plugin 'acme': " + method + " threw broken"});
}

}  // namespace

TEST_CASE("no exception of a hypervisor passes its guard") {
  const auto guarded = guard_over<Hypervisor>(new ThrowingHypervisor);
  CHECK_FALSE(guarded->capabilities().vhost_user_fs);
  check_threw(guarded->check_host(), "check_host");
  check_threw(guarded->create_vm({}, {}), "create_vm");
  check_threw(guarded->start_vm({}), "start_vm");
  check_threw(guarded->stop_vm({}), "stop_vm");
  check_threw(guarded->wait_vm(), "wait_vm");
  check_threw(guarded->pause_vm(), "pause_vm");
  check_threw(guarded->resume_vm(), "resume_vm");
  check_threw(guarded->attach(BlockDevice{}, {}), "attach");
  check_threw(guarded->detach("", {}), "detach");
  check_threw(guarded->resize({}, {}), "resize");
  check_threw(guarded->agent_address(), "agent_address");
  check_threw(guarded->processes(), "processes");
  check_threw(guarded->console_tail(1), "console_tail");
  check_threw(guarded->save_state(), "save_state");
  CHECK(guarded->extension("x") == nullptr);
}

TEST_CASE("no exception of a network passes its guard") {
  const auto guarded = guard_over<Network>(new ThrowingNetwork);
  check_threw(guarded->check_host(), "check_host");
  check_threw(guarded->attach({}), "attach");
  check_threw(guarded->detach(), "detach");
  check_threw(guarded->watch(), "watch");
  check_threw(guarded->rescan(), "rescan");
  check_threw(guarded->release("net0"), "release");
  check_threw(guarded->save_state(), "save_state");
  CHECK(guarded->extension("x") == nullptr);
}

TEST_CASE("no exception of a shared filesystem passes its guard") {
  const auto guarded = guard_over<SharedFilesystem>(new ThrowingFilesystem);
  CHECK_FALSE(guarded->needs().shared_memory);
  check_threw(guarded->check_host(), "check_host");
  check_threw(guarded->start({}), "start");
  check_threw(guarded->share({}), "share");
  check_threw(guarded->unshare(""), "unshare");
  check_threw(guarded->stop({}), "stop");
  check_threw(guarded->wait(), "wait");
  check_threw(guarded->save_state(), "save_state");
  CHECK(guarded->extension("x") == nullptr);
}

TEST_CASE("no exception of a memory dedup passes its guard") {
  const auto guarded = guard_over<MemoryDedup>(new ThrowingDedup);
  check_threw(guarded->check_host(), "check_host");
  check_threw(guarded->start({}), "start");
  check_threw(guarded->boost({}), "boost");
  check_threw(guarded->tick({}), "tick");
  check_threw(guarded->stats(), "stats");
  check_threw(guarded->restore(), "restore");
  CHECK(guarded->extension("x") == nullptr);
}

TEST_CASE("an instance is destroyed once and by the plugin's own function") {
  const int before = destroyed;
  guard_over<Network>(new ThrowingNetwork).reset();
  CHECK(destroyed == before + 1);
}

}  // namespace kata::plugin_host
