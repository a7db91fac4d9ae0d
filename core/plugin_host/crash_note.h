// SPDX-License-Identifier: Apache-2.0
//
// The last words of a process that a plugin crashes: a plugin shares the host's address space, so
// its fault is the process's end, but not an end without a name.
#pragma once

#include <atomic>
#include <string_view>

namespace kata::plugin_host {

// While it lives, the code of this plugin runs on this thread. Both texts outlive it. Inline,
// because every call into a plugin has one; a signal handler reads it.
class PluginCall {
 public:
  [[gnu::always_inline]] PluginCall(const char* plugin, const char* call) noexcept
      : plugin_(plugin), call_(call), outer_(running_) {
    std::atomic_signal_fence(std::memory_order_release);
    running_ = this;
  }
  [[gnu::always_inline]] ~PluginCall() {
    running_ = outer_;
    std::atomic_signal_fence(std::memory_order_release);
  }
  PluginCall(const PluginCall&) = delete;
  PluginCall& operator=(const PluginCall&) = delete;

  const char* plugin() const noexcept { return plugin_; }
  const char* call() const noexcept { return call_; }

  // The innermost of this thread, or null.
  static const PluginCall* running() noexcept { return running_; }

 private:
  static inline constinit thread_local const PluginCall* running_ = nullptr;

  const char* plugin_;
  const char* call_;
  const PluginCall* outer_;
};

// From now on a fatal signal writes "<prefix>plugin 'acme' crashed this program in start_vm: signal
// 11\n" to `fd` before the process dies of it; -1: nothing more is written. The prefix has at most
// 63 characters.
void note_crashes(int fd, std::string_view prefix);

}  // namespace kata::plugin_host
