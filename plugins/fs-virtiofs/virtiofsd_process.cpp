// SPDX-License-Identifier: Apache-2.0
#include "virtiofsd_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <memory>
#include <utility>

#include "kata/concat.h"

namespace kata::virtiofs {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMaxLastWords = 1024;
constexpr std::size_t kMaxLine = 512;
constexpr std::uint32_t kMaxLoggedLines = 200;
// Both daemons say so on stderr. One that words it otherwise is given this long to fail instead.
constexpr std::string_view kServing = "Waiting for vhost-user socket connection";
constexpr milliseconds kSilentStart{250};

Deadline in(std::chrono::steady_clock::duration time) {
  return std::chrono::steady_clock::now() + time;
}

struct Pipe {
  UniqueFd read{}, write{};
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("make pipe", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// True when `output` can be read; false when `wake` was written to first.
bool wait_for_output(int output, int wake) {
  std::array<pollfd, 2> items{pollfd{output, POLLIN, 0}, pollfd{wake, POLLIN, 0}};
  while (::poll(items.data(), items.size(), -1) < 0)
    if (errno != EINTR) return false;
  return items[0].revents != 0;
}

// Moves the first line of `pending` to `line`; what has no end yet counts when it is too long.
bool take_front(std::string& pending, std::string& line) {
  const std::size_t end = pending.find('\n');
  const bool whole = end != std::string::npos;
  if (!whole && pending.size() <= kMaxLine) return false;
  line = pending.substr(0, end);
  pending.erase(0, whole ? end + 1 : end);
  return true;
}

}  // namespace

std::string printable_line(std::string_view text) {
  std::string out(text.substr(0, kMaxLine));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c == 0x7f; }, '?');
  return out;
}

Result<std::string> version_output(const std::filesystem::path& daemon, Deadline deadline) {
  Pipe pipe = KATA_TRY(make_pipe(), "");
  SpawnRequest request;
  request.argv = {daemon.native(), "--version"};
  request.descriptors = {{pipe.write.get(), 1}, {pipe.write.get(), 2}};
  ChildProcess child = KATA_TRY(ChildProcess::spawn(std::move(request)), "");
  pipe.write.reset();
  std::string text;
  std::array<char, 1024> buffer;
  while (text.size() < 8 * buffer.size() &&
         kata::detail::poll_until(pipe.read.get(), deadline) > 0) {
    const ssize_t got = ::read(pipe.read.get(), buffer.data(), buffer.size());
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  KATA_TRY(child.terminate(SIGKILL, deadline), "");
  return text;
}

Result<std::unique_ptr<VirtiofsdProcess>> VirtiofsdProcess::start(std::vector<std::string> argv,
                                                                  int listening_fd, LogLine log,
                                                                  Deadline deadline) {
  Pipe pipe = KATA_TRY(make_pipe(), "");
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC));
  if (!wake) return errno_error("make eventfd", errno);
  SpawnRequest request;
  request.argv = std::move(argv);
  request.descriptors = {
      {pipe.write.get(), 1}, {pipe.write.get(), 2}, {listening_fd, kListeningFd}};
  ChildProcess child = KATA_TRY(ChildProcess::spawn(std::move(request)), "");
  pipe.write.reset();
  std::unique_ptr<VirtiofsdProcess> process(new VirtiofsdProcess(
      std::move(child), std::move(pipe.read), std::move(wake), std::move(log)));
  KATA_TRY(process->wait_until_serving(deadline), "");
  return process;
}

VirtiofsdProcess::VirtiofsdProcess(ChildProcess child, UniqueFd output, UniqueFd wake, LogLine log)
    : child_(std::move(child)),
      output_(std::move(output)),
      wake_(std::move(wake)),
      drainer_([this, log = std::move(log)] { drain(log); }) {}

VirtiofsdProcess::~VirtiofsdProcess() {
  (void)kill();  // nobody is left to be told
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  drainer_.join();
}

// Runs on drainer_: reads lines until the daemon's stderr has no writer left.
void VirtiofsdProcess::drain(const LogLine& log) {
  std::string pending;
  std::array<char, 1024> buffer;
  while (wait_for_output(output_.get(), wake_.get())) {
    const ssize_t got = ::read(output_.get(), buffer.data(), buffer.size());
    if (got <= 0) break;
    pending.append(buffer.data(), static_cast<std::size_t>(got));
    for (std::string line; take_front(pending, line);) take_line(line, log);
  }
  if (!pending.empty()) take_line(pending, log);
  const std::lock_guard lock(mutex_);
  silent_ = true;
  changed_.notify_all();
}

void VirtiofsdProcess::take_line(std::string_view line, const LogLine& log) {
  const std::string text = printable_line(line);
  ++logged_lines_;
  if (logged_lines_ <= kMaxLoggedLines) log(text);
  if (logged_lines_ == kMaxLoggedLines) log("more output of virtiofsd is not logged");
  const std::lock_guard lock(mutex_);
  if (text.find(kServing) != std::string::npos) {
    serving_ = true;
    changed_.notify_all();
    return;
  }
  last_words_ += last_words_.empty() ? text : concat("; ", text);
  if (last_words_.size() > kMaxLastWords) last_words_.erase(0, last_words_.size() - kMaxLastWords);
}

Result<void> VirtiofsdProcess::wait_until_serving(Deadline deadline) {
  bool silent = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, std::min(deadline, in(kSilentStart)),
                        [this] { return serving_ || silent_; });
    if (serving_) return {};
    silent = silent_;
  }
  const Deadline patience = silent ? in(milliseconds(100)) : Deadline{};
  if (kata::detail::poll_until(child_.pidfd(), patience) == 0) return {};
  return make_error(ErrorCode::kUnavailable, KATA_TRY(wait(), ""));
}

bool VirtiofsdProcess::wait_for_silence(Deadline deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [this] { return silent_; });
}

// The daemon runs in a process group of its own with the part of it that is in the sandbox, which
// would otherwise only be asked to end, by a signal from its dying parent.
pid_t VirtiofsdProcess::worker_pid() const noexcept {
  const std::string own = std::to_string(child_.pid());
  std::ifstream children("/proc/" + own + "/task/" + own + "/children");
  pid_t worker = 0;
  return children >> worker ? worker : child_.pid();
}

Result<void> VirtiofsdProcess::kill() {
  const bool ended = kata::detail::poll_until(child_.pidfd(), Deadline{}) > 0;
  // While somebody holds the stderr of the group, the group's number is not free for others.
  if (ended && wait_for_silence(in(milliseconds(50)))) return {};
  ::kill(-child_.pid(), SIGKILL);
  KATA_TRY(wait(), "");
  if (wait_for_silence(in(seconds(2)))) return {};
  return make_error(ErrorCode::kTimeout, concat("virtiofsd (pid ", child_.pid(),
                                                "): a process of it is there 2 s after SIGKILL"));
}

Result<std::string> VirtiofsdProcess::wait() {
  if (kata::detail::poll_until(child_.pidfd(), Deadline::max()) < 0)
    return errno_error(concat("wait for virtiofsd (pid ", child_.pid(), ")"), errno);
  (void)wait_for_silence(in(milliseconds(200)));  // so that its last words are complete
  const std::lock_guard lock(mutex_);
  const auto status = KATA_TRY(child_.wait(Deadline{}), "");
  std::string text = concat("virtiofsd (pid ", child_.pid(), ") ");
  if (status && status->code > 128)
    text += concat("was killed by signal ", status->code - 128);
  else
    text += concat("ended with code ", status ? status->code : -1);
  return last_words_.empty() ? text : concat(text, ": ", last_words_);
}

}  // namespace kata::virtiofs
