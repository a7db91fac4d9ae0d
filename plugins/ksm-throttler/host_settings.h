// SPDX-License-Identifier: Apache-2.0
//
// What the host had in its KSM files before we wrote there, on disk ahead of each write, so that a
// killed process leaves enough behind to put everything back. A file that holds what neither the
// host had nor we wrote belongs to somebody else now and is left alone.
// Threads: one at a time.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"
#include "ksm_directory.h"

namespace kata::ksm {

struct Write {
  std::string key{}, value{};
};

struct SavedSetting {
  std::string key{}, before{};
  std::vector<std::string> ours{};  // each value that a kill may have left
};

// Of the record on disk. A key that is not one of KSM's settings is refused: it becomes a path.
Result<std::vector<SavedSetting>> parse_saved_settings(std::string_view text);

class HostSettings {
 public:
  HostSettings(KsmDirectory directory, std::filesystem::path record)
      : directory_(std::move(directory)), record_(std::move(record)) {}

  // Takes up the record of a process that was killed, if there is one.
  Result<void> load();

  // Keys that somebody else has changed since we wrote them.
  Result<std::vector<std::string>> foreign() const;

  // In this order; remembers what was there. A key may come more than once.
  Result<void> apply(const std::vector<Write>& writes);

  // Puts back all that is still ours and forgets it; returns the keys left to somebody else.
  Result<std::vector<std::string>> restore();

 private:
  SavedSetting* find(std::string_view key);
  Result<void> remember(const std::vector<Write>& writes);
  Result<void> save() const;
  Result<bool> is_foreign(const SavedSetting& entry) const;
  Result<bool> advisor_is_on() const;
  bool kernel_owns(const SavedSetting& entry) const;
  Result<void> add(const std::string& key);
  Result<void> put_back(const SavedSetting& entry, bool host_advises) const;

  KsmDirectory directory_;
  std::filesystem::path record_;
  std::vector<SavedSetting> entries_{};
};

}  // namespace kata::ksm
