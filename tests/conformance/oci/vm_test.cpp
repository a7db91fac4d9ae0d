// SPDX-License-Identifier: Apache-2.0
//
// The rows with "vm", each a container of one pod's VM beside runc on this host. The environment's
// KATA_TEST_SHARED_FILESYSTEM chooses the share, KATA_OCI_ROW limits the rows as in
// conformance_test.cpp.
#include <doctest/doctest.h>

#include <cstdlib>
#include <exception>

#include "tests/conformance/oci/comparison.h"
#include "tests/conformance/oci/oracle.h"
#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::conformance;
namespace test = kata::test;

namespace {

constexpr const char* kType = "io.kubernetes.cri.container-type";
constexpr const char* kSandbox = "io.kubernetes.cri.sandbox-id";

bool wanted(const Row& row) {
  const char* part = std::getenv("KATA_OCI_ROW");
  return part == nullptr || (row.idea + ": " + row.name).find(part) != std::string::npos;
}

void start_pod(const test::Runtime& runtime) {
  nlohmann::json spec = test::default_spec({"/bin/sleep", "1000"});
  spec["annotations"][kType] = "sandbox";
  const auto created = runtime({"create", "--bundle", runtime.make("pod", spec), "pod"});
  REQUIRE_MESSAGE(created.exit_code == 0, created.err);
  const auto started = runtime({"start", "pod"});
  REQUIRE_MESSAGE(started.exit_code == 0, started.err);
}

Row in_pod(Row row) {
  row.set[std::string("/annotations/") + kType] = "container";
  row.set[std::string("/annotations/") + kSandbox] = "pod";
  return row;
}

// In a VM the reason for a difference is that of its share, and what the row expects is the host's.
Row judged(Row row, const std::string& share) {
  const auto reason = row.vm_differs.find(share);
  if (reason == row.vm_differs.end()) return row;
  row.differs["runc"] = reason->second;
  row.expect.reset();
  return row;
}

Comparison compare_in_vm(const test::Runtime& runtime, const Stage& stage, const Row& row) {
  Comparison comparison;
  try {
    comparison.ours = run_under_command("vm", runtime.command({}), stage, in_pod(row));
    comparison.peers["runc"] = run_under_oracle("runc", stage, row);
  } catch (const std::exception& error) {
    comparison.failure = error.what();
  }
  return comparison;
}

}  // namespace

TEST_CASE("each property in a VM is as under runc") {
  const Stage stage("v1");
  const test::Runtime runtime;
  // Also of the shims, so that one that outlives its container is found.
  for (const auto& [name, value] : runtime.options().environment)
    ::setenv(name.c_str(), value.c_str(), 1);
  start_pod(runtime);
  for (const Row& row : load_rows(KATA_OCI_ROWS)) {
    if (!row.vm || !wanted(row)) continue;
    const Comparison comparison = compare_in_vm(runtime, stage, row);
    for (const std::string& complaint :
         complaints(judged(row, runtime.shared_filesystem()), comparison))
      FAIL_CHECK(row.idea, ": ", row.name, ": ", complaint);
  }
  const auto deleted = runtime({"delete", "--force", "pod"});
  CHECK_MESSAGE(deleted.exit_code == 0, deleted.err);
  CHECK(runtime.leaked() == "");
}
