// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/sandbox_processes.h"

#include "kata/concat.h"
#include "programs/kata-runtime/process_scan.h"
#include "programs/kata-runtime/shim_process.h"

namespace kata::runtime {
namespace {

bool is_of_a_sandbox(std::string_view program) {
  return program == "kata-proxy" || program == "kata-shim" || program == "virtiofsd" ||
         program == "cloud-hypervisor" || program.starts_with("qemu-system-");
}

// kata-proxy is told root and id apart; the others are given paths below both.
std::string sandbox_named_by(const std::vector<std::string>& words, const std::string& root) {
  if (value_of(words, "--root") == root) return std::string(value_of(words, "--sandbox"));
  const std::string below = concat(root, '/');
  for (const std::string& word : words) {
    const std::size_t at = word.find(below);
    if (at == std::string::npos) continue;
    const std::string rest = word.substr(at + below.size());
    std::string id = rest.substr(0, rest.find('/'));
    if (id.size() < rest.size() && sandbox::check_id(id).ok()) return id;
  }
  return {};
}

}  // namespace

Result<std::vector<SandboxProcess>> sandbox_processes(const sandbox::Store& store,
                                                      const std::filesystem::path& proc) {
  std::vector<SandboxProcess> found;
  const auto look = [&](pid_t pid, const std::vector<std::string>& words) {
    const std::string_view program = program_name(words);
    if (!is_of_a_sandbox(program)) return;
    std::string id = sandbox_named_by(words, store.root().native());
    if (id.empty()) return;
    const auto process = reference_to(pid);
    if (process.ok())
      found.push_back({process.value(), std::string(program), std::move(id),
                       std::string(value_of(words, "--container"))});
  };
  KATA_TRY(for_each_process(proc, look), "");
  return found;
}

}  // namespace kata::runtime
