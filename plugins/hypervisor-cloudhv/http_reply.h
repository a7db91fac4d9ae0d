// SPDX-License-Identifier: Apache-2.0
//
// One HTTP/1.1 reply, read in pieces of any size. What the VMM sends is not trusted: a header has
// at most 16 KiB and a body 4 MiB.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata::cloudhv {

inline constexpr std::size_t kLongestHeader = 16U << 10;
inline constexpr std::size_t kLongestBody = 4U << 20;

struct HttpReply {
  unsigned status = 0;
  std::string body{};
};

class HttpReplyReader {
 public:
  HttpReplyReader();
  ~HttpReplyReader();

  // Takes the next bytes; true: the reply is complete. Interim replies (100 Continue) are skipped.
  Result<bool> feed(std::string_view bytes);
  // The peer has closed: an error in mid-reply; a body without a length ends here.
  Result<void> end();
  // Precondition: complete.
  HttpReply take();

 private:
  struct Parser;  // keeps Beast out of this header

  Result<bool> parse();
  Result<bool> parse_one();

  std::unique_ptr<Parser> parser_;
  std::string pending_{};
  std::size_t fed_ = 0;
  int interim_ = 0;
};

}  // namespace kata::cloudhv
