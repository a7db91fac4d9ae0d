// SPDX-License-Identifier: Apache-2.0
#include "agent/disk_storage.h"

#include <unistd.h>

#include "agent.pb.h"
#include "agent/guest_command.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr const char* kPrograms[] = {"/sbin/mkfs.ext4", "/usr/sbin/mkfs.ext4"};
constexpr std::chrono::minutes kFormatTime{2};

struct DriverOptions {
  bool create_filesystem = false;
};

Result<DriverOptions> parse_driver_options(const grpc::Storage& storage) {
  DriverOptions options;
  for (const std::string& option : storage.driver_options()) {
    if (option == "create_filesystem") options.create_filesystem = true;
    if (option.starts_with("encryption_key="))
      return make_error(ErrorCode::kUnsupported,
                        concat("driver_options: '", option, "': this agent encrypts no disks; use ",
                               "a plain block volume"));
  }
  if (options.create_filesystem && storage.fstype() != "ext4")
    return make_error(ErrorCode::kInvalidArgument,
                      concat("driver_options: create_filesystem makes ext4, but fstype is '",
                             storage.fstype(), "'"));
  return options;
}

// As Kata makes it: no journal, for a volume that does not outlive its sandbox.
asio::awaitable<Result<void>> make_filesystem(Signals& signals, std::string node) {
  const char* program = nullptr;
  for (const char* const path : kPrograms)
    if (program == nullptr && ::access(path, X_OK) == 0) program = path;
  if (program == nullptr)
    co_return make_error(ErrorCode::kUnsupported,
                         concat("create_filesystem: the guest has no '", kPrograms[0],
                                "': let the host format the disk"));
  std::vector<std::string> arguments{program, "-F", "-O",     "^has_journal", "-m",
                                     "0",     "-i", "163840", "-I",           "128"};
  arguments.push_back(std::move(node));
  const Deadline deadline = std::chrono::steady_clock::now() + kFormatTime;
  KATA_CO_TRY(const CommandResult done,
              co_await run_command(signals, std::move(arguments), {}, deadline), "format");
  if (done.code == 0) co_return Result<void>();
  co_return make_error(ErrorCode::kInternal,
                       concat("format: mkfs.ext4 ended with exit code ", done.code, ": ",
                              done.errors.substr(0, done.errors.find('\n'))));
}

}  // namespace

asio::awaitable<Result<void>> prepare_storage(DeviceWait& wait, Signals& signals,
                                              grpc::Storage& storage) {
  if (!is_disk_driver(storage.driver())) co_return Result<void>();
  KATA_CO_TRY(const DriverOptions options, parse_driver_options(storage), "");
  KATA_CO_TRY(const DiskAddress address, parse_disk_address(storage.driver(), storage.source()),
              "source");
  KATA_CO_TRY(const std::string node, co_await wait.disk(address), "");
  storage.set_source(node);
  if (!options.create_filesystem) co_return Result<void>();
  co_return co_await make_filesystem(signals, node);
}

}  // namespace kata::agent
