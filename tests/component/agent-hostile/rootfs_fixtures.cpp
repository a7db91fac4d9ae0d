// SPDX-License-Identifier: Apache-2.0
//
// Root file systems made to lead a runtime astray.
#include <sys/stat.h>

#include "fixture.h"

namespace kata::agent::hostile {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCrunResolves = "crun resolves the link inside of the rootfs";

const Fixture kFixtures[] = {
    {.name = "dev is a link to a directory outside",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "dev", at.canary); },
     .rejected = "mount '/dev'"},
    {.name = "dev is a link upwards",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "dev", "../../../../../etc"); },
     .rejected = "mount '/dev'"},
    {.name = "dev is a link to a directory inside",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "dev", "/tmp"); },
     .rejected = "mount '/dev'"},
    {.name = "proc is a link to a directory outside",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "proc", at.canary); },
     .rejected = "mount '/proc'"},
    {.name = "proc is a link to a directory inside",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "proc", "tmp"); },
     .rejected = "mount '/proc'"},
    {.name = "sys is a link to a directory outside",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "sys", at.canary); },
     .rejected = "mount '/sys'"},
    {.name = "dev is a file",
     .prepare =
         [](const Place& at) {
           fs::remove_all(at.rootfs / "dev");
           write_file(at.rootfs / "dev", "x");
         },
     .rejected = "mount '/dev'"},
    {.name = "proc is a fifo",
     .prepare =
         [](const Place& at) {
           fs::remove_all(at.rootfs / "proc");
           ::mkfifo((at.rootfs / "proc").c_str(), 0666);
         },
     .rejected = "mount '/proc'"},
    {.name = "null is a link to a file outside",
     .prepare =
         [](const Place& at) { replace_by_link(at.rootfs / "dev/null", at.canary / "secret"); },
     .edit = [](Json& config, const Place&) { without_dev_mounts(config); },
     .rejected = "'/dev/null': the rootfs has another file there"},
    {.name = "null is a file",
     .prepare = [](const Place& at) { write_file(at.rootfs / "dev/null", "x"); },
     .edit = [](Json& config, const Place&) { without_dev_mounts(config); },
     .rejected = "'/dev/null': the rootfs has another file there",
     .crun = "crun puts the device over the file"},
    {.name = "null is a link and a path is masked with it",
     .prepare =
         [](const Place& at) {
           replace_by_link(at.rootfs / "tmp/null", at.canary / "secret");
           write_file(at.rootfs / "etc/key", "key");
         },
     .edit =
         [](Json& config, const Place&) {
           config["linux"]["maskedPaths"] = {"/etc/key"};
           run_script(config, "cat /etc/key; echo ran");
         },
     .prints = "ran\n"},
    {.name = "console is a link to a file outside",
     .prepare =
         [](const Place& at) { replace_by_link(at.rootfs / "dev/console", at.canary / "secret"); },
     .change =
         [](grpc::Spec& spec) {
           spec.mutable_mounts()->DeleteSubrange(1, 2);  // the rootfs' own /dev
           spec.mutable_process()->set_terminal(true);
         },
     .rejected = "'/dev/console'"},
    {.name = "fd and ptmx of dev are files",
     .prepare =
         [](const Place& at) {
           write_file(at.rootfs / "dev/fd", "x");
           write_file(at.rootfs / "dev/ptmx", "x");
         },
     .edit = [](Json& config, const Place&) { without_dev_mounts(config); }},
    {.name = "shm is a link to a directory outside",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "dev/shm", at.canary); },
     .edit =
         [](Json& config, const Place&) {
           without_dev_mounts(config);
           add_mount(config, "/dev/shm", "tmpfs", "shm");
         },
     .rejected = "mount '/dev/shm'"},
    {.name = "etc is a link outside below a bind mount",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "etc", at.canary); },
     .edit =
         [](Json& config, const Place& at) {
           add_mount(config, "/etc/secret", "bind", at.canary / "secret", {"bind"});
         },
     .rejected = "mount '/etc/secret'"},
    {.name = "a masked path is a link to a file outside",
     .prepare =
         [](const Place& at) { replace_by_link(at.rootfs / "etc/mask", at.canary / "secret"); },
     .edit = [](Json& config, const Place&) { config["linux"]["maskedPaths"] = {"/etc/mask"}; }},
    {.name = "a masked path is a link to a directory inside",
     .prepare =
         [](const Place& at) {
           write_file(at.rootfs / "scratch/key", "key");
           replace_by_link(at.rootfs / "mask", "/scratch");
         },
     .edit =
         [](Json& config, const Place&) {
           config["linux"]["maskedPaths"] = {"/mask"};
           run_script(config, "ls /scratch | wc -l");
         },
     .prints = "0\n"},
    {.name = "a masked path is a link to itself",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "mask", "mask"); },
     .edit = [](Json& config, const Place&) { config["linux"]["maskedPaths"] = {"/mask"}; },
     .rejected = "mask '/mask'"},
    {.name = "a read-only path is a link to a directory outside",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "etc/ro", at.canary); },
     .edit = [](Json& config, const Place&) { config["linux"]["readonlyPaths"] = {"/etc/ro"}; }},
    {.name = "a read-only path is a link into proc",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "ro", "/proc/self/fd"); },
     .edit = [](Json& config, const Place&) { config["linux"]["readonlyPaths"] = {"/ro"}; },
     .prints = ""},
    {.name = "passwd has 50 MB",
     .prepare =
         [](const Place& at) { write_file(at.rootfs / "etc/passwd", std::string(50U << 20, 'x')); },
     .edit =
         [](Json& config, const Place&) {
           config["linux"]["resources"]["memory"]["limit"] = 32 << 20;
           run_script(config, "echo $HOME");
         },
     .prints = "/\n"},
    {.name = "group has 50 MB",
     .prepare =
         [](const Place& at) { write_file(at.rootfs / "etc/group", std::string(50U << 20, ':')); }},
    {.name = "passwd is a fifo",
     .prepare = [](const Place& at) { ::mkfifo((at.rootfs / "etc/passwd").c_str(), 0666); },
     .crun = "crun waits for a writer"},
    {.name = "passwd is a link to a file outside",
     .prepare =
         [](const Place& at) {
           write_file(at.canary.parent_path() / "passwd", "root:x:0:0::/leaked:/bin/sh\n");
           replace_by_link(at.rootfs / "etc/passwd", at.canary.parent_path() / "passwd");
         },
     .edit = [](Json& config, const Place&) { run_script(config, "echo $HOME"); },
     .prints = "/\n"},
    {.name = "the root directory is a link",
     .prepare =
         [](const Place& at) { fs::create_symlink(at.rootfs, at.rootfs.parent_path() / "link"); },
     .edit = [](Json& config,
                const Place& at) { config["root"]["path"] = at.rootfs.parent_path() / "link"; },
     .rejected = "open root.path",
     .crun = kCrunResolves},
    {.name = "the root directory is a file",
     .edit = [](Json& config, const Place& at) { config["root"]["path"] = at.canary / "secret"; },
     .rejected = "open root.path"},
};

}  // namespace

std::span<const Fixture> rootfs_fixtures() { return kFixtures; }

}  // namespace kata::agent::hostile
