// SPDX-License-Identifier: Apache-2.0
#include "bench/agent/wire.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "kata/concat.h"

namespace kata::bench {
namespace {

std::uint64_t take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (bytes.empty()) fail("a reply is cut off");
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) return value;
  }
  fail("a reply has a number of more than 64 bits");
}

}  // namespace

std::string frame_of(std::string_view service, std::string_view method, std::string_view payload) {
  return must(ttrpc::encode_call(service, method, payload, std::chrono::nanoseconds(0)));
}

std::string_view bytes_field(std::string_view message, unsigned number) {
  while (!message.empty()) {
    const std::uint64_t key = take_varint(message);
    const std::uint64_t value = take_varint(message);
    if ((key & 7U) == 0) continue;
    if ((key & 7U) != 2 || value > message.size()) fail("a reply is not as expected");
    if (key >> 3U == number) return message.substr(0, value);
    message.remove_prefix(value);
  }
  return {};
}

std::uint32_t Wire::send(std::string& frame) {
  const std::uint32_t stream_id = next_id_;
  next_id_ += 2;
  ttrpc::stamp_stream_id(frame, stream_id);
  write_all(frame);
  return stream_id;
}

void Wire::send_many(std::string& frame, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i, next_id_ += 2) {
    ttrpc::stamp_stream_id(frame, next_id_);
    all += frame;
  }
  write_all(all);
}

Reply Wire::receive() {
  while (!has_reply()) read_more();
  const auto header = ttrpc::decode_header(std::span<const std::byte, ttrpc::kHeaderSize>(
      reinterpret_cast<const std::byte*>(buffer_.data() + start_), ttrpc::kHeaderSize));
  if (header.type != static_cast<std::uint8_t>(ttrpc::MessageType::kResponse))
    fail("a frame that is no reply");
  const Reply reply{header.stream_id,
                    std::string_view(buffer_).substr(start_ + ttrpc::kHeaderSize, header.length)};
  start_ += ttrpc::kHeaderSize + header.length;
  return reply;
}

void Wire::drain() {
  char ignored[512];
  for (ssize_t got = 1; got > 0 || (got < 0 && errno == EINTR);)
    got = ::read(fd(), ignored, sizeof ignored);
}

std::uint32_t Wire::length_ahead() const {
  return ttrpc::decode_header(
             std::span<const std::byte, ttrpc::kHeaderSize>(
                 reinterpret_cast<const std::byte*>(buffer_.data() + start_), ttrpc::kHeaderSize))
      .length;
}

bool Wire::has_reply() const {
  return available() >= ttrpc::kHeaderSize && available() - ttrpc::kHeaderSize >= length_ahead();
}

void Wire::read_more() {
  if (available() == 0) {
    start_ = end_ = 0;
  } else if (buffer_.size() - end_ < buffer_.size() / 2) {
    std::memmove(buffer_.data(), buffer_.data() + start_, available());
    end_ -= start_;
    start_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
  const ssize_t got = ::read(fd(), buffer_.data() + end_, buffer_.size() - end_);
  if (got < 0 && errno == EINTR) return;
  if (got <= 0) fail("the server closed the connection");
  end_ += static_cast<std::size_t>(got);
}

void Wire::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail(concat("send a call: ", std::strerror(errno)));
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

}  // namespace kata::bench
