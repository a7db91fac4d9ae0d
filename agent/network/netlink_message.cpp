// SPDX-License-Identifier: Apache-2.0
#include "agent/network/netlink_message.h"

#include <algorithm>

#include "kata/concat.h"

namespace kata::agent {
namespace {

Error malformed(const char* what) {
  return make_error(ErrorCode::kInternal, concat("the kernel's netlink answer has ", what));
}

void align(std::string& bytes) { bytes.resize(NLMSG_ALIGN(bytes.size())); }

void remove_aligned(std::string_view& bytes, std::size_t length) {
  bytes.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(length), bytes.size()));
}

}  // namespace

MessageBuilder::MessageBuilder(std::uint16_t type, std::uint16_t flags, std::string_view fixed) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = flags;
  bytes_.append(reinterpret_cast<const char*>(&header), sizeof header);
  bytes_.append(fixed);
  align(bytes_);
}

MessageBuilder& MessageBuilder::add(std::uint16_t attribute, std::string_view value) {
  const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + value.size()), attribute};
  bytes_.append(reinterpret_cast<const char*>(&header), sizeof header);
  bytes_.append(value);
  align(bytes_);
  return *this;
}

MessageBuilder& MessageBuilder::add_text(std::uint16_t attribute, const std::string& value) {
  return add(attribute, {value.c_str(), value.size() + 1});
}

std::size_t MessageBuilder::begin_nest(std::uint16_t attribute) {
  const std::size_t start = bytes_.size();
  add(static_cast<std::uint16_t>(attribute | NLA_F_NESTED), {});
  return start;
}

void MessageBuilder::end_nest(std::size_t start) {
  const auto length = static_cast<std::uint16_t>(bytes_.size() - start);
  std::memcpy(bytes_.data() + start, &length, sizeof length);
}

std::string_view MessageBuilder::finish(std::uint32_t sequence, std::uint16_t flags) {
  nlmsghdr header;
  std::memcpy(&header, bytes_.data(), sizeof header);
  header.nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
  header.nlmsg_seq = sequence;
  header.nlmsg_flags = static_cast<std::uint16_t>(header.nlmsg_flags | flags);
  std::memcpy(bytes_.data(), &header, sizeof header);
  return bytes_;
}

Result<Message> take_message(std::string_view& bytes) {
  nlmsghdr header;
  if (bytes.size() < sizeof header) return malformed("half a message");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes.size())
    return malformed("a message of a wrong length");
  const Message message{header.nlmsg_type, header.nlmsg_flags, header.nlmsg_seq,
                        bytes.substr(sizeof header, header.nlmsg_len - sizeof header)};
  remove_aligned(bytes, header.nlmsg_len);
  return message;
}

Result<Attributes> Attributes::parse(std::string_view bytes) {
  Attributes attributes;
  while (!bytes.empty()) {
    nlattr header;
    if (bytes.size() < sizeof header) return malformed("half an attribute");
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > bytes.size())
      return malformed("an attribute of a wrong length");
    const std::size_t number = header.nla_type & NLA_TYPE_MASK;
    if (number <= kLargest)
      attributes.values_[number] = bytes.substr(sizeof header, header.nla_len - sizeof header);
    remove_aligned(bytes, header.nla_len);
  }
  return attributes;
}

std::optional<std::string_view> Attributes::bytes(std::uint16_t attribute) const {
  if (attribute > kLargest || values_[attribute].data() == nullptr) return {};
  return values_[attribute];
}

std::string Attributes::text(std::uint16_t attribute) const {
  const std::string_view value = bytes(attribute).value_or(std::string_view());
  return std::string(value.substr(0, value.find('\0')));
}

Result<void> read_acknowledgement(const Message& message) {
  std::string_view rest = message.payload;
  const auto answer = KATA_TRY(take_fixed<nlmsgerr>(rest), "");
  if (answer.error == 0) return {};
  std::string words;
  if ((message.flags & NLM_F_ACK_TLVS) != 0) {
    // Without NLM_F_CAPPED the request stands between the number and the words.
    const std::size_t echoed =
        answer.msg.nlmsg_len < sizeof answer.msg ? 0 : answer.msg.nlmsg_len - sizeof answer.msg;
    if ((message.flags & NLM_F_CAPPED) == 0) remove_aligned(rest, echoed);
    if (const auto attributes = Attributes::parse(rest); attributes.ok())
      words = attributes.value().text(NLMSGERR_ATTR_MSG);
  }
  const int number = answer.error == INT32_MIN ? EPROTO : std::abs(answer.error);
  Error error{code_of_errno(number), number, std::strerror(number)};
  if (!words.empty()) error.message = concat(words, " (", error.message, ')');
  return error;
}

}  // namespace kata::agent
