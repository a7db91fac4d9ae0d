// SPDX-License-Identifier: Apache-2.0
//
// What the daemon hears of a sandbox, at a socket of the test's own.
#include "sandbox/dedup_kick.h"

#include <doctest/doctest.h>

#include "kata/unix_socket.h"
#include "ksm.pb.h"
#include "protocol/ttrpc/message.h"
#include "tests/unit/sandbox/stage.h"

namespace kata::sandbox {

namespace {

class Daemon {
 public:
  config::Config config() const {
    config::Config config;
    config.memory_dedup.name = "ksm-throttler";
    config.dedup.run_directory = directory_.path();
    return config;
  }

  // The kicks since the last call; each caller has closed its end already.
  int heard() {
    int kicks = 0;
    ::fcntl(listener_.get(), F_SETFL, O_NONBLOCK);
    for (;;) {
      const UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
      if (!client) return kicks;
      std::string frame(4096, '\0');
      const ssize_t got = ::read(client.get(), frame.data(), frame.size());
      REQUIRE(got > static_cast<ssize_t>(ttrpc::kHeaderSize));
      frame.resize(static_cast<std::size_t>(got));
      const auto call = ttrpc::decode_call(frame.substr(ttrpc::kHeaderSize));
      REQUIRE(call.ok());
      CHECK(call.value().service == "kata.ksm.api.Throttler");
      CHECK(call.value().method == "Kick");
      CHECK(ksm::api::KickRequest().ParseFromString(call.value().payload));
      ++kicks;
    }
  }

 private:
  TemporaryDirectory directory_{};
  UniqueFd listener_ = listen_unix(directory_.path() / "ksm.sock").take();
};

void end(Stage& stage) {
  stage.started = false;
  REQUIRE(await(stage.loop, stage.sandbox->shutdown(std::chrono::milliseconds{0})).ok());
}

}  // namespace

TEST_CASE("a sandbox whose memory merges kicks when it is up and when its VM is gone") {
  Daemon daemon;
  Stage stage(daemon.config());
  stage.hypervisor->offered.mergeable_memory = true;
  REQUIRE(stage.start().ok());
  CHECK(stage.hypervisor->spec.mergeable_memory);
  CHECK(daemon.heard() == 1);
  end(stage);
  CHECK(daemon.heard() == 1);
}

TEST_CASE("a sandbox whose memory cannot merge or must not kicks nobody") {
  for (const bool selected : {false, true}) {
    Daemon daemon;
    auto config = daemon.config();
    if (!selected) config.memory_dedup.name = "none";
    Stage stage(config);
    stage.hypervisor->offered.mergeable_memory = !selected;
    REQUIRE(stage.start().ok());
    CHECK_FALSE(stage.hypervisor->spec.mergeable_memory);
    end(stage);
    CHECK(daemon.heard() == 0);
  }
}

TEST_CASE("without a daemon or with a deaf one a sandbox starts all the same") {
  config::Config config;
  config.memory_dedup.name = "ksm-throttler";
  TemporaryDirectory directory;
  config.dedup.run_directory = directory.path() / "absent";
  kick_memory_dedup(config);
  config.dedup.run_directory = directory.path();
  const UniqueFd deaf = listen_unix(directory.path() / "ksm.sock", 0).take();
  for (int kick = 0; kick < 10; ++kick) kick_memory_dedup(config);
  Stage stage(config);
  stage.hypervisor->offered.mergeable_memory = true;
  CHECK(stage.start().ok());
}

}  // namespace kata::sandbox
