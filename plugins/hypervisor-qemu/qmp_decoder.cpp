// SPDX-License-Identifier: Apache-2.0
#include "qmp_decoder.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kata/concat.h"

namespace kata::qemu {
namespace {

using nlohmann::json;

constexpr int kDeepestNesting = 64;

Error malformed(std::string_view why) {
  return make_error(ErrorCode::kInternal, concat("the monitor sent a malformed message: ", why));
}

// nlohmann's own limit is memory only, and dump() recurses.
bool nests_too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kDeepestNesting) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

std::string string_member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint32_t number_member(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned()) return 0;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(found->get<std::uint64_t>(), UINT32_MAX));
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<QmpMessage> read_greeting(const json& qmp) {
  QmpGreeting greeting;
  const json version = qmp.is_object() ? qmp.value("version", json::object()) : json();
  const json qemu = version.is_object() ? version.value("qemu", json::object()) : json();
  if (!qemu.is_object()) return malformed("a greeting without a version");
  greeting.major = number_member(qemu, "major");
  greeting.minor = number_member(qemu, "minor");
  return QmpMessage(greeting);
}

QmpReply read_reply(const json& message) {
  QmpReply reply;
  const auto id = message.find("id");
  if (id != message.end() && id->is_number_unsigned()) reply.id = id->get<std::uint64_t>();
  const auto error = message.find("error");
  if (error == message.end()) {
    reply.result_json = dump(message.at("return"));
    return reply;
  }
  const json& details = error->is_object() ? *error : json::object();
  reply.error = concat(string_member(details, "class"), ": ", string_member(details, "desc"));
  return reply;
}

Result<QmpMessage> classify(const json& message) {
  if (!message.is_object()) return malformed("not an object");
  if (const auto qmp = message.find("QMP"); qmp != message.end()) return read_greeting(*qmp);
  if (message.contains("event")) {
    const auto data = message.find("data");
    return QmpMessage(
        QmpEvent{string_member(message, "event"), data == message.end() ? "{}" : dump(*data)});
  }
  if (message.contains("return") || message.contains("error"))
    return QmpMessage(read_reply(message));
  return malformed("neither a greeting nor a reply nor an event");
}

}  // namespace

Result<QmpMessage> parse_qmp_line(std::string_view line) {
  if (nests_too_deep(line)) return malformed("nested too deep");
  try {
    return classify(json::parse(line));
  } catch (const json::exception& exception) {
    return malformed(exception.what());
  }
}

void QmpDecoder::feed(std::string_view bytes) {
  buffer_.erase(0, read_);
  scanned_ -= read_;
  read_ = 0;
  buffer_.append(bytes);
}

Result<std::optional<QmpMessage>> QmpDecoder::next() {
  for (;;) {
    const std::size_t end = buffer_.find('\n', std::max(read_, scanned_));
    if (end == std::string::npos) {
      scanned_ = buffer_.size();
      if (buffer_.size() - read_ > kLongestQmpLine)
        return make_error(
            ErrorCode::kResourceExhausted,
            concat("the monitor sent a line longer than ", kLongestQmpLine, " bytes"));
      return std::optional<QmpMessage>{};
    }
    std::string_view line(buffer_.data() + read_, end - read_);
    read_ = scanned_ = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (line.size() > kLongestQmpLine)
      return make_error(ErrorCode::kResourceExhausted,
                        concat("the monitor sent a line longer than ", kLongestQmpLine, " bytes"));
    return std::optional<QmpMessage>(KATA_TRY(parse_qmp_line(line), ""));
  }
}

}  // namespace kata::qemu
