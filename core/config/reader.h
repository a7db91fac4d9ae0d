// SPDX-License-Identifier: Apache-2.0
//
// Typed reading of a Document: a table of settings says which key goes where, and the reader makes
// the messages. What nobody has read stays behind and is asked for at the end.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/config.h"
#include "core/config/document.h"
#include "kata/result.h"

namespace kata::config {

struct VcpuCount {  // Kata's default_vcpus: a number, rounded up; below 0, the host's count
  std::uint32_t* target = nullptr;
};
using Target = std::variant<bool*, std::uint32_t*, std::uint64_t*, double*, std::string*,
                            std::filesystem::path*, std::vector<std::string>*, VcpuCount>;

struct Setting {
  std::string_view key{};
  Target target{};                         // holds the default; keeps it when the key is absent
  std::uint64_t minimum = 0, maximum = 0;  // of integers
};

class Reader {
 public:
  // Read values go to `effective`, with the defaults of absent keys.
  Reader(Document document, std::map<std::string, Value>& effective)
      : document_(std::move(document)), effective_(effective) {}

  Result<void> read(std::string_view table, std::initializer_list<Setting> settings);

  // One value, now read; nullptr when absent.
  const Value* take(const std::string& path);

  // The string at `path`; an empty one when absent.
  struct Text {
    std::string text{};
    Origin origin{};
    bool present = false;
  };
  Result<Text> take_text(const std::string& table, const std::string& key);

  // The names N for which a table [section.N] exists.
  std::vector<std::string> tables_of(std::string_view section) const;

  // Everything below `table` that has not been read, by key; now read.
  std::map<std::string, Value> take_rest(const std::string& table);
  // All that is left, by path.
  const std::map<std::string, Value>& unread() const { return document_.values; }

  void note_effective(const std::string& path, Value value) { effective_[path] = std::move(value); }

 private:
  Document document_;
  std::map<std::string, Value>& effective_;
};

// "file:line:column: key 'k' in [table]: expected …, found …; remedy".
Error bad_value(const Value& value, std::string_view table, std::string_view key,
                std::string_view expected, std::string_view remedy);

}  // namespace kata::config
