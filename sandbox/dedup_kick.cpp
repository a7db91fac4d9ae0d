// SPDX-License-Identifier: Apache-2.0
#include "sandbox/dedup_kick.h"

#include <string>

#include "core/base/log.h"
#include "kata/unix_socket.h"
#include "ksm.pb.h"
#include "protocol/ttrpc/message.h"

namespace kata::sandbox {

namespace {

Result<void> send_kick(const std::filesystem::path& socket) {
  std::string call = KATA_TRY(
      ttrpc::encode_call("kata.ksm.api.Throttler", "Kick",
                         ksm::api::KickRequest().SerializeAsString(), std::chrono::nanoseconds(0)),
      "");
  ttrpc::stamp_stream_id(call, 1);
  const NamedSocket named = KATA_TRY(name_socket(socket), "");
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&named.address),
                       sizeof named.address) != 0)
    return errno_error(concat("connect to '", socket, "'"), errno);
  if (::send(fd.get(), call.data(), call.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(call.size()))
    return errno_error(concat("write to '", socket, "'"), errno);
  return {};
}

}  // namespace

void kick_memory_dedup(const config::Config& config) {
  const auto kicked = send_kick(config.dedup.run_directory / "ksm.sock");
  if (!kicked.ok())
    log::debug("the memory_dedup daemon was not told", {{"reason", kicked.error().message}});
}

}  // namespace kata::sandbox
