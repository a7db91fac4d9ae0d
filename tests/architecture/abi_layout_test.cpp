// SPDX-License-Identifier: Apache-2.0
//
// What ABI.lock promises of the sources, seen as the compiler lays it out: the slot of each virtual
// method and the size of each value that crosses the boundary, on x86_64 with libstdc++. A number
// here changes only with a new id: plugins that exist were built with these.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "kata/plugin/descriptor.h"
#include "kata/plugin/hypervisor.h"
#include "kata/plugin/hypervisor_pause.h"
#include "kata/plugin/memory_dedup.h"
#include "kata/plugin/network.h"
#include "kata/plugin/network_changes.h"
#include "kata/plugin/shared_filesystem.h"

#if defined(__x86_64__) && defined(__GLIBCXX__) && !defined(_GLIBCXX_DEBUG)

using namespace kata;

namespace {

struct Slot {
  std::string_view method;
  std::size_t number;
};

// The Itanium C++ ABI: a pointer to a virtual method is its offset in the table, plus one.
template <class Method>
std::size_t slot_of(Method method) {
  std::size_t words[2];
  static_assert(sizeof method == sizeof words);
  std::memcpy(words, &method, sizeof words);
  REQUIRE(words[0] % sizeof(void*) == 1);
  return words[0] / sizeof(void*);
}

#define SLOT(method) \
  Slot { #method, slot_of(&method) }

// `first` is 2 behind a virtual destructor, which has two entries.
template <std::size_t count>
void check_order(const Slot (&slots)[count], std::size_t first) {
  for (std::size_t i = 0; i < count; ++i)
    CHECK_MESSAGE(slots[i].number == first + i, slots[i].method);
}

}  // namespace

TEST_CASE("the methods of each frozen interface keep their places") {
  check_order(
      {SLOT(Hypervisor::capabilities), SLOT(Hypervisor::check_host), SLOT(Hypervisor::create_vm),
       SLOT(Hypervisor::start_vm), SLOT(Hypervisor::stop_vm), SLOT(Hypervisor::wait_vm),
       SLOT(Hypervisor::attach), SLOT(Hypervisor::detach), SLOT(Hypervisor::agent_address),
       SLOT(Hypervisor::processes), SLOT(Hypervisor::console_tail), SLOT(Hypervisor::save_state),
       SLOT(Hypervisor::extension)},
      2);
  check_order({SLOT(Network::check_host), SLOT(Network::attach), SLOT(Network::detach),
               SLOT(Network::save_state), SLOT(Network::extension)},
              2);
  check_order(
      {SLOT(SharedFilesystem::needs), SLOT(SharedFilesystem::check_host),
       SLOT(SharedFilesystem::start), SLOT(SharedFilesystem::share),
       SLOT(SharedFilesystem::unshare), SLOT(SharedFilesystem::stop), SLOT(SharedFilesystem::wait),
       SLOT(SharedFilesystem::save_state), SLOT(SharedFilesystem::extension)},
      2);
  check_order({SLOT(MemoryDedup::check_host), SLOT(MemoryDedup::start), SLOT(MemoryDedup::boost),
               SLOT(MemoryDedup::tick), SLOT(MemoryDedup::stats), SLOT(MemoryDedup::restore),
               SLOT(MemoryDedup::save_state), SLOT(MemoryDedup::extension)},
              2);
}

TEST_CASE("the methods of each frozen extension and of the host keep their places") {
  check_order({SLOT(HypervisorPause::pause_vm), SLOT(HypervisorPause::resume_vm)}, 0);
  check_order(
      {SLOT(NetworkChanges::watch), SLOT(NetworkChanges::rescan), SLOT(NetworkChanges::release)},
      0);
  check_order({SLOT(plugin::Host::log), SLOT(plugin::Host::begin_span),
               SLOT(plugin::Host::end_span), SLOT(plugin::Host::extension)},
              0);
}

TEST_CASE("the values that cross the boundary keep their sizes") {
  struct Row {
    std::string_view type;
    std::size_t size, expected;
  };
#define ROW(type, expected) \
  Row { #type, sizeof(type), expected }
  for (const Row& row : {ROW(Error, 40),
                         ROW(Result<void>, 48),
                         ROW(plugin::Context, 96),
                         ROW(plugin::Descriptor, 96),
                         ROW(plugin::ConfigField, 32),
                         ROW(BlockDevice, 80),
                         ROW(TapDevice, 120),
                         ROW(VhostUserFs, 112),
                         ROW(Plan9Share, 112),
                         ROW(HostPciDevice, 64),
                         ROW(Device, 128),
                         ROW(HypervisorCapabilities, 6),
                         ROW(VmResources, 16),
                         ROW(VmSpec, 264),
                         ROW(AttachedDevice, 64),
                         ROW(AgentAddress, 56),
                         ROW(VmProcesses, 32),
                         ROW(VmExit, 40),
                         ROW(NetworkSpec, 48),
                         ROW(GuestInterface, 136),
                         ROW(GuestRoute, 144),
                         ROW(GuestNeighbor, 96),
                         ROW(NetworkPlan, 96),
                         ROW(NetworkChange, 136),
                         ROW(GuestMount, 160),
                         ROW(SharedFilesystemNeeds, 3),
                         ROW(StartedShare, 296),
                         ROW(ShareRequest, 80),
                         ROW(Share, 72),
                         ROW(DedupStats, 96),
                         ROW(MemoryDedup::Next, 16)})
    CHECK_MESSAGE(row.size == row.expected, row.type);
}

TEST_CASE("the alternatives of a variant and the error codes keep their numbers") {
  CHECK(Device(BlockDevice{}).index() == 0);
  CHECK(Device(TapDevice{}).index() == 1);
  CHECK(Device(VhostUserFs{}).index() == 2);
  CHECK(Device(Plan9Share{}).index() == 3);
  CHECK(Device(HostPciDevice{}).index() == 4);
  CHECK(AgentAddress(VsockAddress{}).index() == 0);
  CHECK(AgentAddress(HybridVsockAddress{}).index() == 1);
  CHECK(AgentAddress(SerialAddress{}).index() == 2);
  CHECK(static_cast<int>(ErrorCode::kInternal) == 1);
  CHECK(static_cast<int>(ErrorCode::kCancelled) == 11);
  CHECK(offsetof(plugin::Descriptor, create) == 80);
  CHECK(static_cast<int>(plugin::Host::Level::kError) == 5);
}

#endif
