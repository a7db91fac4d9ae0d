// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/unit/sandbox/stage.h"

namespace kata::sandbox {

namespace {

ContainerRequest requested(const Stage& stage, const char* id) {
  ContainerRequest request;
  request.id = id;
  request.bundle = stage.directory.path();
  request.rootfs = stage.directory.path();
  grpc::Mount& mount = *request.spec.add_mounts();
  mount.set_destination("/data");
  mount.set_source(stage.directory.path().native());
  mount.set_type("bind");
  return request;
}

Result<void> create(Stage& stage, const char* id) {
  return await(stage.loop, stage.sandbox->create_container(requested(stage, id)));
}

Result<void> remove(Stage& stage, const char* id) {
  return await(stage.loop, stage.sandbox->remove_container(id));
}

}  // namespace

TEST_CASE("a container's files are shared before the agent is asked to make it") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.log.take();
  const auto created = create(stage, "c1");
  REQUIRE_MESSAGE(created.ok(), created.error().message);
  CHECK(stage.log.take() ==
        Calls{"filesystem.share c1-rootfs", "filesystem.share c1-mount0", "agent.CreateContainer"});
  grpc::CreateContainerRequest request;
  REQUIRE(request.ParseFromString(stage.agent.payloads["CreateContainer"]));
  CHECK(request.container_id() == "c1");
  CHECK(request.oci().root().path() == "/run/shared/c1-rootfs");
  CHECK(request.oci().mounts(0).source() == "/run/shared/c1-mount0");
  CHECK(stage.sandbox->status().containers == std::vector<std::string>{"c1"});
}

TEST_CASE("the agent is told of volumes in memory and of shared process ids") {
  Stage stage;
  REQUIRE(stage.start().ok());
  const std::filesystem::path volume = "/dev/shm/kata-test/kubernetes.io~empty-dir/cache";
  std::filesystem::create_directories(volume);
  ContainerRequest request = requested(stage, "c1");
  request.spec.mutable_mounts(0)->set_source(volume.native());
  grpc::LinuxNamespace& processes = *request.spec.mutable_linux()->add_namespaces();
  processes.set_type("pid");
  processes.set_path("/proc/5/ns/pid");
  const auto created = await(stage.loop, stage.sandbox->create_container(std::move(request)));
  std::filesystem::remove_all("/dev/shm/kata-test");
  REQUIRE_MESSAGE(created.ok(), created.error().message);
  grpc::CreateContainerRequest asked;
  REQUIRE(asked.ParseFromString(stage.agent.payloads["CreateContainer"]));
  CHECK(asked.sandbox_pidns());
  REQUIRE(asked.storages_size() == 1);
  CHECK(asked.storages(0).driver() == "ephemeral");
  CHECK(asked.storages(0).fstype() == "tmpfs");
  CHECK(asked.storages(0).mount_point() == "/run/kata-containers/sandbox/ephemeral/cache");
  CHECK(asked.oci().mounts(0).source() == asked.storages(0).mount_point());
}

TEST_CASE("a share that fails takes back those before it") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.log.take();
  stage.log.fail("filesystem.share c1-mount0");
  CHECK_FALSE(create(stage, "c1").ok());
  CHECK(stage.log.take() == Calls{"filesystem.share c1-rootfs", "filesystem.share c1-mount0",
                                  "filesystem.unshare c1-rootfs"});
  CHECK(stage.sandbox->status().containers.empty());
}

TEST_CASE("an agent that refuses a container leaves no share and no name behind") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.log.take();
  stage.log.fail("agent.CreateContainer");
  const auto refused = create(stage, "c1");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kResourceExhausted);
  CHECK(stage.filesystem->shares.empty());
  stage.log.fail("");
  CHECK(create(stage, "c1").ok());
}

TEST_CASE("a spec that the guest cannot honour shares nothing") {
  Stage stage;
  REQUIRE(stage.start().ok());
  stage.log.take();
  ContainerRequest request = requested(stage, "c1");
  auto& device = *request.spec.mutable_linux()->add_devices();
  device.set_path("/dev/disk");
  device.set_type("b");
  device.set_major(8);
  const auto refused = await(stage.loop, stage.sandbox->create_container(std::move(request)));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kUnsupported);
  CHECK(stage.log.take().empty());
}

TEST_CASE("two containers of one name are one too many") {
  Stage stage;
  REQUIRE(stage.start().ok());
  REQUIRE(create(stage, "c1").ok());
  const auto second = create(stage, "c1");
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == ErrorCode::kAlreadyExists);
  CHECK(stage.filesystem->shares.size() == 2);
}

TEST_CASE("removing a container takes its shares back last first") {
  Stage stage;
  REQUIRE(stage.start().ok());
  REQUIRE(create(stage, "c1").ok());
  stage.log.take();
  REQUIRE(remove(stage, "c1").ok());
  CHECK(stage.log.take() == Calls{"agent.RemoveContainer", "filesystem.unshare c1-mount0",
                                  "filesystem.unshare c1-rootfs"});
  CHECK(remove(stage, "c1").error().code == ErrorCode::kNotFound);
}

TEST_CASE("a container that the guest will not let go stays and can be removed again") {
  Stage stage;
  REQUIRE(stage.start().ok());
  REQUIRE(create(stage, "c1").ok());
  stage.log.fail("agent.RemoveContainer");
  CHECK_FALSE(remove(stage, "c1").ok());
  CHECK(stage.filesystem->shares.size() == 2);
  stage.log.fail("");
  CHECK(remove(stage, "c1").ok());
  CHECK(stage.filesystem->shares.empty());
}

TEST_CASE("no container is created in a sandbox that has been shut down") {
  Stage stage;
  REQUIRE(stage.start().ok());
  REQUIRE(await(stage.loop, stage.sandbox->shutdown(std::chrono::milliseconds{0})).ok());
  stage.log.take();
  const auto refused = create(stage, "c1");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kUnavailable);
  CHECK(stage.log.take().empty());
}

}  // namespace kata::sandbox
