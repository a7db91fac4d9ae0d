// SPDX-License-Identifier: Apache-2.0
#include "tests/network_namespace.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "kata/concat.h"

namespace kata::test {

NetworkNamespace::NetworkNamespace() {
  std::thread([this] {
    if (::unshare(CLONE_NEWNET) == 0)
      fd_.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  }).join();
  REQUIRE_MESSAGE(static_cast<bool>(fd_), "these tests need root");
}

std::filesystem::path NetworkNamespace::path() const {
  return concat("/proc/", ::getpid(), "/fd/", fd_.get());
}

void NetworkNamespace::inside(const std::function<void()>& work) const {
  bool entered = false;
  std::thread([&] {
    entered = ::setns(fd_.get(), CLONE_NEWNET) == 0;
    if (entered) work();
  }).join();
  REQUIRE(entered);
}

std::string NetworkNamespace::run(const std::string& command) const {
  std::string output;
  int status = -1;
  inside([&] {
    FILE* const pipe = ::popen(concat("exec 2>&1; ", command).c_str(), "re");
    if (pipe == nullptr) return;
    std::array<char, 4096> buffer;
    for (std::size_t got = 0; (got = ::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
      output.append(buffer.data(), got);
    status = ::pclose(pipe);
  });
  REQUIRE_MESSAGE(status == 0, command, ": ", output);
  return output;
}

}  // namespace kata::test
