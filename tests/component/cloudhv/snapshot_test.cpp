// SPDX-License-Identifier: Apache-2.0
//
// A VM into a directory and out of it, by the fake or a real Cloud Hypervisor.
#include <doctest/doctest.h>

#include "kata/plugin/extension.h"
#include "tests/component/cloudhv/workshop.h"

using namespace kata;
using namespace kata::cloudhv;
using namespace kata::cloudhv::test;

namespace {

HypervisorSnapshot& snapshots_of(Hypervisor& hypervisor) {
  auto* const found = extension_of<HypervisorSnapshot>(hypervisor);
  REQUIRE(found != nullptr);
  return *found;
}

// A directory that landlock lets the VMM write to.
std::filesystem::path empty_directory(const Workshop& workshop) {
  const auto path = workshop.state() / "snap shot%20\"";
  std::filesystem::create_directory(path);
  return path;
}

// Some KVMs refuse what a real VMM asks of them for a snapshot; nothing of ours can be seen there.
bool host_cannot_save(const std::string& message) {
  return real_program() != nullptr && message.find("GetNestedState") != std::string::npos;
}

// False: this host has no snapshots.
bool save(const Workshop& workshop, CloudhvHypervisor& hypervisor,
          const std::filesystem::path& to) {
  REQUIRE(hypervisor.pause_vm(in(kEnough)).ok());
  const auto saved = snapshots_of(hypervisor).save_snapshot(to, in(kEnough));
  REQUIRE(hypervisor.stop_vm(in(kEnough)).ok());
  if (host_cannot_save(message_of(saved))) return false;
  REQUIRE_MESSAGE(saved.ok(), message_of(saved), workshop.asked());
  return true;
}

}  // namespace

TEST_CASE("a saved VM comes back in another instance paused and resumes") {
  Workshop workshop;
  auto first = workshop.started();
  const auto directory = empty_directory(workshop);
  if (!save(workshop, *first, directory)) return;
  Workshop elsewhere;
  auto second = elsewhere.make();
  const auto restored =
      snapshots_of(*second).restore_vm(elsewhere.spec(), {}, directory, in(kEnough));
  REQUIRE_MESSAGE(restored.ok(), message_of(restored), elsewhere.asked());
  CHECK(message_of(second->resume_vm(in(kEnough))) == "");
  CHECK(second->processes().ok());
  CHECK(message_of(second->stop_vm(in(kEnough))) == "");
  CHECK(elsewhere.files_left() == 0);
  CHECK(std::filesystem::exists(directory / "memory-ranges"));
}

TEST_CASE("a running VM or a full directory or one out of landlock's reach is refused") {
  Workshop workshop;
  auto hypervisor = workshop.started();
  const auto directory = empty_directory(workshop);
  auto& snapshots = snapshots_of(*hypervisor);
  CHECK(snapshots.save_snapshot(directory, in(kEnough)).error().code ==
        ErrorCode::kFailedPrecondition);
  REQUIRE(hypervisor->pause_vm(in(kEnough)).ok());
  CHECK(snapshots.save_snapshot("/nonexistent", in(kEnough)).error().code == ErrorCode::kNotFound);
  CHECK_FALSE(snapshots.save_snapshot("relative", in(kEnough)).ok());
  const TemporaryDirectory outside;
  CHECK(snapshots.save_snapshot(outside.path(), in(kEnough)).error().message.find("landlock") !=
        std::string::npos);
  std::ofstream(directory / "full") << "x";
  CHECK(message_of(snapshots.save_snapshot(directory, in(kEnough))).find("no empty directory") !=
        std::string::npos);
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("a restore that fails leaves nothing and the instance can make a VM") {
  Workshop workshop;
  auto hypervisor = workshop.make();
  auto& snapshots = snapshots_of(*hypervisor);
  const TemporaryDirectory empty;
  CHECK_FALSE(snapshots.restore_vm(workshop.spec(), {}, empty.path(), in(kEnough)).ok());
  std::ofstream(empty.path() / "config.json") << R"({"memory":{},"vsock":{},"bogus":1})";
  CHECK_FALSE(snapshots.restore_vm(workshop.spec(), {}, empty.path(), in(kEnough)).ok());
  CHECK(workshop.files_left() == 0);
  CHECK_FALSE(has_children());
  REQUIRE(message_of(hypervisor->create_vm(workshop.spec(), {})) == "");
  CHECK(message_of(hypervisor->start_vm(in(kEnough))) == "");
  CHECK(hypervisor->stop_vm(in(kEnough)).ok());
}

TEST_CASE("an extension that the plugin does not have is null") {
  Workshop workshop;
  CHECK(workshop.make()->extension("kata.hypervisor.snapshot/draft-0") == nullptr);
  CHECK(workshop.make()->extension(HypervisorCounters::kId) != nullptr);
}
