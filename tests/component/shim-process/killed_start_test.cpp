// SPDX-License-Identifier: Apache-2.0
//
// A `start` that cannot get rid of its address: containerd's end of the pipe is full. The shim
// serves already then.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "containerd/task.pb.h"
#include "tests/component/shim-process/shim_process.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::test;
using std::chrono::seconds;
namespace task = kata::containerd::task;

namespace {

constexpr int kRuns = 124;  // of Background::wait()

// A FIFO that nothing more fits into.
class FullFifo {
 public:
  FullFifo() {
    REQUIRE(::mkfifo(path().c_str(), 0600) == 0);
    fd_.reset(::open(path().c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    const std::string page(4096, ' ');
    while (::write(fd_.get(), page.data(), page.size()) > 0) continue;
  }
  std::filesystem::path path() const { return directory_.path() / "fifo"; }
  // What was written behind the filling.
  std::string empty() const {
    std::string text;
    char block[4096];
    for (ssize_t got; (got = ::read(fd_.get(), block, sizeof block)) > 0;)
      text.append(block, static_cast<std::size_t>(got));
    const std::size_t begin = text.find_first_not_of(' ');
    return begin == std::string::npos ? "" : text.substr(begin);
  }

 private:
  TemporaryDirectory directory_{};
  UniqueFd fd_{};
};

bool serves(const ShimProcess& shim) {
  return shim.of_task<task::ConnectResponse, task::ConnectRequest>("Connect").ok();
}

// The shim of a `start` that is still there.
void wait_for_shim(const ShimProcess& shim, Background& start) {
  REQUIRE(eventually([&] { return shim.pid() > 1 && serves(shim); }, seconds(20)));
  REQUIRE(start.wait(seconds(0)) == kRuns);
}

}  // namespace

TEST_CASE("the shim of a start that is killed before its address is read leaves at once") {
  const FullFifo output;
  const ShimProcess shim;
  Background start(shim.command({"start"}), shim.options(), output.path());
  wait_for_shim(shim, start);
  const pid_t serving = shim.pid();
  REQUIRE(::kill(start.pid(), SIGKILL) == 0);
  CHECK(eventually([&] { return ::kill(serving, 0) != 0; }, seconds(10)));
  for (const char* file : {"address", "shim.pid"})
    CHECK_MESSAGE(!std::filesystem::exists(shim.bundle() / file), file);
  CHECK(shim.leaked() == "");
}

TEST_CASE("the shim of a start whose address is read late stays") {
  const FullFifo output;
  const ShimProcess shim;
  Background start(shim.command({"start"}), shim.options(), output.path());
  wait_for_shim(shim, start);
  std::string printed = output.empty();  // perhaps with the address, as soon as it fits
  CHECK(start.wait(seconds(20)) == 0);
  printed += output.empty();
  CHECK(printed == "unix://" + shim.socket().native());
  CHECK(serves(shim));
  const pid_t serving = shim.pid();
  CHECK(shim.shut_down().ok());
  CHECK(eventually([&] { return ::kill(serving, 0) != 0; }, seconds(10)));
  CHECK(std::filesystem::exists(shim.bundle() / "shim.pid"));
  CHECK(shim.leaked() == "");
}
