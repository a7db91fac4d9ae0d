// SPDX-License-Identifier: Apache-2.0
//
// The runtime speaks for a guest: each thing it claims is one that the agent's own parsers take.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "agent/container/mount_options.h"
#include "agent/container/names.h"
#include "agent/container/seccomp_filter.h"
#include "protocol/oci.pb.h"
#include "sandbox/features_json.h"

using namespace kata;

TEST_CASE("each mount option is one that the agent knows and not data for a filesystem") {
  for (const auto& option : sandbox::features_json("1").at("mountOptions")) {
    const auto parsed = agent::parse_mount_options({option.get<std::string>()});
    REQUIRE_MESSAGE(parsed.ok(), option);
    CHECK_MESSAGE(parsed.value().data.empty(), option);
  }
}

TEST_CASE("each namespace is one that the agent knows") {
  for (const auto& name : sandbox::features_json("1").at("linux").at("namespaces"))
    CHECK_MESSAGE(agent::namespace_flag(name.get<std::string>()).ok(), name);
}

TEST_CASE("each seccomp action operator and flag is one that the agent builds a filter of") {
  const auto seccomp = sandbox::features_json("1").at("linux").at("seccomp");
  for (const auto& action : seccomp.at("actions"))
    for (const auto& op : seccomp.at("operators")) {
      grpc::LinuxSeccomp profile;
      profile.set_defaultaction("SCMP_ACT_LOG");
      for (const auto& flag : seccomp.at("supportedFlags")) profile.add_flags(flag);
      if (action == "SCMP_ACT_LOG") continue;  // equal to the default: nothing to build
      auto& rule = *profile.add_syscalls();
      rule.add_names("getpid");
      rule.set_action(action);
      rule.add_args()->set_op(op);
      const auto filter = agent::SeccompFilter::build(profile);
      CHECK_MESSAGE(filter.ok(), action, ' ', op, ' ', filter.error().message);
    }
}

TEST_CASE("each architecture is one that the agent can add to a filter") {
  for (const auto& name : sandbox::features_json("1").at("linux").at("seccomp").at("archs")) {
    grpc::LinuxSeccomp profile;
    profile.set_defaultaction("SCMP_ACT_ALLOW");
    profile.add_architectures(name);
    CHECK_MESSAGE(agent::SeccompFilter::build(profile).ok(), name);
  }
}
