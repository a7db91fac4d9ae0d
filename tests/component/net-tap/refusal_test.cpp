// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <fstream>

#include "kata/concat.h"
#include "namespace.h"
#include "pod.h"

using namespace kata;
using namespace kata::tap;
using namespace kata::tap::test;

TEST_CASE("the caller's own namespace is refused by each of its names") {
  const TemporaryDirectory state;
  std::filesystem::create_symlink("/proc/self/ns/net", state.path() / "innocent");
  for (const std::filesystem::path& path :
       {std::filesystem::path("/proc/self/ns/net"),
        std::filesystem::path("/proc/thread-self/ns/net"), state.path() / "innocent"}) {
    const Error error = refused(*make_network(state), path);
    CHECK(error.code == ErrorCode::kInvalidArgument);
    CHECK(contains(error.message, "host's own network namespace"));
  }
}

TEST_CASE("the namespace of process 1 is refused from another one") {
  const Pod pod;
  const TemporaryDirectory state;
  Error error;
  pod.inside([&] {
    auto plan = make_network(state)->attach({"/proc/1/ns/net", 1});
    if (!plan.ok()) error = plan.error();
  });
  // A container's root may not open what belongs to a process 1 of other capabilities.
  const bool hidden = error.code == ErrorCode::kPermission;
  CHECK_MESSAGE((hidden || contains(error.message, "host's own network namespace")), error.message);
}

TEST_CASE("the namespace of process 1 is told without looking at process 1") {
  const Pod pod;
  const NetworkNamespace other = open_namespace(pod.path()).take();
  CHECK(!holds_process_1(other).value());
  // These tests run where process 1 runs.
  const NetworkNamespace own = open_namespace("/proc/self/ns/net").take();
  CHECK(holds_process_1(own).value());
}

TEST_CASE("a missing namespace path is refused with a remedy") {
  const TemporaryDirectory state;
  const Error error = refused(*make_network(state), "");
  CHECK(error.code == ErrorCode::kInvalidArgument);
  CHECK(contains(error.message, "needs a network namespace"));
}

TEST_CASE("a path that is no network namespace is refused") {
  const TemporaryDirectory state;
  std::ofstream(state.path() / "file") << "text";
  REQUIRE(::mkfifo((state.path() / "fifo").c_str(), 0600) == 0);
  for (const std::filesystem::path& path :
       {state.path() / "file", state.path() / "fifo", state.path(),
        std::filesystem::path("/dev/null"), std::filesystem::path("/proc/self/ns/mnt"),
        std::filesystem::path("/proc/self/ns/user")}) {
    const Error error = refused(*make_network(state), path);
    CHECK(error.code == ErrorCode::kInvalidArgument);
    CHECK(contains(error.message, concat("'", path, "' is not a network namespace")));
  }
  CHECK(refused(*make_network(state), state.path() / "nothing").code == ErrorCode::kNotFound);
}

TEST_CASE("a path that a saved state cannot hold is refused") {
  const Pod pod;
  const TemporaryDirectory state;
  std::filesystem::create_symlink(pod.path(), state.path() / "\xff");
  CHECK(contains(refused(*make_network(state), state.path() / "\xff").message, "not UTF-8"));
}

TEST_CASE("a link that a guest cannot have is refused by name and nothing is touched") {
  for (const std::string command :
       {"ip link add dev odd type bridge", "ip tuntap add dev odd mode tun"}) {
    const OneLink one;
    one.pod.run(command);
    one.pod.run("ip addr add 10.10.0.2/24 dev odd");
    const std::string before = one.pod.dump();
    const Error error = refused(*make_network(one.state), one.pod.path());
    CHECK(error.code == ErrorCode::kUnsupported);
    CHECK(contains(error.message, "link 'odd' "));
    CHECK(one.pod.dump() == before);
  }
}

TEST_CASE("a name with control characters is refused and shown without them") {
  const OneLink one;
  one.pod.run("ip link set dev eth0 down");
  one.pod.run("ip link set dev eth0 name \"$(printf 'a\\033b')\"");
  CHECK(
      contains(refused(*make_network(one.state), one.pod.path()).message, "link 'a?b' has a name"));
}

TEST_CASE("no queue and too many queues are refused") {
  const Pod pod;
  const TemporaryDirectory state;
  for (const std::uint32_t queues : {0U, 257U})
    CHECK(!make_network(state)->attach({pod.path(), queues}).ok());
}

TEST_CASE("a second attach of one instance is refused") {
  const Pod pod;
  const TemporaryDirectory state;
  const auto network = make_network(state);
  (void)attach(*network, pod);
  CHECK(refused(*network, pod.path()).code == ErrorCode::kAlreadyExists);
}
