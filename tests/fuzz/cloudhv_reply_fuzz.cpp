// SPDX-License-Identifier: Apache-2.0
//
// Everything a Cloud Hypervisor can answer, in pieces of any size, and what stands in the files of
// a snapshot and a record: no crash, no endless buffer, and nothing accepted that means something
// else.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api_client.h"
#include "api_replies.h"
#include "cloudhv_config.h"
#include "http_reply.h"
#include "saved_state.h"
#include "snapshot_config.h"

using namespace kata;
using namespace kata::cloudhv;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void read_body(const std::string& body) {
  (void)parse_ping(body);
  (void)parse_counters(body);
  (void)parse_config(body);
  const auto info = parse_info(body);
  if (info.ok()) check(info.value().state.find('\n') == std::string::npos);
  const auto address = parse_guest_address(body);
  if (address.ok()) check(address.value().size() == (body.empty() ? 0 : 2));
  const auto saved = parse_saved_state(body);
  if (saved.ok()) check(parse_saved_state(to_json(saved.value())).value() == saved.value());
  const VmSpec spec;
  const auto clone = config_of_clone(body, {spec, {}, {"/v", "/c", "/d"}, "/s", true});
  if (clone.ok()) check(clone.value().find("\"socket\":\"/v\"") != std::string::npos);
}

void read_reply(std::string_view bytes, std::size_t piece) {
  HttpReplyReader reader;
  while (!bytes.empty()) {
    const auto complete = reader.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    if (!complete.ok()) return;
    if (!complete.value()) continue;
    const HttpReply reply = reader.take();
    check(reply.body.size() <= kLongestBody);
    check(reply.status / 100 != 1);
    check(refusal(reply).message.find('\n') == std::string::npos);
    return read_body(reply.body);
  }
  if (reader.end().ok()) read_body(reader.take().body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  read_reply(bytes, 1 + data[0]);
  read_body(std::string(bytes));
  return 0;
}
