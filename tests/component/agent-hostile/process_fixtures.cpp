// SPDX-License-Identifier: Apache-2.0
//
// Processes that ask for more than a container has.
#include <sys/stat.h>

#include "fixture.h"

namespace kata::agent::hostile {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kNobody = 4294967295U;
constexpr const char* kNoSuchUser =
    "crun passes 4294967295 on, which the kernel takes for: no change";

void set_cwd(Json& config, const char* cwd) { config["process"]["cwd"] = cwd; }

grpc::POSIXRlimit& add_limit(grpc::Spec& spec, const char* type, std::uint64_t value) {
  auto& limit = *spec.mutable_process()->add_rlimits();
  limit.set_type(type);
  limit.set_soft(value);
  limit.set_hard(value);
  return limit;
}

const Fixture kFixtures[] = {
    {.name = "the working directory is a leaked descriptor",
     .edit = [](Json& config, const Place&) { set_cwd(config, "/proc/self/fd/7"); },
     .rejected = "process.cwd: '/proc/self/fd/7'"},
    {.name = "the working directory is a leaked descriptor by a link",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "cwd", "/proc/self/fd/7"); },
     .edit = [](Json& config, const Place&) { set_cwd(config, "/cwd"); },
     .rejected = "process.cwd: '/cwd'"},
    {.name = "the working directory is another process's root",
     .edit = [](Json& config, const Place&) { set_cwd(config, "/proc/1/root/etc"); },
     .rejected = "process.cwd: '/proc/1/root/etc'",
     .crun = "crun follows the link, which is the container's own"},
    {.name = "the working directory is a link outside",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "cwd", at.canary); },
     .edit = [](Json& config, const Place&) { set_cwd(config, "/cwd"); },
     .rejected = "process.cwd: '/cwd'"},
    {.name = "the working directory climbs",
     .edit =
         [](Json& config, const Place&) {
           set_cwd(config, "/../../../../scratch");
           run_script(config, "pwd");
         },
     .prints = "/scratch\n"},
    {.name = "the working directory is a file",
     .prepare = [](const Place& at) { write_file(at.rootfs / "scratch/file", "x"); },
     .edit = [](Json& config, const Place&) { set_cwd(config, "/scratch/file"); },
     .rejected = "process.cwd: '/scratch/file'"},
    {.name = "the working directory is relative",
     .change = [](grpc::Spec& spec) { spec.mutable_process()->set_cwd("scratch"); },
     .rejected = "process.cwd: 'scratch' is not an absolute path"},
    {.name = "an argument of 1 MiB",
     .edit = [](Json& config,
                const Place&) { config["process"]["args"].push_back(std::string(1U << 20, 'x')); },
     .prints = "exec: \"sh\": Argument list too long\n"},
    {.name = "ten thousand variables",
     .edit =
         [](Json& config, const Place&) {
           for (int number = 0; number < 10000; ++number)
             config["process"]["env"].push_back("V" + std::to_string(number) + "=" +
                                                std::string(50, 'x'));
         }},
    {.name = "a variable without a value",
     .edit = [](Json& config, const Place&) { config["process"]["env"].push_back("VARIABLE"); },
     .change = [](grpc::Spec& spec) { spec.mutable_process()->add_env("VARIABLE"); },
     .rejected = "process.env[1]: is not NAME=value",
     .crun = "crun passes any text on"},
    {.name = "no arguments",
     .edit = [](Json& config, const Place&) { config["process"]["args"] = Json::array(); },
     .change = [](grpc::Spec& spec) { spec.mutable_process()->clear_args(); },
     .rejected = "process.args: is empty"},
    {.name = "an argument with a NUL",
     .change = [](grpc::Spec& spec) { spec.mutable_process()->add_args(std::string("a\0b", 3)); },
     .rejected = "process.args[3]: holds a NUL byte"},
    {.name = "a program that is a directory",
     .edit = [](Json& config, const Place&) { config["process"]["args"] = {"/etc"}; },
     .rejected = "exec: \"/etc\": is a directory"},
    {.name = "a program that is a fifo",
     .prepare = [](const Place& at) { ::mkfifo((at.rootfs / "scratch/fifo").c_str(), 0777); },
     .edit = [](Json& config, const Place&) { config["process"]["args"] = {"/scratch/fifo"}; },
     .prints = "exec: \"/scratch/fifo\": Permission denied\n"},
    {.name = "a program that is a dangling link",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "bin/run", at.canary / "no"); },
     .edit = [](Json& config, const Place&) { config["process"]["args"] = {"run"}; },
     .rejected = "exec: \"run\": executable file not found in $PATH"},
    {.name = "a program on a path of 1 MiB",
     .edit =
         [](Json& config, const Place&) {
           config["process"]["env"] = {"PATH=" + std::string(100000, ':') + "/bin"};
         }},
    {.name = "user 4294967295",
     .edit = [](Json& config, const Place&) { config["process"]["user"]["uid"] = kNobody; },
     .change = [](grpc::Spec& spec) { spec.mutable_process()->mutable_user()->set_uid(kNobody); },
     .rejected = "process.user.uid",
     .crun = kNoSuchUser},
    {.name = "group 4294967295",
     .edit = [](Json& config, const Place&) { config["process"]["user"]["gid"] = kNobody; },
     .change = [](grpc::Spec& spec) { spec.mutable_process()->mutable_user()->set_gid(kNobody); },
     .rejected = "process.user.gid",
     .crun = kNoSuchUser},
    {.name = "additional group 4294967295",
     .edit = [](Json& config,
                const Place&) { config["process"]["user"]["additionalGids"] = {kNobody}; },
     .change =
         [](grpc::Spec& spec) {
           spec.mutable_process()->mutable_user()->add_additionalgids(kNobody);
         },
     .rejected = "process.user.additionalGids"},
    {.name = "seventy thousand additional groups",
     .edit =
         [](Json& config, const Place&) {
           for (int number = 0; number < 70000; ++number)
             config["process"]["user"]["additionalGids"].push_back(number);
         },
     .rejected = "set additional groups"},
    {.name = "another user keeps no group of the agent",
     .edit =
         [](Json& config, const Place&) {
           config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}, {"additionalGids", {5}}};
           run_script(config, "grep -E '^(Uid|Gid|Groups)' /proc/self/status");
         },
     .prints = "Uid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\nGroups:\t5 \n"},
    {.name = "an unknown capability",
     .change =
         [](grpc::Spec& spec) {
           spec.mutable_process()->mutable_capabilities()->add_bounding("CAP_ROOT");
         },
     .rejected = "process.capabilities.bounding: unknown capability 'CAP_ROOT'"},
    {.name = "effective capabilities that are not permitted",
     .edit =
         [](Json& config, const Place&) {
           config["process"]["capabilities"]["effective"].push_back("CAP_SYS_ADMIN");
         },
     .rejected = "process.capabilities.effective: CAP_SYS_ADMIN is not among the permitted"},
    {.name = "no inheritable capability unless asked for",
     .edit = [](Json& config,
                const Place&) { run_script(config, "grep -E '^Cap(Inh|Amb)' /proc/self/status"); },
     .prints = "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\n"},
    {.name = "a resource limit below zero",
     .edit =
         [](Json& config, const Place&) {
           config["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", -1}, {"hard", 8}}};
         },
     .change =
         [](grpc::Spec& spec) { add_limit(spec, "RLIMIT_NOFILE", 8).set_soft(~std::uint64_t{0}); },
     .rejected = "process.rlimits: 'RLIMIT_NOFILE': soft limit 18446744073709551615 is above"},
    {.name = "an unknown resource limit",
     .edit =
         [](Json& config, const Place&) {
           config["process"]["rlimits"] = {{{"type", "RLIMIT_HOPE"}, {"soft", 1}, {"hard", 8}}};
         },
     .change = [](grpc::Spec& spec) { add_limit(spec, "RLIMIT_HOPE", 1); },
     .rejected = "unknown resource limit 'RLIMIT_HOPE'"},
    {.name = "a resource limit twice",
     .edit =
         [](Json& config, const Place&) {
           const Json limit = {{"type", "RLIMIT_NOFILE"}, {"soft", 64}, {"hard", 64}};
           config["process"]["rlimits"] = {limit, limit};
         },
     .change =
         [](grpc::Spec& spec) {
           add_limit(spec, "RLIMIT_NOFILE", 64);
           add_limit(spec, "RLIMIT_NOFILE", 64);
         },
     .rejected = "process.rlimits: 'RLIMIT_NOFILE' is there twice",
     .crun = "crun takes the last one"},
    {.name = "no descriptor may be opened",
     .edit =
         [](Json& config, const Place&) {
           config["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 3}, {"hard", 3}}};
         },
     .crun = "crun opens files after it has set the limit"},
    {.name = "an OOM score beyond the kernel's",
     .edit = [](Json& config, const Place&) { config["process"]["oomScoreAdj"] = -5000; },
     .change = [](grpc::Spec& spec) { spec.mutable_process()->set_oomscoreadj(-5000); },
     .rejected = "process.oomScoreAdj: -5000 is not in -1000 to 1000"},
    {.name = "a terminal of four thousand million rows",
     .change =
         [](grpc::Spec& spec) {
           spec.mutable_process()->set_terminal(true);
           spec.mutable_process()->mutable_consolesize()->set_height(4000000000U);
           spec.mutable_process()->mutable_consolesize()->set_width(4000000000U);
         },
     .prints = "ran\r\n"},
    {.name = "a startContainer hook that is missing",
     .edit =
         [](Json& config, const Place&) {
           config["hooks"]["startContainer"] = {{{"path", "/no/such/hook"}}};
         },
     .prints = "/no/such/hook"},
    {.name = "only the standard descriptors reach the program",
     .edit =
         [](Json& config, const Place&) {
           run_script(config, "cd /proc/self/fd; for f in *; do test -e $f && echo $f; done");
         },
     .prints = "0\n1\n2\n"},
};

}  // namespace

std::span<const Fixture> process_fixtures() { return kFixtures; }

}  // namespace kata::agent::hostile
