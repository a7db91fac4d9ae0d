// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/runtime_options.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "containerd/bootstrap.pb.h"
#include "containerd/introspection.pb.h"
#include "containerd/task.pb.h"
#include "programs/containerd-shim-kata-v2/runtime_info.h"

using namespace kata;
using namespace kata::shim_v2;

namespace {

containerd::Any options(const std::string& type, const std::string& value) {
  containerd::Any any;
  any.set_type_url(type);
  any.set_value(value);
  return any;
}

}  // namespace

TEST_CASE("the options of containerd and ctr name the configuration file") {
  // As captured from `ctr --runtime-config-path /tmp/foo.toml`.
  const auto named = config_path_of(options("runtimeoptions.v1.Options", "\x12\x0d/tmp/foo.toml"));
  REQUIRE(named.ok());
  CHECK(named.value() == "/tmp/foo.toml");
  CHECK(config_path_of({}).value().empty());
  CHECK(config_path_of(options("runtimeoptions.v1.Options", "")).value().empty());
  CHECK(config_path_of(options("containerd.runc.v1.Options", "\x12\x0d")).value().empty());
  CHECK_FALSE(config_path_of(options("runtimeoptions.v1.Options", "\x12\x7f")).ok());
  containerd::task::RuntimeOptions body;
  body.set_config_body("[runtime]");
  const auto inside =
      config_path_of(options("runtimeoptions.v1.Options", body.SerializeAsString()));
  REQUIRE_FALSE(inside.ok());
  CHECK(inside.error().code == ErrorCode::kUnsupported);
}

TEST_CASE("what -info prints names the runtime its options and its features") {
  const auto printed = runtime_info(options("runtimeoptions.v1.Options", "x").SerializeAsString());
  REQUIRE(printed.ok());
  containerd::RuntimeInfo info;
  REQUIRE(info.ParseFromString(printed.value()));
  CHECK(info.name() == "io.containerd.kata.v2");
  CHECK(info.version().version() == KATA_VERSION);
  CHECK(info.options().value() == "x");
  CHECK(info.features().type_url() ==
        "types.containerd.io/opencontainers/runtime-spec/1/features/Features");
  const auto features = nlohmann::json::parse(info.features().value());
  CHECK(features.at("annotations").at("io.katacontainers.runtime.version") == KATA_VERSION);
  CHECK(features.at("linux").at("seccomp").at("enabled") == true);
}

TEST_CASE("the options are found alone and among the parameters of containerd 2.4") {
  const containerd::Any ours = options("runtimeoptions.v1.Options", "\x12\x0d/tmp/foo.toml");
  CHECK(config_path_of(read_options(ours.SerializeAsString()).value()).value() == "/tmp/foo.toml");
  containerd::BootstrapParameters parameters;
  parameters.set_instance_id("c9");
  parameters.set_namespace_("default");
  parameters.set_log_level(-4);
  parameters.set_containerd_version("2.4.2");
  const auto read = [&] { return read_options(parameters.SerializeAsString()); };
  CHECK(read().value().type_url().empty());
  *parameters.add_extensions()->mutable_value() = options("google.protobuf.Empty", "");
  CHECK(config_path_of(read().value()).value().empty());
  *parameters.add_extensions()->mutable_value() = ours;
  CHECK(config_path_of(read().value()).value() == "/tmp/foo.toml");
}

TEST_CASE("standard input is no more than the options of a runtime") {
  containerd::RuntimeInfo info;
  REQUIRE(info.ParseFromString(runtime_info("").value()));
  CHECK_FALSE(info.has_options());
  for (const char* odd : {"x", "\x0a\x7f", "{\"ConfigPath\":\"/x\"}"}) {
    INFO(std::string(odd));
    const auto read = read_options(odd);
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().message.find("standard input") != std::string::npos);
    CHECK_FALSE(runtime_info(odd).ok());
  }
}
