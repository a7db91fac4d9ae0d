// SPDX-License-Identifier: Apache-2.0
#include "agent/container/container_plan.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <functional>

#include "oci.pb.h"

namespace kata::agent {
namespace {

grpc::Spec good() {
  grpc::Spec spec;
  spec.mutable_process()->add_args("true");
  spec.mutable_root()->set_path("/tmp");
  for (const char* type : {"mnt", "ipc", "uts"})
    spec.mutable_linux()->add_namespaces()->set_type(type);
  return spec;
}

Error refusal(const std::function<void(grpc::Spec&)>& change) {
  grpc::Spec spec = good();
  change(spec);
  auto plan = plan_container(spec, {"/tmp", "/box"}, {});
  REQUIRE(!plan.ok());
  return std::move(plan).error();
}

bool names(const std::function<void(grpc::Spec&)>& change, const char* field) {
  const Error error = refusal(change);
  CHECK(error.code == ErrorCode::kInvalidArgument);
  return error.message.find(field) != std::string::npos;
}

ContainerPlan planned(const grpc::Spec& spec, const SandboxNamespaces& namespaces = {}) {
  auto plan = plan_container(spec, {"/tmp", "/box"}, namespaces);
  REQUIRE_MESSAGE(plan.ok(), plan.error().message);
  return plan.take();
}

void add_mount(grpc::Spec& spec, const char* destination, const char* type, const char* option) {
  auto* mount = spec.add_mounts();
  mount->set_destination(destination);
  mount->set_type(type);
  mount->set_source("source");
  mount->add_options(option);
}

}  // namespace

TEST_CASE("a container never runs in the agent's pid namespace") {
  CHECK(planned(good()).has_new(CLONE_NEWPID));
  const ContainerPlan shared = planned(good(), {{}, {}, "/proc/self/ns/pid"});
  CHECK(!shared.has_new(CLONE_NEWPID));
  REQUIRE(shared.joined.size() == 1);
  CHECK(shared.joined[0].flag == CLONE_NEWPID);
}

TEST_CASE("the sandbox's namespaces are joined and keep their hostname") {
  grpc::Spec spec = good();
  spec.set_hostname("box");
  const ContainerPlan plan = planned(spec, {"/ipc", "/uts", ""});
  CHECK(!plan.has_new(CLONE_NEWIPC));
  CHECK(!plan.has_new(CLONE_NEWUTS));
  CHECK(plan.hostname.empty());
  CHECK(planned(spec).hostname == "box");
}

TEST_CASE("each bad namespace is named") {
  CHECK(names([](auto& s) { s.mutable_linux()->clear_namespaces(); }, "mount namespace"));
  CHECK(names([](auto& s) { s.mutable_linux()->add_namespaces()->set_type("nope"); }, "'nope'"));
  CHECK(names([](auto& s) { s.mutable_linux()->add_namespaces()->set_type("mount"); }, "twice"));
  CHECK(
      names([](auto& s) { s.mutable_linux()->add_namespaces()->set_type("user"); }, "uidMappings"));
  CHECK(names([](auto& s) { s.mutable_linux()->add_uidmappings()->set_size(1); },
              "need a user namespace"));
  CHECK(names(
      [](auto& s) {
        auto* net = s.mutable_linux()->add_namespaces();
        net->set_type("net");
        net->set_path("relative");
      },
      "'relative'"));
}

TEST_CASE("a hook whose path is relative is refused by its index") {
  const Error error =
      refusal([](auto& s) { s.mutable_hooks()->add_startcontainer()->set_path("bin/hook"); });
  CHECK(error.code == ErrorCode::kInvalidArgument);
  CHECK(error.message.find("hooks.startContainer[0]: path: 'bin/hook'") != std::string::npos);
}

TEST_CASE("hostnames need a namespace and a sane length") {
  CHECK(names(
      [](auto& s) {
        s.set_hostname("box");
        s.mutable_linux()->mutable_namespaces()->RemoveLast();
      },
      "hostname"));
  CHECK(names([](auto& s) { s.set_hostname(std::string(65, 'x')); }, "hostname"));
}

TEST_CASE("destinations are brought to normal form inside the root") {
  grpc::Spec spec = good();
  add_mount(spec, "data/../../x//y/", "tmpfs", "ro");
  CHECK(planned(spec).mounts.at(0).destination == "/x/y");
}

TEST_CASE("each bad mount is named by its place") {
  CHECK(names([](auto& s) { add_mount(s, "", "tmpfs", "ro"); }, "mounts[0]: destination"));
  CHECK(names([](auto& s) { add_mount(s, "/", "tmpfs", "ro"); }, "mounts[0]: destination"));
  CHECK(names([](auto& s) { add_mount(s, "/a/..", "tmpfs", "ro"); }, "mounts[0]: destination"));
  CHECK(names([](auto& s) { add_mount(s, "/a", "", "ro"); }, "mounts[0]: type"));
  CHECK(names([](auto& s) { add_mount(s, "/proc/1", "tmpfs", "ro"); }, "inside /proc"));
  CHECK(names([](auto& s) { add_mount(s, "/x/../proc/sys", "bind", "ro"); }, "inside /proc"));
  CHECK(names([](auto& s) { add_mount(s, "/proc", "tmpfs", "ro"); }, "'/proc' takes type"));
}

TEST_CASE("ids are mapped on bind mounts only and need a mapping") {
  CHECK(names([](auto& s) { add_mount(s, "/data", "bind", "idmap"); }, "user namespace"));
  CHECK(names([](auto& s) { add_mount(s, "/data", "tmpfs", "idmap"); }, "bind mounts only"));
  CHECK(names([](auto& s) { add_mount(s, "/data", "bind", "idmap,remount"); }, "bind mounts only"));
  grpc::Spec spec = good();
  spec.mutable_linux()->add_namespaces()->set_type("user");
  spec.mutable_linux()->add_uidmappings()->set_size(5);
  spec.mutable_linux()->add_gidmappings()->set_size(6);
  add_mount(spec, "/data", "bind", "idmap");
  const ContainerPlan plan = planned(spec);
  CHECK(plan.mounts.at(0).options.id_map->uids == "0 0 5\n");
  CHECK(plan.mounts.at(0).options.id_map->gids == "0 0 6\n");
}

TEST_CASE("devices become nodes with type and number") {
  grpc::Spec spec = good();
  auto* device = spec.mutable_linux()->add_devices();
  device->set_path("/dev/x");
  device->set_type("u");
  device->set_major(10);
  device->set_minor(229);
  device->set_filemode(0100600);
  const NodePlan node = planned(spec).nodes.at(0);
  CHECK(node.mode == (S_IFCHR | 0600));
  CHECK(node.device == makedev(10, 229));
}

TEST_CASE("each bad device is named by its place") {
  const auto device = [](grpc::Spec& s) {
    auto* made = s.mutable_linux()->add_devices();
    made->set_path("/dev/x");
    made->set_type("c");
    return made;
  };
  CHECK(names([&](auto& s) { device(s)->set_path("dev/x"); }, "linux.devices[0]: path"));
  CHECK(names([&](auto& s) { device(s)->set_path("/dev/../x"); }, "linux.devices[0]: path"));
  CHECK(names([&](auto& s) { device(s)->set_type("z"); }, "linux.devices[0]: type"));
  CHECK(names([&](auto& s) { device(s)->set_type("a"); }, "linux.devices[0]: type"));
  CHECK(names([&](auto& s) { device(s)->set_major(-1); }, "linux.devices[0]: device number"));
}

TEST_CASE("sysctls of namespaces are taken in both spellings") {
  grpc::Spec spec = good();
  auto& sysctl = *spec.mutable_linux()->mutable_sysctl();
  sysctl["net.ipv4.conf.eth0/1.forwarding"] = "1";
  CHECK(planned(spec).sysctls.at(0).file == "net/ipv4/conf/eth0.1/forwarding");
  sysctl.clear();
  sysctl["fs/mqueue/msg_max"] = "5";
  CHECK(planned(spec).sysctls.at(0).file == "fs/mqueue/msg_max");
}

TEST_CASE("sysctls of the whole guest are refused by name") {
  for (const char* name : {"kernel.hostname", "kernel.core_pattern", "vm.swappiness", "",
                           "net/../vm/x", "/net/x", "kernel/shmmax/../core_pattern"}) {
    const Error error =
        refusal([&](auto& s) { (*s.mutable_linux()->mutable_sysctl())[name] = "1"; });
    CHECK(error.code == ErrorCode::kInvalidArgument);
    CHECK(error.message.find("linux.sysctl") != std::string::npos);
  }
  CHECK(names(
      [](auto& s) {
        s.mutable_linux()->mutable_namespaces()->DeleteSubrange(1, 1);
        (*s.mutable_linux()->mutable_sysctl())["kernel.shmmax"] = "1";
      },
      "ipc namespace"));
}

TEST_CASE("masked and read-only paths are absolute") {
  CHECK(names([](auto& s) { s.mutable_linux()->add_maskedpaths("proc"); }, "maskedPaths"));
  CHECK(names([](auto& s) { s.mutable_linux()->add_readonlypaths("/a/../b"); }, "readonlyPaths"));
  CHECK(names([](auto& s) { s.mutable_linux()->set_rootfspropagation("wide"); },
              "rootfsPropagation"));
}

}  // namespace kata::agent
