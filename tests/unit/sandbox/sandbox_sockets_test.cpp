// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox_sockets.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <thread>

#include "kata/unix_socket.h"
#include "protocol/ttrpc/blocking_client.h"
#include "tests/unit/sandbox/stage.h"

namespace kata::sandbox {

namespace {

constexpr std::chrono::seconds kTime{20};

// What `ask` returns, while the loop runs.
template <class Ask>
auto outside(Stage& stage, Ask ask) {
  decltype(ask()) answer;
  bool answered = false;
  std::thread client([&] {
    answer = ask();
    boost::asio::post(stage.loop, [&] { answered = true; });
  });
  const auto wait = [&]() -> boost::asio::awaitable<bool> {
    while (!answered)
      co_await sleep_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(1));
    co_return true;
  };
  await(stage.loop, wait());
  client.join();
  return answer;
}

std::string get(const std::filesystem::path& socket, const std::string& page) {
  const UniqueFd client = connect_unix(socket).take();
  const std::string text = "GET " + page + " HTTP/1.1\r\nHost: x\r\n\r\n";
  if (::write(client.get(), text.data(), text.size()) < 0) return {};
  std::string all, piece(4096, '\0');
  for (ssize_t got = 0; (got = ::read(client.get(), piece.data(), piece.size())) > 0;)
    all.append(piece, 0, static_cast<std::size_t>(got));
  return all;
}

}  // namespace

TEST_CASE("a sandbox's sockets reach its agent and its metrics") {
  Stage stage;
  REQUIRE(stage.start().ok());
  const std::filesystem::path directory = stage.directory.path() / "run/s1";
  auto opened = SandboxSockets::open(stage.loop.get_executor(), directory, *stage.sandbox);
  REQUIRE_MESSAGE(opened.ok(), opened.error().message);
  const auto sockets = opened.take();
  for (const char* name : {"agent.sock", "shim-monitor.sock"}) {
    struct stat status {};
    REQUIRE(::stat((directory / name).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
  }
  const std::string url =
      outside(stage, [&] { return get(directory / "shim-monitor.sock", "/agent-url"); });
  CHECK(url.ends_with("\r\n\r\nunix://" + (directory / "agent.sock").native()));
  stage.filesystem->server = {::getpid(), "virtiofsd"};
  const std::string metrics =
      outside(stage, [&] { return get(directory / "shim-monitor.sock", "/metrics"); });
  for (const char* family : {"kata_shim", "kata_virtiofsd"})
    CHECK(metrics.find(concat('\n', family, "_threads ")) != std::string::npos);

  const std::string started = outside(stage, [&]() -> std::string {
    auto stream = connect_unix(directory / "agent.sock");
    if (!stream.ok()) return stream.error().message;
    ttrpc::BlockingClient client(stream.take());
    grpc::StartContainerRequest request;
    request.set_container_id("c1");
    const auto reply = ttrpc::call<grpc::Empty>(client, "grpc.AgentService", "StartContainer",
                                                request, std::chrono::steady_clock::now() + kTime);
    return reply.ok() ? "started" : reply.error().message;
  });
  CHECK(started == "started");
  CHECK(stage.agent.payloads.contains("StartContainer"));

  const auto close = [&]() -> boost::asio::awaitable<bool> {
    co_await sockets->close(std::chrono::steady_clock::now() + kTime);
    co_return true;
  };
  await(stage.loop, close());
  CHECK_FALSE(std::filesystem::exists(directory / "shim-monitor.sock"));
}

}  // namespace kata::sandbox
