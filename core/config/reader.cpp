// SPDX-License-Identifier: Apache-2.0
#include "core/config/reader.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "core/config/json_text.h"
#include "kata/concat.h"

namespace kata::config {

namespace {

constexpr std::size_t kLongestQuote = 80;  // of a wrong value in a message

std::uint32_t host_cpus() { return std::max(1U, std::thread::hardware_concurrency()); }

// A TOML float keeps its point: 0.0, 0.25.
std::string number_text(double number) {
  std::string text = std::to_string(number);
  text.erase(std::max(text.find_last_not_of('0') + 1, text.find('.') + 2));
  return text;
}

// The target's present value as JSON text.
std::string text_of(const Target& target) {
  struct Visitor {
    std::string operator()(const bool* v) const { return *v ? "true" : "false"; }
    std::string operator()(const std::uint32_t* v) const { return std::to_string(*v); }
    std::string operator()(const std::uint64_t* v) const { return std::to_string(*v); }
    std::string operator()(const double* v) const { return number_text(*v); }
    std::string operator()(const std::string* v) const { return to_json(*v); }
    std::string operator()(const std::filesystem::path* v) const { return to_json(v->native()); }
    std::string operator()(const std::vector<std::string>* v) const { return to_json(*v); }
    std::string operator()(const VcpuCount& v) const { return std::to_string(*v.target); }
  };
  return std::visit(Visitor{}, target);
}

// Stores a value of the right type and range; otherwise says what was expected.
struct Store {
  const Value& value;
  const Setting& setting;

  std::string operator()(bool* target) const {
    const auto found = boolean_of(value.json);
    if (!found) return "true or false";
    *target = *found;
    return {};
  }
  std::string operator()(std::uint32_t* target) const { return integer(target); }
  std::string operator()(std::uint64_t* target) const { return integer(target); }
  std::string operator()(double* target) const {
    const auto found = number_of(value.json);
    if (!found || *found < 0 || *found > 1024) return "a number from 0 to 1024";
    *target = *found;
    return {};
  }
  std::string operator()(std::string* target) const {
    auto found = string_of(value.json);
    if (!found || found->find('\0') != std::string::npos) return "a string";
    *target = std::move(*found);
    return {};
  }
  std::string operator()(std::filesystem::path* target) const {
    auto found = string_of(value.json);
    if (!found || found->find('\0') != std::string::npos) return "a path in quotes";
    if (!found->empty() && found->front() != '/') return "an absolute path";
    *target = std::move(*found);
    return {};
  }
  std::string operator()(std::vector<std::string>* target) const {
    auto found = strings_of(value.json);
    if (!found) return "an array of strings";
    *target = std::move(*found);
    return {};
  }
  std::string operator()(const VcpuCount& count) const {
    const auto found = number_of(value.json);
    if (!found || *found > 1024) return "a number of CPUs up to 1024";
    if (*found < 0)
      *count.target = host_cpus();
    else if (*found > 0)  // 0 is Kata's word for the default
      *count.target = static_cast<std::uint32_t>(std::ceil(*found));
    return {};
  }

 private:
  template <class Integer>
  std::string integer(Integer* target) const {
    const auto found = integer_of(value.json);
    if (!found || *found < 0 || static_cast<std::uint64_t>(*found) < setting.minimum ||
        static_cast<std::uint64_t>(*found) > setting.maximum)
      return concat("an integer from ", setting.minimum, " to ", setting.maximum);
    *target = static_cast<Integer>(*found);
    return {};
  }
};

}  // namespace

Error bad_value(const Value& value, std::string_view table, std::string_view key,
                std::string_view expected, std::string_view remedy) {
  const std::string found =
      value.json.size() <= kLongestQuote ? value.json : value.json.substr(0, kLongestQuote) + "…";
  return make_error(ErrorCode::kInvalidArgument,
                    concat(place(value.origin), "key '", key, "' in [", table, "]: expected ",
                           expected, ", found ", found, "; ", remedy));
}

Result<void> Reader::read(std::string_view table, std::initializer_list<Setting> settings) {
  for (const Setting& setting : settings) {
    const std::string path = concat(table, ".", setting.key);
    const std::string fallback = text_of(setting.target);
    const auto found = document_.values.find(path);
    if (found == document_.values.end()) {
      effective_[path] = {fallback, {}};
      continue;
    }
    const std::string expected = std::visit(Store{found->second, setting}, setting.target);
    if (!expected.empty())
      return bad_value(found->second, table, setting.key, expected,
                       concat("correct it, or remove the line for the default ", fallback));
    effective_[path] = {text_of(setting.target), found->second.origin};
    document_.values.erase(found);
  }
  return {};
}

const Value* Reader::take(const std::string& path) {
  const auto node = document_.values.extract(path);
  if (node.empty()) return nullptr;
  Value& kept = effective_[path];
  kept = std::move(node.mapped());
  return &kept;
}

Result<Reader::Text> Reader::take_text(const std::string& table, const std::string& key) {
  const Value* value = take(concat(table, ".", key));
  if (value == nullptr) return Text{};
  auto text = string_of(value->json);
  if (!text || text->empty() || text->find('\0') != std::string::npos)
    return bad_value(*value, table, key, "a name in quotes", "correct it or remove the line");
  return Text{std::move(*text), value->origin, true};
}

std::vector<std::string> Reader::tables_of(std::string_view section) const {
  const std::string prefix = concat(section, ".");
  std::vector<std::string> names;
  for (const auto& [path, origin] : document_.tables)
    if (path.starts_with(prefix) && path.find('.', prefix.size()) == std::string::npos)
      names.push_back(path.substr(prefix.size()));
  return names;
}

std::map<std::string, Value> Reader::take_rest(const std::string& table) {
  const std::string prefix = table + ".";
  std::map<std::string, Value> rest;
  for (auto it = document_.values.lower_bound(prefix);
       it != document_.values.end() && it->first.starts_with(prefix);) {
    rest.emplace(it->first.substr(prefix.size()), std::move(it->second));
    it = document_.values.erase(it);
  }
  return rest;
}

}  // namespace kata::config
