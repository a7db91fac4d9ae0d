// SPDX-License-Identifier: Apache-2.0
#include "http_reply.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace kata;
using namespace kata::cloudhv;

namespace {

constexpr std::string_view kNoContent =
    "HTTP/1.1 204 \r\nServer: Cloud Hypervisor API\r\nConnection: keep-alive\r\n\r\n";

// The reply, fed in pieces of `piece` bytes; the peer closes after it.
Result<HttpReply> read(std::string_view text, std::size_t piece) {
  HttpReplyReader reader;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, piece);
    text.remove_prefix(part.size());
    const auto complete = reader.feed(part);
    if (!complete.ok()) return complete.error();
    if (complete.value() && text.empty()) return reader.take();
    if (complete.value()) return make_error(ErrorCode::kInternal, "complete too early");
  }
  if (auto ended = reader.end(); !ended.ok()) return ended.error();
  return reader.take();
}

}  // namespace

TEST_CASE("a reply is the same in pieces of any size") {
  struct Example {
    std::string text;
    unsigned status;
    std::string body;
  };
  const std::vector<Example> examples = {
      {std::string(kNoContent), 204, ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}"},
      {"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200, ""},
      {"HTTP/1.1 500 \r\ncontent-length: 4\r\n\r\n\"no\"", 500, "\"no\""},
      {"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\n{\r\n1\r\n}\r\n0\r\n\r\n", 200,
       "{}"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", 200, "x"},
      {"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end"}};
  for (const Example& example : examples)
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{65536}}) {
      CAPTURE(example.text);
      CAPTURE(piece);
      const auto reply = read(example.text, piece);
      REQUIRE_MESSAGE(reply.ok(), reply.error().message);
      CHECK(reply.value().status == example.status);
      CHECK(reply.value().body == example.body);
    }
}

TEST_CASE("what is no reply is refused in pieces of any size") {
  const std::vector<std::string> hostile = {
      "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      "HTTP/1.1 abc\r\n\r\n",
      "HTTP/1.1 200 \r\nContent-Length: -1\r\n\r\n",
      "HTTP/1.1 200 \r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
      "HTTP/1.1 200 \r\nContent-Length: 99999999999999999999\r\n\r\n",
      "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
      "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n",
      "HTTP/1.1 200 \r\nContent-Length: 10\r\n\r\nshort",
      "HTTP/1.1 200 \r\nContent-",
      std::string("HTTP/1.1 200 \r\n\0: x\r\n\r\n", 23),
      ""};
  for (const std::string& text : hostile)
    for (const std::size_t piece : {std::size_t{1}, std::size_t{65536}}) {
      CAPTURE(text);
      CHECK_FALSE(read(text, piece).ok());
    }
}

TEST_CASE("bytes after a reply are refused") {
  HttpReplyReader reader;
  CHECK_FALSE(reader.feed("HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n{\"state\":1}").ok());
}

TEST_CASE("a reply without end is refused before it fills the memory") {
  const std::string block(1 << 16, 'x');
  for (const char* head : {"HTTP/1.1 200 \r\nX: ", "HTTP/1.0 200 \r\n\r\n",
                           "HTTP/1.1 200 \r\nContent-Length: 4194305\r\n\r\n",
                           "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n1;"}) {
    CAPTURE(head);
    HttpReplyReader reader;
    auto outcome = reader.feed(head);
    int blocks = 0;
    for (; outcome.ok() && blocks < 100; ++blocks) outcome = reader.feed(block);
    REQUIRE_FALSE(outcome.ok());
    CHECK(blocks <= 66);
  }
}

TEST_CASE("interim replies without end are refused") {
  HttpReplyReader reader;
  auto outcome = reader.feed("HTTP/1.1 100 \r\n\r\n");
  for (int i = 0; outcome.ok() && i < 10; ++i) outcome = reader.feed("HTTP/1.1 100 \r\n\r\n");
  CHECK_FALSE(outcome.ok());
}
