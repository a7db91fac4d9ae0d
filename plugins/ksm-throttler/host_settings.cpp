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
constexpr const char* kNone = "none";
constexpr const char* kPagesAfterAdvisor = "100";  // what the kernel sets when it is switched off

// The record names files below sysfs: no other word may come from it.
bool known_key(const std::string& key) {
  for (const char* known :
       {"run", kPages, "sleep_millisecs", kAdvisor, "smart_scan", "use_zero_pages"})
    if (key == known) return true;
  return false;
}

}  // namespace

Result<std::vector<SavedSetting>> parse_saved_settings(std::string_view text) {
  std::vector<SavedSetting> settings;
  try {
    for (const auto& item : nlohmann::json::parse(text))
      settings.push_back({item.at("key"), item.at("before"), item.at("ours")});
  } catch (const nlohmann::json::exception&) {
    settings.push_back({});
  }
  for (const SavedSetting& setting : settings)
    if (!known_key(setting.key))
      return make_error(ErrorCode::kInvalidArgument,
                        "not a record of the host's KSM settings: look at the settings yourself, "
                        "then remove the file");
  return settings;
}

SavedSetting* HostSettings::find(std::string_view key) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [key](const SavedSetting& entry) { return entry.key == key; });
  return found == entries_.end() ? nullptr : &*found;
}

Result<void> HostSettings::load() {
  const auto text = KATA_TRY(read_state_file(record_, kLongestRecord), "");
  if (text) entries_ = KATA_TRY(parse_saved_settings(*text), concat("'", record_, "'"));
  return {};
}

Result<void> HostSettings::save() const {
  auto list = nlohmann::json::array();
  for (const SavedSetting& entry : entries_)
    list.push_back({{"key", entry.key}, {"before", entry.before}, {"ours", entry.ours}});
  return write_state_file(record_, list.dump());
}

// The kernel's advisor moves pages_to_scan by itself.
bool HostSettings::kernel_owns(const SavedSetting& entry) const {
  if (entry.key != kPages) return false;
  const auto on = advisor_is_on();
  return on.ok() && on.value();
}

Result<bool> HostSettings::advisor_is_on() const {
  if (!directory_.has(kAdvisor)) return false;
  return KATA_TRY(directory_.read(kAdvisor), "") != kNone;
}

Result<bool> HostSettings::is_foreign(const SavedSetting& entry) const {
  const std::string now = KATA_TRY(directory_.read(entry.key), "");
  if (now == entry.before || kernel_owns(entry)) return false;
  return std::find(entry.ours.begin(), entry.ours.end(), now) == entry.ours.end();
}

Result<std::vector<std::string>> HostSettings::foreign() const {
  std::vector<std::string> keys;
  for (const SavedSetting& entry : entries_) {
    const bool changed = KATA_TRY(is_foreign(entry), "");
    if (changed) keys.push_back(entry.key);
  }
  return keys;
}

Result<void> HostSettings::add(const std::string& key) {
  if (find(key) != nullptr) return {};
  entries_.push_back({key, KATA_TRY(directory_.read(key), ""), {}});
  return {};
}

Result<void> HostSettings::remember(const std::vector<Write>& writes) {
  for (const Write& write : writes) {
    // Each change of the advisor resets pages_to_scan.
    if (write.key == kAdvisor) KATA_TRY(add(kPages), "");
    KATA_TRY(add(write.key), "");
    find(write.key)->ours.push_back(write.value);
    if (write.key == kAdvisor) find(kPages)->ours.emplace_back(kPagesAfterAdvisor);
  }
  return save();
}

Result<void> HostSettings::apply(const std::vector<Write>& writes) {
  KATA_TRY(remember(writes), "remember the host's KSM settings");
  for (const Write& write : writes) KATA_TRY(directory_.write(write.key, write.value), "");
  for (const Write& write : writes) find(write.key)->ours = {write.value};
  return {};
}

Result<void> HostSettings::put_back(const SavedSetting& entry, bool host_advises) const {
  if (entry.key == kAdvisor || (entry.key == kPages && host_advises)) return {};
  const std::string now = KATA_TRY(directory_.read(entry.key), "");
  return now == entry.before ? Result<void>() : directory_.write(entry.key, entry.before);
}

Result<std::vector<std::string>> HostSettings::restore() {
  const std::vector<std::string> left = KATA_TRY(foreign(), "");
  const auto is_ours = [&left](const SavedSetting& entry) {
    return std::find(left.begin(), left.end(), entry.key) == left.end();
  };
  const SavedSetting* advisor = find(kAdvisor);
  if (advisor != nullptr && !is_ours(*advisor)) advisor = nullptr;
  // The kernel refuses pages_to_scan while its advisor is on.
  if (advisor != nullptr) KATA_TRY(directory_.write(kAdvisor, kNone), "");
  const bool host_advises =
      advisor != nullptr ? advisor->before != kNone : KATA_TRY(advisor_is_on(), "");
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry)
    if (is_ours(*entry)) KATA_TRY(put_back(*entry, host_advises), "");
  if (advisor != nullptr && host_advises) KATA_TRY(directory_.write(kAdvisor, advisor->before), "");
  entries_.clear();
  KATA_TRY(remove_state_file(record_), "");
  return left;
}

}  // namespace kata::ksm
