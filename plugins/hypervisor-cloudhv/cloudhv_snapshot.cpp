// SPDX-License-Identifier: Apache-2.0
//
// A VM into a directory, and out of one.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "cloudhv_hypervisor.h"
#include "kata/concat.h"
#include "snapshot_config.h"
#include "state_files.h"
#include "vm_checks.h"

namespace kata::cloudhv {
namespace {

Result<std::string> read_config(const std::filesystem::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0)
    return errno_error(concat("open '", path, "'"), errno);
  if (!S_ISREG(status.st_mode) || status.st_size > static_cast<off_t>(kLongestSnapshotConfig))
    return make_error(
        ErrorCode::kInvalidArgument,
        concat("'", path, "' is no file, or longer than ", kLongestSnapshotConfig, " bytes"));
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
  if (got < 0) return errno_error(concat("read '", path, "'"), errno);
  text.resize(static_cast<std::size_t>(got));
  return text;
}

Result<void> write_file(const std::filesystem::path& path, std::string_view text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return errno_error(concat("make '", path, "'"), errno);
  while (!text.empty()) {
    const ssize_t put = ::write(file.get(), text.data(), text.size());
    if (put <= 0) return errno_error(concat("write '", path, "'"), errno);
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> check_empty_directory(const std::filesystem::path& directory) {
  if (!directory.is_absolute())
    return make_error(ErrorCode::kInvalidArgument, concat("'", directory, "' is not absolute"));
  std::error_code error;
  const bool empty = std::filesystem::is_empty(directory, error);
  if (error) return errno_error(concat("look into '", directory, "'"), error.value());
  if (empty && std::filesystem::is_directory(directory, error)) return {};
  return make_error(ErrorCode::kInvalidArgument, concat("'", directory, "' is no empty directory"));
}

bool is_below(const std::filesystem::path& path, const std::filesystem::path& above) {
  const std::filesystem::path relative = path.lexically_normal().lexically_relative(above);
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

Result<void> CloudhvHypervisor::save_snapshot(const std::filesystem::path& directory,
                                              Deadline deadline) {
  const std::string what = concat("save the VM to '", directory, "'");
  const ApiClient* const vmm = KATA_TRY(api(), what);
  KATA_TRY(check_empty_directory(directory), what);
  if (config_.landlock && !is_below(directory, state_dir_))
    return make_error(ErrorCode::kUnsupported,
                      concat(what, ": landlock keeps cloud-hypervisor inside '", state_dir_,
                             "': save there, or set hypervisor.cloudhv.landlock = false"));
  const VmInfo now = KATA_TRY(info(deadline), what);
  if (now.state != "Paused")
    return make_error(ErrorCode::kFailedPrecondition,
                      concat(what, ": the VM is '", now.state, "': pause it first"));
  KATA_TRY(vmm->put("vm.snapshot", directory_body("destination_url", directory), deadline), what);
  return {};
}

Result<void> CloudhvHypervisor::restore_vm(VmSpec spec, std::vector<Device> devices,
                                           const std::filesystem::path& directory,
                                           Deadline deadline) {
  const std::string what = concat("restore the VM of '", directory, "'");
  if (spec_) return make_error(ErrorCode::kFailedPrecondition, concat(what, ": the VM exists"));
  KATA_TRY(vmm::check_program(kCloudhv, config_.path), what);
  KATA_TRY(check_devices(devices, spec.shared_memory, kMostVcpus), what);
  spec_ = std::move(spec);
  devices_ = std::move(devices);
  most_memory_ = most_memory_bytes(*spec_);
  const std::string body = directory_body("source_url", file(kRestoreDirectory));
  auto restored = prepare_restore(directory);
  if (restored.ok()) restored = launch(deadline);
  if (restored.ok()) restored = greet(deadline);
  if (restored.ok())
    if (auto asked = api_->put("vm.restore", body, deadline); !asked.ok())
      restored = std::move(asked).error();
  if (restored.ok()) restored = expect_state("Paused", deadline);
  if (!restored.ok()) {
    spec_.reset();
    devices_.clear();
    return in_context(start_failure(std::move(restored).error()), what);
  }
  for (const Device& device : devices_) in_vm_.insert(vmm::id_of(device));
  devices_.clear();
  return {};
}

// The snapshot's files by name, and its configuration made this VM's.
Result<void> CloudhvHypervisor::prepare_restore(const std::filesystem::path& directory) {
  remove_files();  // of a predecessor that was killed
  const std::string text = KATA_TRY(read_config(directory / kSnapshotConfig), "");
  const std::string config =
      KATA_TRY(config_of_clone(text, {*spec_, devices_, files(), directory, config_.landlock}), "");
  const std::filesystem::path own = file(kRestoreDirectory);
  if (::mkdir(own.c_str(), 0700) != 0) return errno_error(concat("make '", own, "'"), errno);
  KATA_TRY(write_file(own / kSnapshotConfig, config), "");
  for (const char* name : kSnapshotFiles)
    if (std::string_view(name) != kSnapshotConfig &&
        ::symlink((directory / name).c_str(), (own / name).c_str()) != 0)
      return errno_error(concat("link '", own / name, "'"), errno);
  return {};
}

}  // namespace kata::cloudhv
