// SPDX-License-Identifier: Apache-2.0
//
// The only user of Boost.Beast, and of its grammar alone: it does no I/O here.
#include "http_reply.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <utility>

#include "kata/concat.h"

namespace kata::cloudhv {
namespace {

namespace http = boost::beast::http;

constexpr int kMostInterim = 4;
constexpr std::size_t kMostBytes = kLongestBody + (64U << 10);  // chunk headers included

Error bad(std::string_view why) {
  return make_error(ErrorCode::kInternal, concat("its HTTP reply is not understood: ", why));
}

Error too_long() {
  return make_error(ErrorCode::kResourceExhausted,
                    concat("its HTTP reply is longer than ", kLongestBody >> 20, " MiB"));
}

}  // namespace

struct HttpReplyReader::Parser {
  http::response_parser<http::string_body> beast{};
  Parser() {
    beast.header_limit(kLongestHeader);
    beast.body_limit(kLongestBody);
    beast.eager(true);
  }
};

HttpReplyReader::HttpReplyReader() : parser_(std::make_unique<Parser>()) {}
HttpReplyReader::~HttpReplyReader() = default;

Result<bool> HttpReplyReader::feed(std::string_view bytes) {
  fed_ += bytes.size();
  if (fed_ > kMostBytes) return too_long();
  pending_ += bytes;
  try {
    return parse();
  } catch (const std::exception& exception) {
    return bad(exception.what());
  }
}

Result<bool> HttpReplyReader::parse() {
  for (;;) {
    if (!KATA_TRY(parse_one(), "")) return false;
    if (parser_->beast.get().result_int() / 100 != 1) break;
    if (++interim_ > kMostInterim) return bad("too many interim replies");
    parser_ = std::make_unique<Parser>();
  }
  if (!pending_.empty()) return bad("bytes follow its end");
  return true;
}

Result<bool> HttpReplyReader::parse_one() {
  while (!parser_->beast.is_done() && !pending_.empty()) {
    boost::beast::error_code error;
    const std::size_t used = parser_->beast.put(boost::asio::buffer(pending_), error);
    pending_.erase(0, used);
    if (error == http::error::need_more) return false;
    if (error == http::error::body_limit) return too_long();
    if (error) return bad(error.message());
    if (used == 0) return false;
  }
  return parser_->beast.is_done();
}

Result<void> HttpReplyReader::end() {
  constexpr const char* kEarly = "closed its API socket in the middle of a reply";
  if (fed_ == 0) return make_error(ErrorCode::kUnavailable, "closed its API socket unasked");
  boost::beast::error_code error;
  if (parser_->beast.is_header_done() && pending_.empty()) parser_->beast.put_eof(error);
  if (error || !parser_->beast.is_done()) return make_error(ErrorCode::kUnavailable, kEarly);
  return {};
}

HttpReply HttpReplyReader::take() {
  auto message = parser_->beast.release();
  return {message.result_int(), std::move(message.body())};
}

}  // namespace kata::cloudhv
