// SPDX-License-Identifier: Apache-2.0
//
// Debian's podman in front of kata-runtime. What the machine's kernel allows is decided by runc on
// the same command.
#include <doctest/doctest.h>

#include "kata/concat.h"
#include "tests/integration/harness/podman.h"

using namespace kata::test;
using With = Podman::With;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// A web server in the background; what the "host" reads through the published port.
std::string read_published_page(const Podman& podman) {
  const auto page = podman.rootfs() / "www/index.html";
  podman.host().run(kata::concat("mkdir -p ", page.parent_path(), " && echo published > ", page));
  const CommandResult started =
      podman({"run", "--detach", "--name", "web", "--publish", "18080:80", "--rootfs",
              podman.rootfs(), "/bin/httpd", "-f", "-h", "/www"});
  REQUIRE_MESSAGE(started.exit_code == 0, started.err);
  std::string read;
  eventually(
      [&] {
        read = podman.host().run("busybox wget -q -O - http://127.0.0.1:18080/ || true");
        return contains(read, "published");
      },
      std::chrono::seconds(10));
  CHECK(podman({"rm", "--force", "--time", "0", "web"}).exit_code == 0);
  return read;
}

}  // namespace

TEST_CASE("podman without a network gives a guest that has lo only") {
  const Podman podman(With::kKata);
  const CommandResult result =
      podman.run_script({"--network", "none"}, "ip -o link | wc -l; exit 7");
  CHECK_MESSAGE(result.out == "1\n", result.err);
  CHECK_MESSAGE(result.exit_code == 7, result.err);
  CHECK(podman.leaked() == "");
}

TEST_CASE("podman's default network has the same shape in a guest as under runc") {
  const char* script =
      "ip -o -4 addr show dev eth0 | sed 's/.*inet //; s/[0-9]*\\/16.*/N/'; "
      "ip route | sed 's/src 10.88.*/src N/; s/ *$//'; cat /sys/class/net/eth0/mtu; "
      "ping -c 1 -W 5 10.88.0.1 >/dev/null && echo reaches the bridge";
  const Podman oracle(With::kRunc), podman(With::kKata);
  const CommandResult expected = oracle.run_script({}, script);
  REQUIRE_MESSAGE(expected.exit_code == 0, expected.err);
  const CommandResult result = podman.run_script({}, script);
  CHECK_MESSAGE(result.out == expected.out, result.err);
  CHECK_MESSAGE(contains(result.out, "reaches the bridge"), result.out);
  CHECK(podman.leaked() == "");
}

TEST_CASE("a port that podman publishes reaches the guest, where it reaches runc's container") {
  const Podman oracle(With::kRunc), podman(With::kKata);
  const std::string expected = read_published_page(oracle);
  CHECK(read_published_page(podman) == expected);
  CHECK(podman.leaked() == "");
}

TEST_CASE("podman's host network is refused with the reason") {
  const Podman podman(With::kKata);
  const CommandResult result = podman.run_script({"--network", "host"}, "true");
  CHECK(result.exit_code != 0);
  CHECK_MESSAGE(contains(result.err, "host's own network"), result.err);
  CHECK(podman.leaked() == "");
}

TEST_CASE("two containers of podman's default network reach each other") {
  const Podman podman(With::kKata);
  const CommandResult started =
      podman({"run", "--detach", "--name", "server", "--rootfs", podman.rootfs(), "/bin/sh", "-c",
              "while true; do echo from the server | nc -l -p 80; done"});
  REQUIRE_MESSAGE(started.exit_code == 0, started.err);
  const std::string address =
      podman({"inspect", "--format", "{{.NetworkSettings.IPAddress}}", "server"}).out;
  const CommandResult result = podman.run_script(
      {}, kata::concat("nc -w 5 ", address.substr(0, address.find('\n')), " 80 < /dev/null"));
  CHECK_MESSAGE(contains(result.out, "from the server"), result.err);
  const CommandResult inside = podman({"exec", "server", "/bin/uname", "-r"});
  CHECK_MESSAGE(inside.exit_code == 0, inside.err);
  CHECK(podman({"rm", "--force", "--time", "0", "server"}).exit_code == 0);
  CHECK(podman.leaked() == "");
}
