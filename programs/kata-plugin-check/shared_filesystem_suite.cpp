// SPDX-License-Identifier: Apache-2.0
//
// A shared filesystem on the host's side of the guest.
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <future>

#include "programs/kata-plugin-check/leftovers.h"
#include "programs/kata-plugin-check/suite.h"

namespace kata::check {

namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using Filesystems = std::unique_ptr<SharedFilesystem>;

constexpr seconds kPatience{20};

struct Started {
  Filesystems filesystem{};
  StartedShare share{};
};

Result<Started> started(const Workplace& workplace) {
  Started it;
  it.filesystem = KATA_TRY(workplace.subject.shared_filesystem(workplace.context()), "");
  it.share = KATA_TRY(it.filesystem->start(in(kPatience)), "start");
  return it;
}

Result<fs::path> directory_to_share(const Workplace& workplace) {
  const fs::path path = workplace.directory / "shared-directory";
  std::error_code failure;
  fs::create_directory(path, failure);
  std::ofstream(path / "file") << "text";
  if (failure) return errno_error(concat("make '", path, "'"), failure.value());
  return path;
}

// Without connecting: a vhost-user server may end with its first connection.
bool is_listening(const fs::path& socket) {
  std::ifstream table("/proc/net/unix");
  for (std::string line; std::getline(table, line);) {
    constexpr std::string_view kAccepts = " 00010000 ";
    if (line.find(kAccepts) != std::string::npos && line.ends_with(socket.native())) return true;
  }
  return false;
}

bool is_device_id(std::string_view id) {
  return !id.empty() && id.size() <= 31 &&
         id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

Outcome check_device(const Device& device) {
  const std::string id = std::visit([](const auto& it) { return it.id; }, device);
  KATA_TRY(expect(is_device_id(id), concat("device id '", id, "' is not 1 to 31 of [a-z0-9-]")),
           "");
  const auto* const vhost = std::get_if<VhostUserFs>(&device);
  if (vhost == nullptr) return {};
  return expect(is_listening(vhost->socket),
                concat("nobody listens on '", vhost->socket, "' when start has returned"));
}

Outcome start_and_stop(const Workplace& workplace) {
  const Started it = KATA_TRY(started(workplace), "");
  if (it.share.device) KATA_TRY(check_device(*it.share.device), "");
  const GuestMount& mount = it.share.guest_mount;
  KATA_TRY(expect(!mount.driver.empty() && mount.mount_point.is_absolute(),
                  "guest_mount has no driver or no absolute mount point"),
           "");
  KATA_TRY(it.filesystem->stop(in(kPatience)), "stop");
  return it.filesystem->stop(passed());
}

Outcome stop_nothing(const Workplace& workplace) {
  const Filesystems filesystem =
      KATA_TRY(workplace.subject.shared_filesystem(workplace.context()), "");
  return filesystem->stop(in(kPatience));
}

Outcome needs_and_device_agree(const Workplace& workplace) {
  const Started it = KATA_TRY(started(workplace), "");
  const SharedFilesystemNeeds needs = it.filesystem->needs();
  const bool vhost = it.share.device && std::holds_alternative<VhostUserFs>(*it.share.device);
  const bool plan9 = it.share.device && std::holds_alternative<Plan9Share>(*it.share.device);
  KATA_TRY(it.filesystem->stop(in(kPatience)), "stop");
  KATA_TRY(expect(vhost == needs.shared_memory, "needs().shared_memory is for vhost-user devices"),
           "");
  KATA_TRY(expect(plan9 == needs.plan9, "needs().plan9 is for 9p shares"), "");
  return expect(it.share.device.has_value() != needs.host_files,
                "needs().host_files is for shares without a device");
}

Outcome share_twice(const Workplace& workplace) {
  const fs::path path = KATA_TRY(directory_to_share(workplace), "");
  const Started it = KATA_TRY(started(workplace), "");
  const Share share = KATA_TRY(it.filesystem->share({"one", path, false}), "share");
  KATA_TRY(expect(share.id == "one" && share.guest_path.is_absolute(),
                  "share does not tell the id and an absolute guest path"),
           "");
  KATA_TRY(expect_code(it.filesystem->share({"one", path, false}), {ErrorCode::kAlreadyExists},
                       "share of an id twice"),
           "");
  KATA_TRY(it.filesystem->unshare("one"), "unshare");
  KATA_TRY(it.filesystem->unshare("one"), "unshare again");
  KATA_TRY(it.filesystem->share({"one", path, true}), "share after unshare");
  return it.filesystem->stop(in(kPatience));
}

Outcome strange_ids(const Workplace& workplace) {
  const fs::path path = KATA_TRY(directory_to_share(workplace), "");
  const Started it = KATA_TRY(started(workplace), "");
  for (const char* id : {"", ".", "..", "a/b", "../a", "/a", "a b"})
    KATA_TRY(expect_code(it.filesystem->share({id, path, false}), {ErrorCode::kInvalidArgument},
                         concat("share of id '", id, "'")),
             "");
  return it.filesystem->stop(in(kPatience));
}

Outcome missing_path(const Workplace& workplace) {
  const Started it = KATA_TRY(started(workplace), "");
  KATA_TRY(expect(!it.filesystem->share({"one", workplace.directory / "nothing", false}).ok(),
                  "share of a path that does not exist succeeded"),
           "");
  KATA_TRY(it.filesystem->unshare("one"), "unshare of what was not shared");
  return it.filesystem->stop(in(kPatience));
}

Outcome file_and_directory(const Workplace& workplace) {
  const fs::path path = KATA_TRY(directory_to_share(workplace), "");
  const Started it = KATA_TRY(started(workplace), "");
  KATA_TRY(it.filesystem->share({"directory", path, false}), "share a directory");
  KATA_TRY(it.filesystem->share({"file", path / "file", true}), "share a file");
  KATA_TRY(it.filesystem->unshare("file"), "unshare");
  return it.filesystem->stop(in(kPatience));
}

// The shared files are the host's: they stay.
Outcome stop_with_shares(const Workplace& workplace) {
  const fs::path path = KATA_TRY(directory_to_share(workplace), "");
  const Started it = KATA_TRY(started(workplace), "");
  KATA_TRY(it.filesystem->share({"one", path, false}), "share");
  KATA_TRY(it.filesystem->stop(in(kPatience)), "stop");
  KATA_TRY(expect(mounts_below(workplace.directory).empty(), "a mount is left after stop"), "");
  return expect(fs::exists(path / "file"), "stop removed the shared file");
}

Outcome stop_after_a_kill(const Workplace& workplace) {
  const fs::path path = KATA_TRY(directory_to_share(workplace), "");
  const Started it = KATA_TRY(started(workplace), "");
  KATA_TRY(it.filesystem->share({"one", path, false}), "share");
  const Filesystems second =
      KATA_TRY(workplace.subject.shared_filesystem(workplace.context()), "a second instance");
  KATA_TRY(second->stop(in(kPatience)), "stop of the second instance");
  KATA_TRY(expect(mounts_below(workplace.directory).empty(), "a mount is left after stop"), "");
  return it.filesystem->stop(in(kPatience));
}

std::future<Result<std::string>> wait_beside(SharedFilesystem& filesystem) {
  return std::async(std::launch::async, [&filesystem] { return filesystem.wait(); });
}

Outcome wait_hears_stop(const Workplace& workplace) {
  const Started it = KATA_TRY(started(workplace), "");
  auto waiting = wait_beside(*it.filesystem);
  KATA_TRY(it.filesystem->stop(in(kPatience)), "stop");
  const auto ended = waiting.get();
  if (!ended.ok())  // the thread may have come to call it after stop
    return expect_code(ended, {ErrorCode::kFailedPrecondition}, "wait");
  const std::string& reason = ended.value();
  return expect(!reason.empty() && reason.find('\n') == std::string::npos,
                "wait does not say why in one line");
}

Outcome wait_hears_death(const Workplace& workplace) {
  const Started it = KATA_TRY(started(workplace), "");
  auto waiting = wait_beside(*it.filesystem);
  for (const pid_t child : children_of_this_process()) ::kill(child, SIGKILL);
  const std::string reason = KATA_TRY(waiting.get(), "wait");
  KATA_TRY(expect(!reason.empty(), "wait does not say why the server ended"), "");
  return it.filesystem->stop(in(kPatience));
}

const char* no_server(const Workplace& workplace) {
  auto it = started(workplace);
  if (!it.ok()) return nullptr;  // the case will say why
  const bool none = children_of_this_process().empty();
  (void)it.value().filesystem->stop(in(kPatience));
  return none ? "the plugin has no process of its own" : nullptr;
}

constexpr Case kCases[] = {
    {"start gives a device that is ready and a mount for the guest", start_and_stop},
    {"stop of nothing is no error", stop_nothing},
    {"needs fits the device", needs_and_device_agree},
    {"an id is shared once at a time", share_twice},
    {"an id that is no file name is kInvalidArgument", strange_ids},
    {"a path that does not exist is an error", missing_path},
    {"directories and files are shared", file_and_directory},
    {"stop takes the shares with it and no file", stop_with_shares},
    {"another instance over the state directory stops it", stop_after_a_kill},
    {"wait returns after stop", wait_hears_stop},
    {"wait returns when the server was killed", wait_hears_death, no_server},
};

}  // namespace

Suite shared_filesystem_suite() { return {"shared-filesystem", kCases}; }

}  // namespace kata::check
