// SPDX-License-Identifier: Apache-2.0
//
// `kata-runtime run` over the fake, with a real shared filesystem and a real network: what a whole
// sandbox asks of Cloud Hypervisor. The guest is an agent in this process that says what it is
// told.
#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "agent.pb.h"
#include "health.pb.h"
#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "protocol/ttrpc/server.h"
#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"
#include "tests/network_namespace.h"

using namespace kata;
using namespace kata::test;
using nlohmann::json;
namespace asio = boost::asio;

namespace {

// Says hello and exits with 7. Ends its connection, as a guest that powers off, after
// DestroySandbox.
class Guest {
 public:
  explicit Guest(const std::filesystem::path& socket)
      : listener_(loop_, listen_unix(socket).take().release()) {
    server_.set_fallback([this](std::string, std::string method, std::string,
                                std::chrono::nanoseconds) { return answer(std::move(method)); });
    asio::co_spawn(loop_, accept(), asio::detached);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Guest() {
    loop_.stop();
    thread_.join();
  }

 private:
  asio::awaitable<void> accept() {
    for (;;) {
      co_await listener_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
      UniqueFd client(::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
      peer_.reset(::dup(client.get()));
      asio::co_spawn(loop_, serve(std::move(client)), asio::detached);
    }
  }
  asio::awaitable<void> serve(UniqueFd client) { co_await server_.serve(std::move(client)); }

  asio::awaitable<void> power_off() {
    asio::steady_timer timer(loop_, std::chrono::milliseconds(50));
    co_await timer.async_wait(asio::use_awaitable);
    ::shutdown(peer_.get(), SHUT_RDWR);
  }

  asio::awaitable<void> until(const bool& happened) {
    while (!happened) {
      asio::steady_timer timer(loop_, std::chrono::milliseconds(5));
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  asio::awaitable<Result<std::string>> answer(std::string method) {
    if (method == "GetOOMEvent") co_await until(never_);
    if (method == "StartContainer") started_ = true;
    if (method == "DestroySandbox") asio::co_spawn(loop_, power_off(), asio::detached);
    if (method == "Check") {
      grpc::HealthCheckResponse health;
      health.set_status(grpc::HealthCheckResponse::SERVING);
      co_return health.SerializeAsString();
    }
    if (method == "WaitProcess") {
      co_await until(started_);
      grpc::WaitProcessResponse exit;
      exit.set_status(7);
      co_return exit.SerializeAsString();
    }
    if (method != "ReadStdout") co_return std::string();
    co_await until(started_);
    grpc::ReadStreamResponse output;
    if (!spoken_) output.set_data("hello\n");
    spoken_ = true;
    co_return output.SerializeAsString();
  }

  asio::io_context loop_{};
  asio::posix::stream_descriptor listener_;
  ttrpc::Server server_{};
  UniqueFd peer_{};
  bool started_ = false, spoken_ = false;
  const bool never_ = false;
  std::thread thread_{};
};

// kata-runtime with Kata's own configuration for Cloud Hypervisor.
class CloudhvRuntime : public Runtime {
 public:
  CloudhvRuntime() {
    for (const char* name : {"vmlinux", "initrd.img"}) std::ofstream(directory() / name) << name;
    const auto program = directory() / "cloud-hypervisor";
    std::ofstream(program) << "#!/bin/sh\nFAKE_CLOUDHV_AGENT=" << agent().native()
                           << " FAKE_CLOUDHV_LOG=" << (directory() / "asked").native()
                           << " exec " FAKE_CLOUDHV " \"$@\"\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    std::ofstream(config_file()) << "[plugins]\ndirectory = \"" KATA_PLUGIN_DIR "\"\n"
                                 << "[hypervisor.clh]\npath = \"" << program.native()
                                 << "\"\nkernel = \"" << (directory() / "vmlinux").native()
                                 << "\"\ninitrd = \"" << (directory() / "initrd.img").native()
                                 << "\"\ndefault_memory = 256\nshared_fs = \"virtio-fs\"\n"
                                 << "block_device_driver = \"virtio-blk\"\n";
  }
  std::filesystem::path agent() const { return directory() / "agent"; }
  std::string asked() const {
    std::ifstream file(directory() / "asked");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  // The body of the first request to an endpoint.
  json body_of(const std::string& endpoint) const {
    const std::string text = asked(), mark = "PUT " + endpoint + ' ';
    const std::size_t at = text.find(mark);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + mark.size();
    return json::parse(text.substr(begin, text.find(" fds=", begin) - begin), nullptr, false);
  }
};

}  // namespace

TEST_CASE("run brings a whole sandbox up over Cloud Hypervisor and takes it down") {
  const NetworkNamespace pod, peer;
  const CloudhvRuntime runtime;
  pod.run(concat("ip link set lo up && ip link add eth0 type veth peer name outside netns ",
                 peer.path().native(),
                 " && ip addr add 10.9.0.2/24 dev eth0 && ip link set eth0 up"));
  json spec = default_spec({"/bin/true"});
  for (json& space : spec["linux"]["namespaces"])
    if (space["type"] == "network") space["path"] = pod.path().string();
  {
    const Guest guest(runtime.agent());
    const CommandResult result =
        runtime({"run", "--bundle", runtime.make("bundle", spec).string(), "c1"});
    CHECK_MESSAGE(result.exit_code == 7, result.err, runtime.asked());
    CHECK(result.out == "hello\n");
  }
  const std::string asked = runtime.asked();
  CHECK_MESSAGE(asked.find("refused:") == std::string::npos, asked);

  const json vm = runtime.body_of("vm.create");
  CHECK(vm["memory"] == json::parse(R"({"size": 268435456, "shared": true, "hugepages": false,
    "mergeable": false})"));
  CHECK(vm["fs"][0]["tag"] == "kataShared");
  CHECK(vm["fs"][0]["pci_segment"] == 1);
  CHECK(vm["cpus"]["boot_vcpus"] == 1);
  CHECK(vm["landlock_enable"] == true);
  const json nic = runtime.body_of("vm.add-net");
  CHECK(nic["num_queues"] == 2);
  CHECK(nic["mac"].get<std::string>().size() == 17);
  CHECK(asked.find("PUT vm.add-net") < asked.find("PUT vm.boot"));
  CHECK(asked.find(" --seccomp true\n") != std::string::npos);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("a VMM that fails to start is told by run and leaves nothing") {
  const CloudhvRuntime runtime;
  std::ofstream(runtime.directory() / "cloud-hypervisor")
      << "#!/bin/sh\nFAKE_CLOUDHV=status500@vm.boot exec " FAKE_CLOUDHV " \"$@\"\n";
  const CommandResult result = runtime(
      {"run", "--bundle", runtime.make("bundle", default_spec({"/bin/true"})).string(), "c1"});
  CHECK(result.exit_code != 0);
  CHECK_MESSAGE(result.err.find("vm.boot: cloud-hypervisor answered 500") != std::string::npos,
                result.err);
  CHECK(runtime.leaked() == "");
}
