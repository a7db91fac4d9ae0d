// SPDX-License-Identifier: Apache-2.0
//
// The shim's start-up protocol and Sandbox API as containerd 2.x uses them, by a client of our own:
// Debian's containerd is older.
#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>
#include <future>
#include <sstream>

#include "containerd/introspection.pb.h"
#include "containerd/sandbox_api.pb.h"
#include "containerd/task.pb.h"
#include "kata/concat.h"
#include "protocol/ttrpc/blocking_client.h"
#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;
using kata::concat;
using std::chrono::seconds;
namespace api = kata::containerd::sandbox_api;
namespace fs = std::filesystem;
namespace task = kata::containerd::task;
using kata::containerd::Empty;

namespace {

constexpr const char *kSandbox = "containerd.runtime.sandbox.v1.Sandbox",
                     *kTask = "containerd.task.v3.Task";

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// A sandbox's bundle as the CRI plugin lays it, empty, and the shim that `start` leaves for it.
class Shim {
 public:
  Shim() {
    kata_.configure("");
    fs::create_directories(bundle());
    before_ = look();
    auto options = shim_options();
    options.environment["MAX_SHIM_VERSION"] = "3";
    options.input = runtime_options();
    const auto started = run(command({"start"}), options);
    REQUIRE_MESSAGE(started.exit_code == 0, started.err);
    const auto printed = nlohmann::json::parse(started.out, nullptr, false);
    REQUIRE_MESSAGE(printed.is_object(), started.out);
    CHECK(printed.at("version") == 3);
    CHECK(printed.at("protocol") == "ttrpc");
    socket_ = printed.at("address").get<std::string>().substr(std::string("unix://").size());
    pid_ = std::stoi(text_of(bundle() / "shim.pid"));
  }
  ~Shim() {
    if (pid_ > 1 && ::kill(pid_, 0) == 0) ::kill(pid_, SIGKILL);
    clean_up();
  }
  Shim(const Shim&) = delete;
  Shim& operator=(const Shim&) = delete;

  template <class Response, class Request>
  Response ask(const char* service, const char* method, const Request& request) const {
    auto client = kata::ttrpc::BlockingClient::connect(socket_);
    REQUIRE_MESSAGE(client.ok(), client.error().message);
    const auto deadline = std::chrono::steady_clock::now() + seconds(60);
    auto reply = kata::ttrpc::call<Response>(client.value(), service, method, request, deadline);
    REQUIRE_MESSAGE(reply.ok(), method, ": ", reply.error().message);
    return reply.take();
  }
  template <class Response, class Request = api::SandboxRequest>
  Response of_sandbox(const char* method) const {
    Request request;
    request.set_sandbox_id(id_);
    return ask<Response>(kSandbox, method, request);
  }
  template <class Response, class Request>
  Response of_container(const char* method, const std::string& container) const {
    Request request;
    request.set_id(container);
    return ask<Response>(kTask, method, request);
  }

  void create() const {
    api::PodSandboxConfig pod;
    pod.set_hostname("podhost");
    pod.mutable_dns_config()->add_servers("192.0.2.53");
    (*pod.mutable_linux()->mutable_sysctls())["net.core.somaxconn"] = "77";
    api::CreateSandboxRequest request;
    request.set_sandbox_id(id_);
    request.set_bundle_path(bundle());
    request.mutable_options()->set_type_url("runtime.v1.PodSandboxConfig");
    request.mutable_options()->set_value(pod.SerializeAsString());
    ask<Empty>(kSandbox, "CreateSandbox", request);
  }

  // What the script prints in a container of the pod, and its exit code.
  std::string run_in_container(const std::string& script) const {
    const std::string container = concat(id_, "-c1");
    auto spec = default_spec({"/bin/sh", "-c", script});
    spec["annotations"] = {{"io.kubernetes.cri.container-type", "container"},
                           {"io.kubernetes.cri.sandbox-id", id_}};
    task::CreateTaskRequest request;
    request.set_id(container);
    request.set_bundle(kata_.make(container, spec));
    const fs::path output = kata_.directory() / "output";
    request.set_stdout(concat("file://", output.native()));
    ask<task::CreateTaskResponse>(kTask, "Create", request);
    of_container<task::StartResponse, task::StartRequest>("Start", container);
    const auto ended = of_container<task::WaitResponse, task::WaitRequest>("Wait", container);
    of_container<task::DeleteResponse, task::DeleteRequest>("Delete", container);
    return concat(text_of(output), ended.exit_status());
  }

  CommandResult clean_up() const {
    return run(command({"-bundle", bundle(), "delete"}), shim_options());
  }
  bool ended() const {
    return eventually([&] { return ::kill(pid_, 0) != 0; }, seconds(5));
  }
  void kill() const { REQUIRE(::kill(pid_, SIGKILL) == 0); }
  std::string leaked() const {
    std::string found;
    eventually([&] { return (found = leaks(before_, look())).empty(); }, seconds(5));
    return found;
  }

  // The message that containerd's configuration becomes.
  std::string runtime_options() const {
    task::RuntimeOptions options;
    options.set_config_path(kata_.config_file());
    kata::containerd::Any any;
    any.set_type_url("runtimeoptions.v1.Options");
    any.set_value(options.SerializeAsString());
    return any.SerializeAsString();
  }
  CommandOptions shim_options() const { return kata_.options(); }

 private:
  fs::path bundle() const { return kata_.directory() / "bundle"; }
  std::vector<std::string> command(const std::vector<std::string>& rest) const {
    std::vector<std::string> words = {
        "/bin/sh", "-c",       R"(cd "$0" && exec "$@")",    bundle(), KATA_SHIM_V2, "-namespace",
        "default", "-address", kata_.directory() / "c.sock", "-id",    id_};
    words.insert(words.end(), rest.begin(), rest.end());
    return words;
  }
  Snapshot look() const {
    const std::string marker = kata_.options().environment.at(kMarkerVariable);
    Snapshot all = take_snapshot("/run/kata-containers", marker);
    all.entries.merge(take_snapshot("/run/containerd/s", marker).entries);
    return all;
  }

  Runtime kata_{};
  std::string id_ = concat("sandbox-", kata_.directory().filename().native());
  Snapshot before_{};
  fs::path socket_{};
  pid_t pid_ = -1;
};

}  // namespace

TEST_CASE("a sandbox of the Sandbox API runs a container and leaves nothing") {
  const Shim shim;
  shim.create();
  const auto started = shim.of_sandbox<api::StartSandboxResponse>("StartSandbox");
  CHECK(::kill(static_cast<pid_t>(started.pid()), 0) == 0);
  shim.of_sandbox<Empty>("PingSandbox");
  CHECK(shim.of_sandbox<api::SandboxStatusResponse>("SandboxStatus").state() == "SANDBOX_READY");
  CHECK(shim.run_in_container("hostname; cat /etc/hostname /etc/resolv.conf; "
                              "cat /proc/sys/net/core/somaxconn; exit 7") ==
        "podhost\npodhost\nnameserver 192.0.2.53\n77\n7");
  const auto metrics = shim.of_sandbox<api::SandboxMetricsResponse>("SandboxMetrics").metrics();
  CHECK(metrics.data().type_url().find("io.containerd.cgroups.v") == 0);
  auto waiter = std::async(std::launch::async, [&] {
    return shim.of_sandbox<api::WaitSandboxResponse>("WaitSandbox").exit_status();
  });
  CHECK(waiter.wait_for(std::chrono::milliseconds(300)) == std::future_status::timeout);
  shim.of_sandbox<Empty, api::StopSandboxRequest>("StopSandbox");
  CHECK(waiter.get() == 0);
  CHECK(::kill(static_cast<pid_t>(started.pid()), 0) != 0);
  shim.of_sandbox<Empty>("ShutdownSandbox");
  CHECK(shim.ended());
  CHECK(shim.leaked() == "");
  CHECK(shim.clean_up().exit_code == 0);
}

TEST_CASE("delete cleans up after a shim that was killed with its sandbox") {
  const Shim shim;
  shim.create();
  shim.of_sandbox<api::StartSandboxResponse>("StartSandbox");
  shim.kill();
  CHECK(shim.ended());
  const CommandResult deleted = shim.clean_up();
  CHECK_MESSAGE(deleted.exit_code == 0, deleted.err);
  task::DeleteResponse response;
  REQUIRE(response.ParseFromString(deleted.out));
  CHECK(response.exit_status() == 137);
  CHECK(shim.leaked() == "");
}

TEST_CASE("the shim says what it is on standard output alone") {
  const CommandResult told = run({KATA_SHIM_V2, "-info"});
  CHECK(told.exit_code == 0);
  CHECK(told.err == "");
  kata::containerd::RuntimeInfo info;
  REQUIRE(info.ParseFromString(told.out));
  CHECK(info.name() == "io.containerd.kata.v2");
  CHECK_FALSE(info.features().value().empty());
}
