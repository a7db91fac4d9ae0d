// SPDX-License-Identifier: Apache-2.0
//
// Up to eight calls to the agent, through its ttRPC server into the handlers: a byte that selects
// the method, two of length, the request. There are a sandbox and a container "box" with an exec
// "e1". What handlers would do to the machine is contained.
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent.pb.h"
#include "agent/log_json.h"
#include "agent/rpc/services.h"
#include "agent/stdio.h"
#include "containment.h"
#include "protocol/ttrpc/frame.h"
#include "ttrpc.pb.h"

namespace {

namespace asio = boost::asio;
using namespace kata;
using namespace kata::agent;

// In the order of the protocol's definition; the two of grpc.Health last. Seeds count on it.
constexpr std::array<std::string_view, 44> kMethods{"CreateContainer",
                                                    "StartContainer",
                                                    "RemoveContainer",
                                                    "ExecProcess",
                                                    "SignalProcess",
                                                    "WaitProcess",
                                                    "UpdateContainer",
                                                    "UpdateEphemeralMounts",
                                                    "StatsContainer",
                                                    "PauseContainer",
                                                    "ResumeContainer",
                                                    "RemoveStaleVirtiofsShareMounts",
                                                    "GetDiagnosticData",
                                                    "WriteStdin",
                                                    "ReadStdout",
                                                    "ReadStderr",
                                                    "CloseStdin",
                                                    "TtyWinResize",
                                                    "UpdateInterface",
                                                    "UpdateRoutes",
                                                    "ListInterfaces",
                                                    "ListRoutes",
                                                    "AddARPNeighbors",
                                                    "GetIPTables",
                                                    "SetIPTables",
                                                    "GetMetrics",
                                                    "MemAgentMemcgSet",
                                                    "MemAgentCompactSet",
                                                    "CreateSandbox",
                                                    "DestroySandbox",
                                                    "OnlineCPUMem",
                                                    "ReseedRandomDev",
                                                    "GetGuestDetails",
                                                    "MemHotplugByProbe",
                                                    "SetGuestDateTime",
                                                    "CopyFile",
                                                    "GetOOMEvent",
                                                    "AddSwap",
                                                    "AddSwapPath",
                                                    "GetVolumeStats",
                                                    "ResizeVolume",
                                                    "SetPolicy",
                                                    "Check",
                                                    "Version"};
constexpr std::size_t kFirstOfHealth = 42, kMostCalls = 8;
constexpr pid_t kNoProcess = 1 << 30;  // above the kernel's greatest

void require(bool held) {
  if (!held) std::abort();
}

struct Call {
  std::size_t method = 0;
  std::string_view payload{};
};

bool next_call(std::string_view& input, Call& call) {
  if (input.size() < 3) return false;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(input[at]); };
  call.method = byte(0) % kMethods.size();
  const std::size_t size = std::min<std::size_t>(byte(1) | byte(2) << 8, input.size() - 3);
  call.payload = input.substr(3, size);
  input.remove_prefix(3 + size);
  return true;
}

std::string frame_of(const Call& call, std::uint32_t stream) {
  ttrpc_wire::Request request;
  request.set_service(call.method < kFirstOfHealth ? "grpc.AgentService" : "grpc.Health");
  request.set_method(std::string(kMethods[call.method]));
  request.set_payload(std::string(call.payload));
  const std::string body = request.SerializeAsString();
  const auto header =
      kata::ttrpc::encode_header({static_cast<std::uint32_t>(body.size()), stream, 1, 0});
  return std::string(reinterpret_cast<const char*>(header.data()), header.size()) + body;
}

// The agent of one input. The order of the members is the one that run_agent has.
class Guest {
 public:
  Guest() {
    register_services(server_, sandbox_, modules_, config_, false, [] {});
    register_health(server_, [] {});
    asio::co_spawn(loop_, sandbox_.create(grpc::CreateSandboxRequest()),
                   [](const std::exception_ptr& thrown, const Result<void>& created) {
                     require(!thrown && created.ok());
                   });
    run();
    add_container();
    int ends[2] = {-1, -1};
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    client_.reset(ends[1]);
    asio::co_spawn(loop_, server_.serve(UniqueFd(ends[0])), asio::detached);
  }

  void take(const Call& call) {
    const std::string frame = frame_of(call, stream_ += 2);
    require(::send(client_.get(), frame.data(), frame.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(frame.size()));
    run();
    char replies[65536];
    while (::read(client_.get(), replies, sizeof replies) > 0) run();
  }

  void close() {
    client_.reset();
    run();
  }

 private:
  // What waits for time or for a process goes on waiting and is dropped with the loop.
  void run() {
    loop_.restart();
    loop_.poll();
  }

  std::shared_ptr<Process> process() {
    StdioPair pipes = make_pipes(0).take();
    require(::write(pipes.process.out.get(), "out", 3) == 3);
    kept_.push_back(std::move(pipes.process));
    return std::make_shared<Process>(loop_.get_executor(), kNoProcess, std::move(pipes.agent));
  }

  void add_container() {
    auto container =
        std::make_unique<Container>("box", StorageReferences(sandbox_.storages()), Bundle());
    container->paths = {"/run/kata/box", "/kata-fuzz-box"};
    grpc::Spec spec;
    spec.mutable_process()->add_args("true");
    require(container->spec.set(spec).ok());
    container->init = process();
    container->execs["e1"] = process();
    sandbox_.containers().insert(std::move(container));
  }

  static AgentConfig config() {
    AgentConfig config;
    config.run_dir = "/run/kata";
    config.modules_dir = "/nonexistent";
    return config;
  }

  asio::io_context loop_{1};
  const AgentConfig config_ = config();
  std::unique_ptr<Signals> signals_ = Signals::install(loop_.get_executor()).take();
  ModuleLoader modules_{config_.modules_dir};
  Sandbox sandbox_{loop_.get_executor(), config_, false, modules_, *signals_};
  kata::ttrpc::Server server_{};
  UniqueFd client_{};
  std::vector<ProcessStdio> kept_{};
  std::uint32_t stream_ = 1;
};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  static JsonSink sink(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  log::set_sink(&sink, log::Level::kDebug);
  fuzz::contain();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Guest guest;
  Call call;
  for (std::size_t calls = 0; calls < kMostCalls && next_call(input, call); ++calls)
    guest.take(call);
  guest.close();
  return 0;
}
