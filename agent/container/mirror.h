// SPDX-License-Identifier: Apache-2.0
//
// A small directory kept as a copy of another one. Kubernetes publishes a ConfigMap by turning one
// symbolic link over, which programs notice by inotify; a share with the host passes no such
// events, a copy in the guest has them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "kata/result.h"
#include "kata/unique_fd.h"

namespace kata::agent {

struct MirrorLimits {
  std::size_t entries = 1024;      // files, links and directories
  std::uint64_t bytes = 4U << 20;  // twice what a ConfigMap may have: both versions, for a moment
};

class Mirror {
 public:
  // Both are directories, open. The target is empty and the mirror's own.
  Mirror(UniqueFd source, UniqueFd target, MirrorLimits limits = {})
      : source_(std::move(source)), target_(std::move(target)), limits_(limits) {}

  // Makes the target equal to the source as it is now: first what is new, then the links, last goes
  // what is no more. So a link never points to a file that is half written. A source that changes
  // meanwhile leaves the links as they are until the next call. Other things than files, links and
  // directories are left out. kResourceExhausted: the source is larger than the limits.
  Result<void> update();

  Result<void> clear();  // the target

 private:
  struct Item {
    std::uint32_t mode = 0, uid = 0, gid = 0;
    std::uint64_t size = 0;
    std::int64_t changed_ns = 0;  // of files
    std::string link{};
    friend bool operator==(const Item&, const Item&) = default;
  };
  using Items = std::map<std::string, Item>;  // by path below the root; parents come first

  Result<Items> scan() const;
  Result<void> scan_directory(int directory, const std::string& prefix, Items& items) const;
  static bool is_in_the_way(const std::string& path, const Item& item, const Items& now);
  Result<void> remove_missing(const Items& now, bool only_in_the_way);
  Result<void> make(const Items& now, bool links);  // or everything else
  Result<void> copy_file(const std::string& path, const Item& item) const;
  Result<void> place_link(const std::string& path, const Item& item) const;
  Result<void> make_directory(const std::string& path, const Item& item) const;

  UniqueFd source_, target_;
  MirrorLimits limits_;
  Items last_{};  // what the target has
};

}  // namespace kata::agent
