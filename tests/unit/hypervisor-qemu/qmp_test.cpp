// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <thread>

#include <cstring>

#include "kata/concat.h"
#include "qmp_client.h"

using namespace kata;
using namespace kata::qemu;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr char kGreeting[] =
    "{\"QMP\":{\"version\":{\"qemu\":{\"major\":7,\"minor\":2}},\"capabilities\":[]}}\r\n";

Deadline in(int time_ms) { return steady_clock::now() + milliseconds(time_ms); }

// The two ends of a conversation; the server's end is written by the test, before or during it.
struct Ends {
  UniqueFd client{}, server{};
};

Ends make_ends() {
  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  return {UniqueFd(pair[0]), UniqueFd(pair[1])};
}

void say(const UniqueFd& server, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(server.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

ErrorCode code_of_answer(std::string_view bytes, bool close_after) {
  Ends ends = make_ends();
  say(ends.server, bytes);
  if (close_after) ends.server.reset();
  QmpClient client(std::move(ends.client));
  const auto reply = client.execute("query-status", in(200));
  return reply.ok() ? ErrorCode{} : reply.error().code;
}

}  // namespace

TEST_CASE("a conversation begins with a greeting and its version") {
  Ends ends = make_ends();
  say(ends.server, concat(kGreeting, "{\"return\":{},\"id\":1}\n"));
  QmpClient client(std::move(ends.client));
  const auto greeting = client.negotiate(in(1000));
  REQUIRE(greeting.ok());
  CHECK(greeting.value().major == 7);
  CHECK(greeting.value().minor == 2);
  char sent[128]{};
  CHECK(::recv(ends.server.get(), sent, sizeof sent - 1, 0) > 0);
  CHECK(std::string(sent) == "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
}

TEST_CASE("replies that arrive one byte at a time are put together") {
  QmpDecoder decoder;
  int messages = 0;
  for (const char c :
       concat(kGreeting, "{\"event\":\"STOP\"}\n{\"return\":{\"a\":[1]},\"id\":1}\n")) {
    decoder.feed({&c, 1});
    const auto message = decoder.next();
    REQUIRE(message.ok());
    if (message.value()) ++messages;
  }
  CHECK(messages == 3);
  CHECK_FALSE(decoder.in_mid_message());
}

TEST_CASE("events between replies and replies to other commands do not confuse a command") {
  Ends ends = make_ends();
  say(ends.server,
      "{\"event\":\"A\",\"data\":{\"x\":1}}\n\n{\"return\":{\"old\":1},\"id\":77}\n"
      "{\"error\":{\"desc\":\"whose?\"}}\n{\"return\":{},\"id\":\"1\"}\n{\"event\":\"B\"}\n"
      "{\"return\":{\"mine\":true},\"id\":1}\n");
  QmpClient client(std::move(ends.client));
  const auto reply = client.execute("query-status", in(1000));
  REQUIRE(reply.ok());
  CHECK(reply.value() == "{\"mine\":true}");
  const auto events = client.take_events(in(20));
  REQUIRE(events.size() == 2);
  CHECK(events[0].name == "A");
  CHECK(events[0].data_json == "{\"x\":1}");
  CHECK(events[1].name == "B");
}

TEST_CASE("an error reply names the command and QEMU's words") {
  Ends ends = make_ends();
  say(ends.server,
      "{\"error\":{\"class\":\"GenericError\",\"desc\":\"no such thing\"},\"id\":1}\n");
  QmpClient client(std::move(ends.client));
  const auto reply = client.execute("device_del", in(1000));
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().message == "monitor command 'device_del': GenericError: no such thing");
}

TEST_CASE("a monitor that never answers is a timeout at the deadline") {
  Ends ends = make_ends();
  QmpClient client(std::move(ends.client));
  const auto begin = steady_clock::now();
  const auto reply = client.execute("quit", in(150));
  const auto took = steady_clock::now() - begin;
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kTimeout);
  CHECK(took >= milliseconds(150));
  CHECK(took < milliseconds(1500));
}

TEST_CASE("a late reply is not taken for the next command's") {
  Ends ends = make_ends();
  QmpClient client(std::move(ends.client));
  CHECK_FALSE(client.execute("stop", in(20)).ok());
  say(ends.server, "{\"return\":{\"late\":1},\"id\":1}\n{\"return\":{\"right\":1},\"id\":2}\n");
  const auto reply = client.execute("cont", in(1000));
  REQUIRE(reply.ok());
  CHECK(reply.value() == "{\"right\":1}");
}

TEST_CASE("a monitor that sends bytes for ever but no line cannot outlast the deadline") {
  Ends ends = make_ends();
  QmpClient client(std::move(ends.client));
  std::jthread dripper([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      say(ends.server, " ");
      std::this_thread::sleep_for(milliseconds(5));
    }
  });
  const auto begin = steady_clock::now();
  const auto reply = client.execute("stop", in(150));
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kTimeout);
  CHECK(steady_clock::now() - begin < milliseconds(1500));
}

TEST_CASE("a monitor that floods events for ever cannot outlast the deadline or fill memory") {
  Ends ends = make_ends();
  QmpClient client(std::move(ends.client));
  std::jthread flooder([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) say(ends.server, "{\"event\":\"NOISE\"}\n");
  });
  const auto begin = steady_clock::now();
  const auto reply = client.execute("stop", in(150));
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kTimeout);
  CHECK(steady_clock::now() - begin < milliseconds(1500));
  flooder.request_stop();
  CHECK(client.take_events(in(100)).size() == QmpClient::kEventsKept);
}

TEST_CASE("a closed monitor is unavailable also in the middle of a message") {
  CHECK(code_of_answer("", true) == ErrorCode::kUnavailable);
  CHECK(code_of_answer("{\"return\":{},\"i", true) == ErrorCode::kUnavailable);
}

TEST_CASE("garbage is an error and never an answer") {
  for (const std::string_view line :
       {"garbage\n", "{\n", "[]\n", "7\n", "{}\n", "null\n", "\"x\"\n", "{\"QMP\":7}\n",
        "{\"QMP\":{\"version\":[]}}\n", "\xff\xfe\n", "{\"return\":\n"}) {
    CAPTURE(line);
    CHECK(code_of_answer(line, false) == ErrorCode::kInternal);
  }
}

TEST_CASE("members of the wrong kind are tolerated") {
  for (const std::string_view line :
       {R"({"event":7})", R"({"event":[],"data":7})", R"({"error":7,"id":1})",
        R"({"error":{"class":7,"desc":[]},"id":-1})", R"({"return":"x","id":1.5})",
        R"({"QMP":{"version":{"qemu":{"major":-1,"minor":99999999999}}}})"}) {
    CAPTURE(line);
    CHECK(parse_qmp_line(line).ok());
  }
}

TEST_CASE("a line without end and a nest without end are refused") {
  CHECK(code_of_answer(std::string(100'000, '[') + "\n", false) == ErrorCode::kInternal);
  QmpDecoder decoder;
  const std::string block(64 << 10, 'x');
  Result<std::optional<QmpMessage>> got = std::optional<QmpMessage>{};
  for (int i = 0; i < 20 && got.ok(); ++i) {
    decoder.feed(block);
    got = decoder.next();
  }
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().code == ErrorCode::kResourceExhausted);
}

TEST_CASE("a monitor that does not read cannot block a command beyond its deadline") {
  Ends ends = make_ends();
  QmpClient client(std::move(ends.client));
  const std::string large = "{\"x\":\"" + std::string(4 << 20, 'x') + "\"}";
  const auto begin = steady_clock::now();
  const auto reply = client.execute("object-add", in(150), large);
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kTimeout);
  CHECK(steady_clock::now() - begin < milliseconds(1500));
}

TEST_CASE("a descriptor travels with its command") {
  Ends ends = make_ends();
  say(ends.server, "{\"return\":{},\"id\":1}\n");
  QmpClient client(std::move(ends.client));
  REQUIRE(client.execute("getfd", in(1000), R"({"fdname":"x"})", 0).ok());
  char text[128]{};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
  iovec part{text, sizeof text - 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  REQUIRE(::recvmsg(ends.server.get(), &message, MSG_CMSG_CLOEXEC) > 0);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  REQUIRE(header != nullptr);
  CHECK(header->cmsg_type == SCM_RIGHTS);
  int got = -1;
  std::memcpy(&got, CMSG_DATA(header), sizeof got);
  CHECK(UniqueFd(got));
  CHECK(std::string(text) == "{\"execute\":\"getfd\",\"id\":1,\"arguments\":{\"fdname\":\"x\"}}\n");
}
