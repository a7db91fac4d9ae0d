// SPDX-License-Identifier: Apache-2.0
//
// As much of HTTP/1.1 (RFC 9112) as a management socket needs: one request a connection, a body of
// known length. Everything that could be read in two ways is refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace kata::management {

inline constexpr std::size_t kMostHead = 8U << 10;  // bytes, with the empty line
inline constexpr std::size_t kMostBody = 3U << 20;  // an agent's call carries at most 4 MiB

struct RequestHead {
  std::string method{};
  std::string path{}, query{};  // of the target, split at the first '?'; not decoded
  std::size_t body_bytes = 0;
  bool has_length = false;
  bool waits_for_continue = false;  // sends its body after "100 Continue"
};

struct Response {
  int status = 200;
  std::string body{};
  std::string content_type = "text/plain; charset=utf-8";
  std::string allow{};  // of a 405: the methods
};

// `head` is everything up to and including the empty line. The other alternative refuses it, with
// the reason as body.
std::variant<RequestHead, Response> parse_head(std::string_view head);

// Ends with a line end; `reason` is made printable.
Response refusal(int status, std::string_view reason);

// Always the last of its connection.
std::string wire_form(const Response& response);

}  // namespace kata::management
