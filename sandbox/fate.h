// SPDX-License-Identifier: Apache-2.0
//
// Why a sandbox came to its end: the first of "the VM is gone", "its file server is gone", "its
// agent hung up", "somebody asked". Threads wait in the plugins' [waiter] methods; what they learn
// is told on the loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "kata/plugin/hypervisor.h"
#include "kata/plugin/shared_filesystem.h"
#include "sandbox/event.h"

namespace kata::sandbox {

// Shared with coroutines that outlive the Sandbox by a moment. Threads: the loop's only.
class Fate : public std::enable_shared_from_this<Fate> {
 public:
  explicit Fate(boost::asio::any_io_executor loop) : loop_(loop), ended_(loop), vm_gone_(loop) {}

  bool sealed() const noexcept { return ended_.is_set(); }
  bool vm_gone() const noexcept { return vm_gone_.is_set(); }
  const std::string& reason() const noexcept { return reason_; }
  boost::asio::awaitable<void> ended() { return ended_.wait(); }
  boost::asio::awaitable<bool> ended_by(Deadline deadline) { return ended_.wait_until(deadline); }
  boost::asio::awaitable<bool> vm_gone_by(Deadline deadline) {
    return vm_gone_.wait_until(deadline);
  }

  // The first reason stays.
  void tell(std::string reason);
  void tell_vm_gone(std::string reason);

  // As tell(), but gives the VM's own reason a moment to arrive: when a VM dies its file server and
  // its agent connection go too, and either may be noticed first.
  void tell_unless_vm_gone(std::string reason);

 private:
  boost::asio::any_io_executor loop_;
  Event ended_, vm_gone_;
  std::string reason_{};
};

// The threads in Hypervisor::wait_vm() and SharedFilesystem::wait(). They end when the plugin has
// stopped what they wait for; forsake() lets a destructor return when that failed.
class Watchers {
 public:
  Watchers(boost::asio::any_io_executor loop, std::shared_ptr<Fate> fate)
      : line_(std::make_shared<Line>(std::move(loop))), fate_(std::move(fate)) {}
  ~Watchers();
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  void watch(Hypervisor& hypervisor);
  void watch(SharedFilesystem& filesystem);
  void forsake();

 private:
  // From the threads to the loop. A forsaken thread may end when the loop is gone.
  class Line {
   public:
    explicit Line(boost::asio::any_io_executor loop) : loop_(std::move(loop)) {}
    void post(std::function<void()> news);
    void cut();

   private:
    std::mutex mutex_{};
    std::optional<boost::asio::any_io_executor> loop_;
  };

  std::shared_ptr<Line> line_;
  std::shared_ptr<Fate> fate_;
  std::thread vm_{}, filesystem_{};
};

}  // namespace kata::sandbox
