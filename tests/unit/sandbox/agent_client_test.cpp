// SPDX-License-Identifier: Apache-2.0
#include "sandbox/agent_client.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>

#include "stage.h"

using namespace kata;
using namespace kata::sandbox;
using namespace std::chrono_literals;

namespace {

// A guest whose agent never answers RemoveContainer and, unless it hangs, answers Health.Check.
struct Guest {
  explicit Guest(bool hangs) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    host_end.reset(ends[0]);
    guest_end.reset(ends[1]);
    server.handle("grpc.Health", "Check",
                  [](std::string) -> boost::asio::awaitable<Result<std::string>> {
                    grpc::HealthCheckResponse response;
                    response.set_status(grpc::HealthCheckResponse::SERVING);
                    co_return response.SerializeAsString();
                  });
    server.handle("grpc.AgentService", "RemoveContainer",
                  [](std::string) -> boost::asio::awaitable<Result<std::string>> {
                    co_await sleep_until(Deadline::max());
                    co_return std::string();
                  });
    if (!hangs)
      boost::asio::co_spawn(loop, server.serve(std::move(guest_end)), boost::asio::detached);
  }

  std::string remove(std::chrono::milliseconds check_interval) {
    AgentClient client(ttrpc::Client(loop.get_executor(), std::move(host_end)), check_interval);
    const auto removed = await(loop, client.remove_container("c1", 300ms));
    REQUIRE_FALSE(removed.ok());
    CHECK(removed.error().code == ErrorCode::kTimeout);
    return removed.error().message;
  }

  boost::asio::io_context loop{1};
  ttrpc::Server server{};
  UniqueFd host_end{}, guest_end{};
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a call that times out tells a busy agent from a guest that hangs") {
  CHECK(contains(Guest(false).remove(90ms), "answers Health.Check, so it is busy"));
  CHECK(contains(Guest(true).remove(90ms), "nor does the guest answer Health.Check: it hangs"));
}

TEST_CASE("a call that times out before the first check claims nothing of the guest") {
  CHECK_FALSE(contains(Guest(true).remove(1h), "Health.Check"));
}
