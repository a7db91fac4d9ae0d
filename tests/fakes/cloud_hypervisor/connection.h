// SPDX-License-Identifier: Apache-2.0
//
// One connection to the fake's API: requests with their descriptors in, replies out, also as no
// server should send them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kata/unique_fd.h"

namespace kata::fake_cloudhv {

struct Request {
  std::string method{}, endpoint{}, body{};
  std::size_t fds = 0;  // how many came with it; closed already
};

class Connection {
 public:
  explicit Connection(UniqueFd fd) : fd_(std::move(fd)) {}

  std::optional<Request> read();  // nullopt: the peer closed
  void say(std::string_view text) const;
  void say_slowly(std::string_view text) const;  // a byte each 100 ms
  // The peer's end, and nothing before it.
  void wait_for_close() const;

 private:
  bool read_more(std::size_t& fds);

  UniqueFd fd_;
  std::string buffer_{};
};

std::string reply_text(int status, std::string_view body);

}  // namespace kata::fake_cloudhv
