// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "kata/concat.h"
#include "sandbox/management/http.h"

using namespace kata::management;
using kata::concat;

namespace {

std::string head_of(const std::string& first, const std::string& fields) {
  return concat(first, "\r\nHost: x\r\n", fields, "\r\n");
}

// 200 when it is taken.
int status_of(const std::string& head) {
  const auto parsed = parse_head(head);
  const auto* const refused = std::get_if<Response>(&parsed);
  return refused == nullptr ? 200 : refused->status;
}

}  // namespace

TEST_CASE("the head of a request is taken apart") {
  const auto parsed = parse_head(
      head_of("PUT /ip6tables?a=b?c HTTP/1.1", "content-LENGTH:  12 \r\nExpect: 100-Continue\r\n"));
  const auto* const head = std::get_if<RequestHead>(&parsed);
  REQUIRE(head != nullptr);
  CHECK(head->method == "PUT");
  CHECK(head->path == "/ip6tables");
  CHECK(head->query == "a=b?c");
  CHECK(head->has_length);
  CHECK(head->body_bytes == 12);
  CHECK(head->waits_for_continue);
}

TEST_CASE("a request that could be read in two ways is refused") {
  struct Row {
    std::string head;
    int status;
  };
  const std::string get = "GET / HTTP/1.1";
  const Row rows[] = {
      {head_of(get, ""), 200},
      {"GET / HTTP/1.0\r\n\r\n", 200},
      {"GET / HTTP/1.1\r\n\r\n", 400},  // no Host
      {"", 400},
      {"\r\n\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {head_of("GET  HTTP/1.1", ""), 400},
      {head_of("GET  / HTTP/1.1", ""), 400},
      {head_of("GET / x HTTP/1.1", ""), 400},
      {head_of("G(T / HTTP/1.1", ""), 400},
      {head_of(" / HTTP/1.1", ""), 400},
      {head_of("GETGETGETGETGETGETGET / HTTP/1.1", ""), 400},
      {head_of("GET http://x/ HTTP/1.1", ""), 400},
      {head_of("GET /\x7f HTTP/1.1", ""), 400},
      {head_of("GET /\t HTTP/1.1", ""), 400},
      {head_of("GET / HTTP/2", ""), 505},
      {head_of("GET / HTTP/1.1 ", ""), 505},
      {head_of(concat("GET /", std::string(2048, 'a'), " HTTP/1.1"), ""), 414},
      {head_of(get, "Host: y\r\n"), 400},
      {head_of(get, "Content-Length: 1\r\nContent-Length: 1\r\n"), 400},
      {head_of(get, "Content-Length: 1, 1\r\n"), 400},
      {head_of(get, "Content-Length: +1\r\n"), 400},
      {head_of(get, "Content-Length: -1\r\n"), 400},
      {head_of(get, "Content-Length: 0x10\r\n"), 400},
      {head_of(get, "Content-Length:\r\n"), 400},
      {head_of(get, "Content-Length: 3145729\r\n"), 413},
      {head_of(get, "Content-Length: 99999999999999999999999\r\n"), 413},
      {head_of(get, "Transfer-Encoding: chunked\r\n"), 501},
      {head_of(get, "Expect: more\r\n"), 417},
      {head_of(get, "Name : x\r\n"), 400},
      {head_of(get, " folded\r\n"), 400},
      {head_of(get, ": x\r\n"), 400},
      {head_of(get, "nothing\r\n"), 400},
      {head_of(get, "A: \x01\r\n"), 400},
      {head_of(get, concat("A: ", std::string(1, '\0'), "\r\n")), 400},
      {head_of(get, "A: \xff\r\n"), 400},
      {head_of(get, "A: b\nC: d\r\n"), 400},
      {head_of(get, "A: b\rC: d\r\n"), 400},
      {concat(get, "\nHost: x\n\n"), 400},
      {concat(get, "\r\nHost: x\r\n"), 400},  // no empty line
      {concat(head_of(get, ""), "more"), 400},
  };
  for (const Row& row : rows) CHECK_MESSAGE(status_of(row.head) == row.status, row.head);
  std::string many;
  for (int i = 0; i < 64; ++i) many += "A: b\r\n";
  CHECK(status_of(head_of(get, many)) == 431);
}

TEST_CASE("a refusal is one printable line whatever the reason holds") {
  CHECK(refusal(404, "no\r\nX: y\x1b").body == "no??X: y?\n");
}

TEST_CASE("a response says its length and that it is the last") {
  Response response;
  response.body = "text";
  response.allow = "GET";
  CHECK(wire_form(response) ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 4\r\n"
        "Connection: close\r\nAllow: GET\r\n\r\ntext");
}
