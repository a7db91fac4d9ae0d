// SPDX-License-Identifier: Apache-2.0
//
// A container's network, from inside a guest to a peer in another namespace. "pod" is what an
// engine's network plugin would have prepared; "peer" is the rest of the world.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <thread>

#include "kata/concat.h"
#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"
#include "tests/network_namespace.h"

using namespace kata;
using namespace kata::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

json networked_spec(const std::string& netns, const std::string& script) {
  json spec = default_spec({"/bin/sh", "-c", script});
  for (json& space : spec["linux"]["namespaces"])
    if (space["type"] == "network" && !netns.empty()) space["path"] = netns;
  for (const char* kind : {"bounding", "effective", "permitted"})
    spec["process"]["capabilities"][kind].push_back("CAP_NET_RAW");
  return spec;
}

json without_network_namespace(json spec) {
  auto& spaces = spec["linux"]["namespaces"];
  for (auto space = spaces.begin(); space != spaces.end(); ++space)
    if ((*space)["type"] == "network") {
      spaces.erase(space);
      break;
    }
  return spec;
}

class NetworkedRuntime : public Runtime {
 public:
  explicit NetworkedRuntime(std::string_view model = "tcfilter") {
    use_network("tap");
    configure("", concat("[runtime]\ninternetworking_model = \"", model, "\"\n"));
  }
  CommandResult run_in(const NetworkNamespace& pod, const std::string& script) const {
    return (*this)(
        {"run", "--bundle", make("bundle", networked_spec(pod.path().string(), script)), "c1"});
  }
};

// A veth pair between two namespaces: `name` in the pod, "peer<number>" outside. The sysctl is what
// engines set: no duplicate address detection, so that an IPv6 address works at once.
void join(const NetworkNamespace& pod, const NetworkNamespace& peer, const std::string& name,
          int number) {
  const std::string outside = concat("peer", number);
  pod.run(
      concat("sysctl -qw net.ipv6.conf.default.accept_dad=0 && ip link set lo up && "
             "ip link add dev '",
             name, "' type veth peer name ", outside));
  pod.run(concat("ip link set dev ", outside, " netns ", peer.path(), " && ip link set dev '", name,
                 "' addrgenmode none up"));
  peer.run(concat("sysctl -qw net.ipv6.conf.", outside,
                  ".accept_dad=0; ip link set lo up && ip link set dev ", outside, " up"));
}

// One link with both families and a default route, as podman or CNI's bridge make it.
struct Plain {
  Plain() {
    join(pod, peer, "eth0", 0);
    pod.run(
        "ip addr add 10.88.0.2/24 dev eth0 && ip -6 addr add fd00:88::2/64 dev eth0 nodad && "
        "ip route add default via 10.88.0.1 metric 100 && ip -6 route add default via fd00:88::1");
    peer.run("ip addr add 10.88.0.1/24 dev peer0 && ip -6 addr add fd00:88::1/64 dev peer0 nodad");
  }
  NetworkNamespace pod{}, peer{};
};

// Runs the test that calls it once for each way of joining link and NIC.
std::string_view each_model() {
  std::string_view model = "tcfilter";
  SUBCASE("tcfilter") { model = "tcfilter"; }
  SUBCASE("macvtap") { model = "macvtap"; }
  return model;
}

// Answers every question with 10.88.0.99, on port 53 of one namespace, until it goes.
class NameServer {
 public:
  explicit NameServer(const NetworkNamespace& space) {
    space.inside([this] { socket_.reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); });
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

 private:
  void serve() {
    std::array<char, 512> buffer;
    for (;;) {
      sockaddr_in asker{};
      socklen_t size = sizeof asker;
      const ssize_t got = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                                     reinterpret_cast<sockaddr*>(&asker), &size);
      if (got <= 12) return;
      const std::string reply = answer({buffer.data(), static_cast<std::size_t>(got)});
      ::sendto(socket_.get(), reply.data(), reply.size(), 0,
               reinterpret_cast<const sockaddr*>(&asker), size);
    }
  }

  // RFC 1035: the question again, then for type A one record that points at its name.
  static std::string answer(std::string message) {
    const bool wants_a = message[message.size() - 3] == 1;
    message[2] = static_cast<char>(0x84);
    message[3] = 0;
    message[7] = wants_a ? 1 : 0;
    using namespace std::string_literals;
    if (wants_a) message += "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\x58\0\x63"s;
    return message;
  }

  UniqueFd socket_{};
  std::thread thread_{};
};

void finish(const NetworkedRuntime& runtime, const NetworkNamespace& pod,
            const std::string& before) {
  CHECK(runtime.leaked() == "");
  CHECK(pod.run("ip -br link | sort; tc qdisc show") == before);
}

std::string links_and_qdiscs(const NetworkNamespace& pod) {
  return pod.run("ip -br link | sort; tc qdisc show");
}

}  // namespace

TEST_CASE("the guest has the pod's addresses, routes and hardware address, and reaches its peer") {
  const Plain net;
  const NetworkedRuntime runtime;
  const std::string before = links_and_qdiscs(net.pod);
  const std::string mac = net.pod.run("ip -o link show dev eth0 | sed 's/.*ether //; s/ .*//'");
  const CommandResult result =
      runtime.run_in(net.pod,
                     "ip addr show dev eth0; ip route; ip -6 route; ping -c 2 -W 5 10.88.0.1; "
                     "ping6 -c 2 -W 5 fd00:88::1");
  CHECK_MESSAGE(result.exit_code == 0, result.out, result.err);
  CHECK_MESSAGE(contains(result.out, "inet 10.88.0.2/24"), result.out);
  CHECK_MESSAGE(contains(result.out, "inet6 fd00:88::2/64"), result.out);
  CHECK_MESSAGE(contains(result.out, "default via 10.88.0.1 dev eth0"), result.out);
  CHECK_MESSAGE(contains(result.out, "default via fd00:88::1 dev eth0"), result.out);
  CHECK_MESSAGE(contains(result.out, mac.substr(0, 17)), result.out);
  finish(runtime, net.pod, before);
}

TEST_CASE("the peer reaches the guest: echo over both families, and a connection that it opens") {
  const Plain net;
  const NetworkedRuntime runtime;
  const auto bundle = runtime.make(
      "bundle", networked_spec(net.pod.path().string(),
                               "while true; do echo from the guest | nc -l -p 80; done"));
  REQUIRE(runtime({"run", "--detach", "--bundle", bundle, "c1"}).exit_code == 0);
  net.peer.run("busybox ping -c 2 -W 5 10.88.0.2 && busybox ping6 -c 2 -W 5 fd00:88::2");
  for (const char* address : {"10.88.0.2", "fd00:88::2"}) {
    const auto read = [&] {
      return net.peer.run(concat("busybox nc -w 5 ", address, " 80 < /dev/null 2>&1 || true"));
    };
    CHECK(eventually([&] { return contains(read(), "from the guest"); }, std::chrono::seconds(10)));
  }
}

TEST_CASE("TCP carries a megabyte in both directions") {
  const Plain net;
  const NetworkedRuntime runtime(each_model());
  const auto outside = runtime.directory();
  const auto bundle = runtime.make(
      "bundle", networked_spec(net.pod.path().string(), "nc 10.88.0.1 7000 < /sent > /received"));
  const auto inside = bundle / "rootfs";
  for (const auto& file : {outside / "sent", inside / "sent"})
    net.peer.run(concat("head -c 1048576 /dev/urandom > ", file));
  net.peer.run(concat("(timeout 60 busybox nc -l -p 7000 < ", outside, "/sent > ", outside,
                      "/received) >/dev/null 2>&1 &"));
  const CommandResult result = runtime({"run", "--bundle", bundle, "c1"});
  CHECK_MESSAGE(result.exit_code == 0, result.err);
  const auto same = [](const fs::path& one, const fs::path& other) {
    return run({"/usr/bin/cmp", one, other}).exit_code == 0;
  };
  CHECK(same(outside / "sent", inside / "received"));
  CHECK(eventually([&] { return same(inside / "sent", outside / "received"); },
                   std::chrono::seconds(5)));
}

TEST_CASE("a path with a small MTU carries packets of that size, and larger ones in fragments") {
  const Plain net;
  net.pod.run("ip link set dev eth0 mtu 1400");
  net.peer.run("ip link set dev peer0 mtu 1400");
  const NetworkedRuntime runtime(each_model());
  const CommandResult result =
      runtime.run_in(net.pod,
                     "cat /sys/class/net/eth0/mtu; ping -c 1 -W 5 -s 1372 10.88.0.1 && "
                     "ping -c 1 -W 5 -s 8000 10.88.0.1");
  CHECK_MESSAGE(result.exit_code == 0, result.out, result.err);
  CHECK_MESSAGE(result.out.starts_with("1400\n"), result.out);
}

TEST_CASE("four interfaces keep their names and reach four peers") {
  const NetworkNamespace pod, peer;
  std::string script = "set -e; ip -o link | wc -l";
  for (int number = 0; number < 4; ++number) {
    const std::string name = concat(number % 2 == 0 ? "eth" : "net", number);
    join(pod, peer, name, number);
    pod.run(concat("ip addr add 10.", 90 + number, ".0.2/24 dev ", name));
    peer.run(concat("ip addr add 10.", 90 + number, ".0.1/24 dev peer", number));
    script += concat("; ping -c 1 -W 5 -I ", name, " 10.", 90 + number, ".0.1");
  }
  const NetworkedRuntime runtime(each_model());
  const std::string before = links_and_qdiscs(pod);
  const CommandResult result = runtime.run_in(pod, script);
  CHECK_MESSAGE(result.exit_code == 0, result.out, result.err);
  CHECK_MESSAGE(result.out.starts_with("5\n"), result.out);
  finish(runtime, pod, before);
}

TEST_CASE("a neighbour that the pod has for ever is there in the guest") {
  const Plain net;
  net.pod.run("ip neigh replace 10.88.0.77 lladdr 02:00:00:00:00:77 dev eth0 nud permanent");
  const NetworkedRuntime runtime;
  const CommandResult result = runtime.run_in(net.pod, "arp -n; cat /proc/net/arp");
  CHECK_MESSAGE(contains(result.out, "02:00:00:00:00:77"), result.out, result.err);
}

TEST_CASE("two pods reach each other over a bridge") {
  const NetworkNamespace first, second, bridge;
  join(first, bridge, "eth0", 0);
  join(second, bridge, "eth0", 1);
  bridge.run(
      "ip link add br0 type bridge && ip link set br0 up && ip link set peer0 master br0 && "
      "ip link set peer1 master br0");
  first.run("ip addr add 10.91.0.2/24 dev eth0");
  second.run("ip addr add 10.91.0.3/24 dev eth0");
  const NetworkedRuntime runtime(each_model());
  const auto server = runtime.make(
      "server", networked_spec(first.path().string(), "echo hello from the first | nc -l -p 80"));
  REQUIRE(runtime({"run", "--detach", "--bundle", server, "c2"}).exit_code == 0);
  const CommandResult result =
      runtime.run_in(second, "ping -c 1 -W 5 10.91.0.2 && nc 10.91.0.2 80 < /dev/null");
  CHECK_MESSAGE(contains(result.out, "hello from the first"), result.out, result.err);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("the guest asks the name servers of the engine's resolv.conf") {
  const Plain net;
  const NetworkedRuntime runtime;
  std::ofstream(runtime.directory() / "resolv.conf")
      << "# made by an engine\nnameserver 10.88.0.1\nsearch example.test\n";
  const NameServer server(net.peer);
  json spec =
      networked_spec(net.pod.path().string(), "cat /etc/resolv.conf; nslookup name.example.test");
  spec["mounts"].push_back({{"destination", "/etc/resolv.conf"},
                            {"type", "bind"},
                            {"source", runtime.directory() / "resolv.conf"},
                            {"options", {"rbind", "ro"}}});
  const CommandResult result = runtime({"run", "--bundle", runtime.make("bundle", spec), "c1"});
  CHECK_MESSAGE(contains(result.out, "nameserver 10.88.0.1"), result.out, result.err);
  CHECK_MESSAGE(contains(result.out, "10.88.0.99"), result.out, result.err);
}

TEST_CASE("a new namespace is made where the bundle names none, and the shim is in it") {
  const NetworkedRuntime runtime;
  const auto bundle = runtime.make("bundle", networked_spec("", "sleep 100"));
  const CommandResult result = runtime({"run", "--detach", "--bundle", bundle, "c1"});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  const std::string pid = std::to_string(runtime.state("c1")["pid"].get<int>());
  struct stat own {
  }, shim{};
  REQUIRE(::stat("/proc/self/ns/net", &own) == 0);
  REQUIRE(::stat(concat("/proc/", pid, "/ns/net").c_str(), &shim) == 0);
  CHECK(own.st_ino != shim.st_ino);
  CHECK(runtime({"exec", "c1", "/bin/sh", "-c", "ip -o link | wc -l"}).out == "1\n");
  CHECK(runtime.leaked() == "");
}

TEST_CASE("the host's network is refused before anything is made") {
  const NetworkedRuntime runtime;
  const auto refused = [&](const json& spec, std::string_view part) {
    const CommandResult result = runtime({"run", "--bundle", runtime.make("bundle", spec), "c1"});
    CHECK(result.exit_code == 1);
    CHECK_MESSAGE(contains(result.err, part), result.err);
    CHECK(runtime.leaked() == "");
  };
  refused(without_network_namespace(networked_spec("", "true")), "the host's own network");
  refused(networked_spec("/proc/self/ns/net", "true"), "the host's own network namespace");
  refused(networked_spec("/etc/passwd", "true"), "is not a network namespace");
  refused(networked_spec("/no/such", "true"), "/no/such");
  refused(networked_spec("/proc/self/ns/uts", "true"), "is not a network namespace");
}

TEST_CASE("after the death of VMM or proxy the pod is as before, and the peer verbs say why") {
  const Plain net;
  const NetworkedRuntime runtime(each_model());
  const std::string before = links_and_qdiscs(net.pod);
  for (const char* victim : {"qemu-system", "kata-proxy"}) {
    const auto bundle =
        runtime.make("bundle", networked_spec(net.pod.path().string(), "sleep 100"));
    REQUIRE(runtime({"run", "--detach", "--bundle", bundle, "c1"}).exit_code == 0);
    CHECK(links_and_qdiscs(net.pod) != before);
    run({"/usr/bin/pkill", "-KILL", "-f", concat(victim, ".*", runtime.root())});
    const CommandResult refused = runtime({"exec", "c1", "/bin/true"});
    CHECK(refused.exit_code != 0);
    CHECK_MESSAGE(contains(refused.err, "c1"), refused.err);
    CHECK(runtime({"delete", "--force", "c1"}).exit_code == 0);
    finish(runtime, net.pod, before);
  }
}

TEST_CASE("a namespace that the proxy made goes with a killed proxy") {
  const NetworkedRuntime runtime;
  const auto bundle = runtime.make("bundle", networked_spec("", "sleep 100"));
  REQUIRE(runtime({"run", "--detach", "--bundle", bundle, "c1"}).exit_code == 0);
  run({"/usr/bin/pkill", "-KILL", "-f", concat("kata-proxy.*", runtime.root())});
  CHECK(runtime({"delete", "--force", "c1"}).exit_code == 0);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("a symbolic link to a namespace serves as its path") {
  const Plain net;
  const NetworkedRuntime runtime;
  const auto link = runtime.directory() / "netns";
  fs::create_symlink(net.pod.path(), link);
  const auto bundle =
      runtime.make("bundle", networked_spec(link.string(), "ip route; ping -c 1 -W 5 10.88.0.1"));
  const CommandResult result = runtime({"run", "--bundle", bundle, "c1"});
  CHECK_MESSAGE(result.exit_code == 0, result.out, result.err);
  CHECK_MESSAGE(contains(result.out, "default via 10.88.0.1"), result.out);
}

TEST_CASE("a namespace or a tap that is deleted under a running guest leaves nothing behind") {
  Plain net;
  const NetworkedRuntime runtime(each_model());
  const auto start = [&](const NetworkNamespace& pod) {
    const auto bundle = runtime.make("bundle", networked_spec(pod.path().string(), "sleep 100"));
    REQUIRE(runtime({"run", "--detach", "--bundle", bundle, "c1"}).exit_code == 0);
  };
  start(net.pod);
  net.pod.run("ip link del dev tap0_kata");
  CHECK(runtime({"delete", "--force", "c1"}).exit_code == 0);
  CHECK(runtime.leaked() == "");
  start(net.pod);
  net.pod.close();
  CHECK(runtime({"delete", "--force", "c1"}).exit_code == 0);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("a pod of unusual size comes through: routes, addresses, a large MTU and odd names") {
  const Plain net;
  join(net.pod, net.peer, "a$b;c", 1);
  join(net.pod, net.peer, "bare", 2);
  net.pod.run("ip link set dev eth0 mtu 9000");
  net.pod.run("for n in $(seq 1 63); do ip addr add 10.77.$n.2/32 dev eth0; done");
  net.pod.run("for n in $(seq 1 200); do ip route add 10.99.$n.0/24 via 10.88.0.1; done");
  net.pod.run("ip addr add 10.66.0.2/24 dev 'a$b;c'");
  const NetworkedRuntime runtime;
  const CommandResult result =
      runtime.run_in(net.pod,
                     "cat /sys/class/net/eth0/mtu; ip -o -4 addr show dev eth0 | wc -l; "
                     "ip route | grep -c '^10.99'; ip -o link | grep -c bare; "
                     "ip -o -4 addr show | grep -c '10.66.0.2/24'");
  CHECK_MESSAGE(result.out == "9000\n64\n200\n0\n1\n", result.out, result.err);
}

namespace {

// Asks the guest until its answer holds `part`; true when it came to that within 20 s.
bool guest_comes_to(const NetworkedRuntime& runtime, const std::string& script,
                    std::string_view part, std::string& last) {
  return eventually(
      [&] {
        last = runtime({"exec", "c1", "/bin/sh", "-c", script}).out;
        return contains(last, part);
      },
      std::chrono::seconds(20));
}

void start_sleeper(const NetworkedRuntime& runtime, const std::string& netns) {
  const auto bundle = runtime.make("bundle", networked_spec(netns, "sleep 1000"));
  const CommandResult started = runtime({"run", "--detach", "--bundle", bundle, "c1"});
  REQUIRE_MESSAGE(started.exit_code == 0, started.err);
}

}  // namespace

TEST_CASE("a link that comes later is plugged in, follows its changes and is unplugged with it") {
  Plain net;
  const NetworkedRuntime runtime;
  const std::string before = links_and_qdiscs(net.pod);
  std::string last;
  start_sleeper(runtime, net.pod.path().string());
  join(net.pod, net.peer, "late", 1);
  net.pod.run("ip addr add 10.89.0.2/24 dev late");
  net.peer.run("ip addr add 10.89.0.1/24 dev peer1");
  CHECK_MESSAGE(guest_comes_to(runtime, "ip -o addr", "late    inet 10.89.0.2/24", last), last);
  CHECK_MESSAGE(guest_comes_to(runtime, "ping -c 1 -W 5 10.89.0.1", " 0% packet loss", last), last);
  net.pod.run("ip addr add 10.89.0.3/24 dev late; ip route add 10.200.0.0/16 via 10.89.0.1");
  CHECK_MESSAGE(guest_comes_to(runtime, "ip -o addr; ip route", "10.89.0.3/24", last), last);
  CHECK_MESSAGE(guest_comes_to(runtime, "ip route", "10.200.0.0/16 via 10.89.0.1", last), last);
  CHECK_MESSAGE(contains(last, "default via 10.88.0.1"), last);
  net.pod.run("ip link del dev late");
  CHECK_MESSAGE(guest_comes_to(runtime, "ip -o link | grep -c -e eth0 -e late", "1\n", last), last);
  CHECK_MESSAGE(guest_comes_to(runtime, "ping -c 1 -W 5 10.88.0.1", " 0% packet loss", last), last);
  CHECK(runtime({"delete", "--force", "c1"}).exit_code == 0);
  finish(runtime, net.pod, before);
}

TEST_CASE("an engine that fills the namespace after the start, by the container's pid, is heard") {
  const NetworkNamespace peer;
  const NetworkedRuntime runtime;
  start_sleeper(runtime, "");
  const std::string pid = std::to_string(runtime.state("c1")["pid"].get<int>());
  peer.run(concat("ip link set lo up; ip link add dev peer0 type veth peer name eth0 netns ", pid,
                  " && ip addr add 10.88.0.1/24 dev peer0 && ip link set dev peer0 up && nsenter "
                  "--target ",
                  pid,
                  " --net sh -c 'ip link set dev eth0 up; ip addr add 10.88.0.2/24 dev eth0; ip "
                  "route add default via 10.88.0.1'"));
  std::string last;
  CHECK_MESSAGE(guest_comes_to(runtime, "ip route", "default via 10.88.0.1 dev eth0", last), last);
  CHECK_MESSAGE(guest_comes_to(runtime, "ping -c 1 -W 5 10.88.0.1", " 0% packet loss", last), last);
  CHECK(runtime({"delete", "--force", "c1"}).exit_code == 0);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("macvtap carries the pod's traffic as the mirrored tap does") {
  const Plain net;
  const NetworkedRuntime runtime;
  runtime.configure("", "[runtime]\ninternetworking_model = \"macvtap\"\n");
  const std::string before = links_and_qdiscs(net.pod);
  const CommandResult result =
      runtime.run_in(net.pod,
                     "ip route; ping -c 2 -W 5 10.88.0.1 && ping6 -c 2 -W 5 fd00:88::1 && "
                     "ping -c 1 -W 5 -s 8000 10.88.0.1");
  CHECK_MESSAGE(contains(result.out, "default via 10.88.0.1 dev eth0"), result.out, result.err);
  CHECK_MESSAGE(result.out.find(" 100% packet loss") == std::string::npos, result.out);
  CHECK_MESSAGE(contains(result.out, "8008 bytes from 10.88.0.1"), result.out);
  finish(runtime, net.pod, before);
}
