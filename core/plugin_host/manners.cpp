// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/manners.h"

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "core/plugin_host/refusal.h"
#include "kata/concat.h"

namespace kata::plugin_host {

namespace {

constexpr const char* kRemedy = "correct the plugin: this belongs to the program";

std::string working_directory() {
  std::error_code ignored;
  return std::filesystem::current_path(ignored).native();
}

std::bitset<64> open_descriptors() {
  std::array<pollfd, 64> asked{};
  for (std::size_t fd = 0; fd < asked.size(); ++fd) asked.at(fd).fd = static_cast<int>(fd);
  while (::poll(asked.data(), asked.size(), 0) < 0 && errno == EINTR) {
  }
  std::bitset<64> open;
  for (std::size_t fd = 0; fd < open.size(); ++fd)
    open[fd] = (asked.at(fd).revents & POLLNVAL) == 0;
  return open;
}

bool same_mask(const sigset_t& one, const sigset_t& other) {
  for (int signal = 1; signal < 65; ++signal)
    if (sigismember(&one, signal) != sigismember(&other, signal)) return false;
  return true;
}

}  // namespace

Manners::Manners()
    : directory_(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)),
      directory_name_(working_directory()),
      locale_(::setlocale(LC_ALL, nullptr)) {
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask_);
  for (int signal = 1; signal < kSignals; ++signal)
    ::sigaction(signal, nullptr, &actions_.at(static_cast<std::size_t>(signal)));
  open_ = open_descriptors();
}

Result<void> Manners::check() const {
  auto first = check_directory();
  for (const auto look :
       {&Manners::check_locale, &Manners::check_signals, &Manners::check_descriptors}) {
    auto next = (this->*look)();
    if (first.ok()) first = std::move(next);
  }
  return first;
}

Result<void> Manners::check_directory() const {
  const std::string now = working_directory();
  if (now == directory_name_) return {};
  (void)!::fchdir(directory_.get());
  return refused("manners", concat("the working directory '", directory_name_, "'"),
                 concat("'", printable(now), "'"), kRemedy);
}

Result<void> Manners::check_locale() const {
  const std::string now = ::setlocale(LC_ALL, nullptr);
  if (now == locale_) return {};
  ::setlocale(LC_ALL, locale_.c_str());
  return refused("manners", concat("the locale '", locale_, "'"), concat("'", printable(now), "'"),
                 kRemedy);
}

Result<void> Manners::check_signals() const {
  for (int signal = 1; signal < kSignals; ++signal) {
    const auto& before = actions_.at(static_cast<std::size_t>(signal));
    struct sigaction now {};
    ::sigaction(signal, nullptr, &now);
    if (now.sa_handler == before.sa_handler) continue;
    ::sigaction(signal, &before, nullptr);
    return refused("manners", concat("the program's own action for signal ", signal), "another one",
                   kRemedy);
  }
  sigset_t now;
  ::pthread_sigmask(SIG_SETMASK, &mask_, &now);
  if (same_mask(now, mask_)) return {};
  return refused("manners", "the signal mask as it was", "another one", kRemedy);
}

Result<void> Manners::check_descriptors() const {
  const auto closed = open_ & ~open_descriptors();
  for (std::size_t fd = 0; fd < closed.size(); ++fd)
    if (closed[fd])
      return refused("manners", concat("descriptor ", fd, " as open as before"), "it closed",
                     kRemedy);
  return {};
}

}  // namespace kata::plugin_host
