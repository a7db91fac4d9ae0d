// SPDX-License-Identifier: Apache-2.0
//
// Much output, whose reader stalls: nothing is lost, and the shim's memory stays what it was. The
// reader is at the shim's own FIFO, for ctr drops what it has not read when a task has ended.
// KATA_TEST_STDOUT_MIB: so many instead of 48.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "kata/concat.h"
#include "kata/unique_fd.h"
#include "tests/integration/harness/containerd.h"

using namespace kata::test;
using std::chrono::seconds;

namespace {

constexpr std::size_t kMib = 1U << 20U;
constexpr std::size_t kExtraKib = 4096;  // of the shim's memory
constexpr seconds kStall{4}, kLongestPause{60};

std::size_t wanted_mib() {
  const char* const value = std::getenv("KATA_TEST_STDOUT_MIB");
  return value == nullptr ? 48 : std::strtoul(value, nullptr, 10);
}

std::size_t status_kib(pid_t pid, const std::string& key) {
  std::ifstream status(kata::concat("/proc/", pid, "/status"));
  for (std::string word; status >> word;) {
    std::size_t value = 0;
    if (word == key && status >> value) return value;
  }
  return 0;
}

pid_t pid_of_shim(const Containerd& containerd) {
  for (const std::string& entry : containerd.processes())
    if (entry.find(" containerd-shim") != std::string::npos) return std::stoi(entry.substr(8));
  return -1;
}

// Its reader: counts bytes, and those that are other than the workload's.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& fifo) {
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    fd_.reset(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    REQUIRE(fd_);
  }

  // Until `count` bytes have come, or all.
  void read_to(std::size_t count) {
    std::string block(kMib, '\0');
    Deadline stalled = std::chrono::steady_clock::now() + kLongestPause;
    while (bytes_ < count && std::chrono::steady_clock::now() < stalled) {
      const ssize_t got = ::read(fd_.get(), block.data(), block.size());
      if (got == 0 && bytes_ > 0) return;
      if (got <= 0) {
        pause_briefly();
        continue;
      }
      bytes_ += static_cast<std::size_t>(got);
      strange_ +=
          static_cast<std::size_t>(got - std::count(block.data(), block.data() + got, '\0'));
      stalled = std::chrono::steady_clock::now() + kLongestPause;
    }
  }
  std::size_t bytes() const { return bytes_; }
  std::size_t strange() const { return strange_; }

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  kata::UniqueFd fd_{};
  std::size_t bytes_ = 0, strange_ = 0;
};

}  // namespace

TEST_CASE("output whose reader stalls arrives whole through a shim that does not grow") {
  const Containerd containerd;
  const std::size_t mib = wanted_mib();
  const auto fifo = containerd.directory() / "out";
  {
    Reader reader(fifo);
    const CommandResult started = containerd(containerd.run_words(
        "kata", {"--detach", "--log-uri", kata::concat("fifo://", fifo.native())}, "c1",
        {"head", "-c", std::to_string(mib * kMib), "/dev/zero"}));
    REQUIRE_MESSAGE(started.exit_code == 0, started.err);
    reader.read_to(kMib);
    const pid_t shim = pid_of_shim(containerd);
    REQUIRE(shim > 1);
    std::ofstream(kata::concat("/proc/", shim, "/clear_refs")) << "5";
    const std::size_t before = status_kib(shim, "VmRSS:");
    for (const std::size_t part : {mib / 4, mib / 2}) {
      std::this_thread::sleep_for(kStall);
      reader.read_to(part * kMib);
    }
    const std::size_t peak = status_kib(shim, "VmHWM:");
    MESSAGE("the shim: ", before, " KiB, at most ", peak, " KiB");
    CHECK(peak < before + kExtraKib);
    reader.read_to(2 * mib * kMib);
    CHECK(reader.bytes() == mib * kMib);
    CHECK(reader.strange() == 0);
    CHECK(eventually([&] { return containerd.status("c1") == "STOPPED"; }, seconds(10)));
  }
  CHECK(containerd({"task", "delete", "c1"}).exit_code == 0);
  CHECK(containerd({"container", "delete", "c1"}).exit_code == 0);
  CHECK(containerd.leaked() == "");
}
