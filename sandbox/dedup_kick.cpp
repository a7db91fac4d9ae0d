// SPDX-License-Identifier: Apache-2.0
#include "sandbox/dedup_kick.h"

#include <string>

#include "core/base/log.h"
#include "kata/unix_socket.h"
#include "ksm.pb.h"
#include "protocol/ttrpc/message.h"

namespace kata::sandbox {

namespace {

Result<void> send_kick(const std::filesystem::path& socket, VmEvent event) {
  ksm::api::KickRequest request;
  request.set_event(event == VmEvent::kStarted ? ksm::api::STARTED : ksm::api::STOPPED);
  std::string call =
      KATA_TRY(ttrpc::encode_call("kata.ksm.api.Throttler", "Kick", request.SerializeAsString(),
                                  std::chrono::nanoseconds(0)),
               "");
  ttrpc::stamp_stream_id(call, 1);
  const sockaddr_un address = KATA_TRY(socket_address(socket), "");
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return errno_error(concat("connect to '", socket, "'"), errno);
  if (::send(fd.get(), call.data(), call.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(call.size()))
    return errno_error(concat("write to '", socket, "'"), errno);
  return {};
}

}  // namespace

void kick_memory_dedup(const config::Config& config, VmEvent event) {
  const auto kicked = send_kick(config.dedup.run_directory / "ksm.sock", event);
  if (!kicked.ok())
    log::debug("the memory_dedup daemon was not told", {{"reason", kicked.error().message}});
}

}  // namespace kata::sandbox
