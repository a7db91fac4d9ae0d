// SPDX-License-Identifier: Apache-2.0
//
// What a CloudhvHypervisor needs around it: a directory, a guest to name, and the program: the fake
// one, or the real REAL_CLOUDHV, which boots the guest of KATA_GUEST_DIR.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>

#include "cloudhv_hypervisor.h"
#include "kata/concat.h"
#include "tests/temporary_directory.h"

namespace kata::cloudhv::test {

inline Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}
inline constexpr std::chrono::seconds kEnough{10};

// nullptr: the tests run the fake.
inline const char* real_program() {
  constexpr std::string_view kReal = REAL_CLOUDHV;
  return kReal.empty() ? nullptr : kReal.data();
}

// Whether a guest runs: not in a real VMM on a host whose KVM starts a vCPU and gets no further.
inline bool guest_runs() {
  return real_program() == nullptr || ::getenv("KATA_REAL_CLOUDHV_NO_GUEST") == nullptr;
}

struct Notes final : plugin::Host {
  void log(Level, std::string_view message) noexcept override { text += concat(message, "\n"); }
  std::uint64_t begin_span(std::string_view) noexcept override { return 0; }
  void end_span(std::uint64_t) noexcept override {}
  std::string text{};
};

template <class Outcome>
std::string message_of(const Outcome& outcome) {
  return outcome.ok() ? "" : outcome.error().message;
}

inline std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

inline bool has_children() {
  std::ifstream file(concat("/proc/self/task/", ::gettid(), "/children"));
  std::string word;
  return static_cast<bool>(file >> word);
}

class Workshop {
 public:
  explicit Workshop(const std::string& fault = "") {
    std::filesystem::create_directory(state());
    if (real_program() == nullptr) {
      std::ofstream(root() / "vmlinux") << "kernel";
      std::ofstream(root() / "initrd.img") << "initrd";
    }
    ::setenv("FAKE_CLOUDHV", fault.c_str(), 1);
    ::setenv("FAKE_CLOUDHV_LOG", (root() / "asked").c_str(), 1);
  }

  std::filesystem::path root() const { return directory_.path(); }
  std::filesystem::path state() const { return root() / "state"; }
  std::size_t files_left() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(state()), {}));
  }
  // What the fake was asked, a line each: "PUT vm.boot  fds=0".
  std::string asked() const {
    std::ifstream file(root() / "asked");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  int times_asked(std::string_view what) const {
    int count = 0;
    const std::string text = asked();
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++count;
    return count;
  }

  VmSpec spec() const {
    const std::filesystem::path guest = real_program() == nullptr ? root() : KATA_GUEST_DIR;
    VmSpec spec;
    spec.id = "test";
    spec.kernel = guest / "vmlinux";
    spec.initrd = guest / "initrd.img";
    spec.boot = {1, 256};
    spec.maximum = {4, 1024};
    return spec;
  }
  std::unique_ptr<CloudhvHypervisor> make(std::string_view keys = "", std::string_view saved = {},
                                          std::filesystem::path state = {}) {
    const std::string path = real_program() == nullptr ? FAKE_CLOUDHV : real_program();
    const std::string config =
        concat(R"({"path":")", path, "\"", keys.empty() ? "" : ",", keys, "}");
    if (state.empty()) state = this->state();
    auto made = CloudhvHypervisor::create({host, config, "test", state, saved});
    REQUIRE_MESSAGE(made.ok(), message_of(made));
    return made.take();
  }
  std::unique_ptr<CloudhvHypervisor> created(std::string_view keys = "",
                                             std::vector<Device> devices = {}) {
    auto hypervisor = make(keys);
    const auto result = hypervisor->create_vm(spec(), std::move(devices));
    REQUIRE_MESSAGE(result.ok(), message_of(result));
    return hypervisor;
  }
  std::unique_ptr<CloudhvHypervisor> started(std::string_view keys = "",
                                             std::vector<Device> devices = {}) {
    auto hypervisor = created(keys, std::move(devices));
    const auto result = hypervisor->start_vm(in(kEnough));
    REQUIRE_MESSAGE(result.ok(), message_of(result), asked());
    return hypervisor;
  }

  Notes host{};

 private:
  TemporaryDirectory directory_{};
};

}  // namespace kata::cloudhv::test
