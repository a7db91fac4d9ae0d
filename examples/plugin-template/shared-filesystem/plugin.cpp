// SPDX-License-Identifier: Apache-2.0
//
// Shares for a VMM with a 9p server: each is a bind mount in one directory, which the VMM serves.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>

#include "kata/concat.h"
#include "kata/plugin/export.h"
#include "kata/plugin/shared_filesystem.h"

namespace acme {

using namespace kata;
namespace fs = std::filesystem;

bool is_file_name(std::string_view id) {
  constexpr std::string_view kLegal =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  return !id.empty() && id != "." && id != ".." &&
         id.find_first_not_of(kLegal) == std::string_view::npos;
}

class AcmeShare final : public SharedFilesystem {
 public:
  explicit AcmeShare(const fs::path& state_dir) : root_(state_dir / "acme") {}

  static Result<std::unique_ptr<AcmeShare>> create(const plugin::Context& context) {
    return std::make_unique<AcmeShare>(context.state_dir);
  }

  SharedFilesystemNeeds needs() const override { return {.plan9 = true}; }
  Result<void> check_host() override {
    if (::geteuid() == 0) return {};
    return make_error(ErrorCode::kPermission, "shared_filesystem 'acme' mounts, which needs root");
  }

  Result<StartedShare> start(Deadline /*deadline*/) override {
    if (::mkdir(root_.c_str(), 0700) != 0) return errno_error(concat("make '", root_, "'"), errno);
    return StartedShare{Plan9Share{"acme-share", root_, "acme", false},
                        GuestMount{"9p", "acme", "9p", {"trans=virtio"}, kGuestRoot}};
  }

  // A real one goes by descriptor from here on: the guest can write below a share.
  Result<Share> share(const ShareRequest& request) override {
    if (!is_file_name(request.id))
      return make_error(ErrorCode::kInvalidArgument,
                        concat("share '", request.id, "': the id is no file name"));
    const fs::path place = root_ / request.id;
    std::error_code error;
    const bool directory = fs::is_directory(request.host_path, error);
    if (error) return errno_error(concat("share '", request.host_path, "'"), error.value());
    const int made = directory ? ::mkdir(place.c_str(), 0700) : ::mknod(place.c_str(), S_IFREG, 0);
    if (made != 0) return errno_error(concat("make '", place, "'"), errno);
    if (::mount(request.host_path.c_str(), place.c_str(), nullptr, MS_BIND, nullptr) != 0)
      return errno_error(concat("bind '", request.host_path, "'"), errno);
    const unsigned long read_only = request.read_only ? MS_RDONLY : 0;
    if (::mount(nullptr, place.c_str(), nullptr,
                MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV | read_only, nullptr) != 0)
      return errno_error(concat("set flags of '", place, "'"), errno);
    return Share{request.id, fs::path(kGuestRoot) / request.id};
  }

  Result<void> unshare(std::string_view share_id) override {
    if (!is_file_name(share_id)) return {};
    const fs::path place = root_ / share_id;
    if (::umount2(place.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL &&
        errno != ENOENT)
      return errno_error(concat("unmount '", place, "'"), errno);
    if (::rmdir(place.c_str()) == 0 || errno == ENOENT) return {};
    if (errno == ENOTDIR && ::unlink(place.c_str()) == 0) return {};
    return errno_error(concat("remove '", place, "'"), errno);
  }

  Result<void> stop(Deadline /*deadline*/) override {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(root_, ignored))
      KATA_TRY(unshare(entry.path().filename().native()), "");
    if (::rmdir(root_.c_str()) != 0 && errno != ENOENT)
      return errno_error(concat("remove '", root_, "'"), errno);
    const std::lock_guard lock(mutex_);
    ++stops_;
    changed_.notify_all();
    return {};
  }

  // The VMM serves the files, so nothing ends by itself.
  Result<std::string> wait() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stops_ != 0; });
    return std::string("the share was stopped");
  }
  Result<std::string> save_state() const override { return std::string(); }

 private:
  static constexpr const char* kGuestRoot = "/run/kata-containers/shared/containers/";

  const fs::path root_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::uint32_t stops_ = 0;
};

}  // namespace acme

KATA_PLUGIN(SharedFilesystem, acme::AcmeShare, "acme", "1.0.0", "Acme", "Apache-2.0",
            "Shares directories through the VMM's 9p server", kata::plugin::kNoConfig);
