// SPDX-License-Identifier: Apache-2.0
#include "sandbox/pod_network.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>

#include "kata/concat.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::sandbox;

namespace {

grpc::Spec with_network(const std::string& path) {
  grpc::Spec spec;
  grpc::LinuxNamespace& space = *spec.mutable_linux()->add_namespaces();
  space.set_type("network");
  space.set_path(path);
  return spec;
}

void mount_resolv_conf(grpc::Spec& spec, const std::string& source) {
  grpc::Mount& mount = *spec.add_mounts();
  mount.set_destination("/etc/resolv.conf");
  mount.set_source(source);
}

}  // namespace

TEST_CASE("the pod's namespace is the spec's, or a new one") {
  const auto given = pod_network_of(with_network("/run/netns/pod"), "/b", true);
  REQUIRE(given.ok());
  CHECK(given.value().netns == "/run/netns/pod");
  CHECK_FALSE(given.value().new_netns);
  const auto fresh = pod_network_of(with_network(""), "/b", true);
  REQUIRE(fresh.ok());
  CHECK(fresh.value().netns.empty());
  CHECK(fresh.value().new_netns);
}

TEST_CASE("the host's network is refused while a plugin would take it over") {
  const auto refused = pod_network_of({}, "/b", true);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("linux.namespaces") != std::string::npos);
  CHECK(refused.error().message.find("network = \"none\"") != std::string::npos);
  const auto without_plugin = pod_network_of({}, "/b", false);
  REQUIRE(without_plugin.ok());
  CHECK(without_plugin.value().netns.empty());
  CHECK_FALSE(without_plugin.value().new_netns);
}

TEST_CASE("a relative path of a namespace is refused by name") {
  const auto refused = pod_network_of(with_network("netns/pod"), "/b", true);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("'netns/pod'") != std::string::npos);
}

TEST_CASE("resolv.conf's lines are taken without comments") {
  const TemporaryDirectory bundle;
  std::ofstream(bundle.path() / "resolv.conf")
      << "# by hand\n; too\n\n  nameserver 10.0.0.1\r\nsearch a b\n   \noptions ndots:5";
  auto spec = with_network("");
  mount_resolv_conf(spec, "resolv.conf");
  const auto network = pod_network_of(spec, bundle.path(), true);
  REQUIRE(network.ok());
  CHECK(network.value().dns ==
        std::vector<std::string>{"nameserver 10.0.0.1", "search a b", "options ndots:5"});
}

TEST_CASE("a resolv.conf that is no file of a sane size gives no lines and does not block") {
  const TemporaryDirectory bundle;
  REQUIRE(::mkfifo((bundle.path() / "fifo").c_str(), 0600) == 0);
  std::ofstream(bundle.path() / "huge") << std::string(1U << 20, 'n');
  for (const char* source : {"fifo", "huge", "missing", "."}) {
    auto spec = with_network("");
    mount_resolv_conf(spec, source);
    const auto network = pod_network_of(spec, bundle.path(), true);
    REQUIRE(network.ok());
    CHECK(network.value().dns.empty());
  }
}

TEST_CASE("a further container is in its pod's namespace or is refused") {
  const std::string own = "/proc/self/ns/net";
  CHECK(check_same_network(with_network(own), own).ok());
  CHECK(check_same_network(with_network(""), own).ok());
  CHECK(check_same_network({}, own).ok());
  CHECK(check_same_network(with_network(own), "").ok());
  for (const char* other : {"/proc/self/ns/uts", "/no/such/namespace"}) {
    const auto refused = check_same_network(with_network(other), own);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().message.find(other) != std::string::npos);
  }
}
