// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/start.h"

#include <doctest/doctest.h>

#include <fstream>

#include "kata/unix_socket.h"
#include "programs/containerd-shim-kata-v2/sha256.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::shim_v2;

namespace {

Result<sandbox::Placement> placement(const std::string& spec) {
  const TemporaryDirectory bundle;
  std::ofstream(bundle.path() / "config.json") << spec;
  return placement_of_bundle(bundle.path(), "c1");
}

}  // namespace

TEST_CASE("SHA-256 gives the standard's examples") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex(std::string(1000000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("containers are grouped by the sandbox id of containerd and of CRI-O") {
  struct Row {
    const char* spec;
    const char* sandbox_id;
    bool new_sandbox;
  };
  const Row rows[] = {
      {"{}", "c1", true},
      {R"({"annotations":{"other":"x"}})", "c1", true},
      {R"({"annotations":{"io.kubernetes.cri.container-type":"sandbox",
                          "io.kubernetes.cri.sandbox-id":"c1"}})",
       "c1", true},
      {R"({"annotations":{"io.kubernetes.cri.container-type":"container",
                          "io.kubernetes.cri.sandbox-id":"p1"}})",
       "p1", false},
      {R"({"annotations":{"io.kubernetes.cri-o.ContainerType":"container",
                          "io.kubernetes.cri-o.SandboxID":"p2"}})",
       "p2", false},
  };
  for (const Row& row : rows) {
    INFO(row.spec);
    const auto placed = placement(row.spec);
    REQUIRE(placed.ok());
    CHECK(placed.value().sandbox_id == row.sandbox_id);
    CHECK(placed.value().new_sandbox == row.new_sandbox);
  }
}

TEST_CASE("a spec that a shim cannot be chosen from is refused by its file") {
  for (const char* spec :
       {"", "{", "{\"annotations\":{\"io.kubernetes.cri.container-type\":\"robot\"}}",
        "{\"annotations\":{\"io.kubernetes.cri.container-type\":\"container\"}}",
        "{\"annotations\":{\"io.kubernetes.cri.container-type\":\"container\","
        "\"io.kubernetes.cri.sandbox-id\":\"../../etc\"}}"}) {
    INFO(spec);
    const auto placed = placement(spec);
    REQUIRE_FALSE(placed.ok());
    CHECK(placed.error().message.find("config.json") != std::string::npos);
  }
  const TemporaryDirectory empty;
  CHECK(placement_of_bundle(empty.path(), "p1").value().sandbox_id == "p1");
  CHECK(placement("[1]").value().new_sandbox);
  CHECK(placement(R"({"annotations":["x"]})").value().new_sandbox);
}

TEST_CASE("the address is that of the sandbox and short enough for a socket") {
  Options options;
  options.container_namespace = std::string(76, 'n');
  options.containerd_address = "/run/containerd/containerd.sock";
  options.id = "c1";
  const std::string address = socket_address(options, "p1");
  CHECK(address.starts_with("unix:///run/containerd/s/"));
  CHECK(socket_path(address).native().size() <= kMaxSocketPath);
  options.id = "c2";
  CHECK(socket_address(options, "p1") == address);
  CHECK(socket_address(options, "p2") != address);
  options.container_namespace = "other";
  CHECK(socket_address(options, "p1") != address);
}

TEST_CASE("the address alone serves every containerd before version 3") {
  CHECK(bootstrap_text("unix:///s", 2) == "unix:///s");
  CHECK(bootstrap_text("unix:///s", 3) ==
        R"({"version":3,"address":"unix:///s","protocol":"ttrpc"})");
  CHECK(bootstrap_text("unix:///s", 7) ==
        R"({"version":3,"address":"unix:///s","protocol":"ttrpc"})");
}
