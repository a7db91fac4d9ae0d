// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/standalone.h"

#include <doctest/doctest.h>

#include "core/base/files.h"
#include "kata/concat.h"
#include "tests/temporary_directory.h"

using namespace kata;
using namespace kata::shim_v2;

namespace {

// "/etc/hosts rw; …", of the mounts that have a source below the directory.
std::string given(const grpc::Spec& spec, const std::filesystem::path& directory) {
  std::string text;
  for (const grpc::Mount& mount : spec.mounts())
    if (mount.source().starts_with(directory.native()))
      text += concat(mount.destination(), ' ', mount.options(mount.options_size() - 1), "; ");
  return text;
}

}  // namespace

TEST_CASE("a container gets the files and the sysctls of its pod but keeps its own") {
  const TemporaryDirectory directory;
  REQUIRE(write_pod_files(directory.path(), "web", {"nameserver 10.0.0.10"}).ok());
  grpc::Spec spec;
  give_to_container(directory.path(), {{"net.core.somaxconn", "9"}}, spec);
  CHECK(given(spec, directory.path()) == "/etc/hostname rw; /etc/hosts rw; /etc/resolv.conf rw; ");
  CHECK(read_file(spec.mounts(0).source(), 100).value() == "web\n");
  CHECK(read_file(spec.mounts(2).source(), 100).value() == "nameserver 10.0.0.10\n");
  CHECK(spec.linux().sysctl().at("net.core.somaxconn") == "9");

  grpc::Spec own;
  own.mutable_root()->set_readonly(true);
  own.add_mounts()->set_destination("/etc/hosts");
  (*own.mutable_linux()->mutable_sysctl())["net.core.somaxconn"] = "1";
  give_to_container(directory.path(), {{"net.core.somaxconn", "9"}}, own);
  CHECK(given(own, directory.path()) == "/etc/hostname ro; /etc/resolv.conf ro; ");
  CHECK(own.linux().sysctl().at("net.core.somaxconn") == "1");
}

TEST_CASE("a pod without a name and without DNS leaves these files to the image") {
  const TemporaryDirectory directory;
  REQUIRE(write_pod_files(directory.path(), "", {}).ok());
  grpc::Spec spec;
  give_to_container(directory.path(), {}, spec);
  CHECK(given(spec, directory.path()) == "/etc/hosts rw; ");
}

TEST_CASE("files of a pod that cannot be written are an error by their directory") {
  const auto written = write_pod_files("/nowhere/at/all", "web", {});
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().message.find("/nowhere/at/all") != std::string::npos);
}
