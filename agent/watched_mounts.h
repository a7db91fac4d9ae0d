// SPDX-License-Identifier: Apache-2.0
//
// The storages "watchable-bind": copies of small directories of the share, brought up to date every
// two seconds. They lie in a memory filesystem that is mounted with the first of them. Threads: one
// executor; a round copies a few megabytes at most.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "agent/container/mirror.h"
#include "kata/result.h"

namespace kata::agent {

class WatchedMounts {
 public:
  WatchedMounts(const boost::asio::any_io_executor& executor, std::filesystem::path share,
                std::chrono::milliseconds interval = std::chrono::seconds(2));
  ~WatchedMounts();

  // False: the source is a file, or too large; a bind mount must do. `mount_point` must lie in
  // <share>/watchable or <share>/passthrough/watchable.
  Result<bool> watch(const std::string& source, const std::string& mount_point);

  void unwatch(const std::string& mount_point);

  // Forgets all and unmounts.
  void clear();

 private:
  Result<std::filesystem::path> root_of(const std::string& mount_point) const;
  Result<void> mount_root(const std::filesystem::path& root);
  void wait();
  void update_all();

  std::filesystem::path share_;
  std::chrono::milliseconds interval_;
  boost::asio::steady_timer timer_;
  std::map<std::string, Mirror> mirrors_{};
  std::set<std::filesystem::path> roots_{};  // mounted
};

}  // namespace kata::agent
