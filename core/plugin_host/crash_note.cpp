// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/crash_note.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

namespace kata::plugin_host {

namespace {

// Written before handlers are installed, read by them.
std::atomic<int> note_fd{-1};
char note_prefix[64] = "";

// Async-signal-safe from here on.

struct Line {
  char text[512];
  std::size_t size = 0;

  void add(const char* words) {
    for (; *words != '\0' && size < sizeof text; ++words)
      text[size++] = static_cast<unsigned char>(*words) < ' ' ? '?' : *words;
  }
  void add_number(int number) {
    const char digits[] = {static_cast<char>('0' + number / 10),
                           static_cast<char>('0' + number % 10), '\0'};
    add(number < 10 ? digits + 1 : digits);
  }
};

void write_note(int fd, const PluginCall& running, int signal) {
  Line line;
  line.add(note_prefix);
  line.add("plugin '");
  line.add(running.plugin());
  line.add("' crashed this program in ");
  line.add(running.call());
  line.add(": signal ");
  line.add_number(signal);
  line.size = std::min(line.size, sizeof line.text - 1);
  line.text[line.size++] = '\n';
  (void)!::write(fd, line.text, line.size);
}

// The default action is back by now, and comes when this returns.
void on_fatal_signal(int signal) {
  const PluginCall* const running = PluginCall::running();
  if (const int fd = note_fd.load(); fd >= 0 && running != nullptr)
    write_note(fd, *running, signal);
  ::raise(signal);
}

}  // namespace

void note_crashes(int fd, std::string_view prefix) {
  note_fd = -1;
  const std::size_t size = prefix.copy(note_prefix, sizeof note_prefix - 1);
  note_prefix[size] = '\0';
  note_fd = fd;
  struct sigaction action {};
  action.sa_handler = on_fatal_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS})
    ::sigaction(signal, &action, nullptr);
}

}  // namespace kata::plugin_host
