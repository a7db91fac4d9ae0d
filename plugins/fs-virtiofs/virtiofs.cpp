// SPDX-License-Identifier: Apache-2.0
#include "virtiofs.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "kata/child_process.h"
#include "kata/concat.h"
#include "kata/unix_socket.h"

namespace kata::virtiofs {

using share::kExportDirectory;
using share::kGuestMountPoint;
using share::kTag;
using share::ShareTree;

namespace {

constexpr const char* kSocketName = "virtiofsd.sock";
constexpr std::uint64_t kEnoughOpenFiles = 1'000'000;  // one a file that the guest knows of

// virtiofsd wants more open files than the usual soft limit, and fails when it asks for more than
// the hard one without CAP_SYS_RESOURCE.
std::uint64_t open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max == RLIM_INFINITY)
    return kEnoughOpenFiles;
  return std::min<std::uint64_t>(limit.rlim_max, kEnoughOpenFiles);
}

}  // namespace

Result<std::unique_ptr<Virtiofs>> Virtiofs::create(const plugin::Context& context) {
  Settings settings = KATA_TRY(parse_settings(context.config_json), "");
  DaemonRecord record;
  if (!context.saved_state.empty())
    record = KATA_TRY(record_from_json(context.saved_state), "saved state");
  return std::unique_ptr<Virtiofs>(
      new Virtiofs(context.host, std::move(settings), context.state_dir, record));
}

Result<void> Virtiofs::check_host() {
  KATA_TRY(ShareTree::check_host(), "virtiofs");
  KATA_TRY(find_daemon(settings_.daemon.daemon), "virtiofs");
  return {};
}

Result<StartedShare> Virtiofs::start(Deadline deadline) {
  if (daemon())
    return make_error(ErrorCode::kAlreadyExists, "start virtiofs: it is started already");
  auto up = bring_up(deadline);
  if (!up.ok()) {
    if (auto undone = stop(deadline); !undone.ok())
      host_.log(plugin::Host::Level::kWarn, undone.error().message);
    return in_context(std::move(up).error(), "start virtiofs");
  }
  StartedShare started;
  started.device = VhostUserFs{"kata-shared", socket(), kTag, settings_.queue_size};
  started.guest_mount = GuestMount{"virtio-fs", kTag, "virtiofs", {"nodev"}, kGuestMountPoint};
  return started;
}

Result<void> Virtiofs::bring_up(Deadline deadline) {
  state_.reset(::open(state_dir_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!state_) return errno_error(concat("open '", state_dir_, "'"), errno);
  tree_ = KATA_TRY(ShareTree::create(state_dir_), "");
  // Bound here, so that it listens before the daemon runs and whatever the daemon does.
  const UniqueFd listening = KATA_TRY(listen_unix(socket(), 1), "");
  return launch_daemon(listening.get(), deadline);
}

Result<void> Virtiofs::launch_daemon(int listening_fd, Deadline deadline) {
  DaemonSettings settings = settings_.daemon;
  settings.daemon = KATA_TRY(find_daemon(settings.daemon), "");
  const std::string version = KATA_TRY(version_output(settings.daemon, deadline), "");
  const Flavour flavour = KATA_TRY(flavour_of(version), concat("'", settings.daemon, "'"));
  DaemonLaunch launch{state_dir_ / kExportDirectory, VirtiofsdProcess::kListeningFd,
                      open_files_limit()};
  auto argv = KATA_TRY(daemon_command_line(flavour, settings, launch), "");
  const auto log = [&host = host_](std::string_view line) {
    host.log(plugin::Host::Level::kDebug, concat("virtiofsd: ", line));
  };
  std::shared_ptr<VirtiofsdProcess> process =
      KATA_TRY(VirtiofsdProcess::start(std::move(argv), listening_fd, log, deadline), "");
  record_ = DaemonRecord{process->pid(), KATA_TRY(process_start_time(process->pid()), "")};
  KATA_TRY(write_record(state_dir_, record_), "");
  const std::lock_guard lock(mutex_);
  daemon_ = std::move(process);
  return {};
}

// A socket's path holds 107 bytes, and a sandbox id alone may take 64 of them. A longer one is
// named through our descriptor of the directory, which any process of the same user can follow for
// as long as this instance lives.
std::filesystem::path Virtiofs::socket() const {
  std::filesystem::path path = state_dir_ / kSocketName;
  if (path.native().size() <= kMaxSocketPath) return path;
  return concat("/proc/", ::getpid(), "/fd/", state_.get(), '/', kSocketName);
}

Result<ShareTree*> Virtiofs::tree() {
  if (!tree_) tree_ = KATA_TRY(ShareTree::open(state_dir_), "virtiofs is not started");
  return &*tree_;
}

Result<Share> Virtiofs::share(const ShareRequest& request) {
  ShareTree* const tree = KATA_TRY(this->tree(), concat("share '", request.id, "'"));
  KATA_TRY(tree->add(request), "");
  return Share{request.id, std::filesystem::path(kGuestMountPoint) / request.id};
}

Result<void> Virtiofs::unshare(std::string_view share_id) {
  auto tree = this->tree();
  if (!tree.ok()) return {};  // nothing is shared
  return tree.value()->remove(share_id);
}

Result<void> Virtiofs::stop(Deadline /*deadline*/) {
  if (const auto process = daemon())
    KATA_TRY(process->kill(), "stop virtiofs");
  else
    KATA_TRY(kill_recorded(record_), "stop virtiofs");
  {
    const std::lock_guard lock(mutex_);
    daemon_.reset();
  }
  tree_.reset();
  state_.reset();
  // What a predecessor left; a damaged record must not keep the mounts.
  auto left = read_record(state_dir_);
  if (left.ok())
    KATA_TRY(kill_recorded(left.value()), "stop virtiofs");
  else
    host_.log(plugin::Host::Level::kWarn, left.error().message);
  record_ = {};
  KATA_TRY(ShareTree::clear(state_dir_), "stop virtiofs");
  KATA_TRY(remove_record(state_dir_), "stop virtiofs");
  if (::unlink((state_dir_ / kSocketName).c_str()) != 0 && errno != ENOENT)
    return errno_error(concat("remove '", state_dir_ / kSocketName, "'"), errno);
  return {};
}

std::shared_ptr<VirtiofsdProcess> Virtiofs::daemon() const {
  const std::lock_guard lock(mutex_);
  return daemon_;
}

Result<std::string> Virtiofs::wait() {
  const auto process = daemon();
  if (!process)
    return make_error(ErrorCode::kFailedPrecondition, "wait for virtiofs: it is not started here");
  return process->wait();
}

Result<std::string> Virtiofs::save_state() const { return to_json(record_); }

void* Virtiofs::extension(std::string_view id) noexcept {
  return id == SharedFilesystemServer::kId ? static_cast<SharedFilesystemServer*>(this) : nullptr;
}

FileServer Virtiofs::file_server() const noexcept {
  const auto process = daemon();
  return process ? FileServer{process->worker_pid(), "virtiofsd"} : FileServer{};
}

}  // namespace kata::virtiofs
