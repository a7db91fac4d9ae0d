// SPDX-License-Identifier: Apache-2.0
#include "sandbox/oci_spec.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "protocol/oci.pb.h"
#include "tests/unit/kata-runtime/temp_dir.h"

using namespace kata;
using namespace kata::sandbox;
using kata::test::TempDir;
using kata::test::write_text;
using nlohmann::json;

namespace {

json minimal() {
  return {{"ociVersion", "1.0.2"},
          {"process", {{"args", {"/bin/true"}}, {"cwd", "/"}}},
          {"root", {{"path", "rootfs"}}}};
}

// What the parser says of the minimal spec with `patch` merged in; empty when it accepts it.
std::string complaint(const json& patch) {
  json document = minimal();
  document.merge_patch(patch);
  grpc::Spec spec;
  const auto parsed = parse_spec(document.dump(), "config.json", spec, nullptr);
  return parsed.ok() ? "" : parsed.error().message;
}

std::string complaint_text(std::string_view text) {
  grpc::Spec spec;
  const auto parsed = parse_spec(text, "config.json", spec, nullptr);
  return parsed.ok() ? "" : parsed.error().message;
}

// JSON merge patch removes on null, so a removal is written as one.
const json kRemoved = nullptr;

void check_complaint(const std::string& found, const std::string& begins) {
  CHECK_MESSAGE(found.rfind("config.json: " + begins, 0) == 0, found);
  CHECK(found.find('\n') == std::string::npos);
}

}  // namespace

TEST_CASE("a minimal spec is accepted") { CHECK(complaint(json::object()) == ""); }

TEST_CASE("each bad member is named with what was expected and found") {
  check_complaint(complaint({{"ociVersion", kRemoved}}), "ociVersion: expected a string");
  check_complaint(complaint({{"ociVersion", "2.0.0"}}), "ociVersion: expected version 1.x");
  check_complaint(complaint({{"process", kRemoved}}), "process: expected an object, found nothing");
  check_complaint(complaint({{"process", "sh"}}), "process: expected an object, found the string");
  check_complaint(complaint({{"process", {{"args", kRemoved}}}}), "process.args: expected");
  check_complaint(complaint({{"process", {{"args", json::array()}}}}), "process.args: expected");
  check_complaint(complaint({{"process", {{"args", "sh"}}}}), "process.args: expected an array");
  check_complaint(complaint({{"process", {{"args", {"sh", 7}}}}}),
                  "process.args[1]: expected a string, found the number 7");
  check_complaint(complaint({{"process", {{"cwd", "tmp"}}}}), "process.cwd: expected an absolute");
  check_complaint(complaint({{"process", {{"cwd", kRemoved}}}}), "process.cwd: expected a string");
  check_complaint(complaint({{"process", {{"env", {"PATH"}}}}}), "process.env: expected NAME=");
  check_complaint(complaint({{"process", {{"user", {{"uid", -1}}}}}}),
                  "process.user.uid: expected an integer from 0 to 4294967294, found");
  check_complaint(complaint({{"process", {{"user", {{"uid", 4294967295}}}}}}), "process.user.uid");
  check_complaint(complaint({{"process", {{"user", {{"gid", 1.5}}}}}}), "process.user.gid");
  check_complaint(complaint({{"process", {{"user", {{"additionalGids", {0, "x"}}}}}}}),
                  "process.user.additionalGids[1]");
  check_complaint(complaint({{"process", {{"oomScoreAdj", 1001}}}}), "process.oomScoreAdj");
  check_complaint(complaint({{"process", {{"terminal", "yes"}}}}),
                  "process.terminal: expected true or false");
  check_complaint(complaint({{"process", {{"capabilities", {{"bounding", {"KILL"}}}}}}}),
                  "process.capabilities.bounding: expected names such as CAP_KILL");
  check_complaint(
      complaint({{"process", {{"rlimits", {{{"type", "RLIMIT_FOO"}, {"hard", 1}, {"soft", 1}}}}}}}),
      "process.rlimits[0].type");
  check_complaint(
      complaint({{"process", {{"rlimits", {{{"type", "RLIMIT_CPU"}, {"hard", 1}, {"soft", 2}}}}}}}),
      "process.rlimits[0].soft");
  check_complaint(complaint({{"root", kRemoved}}), "root: expected an object");
  check_complaint(complaint({{"root", {{"path", ""}}}}), "root.path: expected");
  check_complaint(complaint({{"mounts", {{{"type", "proc"}}}}}), "mounts[0].destination: ");
  check_complaint(complaint({{"linux", {{"namespaces", {{{"type", "cpu"}}}}}}}),
                  "linux.namespaces[0].type");
  check_complaint(complaint({{"linux", {{"namespaces", {{{"type", "pid"}}, {{"type", "pid"}}}}}}}),
                  "linux.namespaces[1].type: expected each namespace once");
  check_complaint(complaint({{"linux", {{"resources", {{"pids", {{"limit", "many"}}}}}}}}),
                  "linux.resources.pids.limit");
  check_complaint(complaint({{"linux", {{"resources", {{"memory", {{"limit", -2}}}}}}}}),
                  "linux.resources.memory.limit");
  check_complaint(complaint({{"linux", {{"devices", {{{"path", "/dev/x"}, {"type", "c"}}}}}}}),
                  "linux.devices[0].major");
  check_complaint(complaint({{"linux", {{"seccomp", json::object()}}}}),
                  "linux.seccomp.defaultAction");
  check_complaint(complaint({{"linux", {{"rootfsPropagation", "upwards"}}}}),
                  "linux.rootfsPropagation: expected one of private, shared");
  check_complaint(complaint({{"linux", {{"seccomp", {{"defaultAction", "SCMP_ACT_ALOW"}}}}}}),
                  "linux.seccomp.defaultAction: expected one of SCMP_ACT_KILL");
  check_complaint(
      complaint({{"linux",
                  {{"seccomp",
                    {{"defaultAction", "SCMP_ACT_ALLOW"},
                     {"syscalls", {{{"names", {"read"}}, {"action", "SCMP_ACT_X"}}}}}}}}}),
      "linux.seccomp.syscalls[0].action: expected one of");
  check_complaint(complaint({{"hooks", {{"poststop", {{{"path", "x"}}}}}}}),
                  "hooks.poststop[0].path");
  check_complaint(complaint({{"annotations", {{"a", 1}}}}), "annotations.a: expected a string");
  check_complaint(complaint({{"hostname", json::array()}}), "hostname: expected a string");
}

TEST_CASE("text that is no JSON object is refused") {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"), std::string("{}x"),
        std::string("{\"a\":\"\xff\xfe\"}"), std::string("{\"a\":1,}"), std::string(9, '\0')})
    CHECK(complaint_text(text) != "");
}

TEST_CASE("a key that is there twice is refused") {
  check_complaint(complaint_text(R"({"root":{"path":"a","path":"b"}})"),
                  "the key 'path' is there twice");
}

TEST_CASE("nesting bombs and giants are refused quickly") {
  check_complaint(complaint_text("{\"a\":" + std::string(1'000'000, '[')), "nested deeper");
  check_complaint(complaint_text(std::string((4U << 20) + 1, ' ')), "larger than");
  std::string objects;
  for (int at = 0; at < 100'000; ++at) objects += "{\"a\":";
  check_complaint(complaint_text(objects), "nested deeper");
}

TEST_CASE("a NUL inside a string is refused") {
  check_complaint(complaint_text(R"({"ociVersion":"1.0","process":{"args":["a\u0000b"],"cwd":"/"},)"
                                 R"("root":{"path":"r"}})"),
                  "process.args[0]: expected a string without NUL");
}

TEST_CASE("a control character of the document does not get into a message") {
  const std::string found = complaint({{"process", {{"cwd", "a\n\x1b[31m"}}}});
  CHECK(found.find('\n') == std::string::npos);
  CHECK(found.find('\x1b') == std::string::npos);
}

namespace {

struct SchemaRow {
  const char *patch, *complaint;
};

constexpr SchemaRow kAgainstTheSchema[] = {
    {R"({"ociVersion": "1."})", "ociVersion: expected version 1.x"},
    {R"({"ociVersion": "1.x.0"})", "ociVersion: expected version 1.x"},
    {R"({"ociVersion": "10.0.0"})", "ociVersion: expected version 1.x"},
    {R"({"annotations": {"": "x"}})", "annotations: expected names that are not empty"},
    {R"({"hooks": {"poststop": [{"path": "/x", "timeout": 0}]}})",
     "hooks.poststop[0].timeout: expected an integer from 1"},
    {R"({"mounts": [{"destination": "/m", "uidMappings": [{"containerID": 0, "hostID": 1}]}]})",
     "mounts[0].uidMappings[0].size: expected an integer"},
    {R"({"process": {"ioPriority": {"class": "IOPRIO_CLASS_NONE"}}})",
     "process.ioPriority.class: expected one of IOPRIO_CLASS_RT"},
    {R"({"process": {"scheduler": {"policy": "SCHED_FAIR"}}})",
     "process.scheduler.policy: expected one of SCHED_OTHER"},
    {R"({"process": {"scheduler": {"policy": "SCHED_DEADLINE", "flags": ["RECLAIM"]}}})",
     "process.scheduler.flags: expected one of SCHED_FLAG_RESET_ON_FORK"},
    {R"({"process": {"scheduler": {"policy": "SCHED_DEADLINE", "runtime": -1}}})",
     "process.scheduler.runtime: expected an integer from 0"},
    {R"({"process": {"execCPUAffinity": {"initial": 3}}})",
     "process.execCPUAffinity.initial: expected a string"},
    {R"({"linux": {"maskedPaths": ["proc/kcore"]}})", "linux.maskedPaths: expected absolute paths"},
    {R"({"linux": {"readonlyPaths": ["/a", ""]}})", "linux.readonlyPaths: expected absolute paths"},
    {R"({"linux": {"personality": {"domain": "BSD"}}})",
     "linux.personality.domain: expected one of LINUX, LINUX32"},
    {R"({"linux": {"personality": {"domain": "LINUX", "flags": [1]}}})",
     "linux.personality.flags[0]: expected a string"},
    {R"({"linux": {"intelRdt": {"enableCMT": "yes"}}})",
     "linux.intelRdt.enableCMT: expected true or false"},
    {R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_LOG", "flags": ["TSYNC"]}}})",
     "linux.seccomp.flags: expected one of SECCOMP_FILTER_FLAG_TSYNC"},
    {R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_LOG", "architectures": ["x86"]}}})",
     "linux.seccomp.architectures: expected one of SCMP_ARCH_X86"},
    {R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_LOG", "listenerPath": 1}}})",
     "linux.seccomp.listenerPath: expected a string"},
    {R"({"linux": {"resources": {"memory": {"useHierarchy": 1}}}})",
     "linux.resources.memory.useHierarchy: expected true or false"},
    {R"({"linux": {"resources": {"cpu": {"burst": -1}}}})",
     "linux.resources.cpu.burst: expected an integer from 0"},
    {R"({"linux": {"resources": {"cpu": {"idle": "no"}}}})",
     "linux.resources.cpu.idle: expected an integer"},
    {R"({"linux": {"resources": {"blockIO": {"weight": 65536}}}})",
     "linux.resources.blockIO.weight: expected an integer from 0 to 65535"},
    {R"({"linux": {"resources": {"blockIO": {"weightDevice": [{"major": 8, "minor": 0,
      "leafWeight": 70000}]}}}})",
     "linux.resources.blockIO.weightDevice[0].leafWeight: expected an integer from 0 to 65535"},
    {R"({"linux": {"resources": {"hugepageLimits": [{"pageSize": "2M", "limit": 1}]}}})",
     "linux.resources.hugepageLimits[0].pageSize: expected a size such as 2MB"},
    {R"({"linux": {"resources": {"hugepageLimits": [{"pageSize": "02MB", "limit": 1}]}}})",
     "linux.resources.hugepageLimits[0].pageSize: expected a size such as 2MB"},
    {R"({"linux": {"resources": {"rdma": {"mlx5_0": {"hcaHandles": 4294967296}}}}})",
     "linux.resources.rdma.mlx5_0.hcaHandles: expected an integer from 0"},
    {R"({"linux": {"resources": {"rdma": {"mlx5_0": 3}}}})",
     "linux.resources.rdma.mlx5_0: expected an object"},
};

}  // namespace

TEST_CASE("what the schema forbids is refused by its place") {
  for (const SchemaRow& row : kAgainstTheSchema) {
    CAPTURE(row.patch);
    check_complaint(complaint(json::parse(row.patch)), row.complaint);
  }
}

TEST_CASE("what the schema allows is accepted") {
  CHECK(complaint(json::parse(R"({
    "ociVersion": "1.2.0-rc.1+dev",
    "hooks": {"poststop": [{"path": "/x", "timeout": 1}]},
    "mounts": [{"destination": "/m", "uidMappings": [{"containerID": 0, "hostID": 1, "size": 2}],
      "gidMappings": [{"containerID": 0, "hostID": 1, "size": 2}]}],
    "process": {"ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 0},
      "scheduler": {"policy": "SCHED_DEADLINE", "flags": ["SCHED_FLAG_RECLAIM"], "runtime": 1,
        "deadline": 2, "period": 18446744073709551615},
      "execCPUAffinity": {"initial": "0", "final": "0-3"}},
    "linux": {"maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"],
      "personality": {"domain": "LINUX", "flags": []},
      "intelRdt": {"closID": "a", "l3CacheSchema": "L3:0=f", "enableCMT": false},
      "seccomp": {"defaultAction": "SCMP_ACT_LOG", "flags": ["SECCOMP_FILTER_FLAG_LOG"],
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_LOONGARCH64"], "listenerPath": "/s"},
      "resources": {"memory": {"useHierarchy": true, "checkBeforeUpdate": false},
        "cpu": {"burst": 0, "idle": 1}, "blockIO": {"weight": 65535},
        "hugepageLimits": [{"pageSize": "64KB", "limit": 1}, {"pageSize": "1GB", "limit": 0}],
        "rdma": {"mlx5_0": {"hcaHandles": 2147483647}}}}})")) == "");
}

TEST_CASE("everything that the agent can be told arrives") {
  json document = minimal();
  document.merge_patch(json::parse(R"({
    "hostname": "web",
    "process": {"terminal": true, "consoleSize": {"height": 24, "width": 80},
      "user": {"uid": 1000, "gid": 100, "additionalGids": [5, 6]}, "env": ["A=b=c"],
      "capabilities": {"bounding": ["CAP_KILL"], "ambient": ["CAP_SYS_TIME"]},
      "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 18446744073709551615, "soft": 1024}],
      "noNewPrivileges": true, "oomScoreAdj": -500},
    "mounts": [{"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid"]}],
    "annotations": {"k": "v"},
    "linux": {"sysctl": {"net.core.somaxconn": "1"}, "cgroupsPath": "/a/b",
      "namespaces": [{"type": "pid"}, {"type": "network", "path": "/run/netns/x"}],
      "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"],
      "devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 438}],
      "resources": {"memory": {"limit": 1048576, "swap": -1}, "cpu": {"quota": 5, "period": 10},
        "pids": {"limit": 32}, "devices": [{"allow": false, "access": "rwm"}]},
      "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["read"], "action": "SCMP_ACT_ALLOW", "errnoRet": 1,
         "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}]}}})"));
  grpc::Spec spec;
  std::vector<std::string> warnings;
  const auto parsed = parse_spec(document.dump(), "f", spec, &warnings);
  REQUIRE_MESSAGE(parsed.ok(), parsed.error().message);
  CHECK(warnings.empty());
  CHECK(spec.hostname() == "web");
  CHECK(spec.process().consolesize().width() == 80);
  CHECK(spec.process().user().additionalgids_size() == 2);
  CHECK(spec.process().env(0) == "A=b=c");
  CHECK(spec.process().capabilities().ambient(0) == "CAP_SYS_TIME");
  CHECK(spec.process().rlimits(0).hard() == UINT64_MAX);
  CHECK(spec.process().oomscoreadj() == -500);
  CHECK(spec.mounts(0).options(0) == "nosuid");
  CHECK(spec.annotations().at("k") == "v");
  CHECK(spec.linux().namespaces(1).path() == "/run/netns/x");
  CHECK(spec.linux().devices(0).filemode() == 0666);
  CHECK(spec.linux().resources().memory().swap() == -1);
  CHECK(spec.linux().resources().pids().limit() == 32);
  CHECK(spec.linux().resources().devices(0).major() == -1);
  CHECK(spec.linux().seccomp().syscalls(0).errnoret() == 1);
  CHECK(spec.linux().seccomp().syscalls(0).args(0).op() == "SCMP_CMP_EQ");
}

TEST_CASE("unknown keys are ignored and features not honoured yet are warnings") {
  json document = minimal();
  document["x-vendor"] = {{"deep", true}};
  document["vm"] = json::object();
  document["linux"] = {{"intelRdt", json::object()}};
  document["process"]["capabilities"] = {{"bounding", {"CAP_OF_TOMORROW"}}};
  grpc::Spec spec;
  std::vector<std::string> warnings;
  REQUIRE(parse_spec(document.dump(), "f", spec, &warnings).ok());
  const auto warned = [&warnings](const std::string& path) {
    for (const std::string& warning : warnings)
      if (warning.rfind("f: " + path + ": ", 0) == 0) return true;
    return false;
  };
  CHECK(warnings.size() == 3);
  CHECK(warned("vm"));
  CHECK(warned("linux.intelRdt"));
  CHECK(warned("process.capabilities.bounding"));
  CHECK(spec.process().capabilities().bounding_size() == 0);
}

TEST_CASE("id mappings of a mount travel as an option") {
  const auto options_of = [](std::vector<std::string> options) {
    json document = minimal();
    const json map = {{{"containerID", 0}, {"hostID", 1000}, {"size", 2}},
                      {{"containerID", 5}, {"hostID", 7}, {"size", 1}}};
    document["mounts"] = {{{"destination", "/m"},
                           {"type", "bind"},
                           {"source", "s"},
                           {"options", options},
                           {"uidMappings", map},
                           {"gidMappings", {map[1]}}}};
    grpc::Spec spec;
    const auto parsed = parse_spec(document.dump(), "f", spec, nullptr);
    REQUIRE_MESSAGE(parsed.ok(), parsed.error().message);
    const auto& read = spec.mounts(0).options();
    return std::vector<std::string>(read.begin(), read.end());
  };
  const std::string map = "idmap=uids=0-1000-2#5-7-1;gids=5-7-1";
  CHECK(options_of({"ro"}) == std::vector<std::string>{"ro", map});
  CHECK(options_of({"ridmap", "ro"}) == std::vector<std::string>{"r" + map, "ro"});
}

TEST_CASE("id mappings of a mount are for users and groups") {
  json document = minimal();
  document["mounts"] = {{{"destination", "/m"},
                         {"type", "bind"},
                         {"source", "s"},
                         {"uidMappings", {{{"containerID", 0}, {"hostID", 0}, {"size", 1}}}}}};
  grpc::Spec spec;
  const auto parsed = parse_spec(document.dump(), "f", spec, nullptr);
  REQUIRE(!parsed.ok());
  CHECK(parsed.error().message.find("mounts[0].gidMappings") != std::string::npos);
}

TEST_CASE("what the messages have no field for travels as annotations") {
  json document = minimal();
  document["domainname"] = "example.org";
  document["process"]["user"]["umask"] = 63;
  document["process"]["ioPriority"] = {{"class", "IOPRIO_CLASS_BE"}, {"priority", 6}};
  document["process"]["scheduler"] = {{"policy", "SCHED_BATCH"}, {"nice", 5}};
  document["linux"] = {{"personality", {{"domain", "LINUX32"}}},
                       {"timeOffsets", {{"boottime", {{"secs", -5}, {"nanosecs", 7}}}}},
                       {"resources",
                        {{"unified", {{"memory.high", "1"}}},
                         {"rdma", {{"mlx5_0", {{"hcaHandles", 2}, {"hcaObjects", 0}}}}}}}};
  grpc::Spec spec;
  std::vector<std::string> warnings;
  REQUIRE(parse_spec(document.dump(), "f", spec, &warnings).ok());
  CHECK(warnings.empty());
  const auto note = [&](const char* name) {
    return spec.annotations().at(std::string("io.katacontainers.oci.") + name);
  };
  CHECK(note("domainname") == "example.org");
  CHECK(note("process.user.umask") == "63");
  CHECK(note("process.ioPriority") == "IOPRIO_CLASS_BE 6");
  CHECK(note("process.scheduler") == "SCHED_BATCH 5 0");
  CHECK(note("linux.personality") == "LINUX32");
  CHECK(note("linux.timeOffsets.boottime") == "-5 7");
  CHECK(note("linux.resources.unified.memory.high") == "1");
  CHECK(note("linux.resources.rdma.mlx5_0") == "hca_handle=2 hca_object=0");
}

TEST_CASE("a relative destination of a mount is taken as below the root") {
  json document = minimal();
  document["mounts"] = {{{"destination", "mnt/x"}, {"type", "tmpfs"}}};
  grpc::Spec spec;
  std::vector<std::string> warnings;
  REQUIRE(parse_spec(document.dump(), "f", spec, &warnings).ok());
  CHECK(spec.mounts(0).destination() == "/mnt/x");
  CHECK(warnings.size() == 1);
}

TEST_CASE("a bundle cannot say by an annotation what its config.json does not") {
  json document = minimal();
  document["annotations"] = {{"io.katacontainers.oci.process.user.umask", "0"}, {"k", "v"}};
  grpc::Spec spec;
  std::vector<std::string> warnings;
  REQUIRE(parse_spec(document.dump(), "f", spec, &warnings).ok());
  CHECK(spec.annotations().size() == 1);
  CHECK(warnings.size() == 1);
}

TEST_CASE("a bundle's rootfs is resolved and must be a directory") {
  const TempDir dir;
  std::filesystem::create_directories(dir / "bundle");
  std::filesystem::create_directories(dir / "real");
  std::filesystem::create_directory_symlink(dir / "real", dir / "bundle/rootfs");
  write_text(dir / "bundle/config.json", minimal().dump());
  grpc::Spec spec;
  const auto bundle = load_bundle(dir / "bundle/", spec);
  REQUIRE_MESSAGE(bundle.ok(), bundle.error().message);
  CHECK(bundle.value().rootfs == std::filesystem::canonical(dir / "real"));
  CHECK(bundle.value().directory == dir / "bundle");

  std::filesystem::remove(dir / "bundle/rootfs");
  grpc::Spec again;
  CHECK(
      load_bundle(dir / "bundle", again).error().message.find("root.path: expected a directory") !=
      std::string::npos);
  write_text(dir / "bundle/rootfs", "a file");
  CHECK_FALSE(load_bundle(dir / "bundle", again).ok());
}

TEST_CASE("a bundle that is missing or whose config is a FIFO is refused without waiting") {
  const TempDir dir;
  grpc::Spec spec;
  CHECK(load_bundle("/no/such/bundle", spec).error().message.find("/no/such/bundle") !=
        std::string::npos);
  REQUIRE(::mkfifo((dir / "config.json").c_str(), 0600) == 0);
  CHECK(load_bundle(dir.path(), spec).error().message.find("regular file") != std::string::npos);
}

TEST_CASE("a process file follows the same rules") {
  grpc::Process process;
  CHECK(parse_process(R"({"args":["id"],"cwd":"/","user":{"uid":7}})", "p.json", process).ok());
  CHECK(process.user().uid() == 7);
  grpc::Process bad;
  CHECK(parse_process(R"({"cwd":"/"})", "p.json", bad).error().message.rfind("p.json: args: ", 0) ==
        0);
}
