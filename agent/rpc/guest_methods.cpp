// SPDX-License-Identifier: Apache-2.0
//
// The guest as a machine: what it is, its clock, its random numbers.
#include <fcntl.h>
#include <linux/random.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "agent.pb.h"
#include "agent/container/storage.h"
#include "agent/devices/device_requests.h"
#include "agent/rpc/reply.h"
#include "agent/version.h"
#include "core/base/files.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr const char* kBlockSize = "/sys/devices/system/memory/block_size_bytes";
constexpr const char* kProbe = "/sys/devices/system/memory/probe";

// Hexadecimal without a prefix; 0 when the kernel has no memory hot-plug.
Result<std::uint64_t> memory_block_size() {
  const auto text = read_file(kBlockSize, 64);
  if (!text.ok() && text.error().sys_errno == ENOENT) return std::uint64_t{0};
  if (!text.ok()) return text.error();
  const std::string& digits = text.value();
  std::uint64_t size = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), size, 16).ec != std::errc{})
    return make_error(ErrorCode::kInternal, concat("'", kBlockSize, "' holds no number"));
  return size;
}

asio::awaitable<Result<grpc::GuestDetailsResponse>> guest_details(grpc::GuestDetailsRequest request,
                                                                  bool is_init) {
  grpc::GuestDetailsResponse response;
  if (request.mem_block_size()) {
    KATA_CO_TRY(const std::uint64_t size, memory_block_size(), "read the memory block size");
    response.set_mem_block_size_bytes(size);
  }
  if (request.mem_hotplug_probe())
    response.set_support_mem_hotplug_probe(::access(kProbe, F_OK) == 0);
  grpc::AgentDetails& details = *response.mutable_agent_details();
  details.set_version(std::string(kAgentVersion));
  details.set_init_daemon(is_init);
  for (const std::string_view type : device_types()) details.add_device_handlers(std::string(type));
  for (const std::string_view driver : storage_drivers())
    details.add_storage_handlers(std::string(driver));
  details.set_supports_seccomp(true);
  details.add_extra_features("seccomp");
  co_return response;
}

Result<void> reseed_random(const grpc::ReseedRandomDevRequest& request) {
  const std::string& seed = request.data();
  if (seed.empty()) return make_error(ErrorCode::kInvalidArgument, "the request has no seed");
  const UniqueFd fd(::open("/dev/random", O_RDWR | O_CLOEXEC));
  if (!fd) return errno_error("open '/dev/random'", errno);
  if (::write(fd.get(), seed.data(), seed.size()) != static_cast<ssize_t>(seed.size()))
    return errno_error("write the seed", errno);
  const int length = static_cast<int>(seed.size());
  if (::ioctl(fd.get(), RNDADDTOENTCNT, &length) != 0) return errno_error("credit the seed", errno);
  if (::ioctl(fd.get(), RNDRESEEDCRNG) != 0) return errno_error("reseed", errno);
  return {};
}

Result<void> set_date_time(const grpc::SetGuestDateTimeRequest& request) {
  timeval now{};
  now.tv_sec = static_cast<time_t>(request.sec());
  now.tv_usec = static_cast<suseconds_t>(request.usec());
  if (::settimeofday(&now, nullptr) != 0) return errno_error("set the clock", errno);
  return {};
}

}  // namespace

void register_guest_methods(ttrpc::Server& server, bool is_init) {
  ttrpc::handle<grpc::GuestDetailsRequest, grpc::GuestDetailsResponse>(
      server, kAgentService, "GetGuestDetails", [is_init](grpc::GuestDetailsRequest request) {
        return guest_details(std::move(request), is_init);
      });
  handle_now<grpc::ReseedRandomDevRequest>(server, "ReseedRandomDev", reseed_random);
  handle_now<grpc::SetGuestDateTimeRequest>(server, "SetGuestDateTime", set_date_time);
}

}  // namespace kata::agent
