// SPDX-License-Identifier: Apache-2.0
//
// Faults that no check can refuse: a plugin shares the process. What can be promised is that it is
// named, and that nothing but its process ends. Each runs in a child of the test.
#include <doctest/doctest.h>
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <random>

#include "core/plugin_host/crash_note.h"
#include "kata/child_process.h"
#include "tests/broken-plugins/staged_plugin.h"

namespace kata::plugin_host {

namespace {

constexpr std::chrono::seconds kLimit{10};
constexpr std::chrono::seconds kHang{4};  // of what is done in milliseconds

struct End {
  int status = 0;      // of waitpid; -1: it had to be ended at the limit
  std::string said{};  // by the child, or by the crash note
};

// Adds what the child says until it closes its end; false: it has not by the limit.
bool hear(int from, std::chrono::milliseconds limit, std::string& said) {
  const Deadline deadline = std::chrono::steady_clock::now() + limit;
  char buffer[4096];
  while (kata::detail::poll_until(from, deadline) == 1) {
    const ssize_t got = ::read(from, buffer, sizeof buffer);
    if (got <= 0) return true;
    said.append(buffer, static_cast<std::size_t>(got));
  }
  return false;
}

// Runs `work` in a process that writes what it returns, and notes crashes. One that hangs is
// aborted, so that the note says where.
End in_a_child(const std::function<std::string()>& work, std::chrono::milliseconds limit = kLimit) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (const int signal : {SIGSEGV, SIGABRT, SIGBUS}) ::signal(signal, SIG_DFL);  // doctest's
    note_crashes(to.get(), "note: ");
    const std::string text = work();
    ::_exit(::write(to.get(), text.data(), text.size()) < 0 ? 1 : 0);
  }
  to.reset();
  End end;
  const bool in_time = hear(from.get(), limit, end.said);
  if (!in_time) {
    ::kill(pid, SIGABRT);
    hear(from.get(), kLimit, end.said);
    ::kill(pid, SIGKILL);
  }
  ::waitpid(pid, &end.status, 0);
  if (!in_time) end.status = -1;
  return end;
}

config::PluginChoice told(const StagedPlugin& plugin, const char* what) {
  auto choice = plugin.choice();
  choice.keys["names"] = {concat("[\"", what, "\"]"), {}};
  return choice;
}

// The C library's loader, at an object file that contradicts itself, writes to standard error and
// exits with 127: the plugin host has no say then.
bool ended_by_the_loader(const End& end) {
  return WIFEXITED(end.status) && WEXITSTATUS(end.status) == 127 && end.said.empty();
}

std::string make_and_destroy(const config::PluginChoice& choice) {
  PluginHost host;
  const auto made = host.network(choice, {});
  return made.ok() ? "made" : made.error().message;
}

}  // namespace

TEST_CASE("a plugin that crashes its process is named with the call that crashed") {
  const StagedPlugin plugin("fatal");
  struct Row {
    const char* fault;
    int signal;
    const char* call;
  };
  for (const Row& row : {Row{"segv", SIGSEGV, "create"}, Row{"abort", SIGABRT, "create"},
                         Row{"destroy", SIGABRT, "destroy"}}) {
    CAPTURE(row.fault);
    const End end = in_a_child([&] { return make_and_destroy(told(plugin, row.fault)); });
    CHECK(WIFSIGNALED(end.status));
    CHECK(WTERMSIG(end.status) == row.signal);
    CHECK(end.said.starts_with(concat("note: plugin 'fatal' crashed this program in ", row.call,
                                      ": signal ", row.signal, "\n")));
  }
}

TEST_CASE("a library whose static initialiser crashes is named by its file") {
  const StagedPlugin plugin("abort_at_load");
  const End end = in_a_child([&] { return make_and_destroy(plugin.choice()); });
  CHECK(WTERMSIG(end.status) == SIGABRT);
  CHECK(end.said == concat("note: plugin '", plugin.file(),
                           "' crashed this program in its static initialisers: signal 6\n"));
}

TEST_CASE("a plugin that never returns hangs its own process only") {
  const StagedPlugin plugin("fatal");
  const End end =
      in_a_child([&] { return make_and_destroy(told(plugin, "loop")); }, std::chrono::seconds(1));
  CHECK(end.status == -1);
  CHECK(end.said == "note: plugin 'fatal' crashed this program in create: signal 6\n");
}

TEST_CASE("a plugin that changes what is the program's is refused and undone") {
  const StagedPlugin plugin("rude");
  struct Row {
    const char* what;
    const char* refusal;
  };
  for (const Row& row :
       {Row{"directory", "found '/proc'"}, Row{"locale", "manners: expected the locale 'C', found"},
        Row{"action", "manners: expected the program's own action for signal 15, found another"},
        Row{"mask", "manners: expected the signal mask as it was, found another one"},
        Row{"descriptor", "manners: expected descriptor 0 as open as before, found it closed"}}) {
    CAPTURE(row.what);
    const End end = in_a_child([&] {
      const auto before = std::filesystem::current_path();
      const std::string refusal = make_and_destroy(told(plugin, row.what));
      sigset_t mask;
      ::sigprocmask(SIG_SETMASK, nullptr, &mask);
      struct sigaction action {};
      ::sigaction(SIGTERM, nullptr, &action);
      const bool as_before = before == std::filesystem::current_path() &&
                             sigismember(&mask, SIGTERM) == 0 && action.sa_handler != SIG_IGN &&
                             std::string_view(::setlocale(LC_ALL, nullptr)) == "C";
      return concat(refusal, as_before ? "" : " and not undone");
    });
    CHECK_MESSAGE(end.said.find(row.refusal) != std::string::npos, end.said);
    CHECK(end.said.ends_with("; correct the plugin: this belongs to the program"));
  }
  CHECK(in_a_child([&] { return make_and_destroy(told(plugin, "nothing")); }).said == "made");
}

// Bytes that the loader uses: relocations, symbols, code, data.
TEST_CASE(
    "of 200 plugins with corrupted bytes each is refused or made or spoils its process alone") {
  const StagedPlugin plugin("good");
  const std::string bytes = StagedPlugin::built("good");
  std::minstd_rand random(7);  // the same each time
  int refused = 0, crashed = 0, hung = 0;
  for (int i = 0; i < 200; ++i) {
    std::string damaged = bytes;
    for (int flips = 0; flips < 8; ++flips)
      damaged[sizeof(Elf64_Ehdr) + random() % (damaged.size() - sizeof(Elf64_Ehdr))] ^=
          static_cast<char>(1U << random() % 8);
    plugin.write(damaged);
    const End end = in_a_child([&] { return make_and_destroy(plugin.choice()); }, kHang);
    CAPTURE(i);
    if (end.status == -1) {  // in what is no code any more, not in a check of the host's
      ++hung;
      CHECK_MESSAGE(end.said.starts_with("note: plugin '"), end.said);
    } else if (WIFSIGNALED(end.status) || ended_by_the_loader(end)) {
      ++crashed;
    } else if (end.said != "made") {
      ++refused;
      CHECK_MESSAGE(end.said.find(plugin.file().native()) != std::string::npos, end.said);
      CHECK(end.said.find('\n') == std::string::npos);
    }
  }
  MESSAGE(refused, " of 200 refused, ", crashed, " ended their process, ", hung, " never returned");
  CHECK(refused > 0);
  CHECK(hung < 10);
}

TEST_CASE("a truncated plugin never ends the process that loads it") {
  const StagedPlugin plugin("good");
  const std::string bytes = StagedPlugin::built("good");
  const End end = in_a_child([&] {
    for (std::size_t i = 0; i < 64; ++i) {
      plugin.write(std::string_view(bytes).substr(0, bytes.size() * i / 64));
      if (make_and_destroy(plugin.choice()) == "made") return std::string("made");
    }
    return std::string("all refused");
  });
  CHECK(end.said == "all refused");
}

TEST_CASE("one plugin's name twice is two files and each says its own") {
  const StagedPlugin one("good"), other("good");
  PluginHost host;
  CHECK(host.network(one.choice(), {}).ok());
  CHECK(host.network(other.choice(), {}).ok());
}

TEST_CASE("the loader's variables of the environment lead to no other plugin") {
  const StagedPlugin plugin("good"), elsewhere("create_throws", "good.so");
  const End end = in_a_child([&] {
    ::setenv("LD_LIBRARY_PATH", elsewhere.directory().c_str(), 1);
    ::setenv("LD_PRELOAD", elsewhere.file().c_str(), 1);
    return make_and_destroy(plugin.choice());
  });
  CHECK(end.said == "made");
}

TEST_CASE("a path that climbs is the file that it names and trusted as that") {
  const StagedPlugin plugin("good");
  auto choice = plugin.choice();
  choice.library = plugin.directory() / "no-such-directory" / ".." / plugin.file().filename();
  CHECK(refusal_of(choice).starts_with("open directory '"));
  const auto open = plugin.directory() / "open";
  std::filesystem::create_directory(open);
  ::chmod(open.c_str(), 0777);
  std::filesystem::copy_file(plugin.file(), open / "good.so");
  choice.library = plugin.directory() / "open/../open/good.so";
  CHECK(refusal_of(choice).starts_with("directory mode: expected not writable"));
}

}  // namespace kata::plugin_host
