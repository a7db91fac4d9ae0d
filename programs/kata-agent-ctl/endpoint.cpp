// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/endpoint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>

#include "kata/concat.h"
#include "kata/unix_socket.h"

namespace kata::agentctl {

namespace {

constexpr std::string_view kSerial = "serial://";

Result<UniqueFd> open_device(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return errno_error(concat("open '", path, "'"), errno);
  termios settings{};
  if (::tcgetattr(fd.get(), &settings) != 0) return fd;  // no terminal: nothing to be cooked
  ::cfmakeraw(&settings);
  if (::tcsetattr(fd.get(), TCSANOW, &settings) != 0)
    return errno_error(concat("set '", path, "' to raw mode"), errno);
  return fd;
}

Result<UniqueFd> open_serial(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno_error(concat("look at '", path, "'"), errno);
  if (S_ISSOCK(status.st_mode)) return connect_unix(path);
  if (S_ISCHR(status.st_mode)) return open_device(path);
  return make_error(ErrorCode::kInvalidArgument,
                    concat("'", path, "': expected a unix socket or a character device"));
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  if (!text.starts_with(kSerial)) return Endpoint(KATA_TRY(ttrpc::parse_address(text), ""));
  const std::string_view path = text.substr(kSerial.size());
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos)
    return make_error(ErrorCode::kInvalidArgument,
                      concat("address '", text,
                             "': expected the absolute path of a socket or device: "
                             "serial:///path"));
  return Endpoint(SerialAddress{std::string(path)});
}

Result<Endpoint> as_hybrid(const Endpoint& endpoint, std::uint32_t port) {
  const auto* address = std::get_if<ttrpc::Address>(&endpoint);
  if (address != nullptr && std::holds_alternative<ttrpc::HybridVsockAddress>(*address))
    return endpoint;
  const auto* local = address != nullptr ? std::get_if<ttrpc::UnixAddress>(address) : nullptr;
  if (local == nullptr || local->is_abstract)
    return make_error(ErrorCode::kInvalidArgument,
                      "--hybrid-vsock: expected an address unix:///path of the VMM's socket");
  return Endpoint(ttrpc::Address(ttrpc::HybridVsockAddress{local->name, port}));
}

Result<UniqueFd> open_endpoint(const Endpoint& endpoint, Deadline deadline) {
  if (const auto* serial = std::get_if<SerialAddress>(&endpoint)) return open_serial(serial->path);
  return ttrpc::connect(std::get<ttrpc::Address>(endpoint), deadline);
}

}  // namespace kata::agentctl
