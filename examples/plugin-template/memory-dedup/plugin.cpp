// SPDX-License-Identifier: Apache-2.0
//
// Page merging that is on for a while after each VM's start, and then gives the host back its own
// setting.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "kata/concat.h"
#include "kata/plugin/export.h"
#include "kata/plugin/memory_dedup.h"

namespace acme {

using namespace kata;

constexpr plugin::ConfigField kConfig[] = {
    {"seconds", "integer", "60", "Seconds of merging after a VM has come or gone."},
    {"sysfs_directory", "path", R"("/sys/kernel/mm/ksm")", "The kernel's KSM files."},
};

class AcmeDedup final : public MemoryDedup {
 public:
  AcmeDedup(std::int64_t seconds, std::filesystem::path directory)
      : time_(seconds), directory_(std::move(directory)) {}

  static Result<std::unique_ptr<AcmeDedup>> create(const plugin::Context& context) {
    const auto keys = nlohmann::json::parse(context.config_json);
    const auto seconds = keys.at("seconds").get<std::int64_t>();
    if (seconds < 1 || seconds > 86400)
      return make_error(
          ErrorCode::kInvalidArgument,
          concat("key 'seconds' in [memory_dedup.acme]: expected 1 to 86400, found ", seconds));
    return std::make_unique<AcmeDedup>(seconds, keys.at("sysfs_directory").get<std::string>());
  }

  Result<void> check_host() override {
    KATA_TRY(read("run"), "");
    return {};
  }
  Result<Next> start(TimePoint /*now*/) override { return Next{}; }  // until a VM comes
  Result<Next> boost(TimePoint now) override {
    if (!host_setting_) host_setting_ = KATA_TRY(read("run"), "");
    KATA_TRY(write("run", "1"), "");
    return Next(now + time_);
  }
  Result<Next> tick(TimePoint /*now*/) override {
    KATA_TRY(restore(), "");
    return Next{};
  }
  Result<DedupStats> stats() const override {
    DedupStats stats;
    stats.pages_shared = KATA_TRY(number("pages_shared"), "");
    stats.pages_sharing = KATA_TRY(number("pages_sharing"), "");
    stats.full_scans = KATA_TRY(number("full_scans"), "");
    stats.mode = host_setting_ ? "merging" : "resting";
    return stats;
  }
  Result<void> restore() override {
    if (host_setting_) KATA_TRY(write("run", *host_setting_), "");
    host_setting_.reset();
    return {};
  }
  Result<std::string> save_state() const override { return std::string(); }

 private:
  Result<std::string> read(const char* name) const {
    std::ifstream file(directory_ / name);
    std::string text;
    if (std::getline(file, text)) return text;
    return make_error(ErrorCode::kUnsupported,
                      concat("read '", directory_ / name, "' failed: does the kernel have KSM?"));
  }
  Result<std::uint64_t> number(const char* name) const {
    return std::strtoull(KATA_TRY(read(name), "").c_str(), nullptr, 10);
  }
  Result<void> write(const char* name, const std::string& text) const {
    std::ofstream file(directory_ / name);
    file << text << '\n' << std::flush;
    if (file) return {};
    return make_error(ErrorCode::kPermission, concat("write '", directory_ / name, "' failed"));
  }

  const std::chrono::seconds time_;
  const std::filesystem::path directory_;
  std::optional<std::string> host_setting_{};
};

}  // namespace acme

KATA_PLUGIN(MemoryDedup, acme::AcmeDedup, "acme", "1.0.0", "Acme", "Apache-2.0",
            "Merges pages for a while after each VM's start", acme::kConfig);
