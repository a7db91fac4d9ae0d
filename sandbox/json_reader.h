// SPDX-License-Identifier: Apache-2.0
//
// JSON that somebody else wrote → values, strictly. A reader walks one object by the names of its
// members; the first thing that is wrong is kept and everything after it is skipped, so the caller
// lists what it wants and asks once, at the end, whether it got it. Every complaint reads
// "<where>: <key path>: expected …, found …".
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace kata::sandbox {

// What was found wrong in one document, and what is merely worth a warning.
struct Findings {
  std::string where{};                           // in front of every message: the file's name
  std::vector<std::string>* warnings = nullptr;  // may be null
  std::optional<Error> first{};                  // of the errors

  bool ok() const noexcept { return !first.has_value(); }
  void refuse(std::string_view path, std::string_view complaint);
  void warn(std::string_view path, std::string_view remark);
  Result<void> outcome() && { return first ? Result<void>(std::move(*first)) : Result<void>(); }
};

// Bounds that no honest document reaches.
inline constexpr std::size_t kMaxJsonDepth = 64;
inline constexpr std::size_t kMaxJsonSize = 4U << 20;  // bytes

// The document's one value, an object. Refuses what is not JSON or not UTF-8, a member that is
// there twice, and nesting deeper than kMaxJsonDepth. On an error, which is in `findings`, an empty
// object.
nlohmann::json parse_json_object(std::string_view text, Findings& findings);

enum class Need { kOptional, kRequired };

// One object of the document. A member that is null counts as absent.
class JsonReader {
 public:
  JsonReader(const nlohmann::json& object, std::string path, Findings& findings)
      : object_(&object), path_(std::move(path)), findings_(&findings) {}

  bool has(const char* key) const { return find(key) != nullptr; }
  std::string path_of(const char* key) const;
  Findings& findings() const { return *findings_; }
  void refuse(const char* key, std::string_view complaint) const;

  // Absent and optional: the empty value.
  std::string text(const char* key, Need need = Need::kOptional) const;
  std::string absolute_path(const char* key, Need need = Need::kOptional) const;
  bool flag(const char* key, Need need = Need::kOptional) const;
  std::int64_t integer(const char* key, std::int64_t least, std::int64_t most,
                       Need need = Need::kOptional) const;
  std::int64_t integer_or(const char* key, std::int64_t least, std::int64_t most,
                          std::int64_t otherwise) const;
  std::uint64_t natural(const char* key, Need need = Need::kOptional) const;  // 0 … 2^64-1
  std::uint32_t natural32(const char* key, Need need = Need::kOptional) const;

  // Each takes the element: a string, an integer, or a reader of an object.
  template <class Take>
  void each_text(const char* key, Take take) const {
    each(key, [&](const nlohmann::json& item, const std::string& path) {
      if (auto value = text_of(item, path)) take(std::move(*value));
    });
  }
  template <class Take>
  void each_natural32(const char* key, std::uint32_t most, Take take) const {
    each(key, [&](const nlohmann::json& item, const std::string& path) {
      if (auto value = integer_of(item, path, 0, most)) take(static_cast<std::uint32_t>(*value));
    });
  }
  template <class Take>
  void each_object(const char* key, Take take) const {
    each(key, [&](const nlohmann::json& item, const std::string& path) {
      if (check_object(item, path)) take(JsonReader(item, path, *findings_));
    });
  }

  // Calls take(reader) when the member is there and is an object.
  template <class Take>
  void object(const char* key, Take take, Need need = Need::kOptional) const {
    const nlohmann::json* member = require(key, need, "an object");
    if (member != nullptr && check_object(*member, path_of(key)))
      take(JsonReader(*member, path_of(key), *findings_));
  }

  // An object whose values are all strings: calls take(name, value).
  template <class Take>
  void each_member_text(const char* key, Take take) const {
    object(key, [&](const JsonReader& map) {
      for (const std::string& name : map.names())
        if (auto value = text_of(*map.find(name.c_str()), map.path_of(name.c_str())))
          take(name, std::move(*value));
    });
  }

  std::vector<std::string> names() const;  // of the members that are not null

 private:
  template <class Take>
  void each(const char* key, Take take) const {
    const std::size_t count = array_size(key);
    for (std::size_t index = 0; index < count && findings_->ok(); ++index)
      take(element(key, index), path_of(key) + '[' + std::to_string(index) + ']');
  }

  const nlohmann::json* find(const char* key) const;
  const nlohmann::json* require(const char* key, Need need, std::string_view expected) const;
  std::size_t array_size(const char* key) const;
  const nlohmann::json& element(const char* key, std::size_t index) const;
  bool check_object(const nlohmann::json& value, const std::string& path) const;
  std::optional<std::string> text_of(const nlohmann::json& value, const std::string& path) const;
  std::optional<std::int64_t> integer_of(const nlohmann::json& value, const std::string& path,
                                         std::int64_t least, std::int64_t most) const;

  const nlohmann::json* object_;
  std::string path_;
  Findings* findings_;
};

}  // namespace kata::sandbox
