// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/oci/row.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <stdexcept>

#include "tests/integration/harness/bundle.h"

namespace kata::conformance {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

const std::set<std::string> kMembers = {
    "name", "set",     "remove", "prepare", "after",    "run",  "exec",    "expect",
    "says", "refused", "vm",     "local",   "exec_set", "view", "differs", "vm_differs"};

std::optional<std::string> text(const json& from, const char* key) {
  if (!from.contains(key)) return std::nullopt;
  const json& value = from.at(key);
  if (value.is_string()) return value.get<std::string>();
  std::string lines;  // a script of several lines is an array of them
  for (const json& line : value) lines += line.get<std::string>() + "\n";
  return lines;
}

// One reason for both shared filesystems, or one for each that needs it.
std::map<std::string, std::string> vm_reasons(const json& from) {
  const json value = from.value("vm_differs", json::object());
  if (!value.is_string()) return value.get<std::map<std::string, std::string>>();
  const std::string reason = value.get<std::string>();
  return {{"virtiofs", reason}, {"9p", reason}};
}

void check(const Row& row) {
  const bool has_probe = row.run || row.exec || row.set.contains("/process/args");
  if (!has_probe && !row.refused) throw std::runtime_error("has no 'run', 'exec' or 'refused'");
  if (row.view != "v1" && row.view != "v2") throw std::runtime_error("'view' is 'v1' or 'v2'");
  if (!row.local && !row.vm) throw std::runtime_error("is run nowhere");
  for (const auto& [peer, reason] : row.differs)
    if ((peer != "crun" && peer != "runc") || reason.empty())
      throw std::runtime_error("'differs' is {\"crun\" or \"runc\": the reason}");
  if (!row.vm && !row.vm_differs.empty()) throw std::runtime_error("has 'vm_differs' without 'vm'");
  for (const auto& [share, reason] : row.vm_differs)
    if ((share != "virtiofs" && share != "9p") || reason.empty())
      throw std::runtime_error(
          "'vm_differs' is the reason, or {\"virtiofs\" or \"9p\": the reason}");
}

Row read_row(const json& from, const std::string& idea, const json& common) {
  for (const auto& [key, value] : from.items())
    if (!kMembers.contains(key)) throw std::runtime_error("unknown member '" + key + "'");
  Row row;
  row.idea = idea;
  row.name = from.at("name").get<std::string>();
  row.set = common;
  row.set.update(from.value("set", json::object()));
  row.remove = from.value("remove", row.remove);
  row.prepare = text(from, "prepare").value_or("");
  row.after = text(from, "after").value_or("");
  row.run = text(from, "run");
  row.exec = text(from, "exec");
  row.exec_set = from.value("exec_set", row.exec_set);
  row.expect = text(from, "expect");
  row.says = from.value("says", "");
  row.refused = from.value("refused", false) || !row.says.empty();
  row.view = from.value("view", row.view);
  row.vm = from.value("vm", row.vm);
  row.local = from.value("local", row.local);
  row.differs = from.value("differs", row.differs);
  row.vm_differs = vm_reasons(from);
  check(row);
  return row;
}

void read_file(const fs::path& file, std::vector<Row>& rows) {
  const json page = json::parse(std::ifstream(file), nullptr, true, true);
  const std::string idea = page.at("idea").get<std::string>();
  for (const json& entry : page.at("rows")) {
    try {
      rows.push_back(read_row(entry, idea, page.value("set", json::object())));
    } catch (const std::exception& error) {
      throw std::runtime_error(file.filename().string() + ": row '" + entry.value("name", "?") +
                               "' " + error.what());
    }
  }
}

void fill_in(json& value, const std::string& bundle, const std::string& cgroup) {
  if (value.is_string())
    value =
        replace_all(replace_all(value.get<std::string>(), "@bundle@", bundle), "@cgroup@", cgroup);
  else if (value.is_structured())
    for (json& member : value) fill_in(member, bundle, cgroup);
}

void apply(json& document, const json& changes) {
  for (const auto& [pointer, value] : changes.items()) {
    if (pointer.size() > 2 && pointer.ends_with("/*")) {  // each of the array at its end
      for (const json& one : value)
        document[json::json_pointer(pointer.substr(0, pointer.size() - 1) + "-")] = one;
    } else {
      document[json::json_pointer(pointer)] = value;
    }
  }
}

void erase(json& document, const std::string& pointer) {
  const json::json_pointer place(pointer);
  json& parent = document.at(place.parent_pointer());
  if (parent.is_array())
    parent.erase(std::stoul(place.back()));
  else
    parent.erase(place.back());
}

}  // namespace

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at))
    text.replace(at, from.size(), to), at += to.size();
  return text;
}

std::vector<Row> load_rows(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Row> rows;
  for (const fs::path& file : files) read_file(file, rows);
  std::set<std::string> seen;
  for (const Row& row : rows)
    if (!seen.insert(row.idea + ": " + row.name).second)
      throw std::runtime_error("row '" + row.name + "' of '" + row.idea + "' is there twice");
  return rows;
}

json spec_of(const Row& row, const fs::path& bundle, const std::string& cgroup) {
  json spec = test::default_spec(
      {"/bin/sh", "-c", row.run.value_or(row.exec ? "exec sleep 1000" : "echo started")});
  spec["linux"]["cgroupsPath"] = cgroup;
  for (const std::string& pointer : row.remove) erase(spec, pointer);
  apply(spec, row.set);
  fill_in(spec, bundle, cgroup);
  return spec;
}

json exec_process_of(const Row& row, const json& spec) {
  json process = spec.at("process");
  process["args"] = {"/bin/sh", "-c", row.exec.value_or("")};
  process["terminal"] = false;
  apply(process, row.exec_set);
  return process;
}

}  // namespace kata::conformance
