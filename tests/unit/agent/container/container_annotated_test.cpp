// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cerrno>

#include "agent/container/annotated.h"
#include "oci.pb.h"
#include "protocol/oci_annotations.h"

using namespace kata;
using namespace kata::agent;

namespace {

grpc::Spec with(std::string_view name, const std::string& value) {
  grpc::Spec spec;
  (*spec.mutable_annotations())[std::string(name)] = value;
  return spec;
}

std::string process_error(std::string_view name, const std::string& value) {
  ProcessPlan plan;
  const auto planned = plan_annotated_process(with(name, value), plan);
  return planned.ok() ? "" : planned.error().message;
}

std::string container_error(const std::string& name, const std::string& value) {
  ContainerPlan plan;
  const auto planned = plan_annotated_container(with(name, value), plan);
  return planned.ok() ? "" : planned.error().message;
}

std::string unified(std::string_view file) {
  return std::string(oci_annotation::kUnified) + std::string(file);
}

}  // namespace

TEST_CASE("a specification without annotations leaves the defaults") {
  ProcessPlan plan;
  REQUIRE(plan_annotated_process({}, plan).ok());
  CHECK(plan.umask == 0022);
  CHECK_FALSE(plan.io_priority);
  CHECK_FALSE(plan.scheduler);
  CHECK_FALSE(plan.personality);
  CHECK(default_errno({}).value() == EPERM);
}

TEST_CASE("annotations of a process become what the kernel takes") {
  ProcessPlan plan;
  grpc::Spec spec = with(oci_annotation::kUmask, "63");
  (*spec.mutable_annotations())[std::string(oci_annotation::kIoPriority)] = "IOPRIO_CLASS_BE 6";
  (*spec.mutable_annotations())[std::string(oci_annotation::kScheduler)] = "SCHED_BATCH 5 0";
  REQUIRE(plan_annotated_process(spec, plan).ok());
  CHECK(plan.umask == 077);
  CHECK(plan.io_priority == (2 << 13 | 6));
  REQUIRE(plan.scheduler);
  CHECK(plan.scheduler->policy == 3);
  CHECK(plan.scheduler->nice == 5);
}

TEST_CASE("annotations that are none of what config.json has are refused by the member's name") {
  CHECK(process_error(oci_annotation::kUmask, "512").find("process.user.umask: expected") == 0);
  CHECK(process_error(oci_annotation::kUmask, "7x").find("process.user.umask") == 0);
  CHECK(process_error(oci_annotation::kUmask, "").find("process.user.umask") == 0);
  CHECK(process_error(oci_annotation::kIoPriority, "IOPRIO_CLASS_BE").find("ioPriority") !=
        std::string::npos);
  CHECK(process_error(oci_annotation::kIoPriority, "BE 4").find("'BE'") != std::string::npos);
  CHECK(process_error(oci_annotation::kScheduler, "SCHED_DEADLINE 0 0").find("SCHED_DEADLINE") !=
        std::string::npos);
  CHECK(process_error(oci_annotation::kScheduler, "SCHED_RR 0 100").find("'100'") !=
        std::string::npos);
  CHECK(process_error(oci_annotation::kPersonality, "BOGUS").find("'BOGUS'") != std::string::npos);
  CHECK_FALSE(default_errno(with(oci_annotation::kDefaultErrno, "4096")).ok());
}

TEST_CASE("a cgroup file is one name and none that moves or kills processes") {
  for (const char* file :
       {"", "../x", "a/b", ".", "..", "cgroup.procs", "cgroup.threads", "cgroup.kill"}) {
    CAPTURE(file);
    CHECK(container_error(unified(file), "1").find("linux.resources.unified") == 0);
  }
  CHECK(container_error(unified("memory.high"), "1000") == "");
}

TEST_CASE("time offsets become lines of timens_offsets") {
  ContainerPlan plan;
  const std::string name = std::string(oci_annotation::kTimeOffsets) + "boottime";
  REQUIRE(plan_annotated_container(with(name, "-5 7"), plan).ok());
  CHECK(plan.time_offsets == "boottime -5 7\n");
  CHECK(container_error(std::string(oci_annotation::kTimeOffsets) + "real", "1 1") != "");
  CHECK(container_error(name, "1 1000000000") != "");
  CHECK(container_error(name, "1") != "");
}

TEST_CASE("rdma limits become lines of the kernel's file") {
  ContainerPlan plan;
  const std::string name = std::string(oci_annotation::kRdma) + "mlx5_0";
  REQUIRE(plan_annotated_container(with(name, "hca_handle=2 hca_object=2000"), plan).ok());
  CHECK(plan.rdma == std::vector<std::string>{"mlx5_0 hca_handle=2 hca_object=2000\n"});
}

TEST_CASE("rdma limits that are none are quoted") {
  const std::string prefix(oci_annotation::kRdma);
  CHECK(container_error(prefix + "mlx5_0", "hca_handle").find("'hca_handle'") != std::string::npos);
  CHECK(container_error(prefix + "mlx5_0", "hca_port=1").find("'hca_port=1'") != std::string::npos);
  CHECK(container_error(prefix + "mlx5_0", "hca_handle=-1").find("'-1'") != std::string::npos);
  CHECK(container_error(prefix + "a\nb", "hca_handle=1").find("name of a device") !=
        std::string::npos);
  CHECK(container_error(prefix, "hca_handle=1").find("name of a device") != std::string::npos);
}
