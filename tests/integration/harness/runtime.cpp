// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness/runtime.h"

#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/integration/harness/bundle.h"

namespace kata::test {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {
fs::path make_directory() {
  char name[] = "/tmp/kt.XXXXXX";  // short: unix sockets live below it
  if (::mkdtemp(name) == nullptr) throw std::runtime_error("mkdtemp failed");
  return name;
}

std::string chosen_filesystem() {
  const char* const chosen = ::getenv("KATA_TEST_SHARED_FILESYSTEM");
  return chosen == nullptr ? "virtiofs" : chosen;
}
}  // namespace

Runtime::Runtime()
    : directory_(make_directory()),
      marker_(directory_.filename()),
      shared_filesystem_(chosen_filesystem()) {
  configure("");
  before_ = take_snapshot(root(), marker_);
}

Runtime::~Runtime() {
  delete_all();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

void Runtime::configure(const std::string& extra, const std::string& tail) const {
  std::ofstream file(config_file());
  file << "[plugins]\ndirectory = \"" KATA_PLUGIN_DIR
          "\"\nhypervisor = \"qemu\"\n"
          "shared_filesystem = \""
       << shared_filesystem_ << "\"\nnetwork = \"" << network_ << "\"\n\n[hypervisor.qemu]\n";
  if (extra.find("kernel =") == std::string::npos)
    file << "kernel = \"" << guest().native() << "/vmlinux\"\n";
  if (extra.find("initrd =") == std::string::npos)
    file << "initrd = \"" << guest().native() << "/initrd.img\"\n";
  if (extra.find("default_memory") == std::string::npos) file << "default_memory = 256\n";
  file << extra << "\n" << tail;
  file.close();
  fs::permissions(config_file(), fs::perms::owner_read | fs::perms::owner_write);
}

fs::path Runtime::guest() const {
  if (const char* const chosen = ::getenv("KATA_TEST_GUEST"); chosen != nullptr) return chosen;
  return shared_filesystem_ == "9p" ? KATA_GUEST_9P_DIR : KATA_GUEST_DIR;
}

fs::path Runtime::make(const std::string& name, const json& spec) const {
  make_bundle(bundle(name), spec);
  return bundle(name);
}

std::vector<std::string> Runtime::command(const std::vector<std::string>& verb) const {
  std::vector<std::string> argv{KATA_RUNTIME, "--root", root().string(), "--config",
                                config_file().string()};
  argv.insert(argv.end(), verb.begin(), verb.end());
  return argv;
}

CommandOptions Runtime::options() const {
  CommandOptions options;
  options.environment[kMarkerVariable] = marker_;
  return options;
}

CommandResult Runtime::operator()(const std::vector<std::string>& verb, std::string input) const {
  CommandOptions with_input = options();
  with_input.input = std::move(input);
  with_input.timeout = std::chrono::seconds(120);
  return run(command(verb), with_input);
}

CommandResult Runtime::run_script(const std::string& script, json spec, std::string input) const {
  if (spec.is_null()) spec = default_spec({});
  spec["process"]["args"] = {"/bin/sh", "-c", script};
  return (*this)({"run", "--bundle", make("bundle", spec), "c1"}, std::move(input));
}

json Runtime::state(const std::string& id) const {
  const CommandResult result = (*this)({"state", id});
  return result.exit_code == 0 ? json::parse(result.out) : json{{"error", result.err}};
}

void Runtime::delete_all() const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root(), ignored))
    (*this)({"delete", "--force", entry.path().filename()});
}

// Not by directory: what a verb left of a container that it says is gone must be seen.
void Runtime::delete_listed() const {
  std::istringstream ids((*this)({"list", "--quiet"}).out);
  for (std::string id; std::getline(ids, id);) (*this)({"delete", "--force", id});
}

std::map<std::string, pid_t> Runtime::processes() const {
  std::map<std::string, pid_t> found;
  for (const std::string& entry : take_snapshot(root(), marker_).entries) {
    if (!entry.starts_with("process ")) continue;
    std::istringstream words(entry.substr(8));
    pid_t pid = 0;
    std::string name;
    words >> pid >> name;
    found[name.substr(0, 9)] = pid;
  }
  return found;
}

std::string Runtime::leaked() const {
  delete_listed();
  return settled_leaks(before_, root(), marker_);
}

}  // namespace kata::test
