// SPDX-License-Identifier: Apache-2.0
#include "host_settings.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "kata/state_file.h"

namespace kata::ksm {

namespace {

constexpr std::size_t kLongestRecord = 16384;
constexpr const char* kAdvisor = "advisor_mode";
constexpr const char* kPages = "pages_to_scan";

// The record names files below sysfs: no other word may come from it.
bool known_key(const std::string& key) {
  for (const char* known :
       {"run", kPages, "sleep_millisecs", kAdvisor, "smart_scan", "use_zero_pages"})
    if (key == known) return true;
  return false;
}

}  // namespace

HostSettings::Entry* HostSettings::find(std::string_view key) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [key](const Entry& entry) { return entry.key == key; });
  return found == entries_.end() ? nullptr : &*found;
}

Result<void> HostSettings::load() {
  const auto text = KATA_TRY(read_state_file(record_, kLongestRecord), "");
  if (!text) return {};
  std::vector<Entry> entries;
  try {
    for (const auto& item : nlohmann::json::parse(*text))
      entries.push_back({item.at("key"), item.at("before"), item.at("ours")});
  } catch (const nlohmann::json::exception&) {
    entries.push_back({});
  }
  for (const Entry& entry : entries)
    if (!known_key(entry.key))
      return make_error(ErrorCode::kInvalidArgument,
                        concat("'", record_,
                               "' is not a record of the host's KSM settings: look "
                               "at the settings yourself, then remove the file"));
  entries_ = std::move(entries);
  return {};
}

Result<void> HostSettings::save() const {
  auto list = nlohmann::json::array();
  for (const Entry& entry : entries_)
    list.push_back({{"key", entry.key}, {"before", entry.before}, {"ours", entry.ours}});
  return write_state_file(record_, list.dump());
}

// The kernel's advisor moves pages_to_scan by itself.
bool HostSettings::kernel_owns(const Entry& entry) const {
  return entry.key == kPages &&
         std::any_of(entries_.begin(), entries_.end(),
                     [](const Entry& other) { return other.key == kAdvisor; });
}

Result<bool> HostSettings::is_foreign(const Entry& entry) const {
  const std::string now = KATA_TRY(directory_.read(entry.key), "");
  if (now == entry.before || kernel_owns(entry)) return false;
  return std::find(entry.ours.begin(), entry.ours.end(), now) == entry.ours.end();
}

Result<std::vector<std::string>> HostSettings::foreign() const {
  std::vector<std::string> keys;
  for (const Entry& entry : entries_) {
    const bool changed = KATA_TRY(is_foreign(entry), "");
    if (changed) keys.push_back(entry.key);
  }
  return keys;
}

Result<void> HostSettings::remember(const std::vector<Write>& writes) {
  for (const Write& write : writes) {
    Entry* entry = find(write.key);
    if (entry == nullptr) {
      entries_.push_back({write.key, KATA_TRY(directory_.read(write.key), ""), {}});
      entry = &entries_.back();
    }
    entry->ours.push_back(write.value);
  }
  return save();
}

Result<void> HostSettings::apply(const std::vector<Write>& writes) {
  KATA_TRY(remember(writes), "remember the host's KSM settings");
  for (const Write& write : writes) KATA_TRY(directory_.write(write.key, write.value), "");
  for (const Write& write : writes) find(write.key)->ours = {write.value};
  return {};
}

Result<std::vector<std::string>> HostSettings::restore() {
  const std::vector<std::string> left = KATA_TRY(foreign(), "");
  const auto ours = [&left](const Entry& entry) {
    return std::find(left.begin(), left.end(), entry.key) == left.end();
  };
  // The kernel refuses pages_to_scan while its advisor is on, and setting the advisor resets it.
  Entry* advisor = find(kAdvisor);
  const bool ours_to_set = advisor != nullptr && ours(*advisor);
  if (ours_to_set) KATA_TRY(directory_.write(kAdvisor, "none"), "");
  const bool host_advises =
      KATA_TRY(directory_.has(kAdvisor) ? directory_.read(kAdvisor) : Result<std::string>("none"),
               "") != "none";
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (!ours(*entry) || entry->key == kAdvisor) continue;
    if (entry->key == kPages && host_advises) continue;
    const std::string now = KATA_TRY(directory_.read(entry->key), "");
    if (now != entry->before) KATA_TRY(directory_.write(entry->key, entry->before), "");
  }
  if (ours_to_set && advisor->before != "none")
    KATA_TRY(directory_.write(kAdvisor, advisor->before), "");
  entries_.clear();
  KATA_TRY(remove_state_file(record_), "");
  return left;
}

}  // namespace kata::ksm
