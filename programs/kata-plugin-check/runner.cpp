// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-plugin-check/runner.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <thread>

#include "core/plugin_host/crash_note.h"
#include "kata/child_process.h"
#include "programs/kata-plugin-check/leftovers.h"

namespace kata::check {

namespace {

namespace fs = std::filesystem;
using Verdict = Report::Verdict;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSettle{1000};  // a killed process needs a moment to vanish

// A mount that is left goes with the process.
void keep_mounts_to_itself() {
  if (::unshare(CLONE_NEWNS) == 0) ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
}

Outcome look_for_leftovers(const Workplace& workplace, std::size_t descriptors_before) {
  const Deadline patience = in(kSettle);
  for (reap_the_dead(); !children_of_this_process().empty() && steady_clock::now() < patience;
       reap_the_dead())
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto children = children_of_this_process();
  KATA_TRY(expect(children.empty(), concat(children.size(), " child processes are left")), "");
  const auto mounts = mounts_below(workplace.directory);
  KATA_TRY(expect(mounts.empty(),
                  mounts.empty() ? "" : concat("a mount is left at '", mounts.front(), "'")),
           "");
  const std::size_t descriptors = open_descriptors();
  return expect(descriptors <= descriptors_before,
                concat(descriptors - descriptors_before, " descriptors are left"));
}

// In the case's process: 'P', 'S' and why, or 'F' and why.
std::string perform(const Case& test, const Workplace& workplace) {
  try {
    if (test.missing != nullptr)
      if (const char* const reason = test.missing(workplace)) return concat("S", reason);
    const std::size_t descriptors = open_descriptors();
    auto outcome = test.run(workplace);
    if (outcome.ok()) outcome = look_for_leftovers(workplace, descriptors);
    return outcome.ok() ? "P" : concat("F", outcome.error().message);
  } catch (const std::exception& exception) {
    return concat("Fan exception came out: ", exception.what());
  }
}

[[noreturn]] void be_the_case(const Case& test, const Workplace& workplace, int report) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  keep_mounts_to_itself();
  plugin_host::note_crashes(report, "F");
  const std::string text = perform(test, workplace);
  if (::write(report, text.data(), text.size()) < 0) ::_exit(1);
  ::_exit(0);  // no destructor of the plugin's: the host never unloads it either
}

// What the case's process said before the deadline, and whether it was still alive then.
std::string listen_to(int fd, Deadline deadline, bool& in_time) {
  std::string text;
  while ((in_time = detail::poll_until(fd, deadline) == 1)) {
    char buffer[1024];
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

std::string describe_death(int status) {
  if (WIFSIGNALED(status))
    return concat("the plugin crashed: signal ", WTERMSIG(status), " (",
                  ::strsignal(WTERMSIG(status)), ")");
  return concat("the plugin ended the process with exit code ", WEXITSTATUS(status));
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  return text;
}

void judge(const std::string& said, int status, Report& report) {
  const char kind = said.empty() ? 'F' : said.front();
  report.verdict = kind == 'P'   ? Verdict::kPassed
                   : kind == 'S' ? Verdict::kSkipped
                                 : Verdict::kFailed;
  report.reason = said.empty() ? describe_death(status) : one_line(said.substr(1));
  while (report.reason.ends_with(' ')) report.reason.pop_back();
}

Result<fs::path> make_directory(fs::path state_dir_below) {
  char name[] = "/tmp/kata-check.XXXXXX";  // short: unix sockets live below it
  if (::mkdtemp(name) == nullptr) return errno_error("make a directory in '/tmp'", errno);
  std::error_code failure;
  fs::create_directories(name / std::move(state_dir_below), failure);
  if (failure) return errno_error(concat("make a directory in '", name, "'"), failure.value());
  fs::permissions(fs::path(name) / "sandbox/plugin", fs::perms::owner_all, failure);
  return fs::path(name);
}

void run_in_directory(const Case& test, const Workplace& workplace, Deadline deadline,
                      Report& report) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    report.reason = "cannot make a pipe";
    return;
  }
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) {
    report.reason = errno_error("fork", errno).message;
    return;
  }
  if (pid == 0) be_the_case(test, workplace, to.get());
  to.reset();
  bool in_time = false;
  const std::string said = listen_to(from.get(), deadline, in_time);
  if (!in_time) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  end_children();
  if (in_time)
    judge(said, status, report);
  else
    report.reason = "it had not ended when its time was up";
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const std::size_t at = std::string_view("&<>\"").find(c);
    constexpr const char* kNames[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
    if (at == std::string_view::npos)
      out += c;
    else
      out += kNames[at];
  }
  return out;
}

std::string seconds_of(std::chrono::milliseconds time) {
  std::string thousandths = std::to_string(time.count() % 1000);
  thousandths.insert(0, 3 - thousandths.size(), '0');
  return concat(time.count() / 1000, ".", thousandths);
}

}  // namespace

Report run_case(const Suite& suite, const Case& test, const Subject& subject,
                std::chrono::milliseconds limit) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  Report report{suite.name, test.name};
  const auto began = steady_clock::now();
  const auto directory = make_directory("sandbox/plugin");
  if (!directory.ok()) {
    report.reason = directory.error().message;
    return report;
  }
  run_in_directory(test, Workplace{subject, directory.value()}, began + limit, report);
  report.took = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - began);
  std::error_code ignored;
  fs::remove_all(directory.value(), ignored);
  return report;
}

std::string as_line(const Report& report) {
  const char* const word = report.verdict == Verdict::kPassed    ? "passed  "
                           : report.verdict == Verdict::kSkipped ? "skipped "
                                                                 : "FAILED  ";
  return concat(word, report.suite, ": ", report.name,
                report.reason.empty() ? "" : concat(": ", report.reason), "\n");
}

std::string as_junit(const std::string& plugin, const std::vector<Report>& reports) {
  const auto count = [&reports](Verdict verdict) {
    return std::count_if(reports.begin(), reports.end(),
                         [verdict](const Report& it) { return it.verdict == verdict; });
  };
  std::string text =
      concat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"", escaped(plugin),
             "\" tests=\"", reports.size(), "\" failures=\"", count(Verdict::kFailed),
             "\" skipped=\"", count(Verdict::kSkipped), "\">\n");
  for (const Report& it : reports) {
    text += concat("  <testcase classname=\"", escaped(it.suite), "\" name=\"", escaped(it.name),
                   "\" time=\"", seconds_of(it.took), "\"");
    if (it.verdict == Verdict::kPassed)
      text += "/>\n";
    else
      text += concat("><", it.verdict == Verdict::kFailed ? "failure" : "skipped", " message=\"",
                     escaped(it.reason), "\"/></testcase>\n");
  }
  return text + "</testsuite>\n";
}

}  // namespace kata::check
