// SPDX-License-Identifier: Apache-2.0
//
// What a guest's agent could answer to kata-agent-ctl: the first byte chooses the call, the rest is
// the reply. No control character may reach a terminal or break a line of JSON.
#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "programs/kata-agent-ctl/render.h"

namespace {

void require_printable(std::string_view text, std::string_view but) {
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < ' ' || c == 0x7f;
    if (control && but.find(c) == std::string_view::npos) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kata::agentctl;
  static const Schema schema;
  google::protobuf::SetLogHandler(nullptr);
  if (size == 0) return 0;
  const Method& method = *schema.methods()[data[0] % schema.methods().size()];
  const std::unique_ptr<Message> reply = schema.new_message(*method.output_type());
  if (!reply->ParseFromArray(data + 1, static_cast<int>(size - 1))) return 0;
  require_printable(render_text(*reply, true), "\n\t");
  (void)render_text(*reply, false);
  const std::string json = render_json(*reply);
  require_printable(json.substr(0, json.size() - 1), "\x7f");  // JSON lets DEL stand
  return 0;
}
