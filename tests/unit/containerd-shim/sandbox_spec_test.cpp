// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/sandbox_spec.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::shim_v2;
namespace api = containerd::sandbox_api;

namespace {

struct Call {
  Call() {
    request.set_sandbox_id("p1");
    request.set_bundle_path(bundle.path());
  }
  void write_spec(const std::string& text) const {
    std::ofstream(bundle.path() / "config.json") << text;
  }
  void set_pod(const api::PodSandboxConfig& pod) {
    request.mutable_options()->set_type_url("runtime.v1.PodSandboxConfig");
    request.mutable_options()->set_value(pod.SerializeAsString());
  }
  SandboxDescription described() const {
    auto description = describe_sandbox(request);
    REQUIRE_MESSAGE(description.ok(), description.error().message);
    return description.take();
  }

  TemporaryDirectory bundle{};
  api::CreateSandboxRequest request{};
};

std::string network_of(const SandboxDescription& sandbox) {
  for (const auto& space : sandbox.spec.linux().namespaces())
    if (space.type() == "network") return "network " + space.path();
  return "host network";
}

}  // namespace

TEST_CASE("the network of a sandbox is the one of the call else that of its spec else a new one") {
  struct Row {
    const char* spec;
    const char* netns;
    const char* expected;
  };
  const Row rows[] = {
      {"", "", "network "},
      {"", "/run/netns/a", "network /run/netns/a"},
      {"{}", "", "network "},
      {R"({"ociVersion":"","annotations":{}})", "", "network "},
      {R"({"linux":{"namespaces":[{"type":"network","path":"/n"}]}})", "", "network /n"},
      {R"({"linux":{"namespaces":[{"type":"network","path":"/n"}]}})", "/m", "network /m"},
      {R"({"linux":{"namespaces":[{"type":"ipc"}]}})", "", "host network"},
      {R"({"linux":{"namespaces":[{"type":"ipc"}]}})", "/m", "network /m"},
  };
  for (const Row& row : rows) {
    INFO(std::string(row.spec), " ", std::string(row.netns));
    Call call;
    if (*row.spec != 0) call.write_spec(row.spec);
    call.request.set_netns_path(row.netns);
    CHECK(network_of(call.described()) == row.expected);
  }
}

TEST_CASE("the CRI's description of a pod becomes host name limits group and resolv.conf") {
  api::PodSandboxConfig pod;
  pod.set_hostname("web");
  pod.mutable_dns_config()->add_servers("10.0.0.10");
  pod.mutable_dns_config()->add_searches("a.local");
  pod.mutable_dns_config()->add_searches("local");
  pod.mutable_dns_config()->add_options("ndots:5");
  (*pod.mutable_annotations())["io.katacontainers.config.hypervisor.default_vcpus"] = "1";
  (*pod.mutable_annotations())["io.kubernetes.cri.sandbox-memory"] = "1";
  auto& settings = *pod.mutable_linux();
  settings.set_cgroup_parent("/kubepods/pod1");
  (*settings.mutable_sysctls())["net.core.somaxconn"] = "99";
  settings.mutable_resources()->set_memory_limit_in_bytes(64 << 20);
  settings.mutable_resources()->set_cpu_quota(50'000);
  settings.mutable_resources()->set_cpu_period(100'000);
  Call call;
  call.set_pod(pod);
  (*call.request.mutable_annotations())["own"] = "x";
  const SandboxDescription sandbox = call.described();
  const grpc::Spec& spec = sandbox.spec;
  CHECK(spec.hostname() == "web");
  CHECK(sandbox.dns == std::vector<std::string>{"search a.local local", "nameserver 10.0.0.10",
                                                "options ndots:5"});
  CHECK(spec.annotations().size() == 2);
  CHECK(spec.annotations().contains("own"));
  CHECK_FALSE(spec.annotations().contains("io.kubernetes.cri.sandbox-memory"));
  CHECK(spec.linux().cgroupspath() == "/kubepods/pod1/p1");
  CHECK(spec.linux().sysctl().at("net.core.somaxconn") == "99");
  CHECK(spec.linux().resources().memory().limit() == 64 << 20);
  CHECK(spec.linux().resources().cpu().quota() == 50'000);
  CHECK(spec.linux().resources().cpu().period() == 100'000);
}

TEST_CASE("a pod's group is named as containerd names it under systemd") {
  api::PodSandboxConfig pod;
  pod.mutable_linux()->set_cgroup_parent("/kubepods.slice/kubepods-pod1.slice");
  Call call;
  call.set_pod(pod);
  CHECK(call.described().spec.linux().cgroupspath() == "kubepods-pod1.slice:cri-containerd:p1");
}

TEST_CASE("a description that cannot be followed is refused by what is wrong") {
  struct Row {
    const char* spec;
    const char* options;
    const char* expected;
  };
  // The second: hostNetwork. The third: a DNS server with a line end in it.
  const Row rows[] = {
      {"", "\x42\x7f", "PodSandboxConfig"},
      {"", "\x42\x06\x12\x04\x0a\x02\x08\x02", "hostNetwork"},
      {"", "\x22\x05\x0a\x03\x61\x0a\x62", "dns_config"},
      {"[]", "", "config.json"},
      {"{", "", "config.json"},
      {R"({"linux":7})", "", "config.json"},
      {R"({"ociVersion":"9"})", "", "config.json"},
  };
  for (const Row& row : rows) {
    INFO(std::string(row.expected));
    Call call;
    if (*row.spec != 0) call.write_spec(row.spec);
    call.request.mutable_options()->set_type_url("runtime.v1.PodSandboxConfig");
    call.request.mutable_options()->set_value(row.options);
    const auto described = describe_sandbox(call.request);
    REQUIRE_FALSE(described.ok());
    CHECK(described.error().message.find(row.expected) != std::string::npos);
  }
}

TEST_CASE("a call whose names lead elsewhere is refused") {
  Call call;
  CHECK(check_sandbox_request(call.request).ok());
  call.request.set_netns_path("run/netns/x");
  CHECK(check_sandbox_request(call.request).error().message.find("netns_path") == 0);
  call.request.clear_netns_path();
  call.request.set_bundle_path("b");
  CHECK(check_sandbox_request(call.request).error().message.find("bundle_path") == 0);
  call.request.set_sandbox_id("../p1");
  CHECK(check_sandbox_request(call.request).error().message.find("sandbox_id") == 0);
}
