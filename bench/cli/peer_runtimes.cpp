// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/peer_runtimes.h"

#include <unistd.h>

#include <fstream>
#include <sstream>

#include "bench/agent/containers.h"
#include "bench/agent/fail.h"
#include "bench/agent/floors.h"
#include "kata/child_process.h"
#include "kata/concat.h"
#include "sandbox/store.h"

namespace kata::bench {

namespace fs = std::filesystem;

namespace {

// Outside `c<number>`, so that show_containers() leaves it.
constexpr const char* kSleeper = "sleeper";

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void remove_shown(const fs::path& root) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root, ignored))
    if (entry.path().filename() != kSleeper) fs::remove_all(entry.path());
}

}  // namespace

std::vector<std::string> CliRuntime::command(const std::vector<std::string>& verb) const {
  std::vector<std::string> words{program_, "--root", root_};
  words.insert(words.end(), verb.begin(), verb.end());
  return words;
}

bool CliRuntime::installed() const { return ::access(program_.c_str(), X_OK) == 0; }

OurRecords::OurRecords(const World& world) : CliRuntime(KATA_RUNTIME, world.directory / "ours") {}

// This process plays the shim.
void OurRecords::show_containers(int count) {
  remove_shown(root());
  const sandbox::Store store(root());
  for (int number = 0; number < count; ++number) {
    sandbox::ContainerRecord record;
    record.id = record.sandbox_id = concat("c", number);
    record.bundle = "/srv/bundles/" + record.id;
    record.rootfs = record.bundle + "/rootfs";
    record.status = "running";
    record.created = "2026-01-01T00:00:00.000000000Z";
    record.owner = "root";
    record.shim = {::getpid(), must(process_start_time(::getpid()))};
    must(store.reserve(record.id));
    must(store.save(record));
  }
}

PeerRecords::PeerRecords(const World& world, std::string program, std::string record)
    : CliRuntime(program, world.directory / fs::path(program).filename()),
      record_(std::move(record)) {
  if (!installed()) return;
  const std::string name = fs::path(program).filename();
  const fs::path bundle = world.directory / (name + "-bundle");
  fs::create_directories(bundle);
  std::ofstream(bundle / "config.json") << config_json(world, name, {"/bin/sleep", "100000"});
  run_and_wait(command({"run", "--detach", "--bundle", bundle, kSleeper}));
}

PeerRecords::~PeerRecords() {
  if (!installed()) return;
  remove_shown(root());
  run_and_wait(command({"delete", "--force", kSleeper}));
}

void PeerRecords::show_containers(int count) {
  remove_shown(root());
  const std::string text = text_of(root() / kSleeper / record_);
  const std::string quoted = concat("\"", kSleeper, "\"");
  for (int number = 0; number < count; ++number) {
    const std::string id = concat("c", number);
    std::string copy = text;
    for (std::size_t at = copy.find(quoted); at != std::string::npos; at = copy.find(quoted))
      copy.replace(at, quoted.size(), concat("\"", id, "\""));
    fs::copy(root() / kSleeper, root() / id);
    std::ofstream(root() / id / record_) << copy;
  }
}

}  // namespace kata::bench
