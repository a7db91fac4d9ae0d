// SPDX-License-Identifier: Apache-2.0
#include "agent/modules.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/files.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata::agent {
namespace {

// A file name in one directory; anything else could leave it.
bool is_module_name(std::string_view name) {
  return !name.empty() && name.size() < 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t start = text.find_first_not_of(" \t\r");
    if (start == std::string_view::npos) return out;
    text.remove_prefix(start);
    const std::size_t end = std::min(text.find_first_of(" \t\r"), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

Result<void> parse_line(std::string_view line, int number, ModuleList& list) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_module_name(name))
    return make_error(ErrorCode::kInvalidArgument,
                      concat("line ", number, ": not of the form 'name: dependency …'"));
  std::vector<std::string> dependencies;
  for (const std::string_view word : words(line.substr(colon + 1))) {
    if (!is_module_name(word))
      return make_error(ErrorCode::kInvalidArgument,
                        concat("line ", number, ": '", word, "' is not a module name"));
    dependencies.emplace_back(word);
  }
  list.insert_or_assign(std::string(name), std::move(dependencies));
  return {};
}

// Depth first; `path` holds the modules between the wanted one and this one.
Result<void> visit(const ModuleList& list, const std::string& name, std::vector<std::string>& path,
                   std::vector<std::string>& order) {
  if (std::ranges::find(order, name) != order.end()) return {};
  if (std::ranges::find(path, name) != path.end())
    return make_error(ErrorCode::kInvalidArgument, concat("module '", name, "' depends on itself"));
  const auto entry = list.find(name);
  if (entry == list.end())
    return make_error(ErrorCode::kNotFound, concat("module '", name, "' is not in modules.list"));
  path.push_back(name);
  for (const std::string& dependency : entry->second)
    KATA_TRY(visit(list, dependency, path, order), concat("needed by '", name, "'"));
  path.pop_back();
  order.push_back(name);
  return {};
}

bool is_present(const std::string& name) {
  return ::access(concat("/sys/module/", name).c_str(), F_OK) == 0;
}

}  // namespace

Result<ModuleList> parse_module_list(std::string_view text) {
  ModuleList list;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words(line).empty() || line.front() == '#') continue;
    KATA_TRY(parse_line(line, number, list), "");
  }
  return list;
}

Result<std::vector<std::string>> load_order(const ModuleList& list, std::string_view name) {
  std::vector<std::string> path, order;
  KATA_TRY(visit(list, std::string(name), path, order), "");
  return order;
}

Result<void> ModuleLoader::read_list() {
  if (list_) return {};
  const std::filesystem::path file = directory_ / "modules.list";
  const std::string text = KATA_TRY(read_file(file), "read the list of modules");
  list_ = KATA_TRY(parse_module_list(text), concat("read '", file, "'"));
  return {};
}

Result<void> ModuleLoader::insert(const std::string& name, const std::string& parameters) {
  if (loaded_.contains(name)) return {};
  const std::filesystem::path file = directory_ / (name + ".ko");
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    const int number = errno;
    if (!is_present(name)) return errno_error(concat("open '", file, "'"), number);
  } else if (::syscall(SYS_finit_module, fd.get(), parameters.c_str(), 0) != 0 && errno != EEXIST) {
    return errno_error(concat("insert '", file, "'"), errno);
  }
  log::debug("kernel module is loaded", {{"module", name}});
  loaded_.insert(name);
  return {};
}

Result<void> ModuleLoader::load(std::string_view name, const std::string& parameters) {
  std::string wanted(name);
  std::ranges::replace(wanted, '-', '_');
  const std::string action = concat("load kernel module '", wanted, "'");
  if (!is_module_name(wanted))
    return make_error(ErrorCode::kInvalidArgument, action + ": not a module name");
  if (loaded_.contains(wanted)) return {};
  if (auto read = read_list(); !read.ok() || !list_->contains(wanted)) {
    if (is_present(wanted)) return {};  // built in
    if (!read.ok()) return in_context(std::move(read).error(), action);
    if (list_->empty()) return {};  // the kernel has no modules
  }
  for (const std::string& module : KATA_TRY(load_order(*list_, wanted), action))
    KATA_TRY(insert(module, module == wanted ? parameters : std::string()), action);
  return {};
}

}  // namespace kata::agent
