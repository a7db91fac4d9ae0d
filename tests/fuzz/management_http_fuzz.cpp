// SPDX-License-Identifier: Apache-2.0
//
// Every head of a request that a client could send: what is taken keeps its promises, and what is
// answered is one well-formed head of a response.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sandbox/management/endpoints.h"

namespace {

using namespace kata::management;

void require(bool kept) {
  if (!kept) std::abort();
}

void check_response(const Response& response) {
  const std::string text = wire_form(response);
  const std::size_t end = text.find("\r\n\r\n");
  require(text.starts_with("HTTP/1.1 ") && end != std::string::npos);
  require(text.size() - end - 4 == response.body.size());
  for (const char c : text) require(c == '\r' || c == '\n' || (c >= ' ' && c <= '~'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = parse_head({reinterpret_cast<const char*>(data), size});
  if (const auto* refused = std::get_if<Response>(&parsed)) {
    check_response(*refused);
    return 0;
  }
  const auto& head = std::get<RequestHead>(parsed);
  require(head.path.starts_with('/') && head.path.find('?') == std::string::npos);
  require(head.body_bytes <= kMostBody);
  if (const auto refused = refuse_early(head)) check_response(*refused);
  return 0;
}
