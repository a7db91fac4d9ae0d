// SPDX-License-Identifier: Apache-2.0
#include "sandbox/fate.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <utility>

#include "kata/concat.h"

namespace kata::sandbox {

namespace {

constexpr std::chrono::milliseconds kVmReasonGrace{300};

boost::asio::awaitable<void> tell_later(std::shared_ptr<Fate> fate, std::string reason) {
  co_await fate->vm_gone_by(std::chrono::steady_clock::now() + kVmReasonGrace);
  fate->tell(std::move(reason));
}

std::string reason_of(const Result<VmExit>& exit) {
  if (!exit.ok()) return concat("the VM cannot be watched any more: ", exit.error().message);
  if (exit.value().reason.empty()) return concat("the VM ended with status ", exit.value().status);
  return concat("the VM ended: ", exit.value().reason);
}

std::string reason_of(const Result<std::string>& end) {
  return concat("the server of the shared filesystem ended: ",
                end.ok() ? end.value() : end.error().message);
}

}  // namespace

void Fate::tell(std::string reason) {
  if (ended_.is_set()) return;
  reason_ = std::move(reason);
  ended_.set();
}

void Fate::tell_vm_gone(std::string reason) {
  vm_gone_.set();
  tell(std::move(reason));
}

void Fate::tell_unless_vm_gone(std::string reason) {
  boost::asio::co_spawn(loop_, tell_later(shared_from_this(), std::move(reason)),
                        boost::asio::detached);
}

Watchers::~Watchers() {
  if (vm_.joinable()) vm_.join();
  if (filesystem_.joinable()) filesystem_.join();
}

void Watchers::watch(Hypervisor& hypervisor) {
  vm_ = std::thread([&hypervisor, line = line_, fate = fate_] {
    std::string reason = reason_of(hypervisor.wait_vm());
    line->post(
        [fate, reason = std::move(reason)]() mutable { fate->tell_vm_gone(std::move(reason)); });
  });
}

void Watchers::watch(SharedFilesystem& filesystem) {
  filesystem_ = std::thread([&filesystem, line = line_, fate = fate_] {
    std::string reason = reason_of(filesystem.wait());
    line->post([fate, reason = std::move(reason)]() mutable {
      fate->tell_unless_vm_gone(std::move(reason));
    });
  });
}

void Watchers::forsake() {
  line_->cut();
  if (vm_.joinable()) vm_.detach();
  if (filesystem_.joinable()) filesystem_.detach();
}

void Watchers::Line::post(std::function<void()> news) {
  const std::lock_guard lock(mutex_);
  if (loop_) boost::asio::post(*loop_, std::move(news));
}

void Watchers::Line::cut() {
  const std::lock_guard lock(mutex_);
  loop_.reset();
}

}  // namespace kata::sandbox
