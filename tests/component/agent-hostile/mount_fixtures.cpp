// SPDX-License-Identifier: Apache-2.0
//
// Mounts that aim at what is not the container's.
#include "fixture.h"

namespace kata::agent::hostile {
namespace {

constexpr int kManyMounts = 10000;

const Fixture kFixtures[] = {
    {.name = "a destination with two dots stays inside",
     .edit =
         [](Json& config, const Place& at) {
           add_mount(config, "/../../../.." + at.canary.string(), "tmpfs", "tmpfs");
         }},
    {.name = "a destination is relative",
     .change =
         [](grpc::Spec& spec) {
           auto& mount = *spec.add_mounts();
           mount.set_destination("scratch/x");
           mount.set_type("tmpfs");
         }},
    {.name = "a destination is the root",
     .edit = [](Json& config, const Place&) { add_mount(config, "/scratch/..", "tmpfs", "tmpfs"); },
     .rejected = "'/' cannot be mounted over"},
    {.name = "a destination goes through a link outside",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "out", at.canary); },
     .edit = [](Json& config, const Place&) { add_mount(config, "/out/x", "tmpfs", "tmpfs"); },
     .rejected = "mount '/out/x'"},
    {.name = "a destination goes through a link upwards",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "up", "../../../../scratch"); },
     .edit = [](Json& config, const Place&) { add_mount(config, "/up/x", "tmpfs", "tmpfs"); }},
    {.name = "a destination is in a loop of links",
     .prepare =
         [](const Place& at) {
           replace_by_link(at.rootfs / "a", "b");
           replace_by_link(at.rootfs / "b", "a");
         },
     .edit = [](Json& config, const Place&) { add_mount(config, "/a/x", "tmpfs", "tmpfs"); },
     .rejected = "mount '/a/x'"},
    {.name = "a destination leads into proc by a link",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "innocent", "/proc/sys"); },
     .edit = [](Json& config, const Place&) { add_mount(config, "/innocent", "tmpfs", "tmpfs"); },
     .rejected = "leads into /proc by a symbolic link",
     .crun = "crun follows the link, in its own proc"},
    {.name = "a destination leads to a descriptor by a link",
     .prepare = [](const Place& at) { replace_by_link(at.rootfs / "fd", "/proc/self/fd/3"); },
     .edit = [](Json& config, const Place&) { add_mount(config, "/fd", "tmpfs", "tmpfs"); },
     .rejected = "mount '/fd'"},
    {.name = "a mount covers settings of the kernel",
     .edit = [](Json& config, const Place&) { add_mount(config, "/proc/sys", "tmpfs", "tmpfs"); },
     .rejected = "destination: '/proc/sys' is inside /proc",
     .crun = "crun lets a specification cover any file of its own proc"},
    {.name = "a mount covers the process's attributes",
     .edit =
         [](Json& config, const Place& at) {
           add_mount(config, "/proc/self/attr", "bind", at.canary, {"bind"});
         },
     .rejected = "is inside /proc",
     .crun = "crun lets a specification cover any file of its own proc"},
    {.name = "proc is a bind of a directory",
     .edit = [](Json& config,
                const Place& at) { add_mount(config, "/proc", "bind", at.canary, {"bind"}); },
     .rejected = "'/proc' takes type 'proc', not 'bind'",
     .crun = "crun lets a specification replace proc"},
    {.name = "a mount has no type",
     .edit = [](Json& config, const Place&) { add_mount(config, "/scratch", "", "tmpfs"); },
     .rejected = "type: is empty",
     .crun = "crun asks for no type"},
    {.name = "a mount has an unknown type",
     .edit = [](Json& config, const Place&) { add_mount(config, "/scratch", "nosuchfs", "x"); },
     .rejected = "this kernel has no filesystem type 'nosuchfs'"},
    {.name = "a mount has a bad option",
     .edit = [](Json& config,
                const Place&) { add_mount(config, "/scratch", "tmpfs", "tmpfs", {"size=all"}); },
     .rejected = "mount option 'size=all'"},
    {.name = "a mount has an endless option",
     .edit =
         [](Json& config, const Place&) {
           add_mount(config, "/scratch", "tmpfs", "tmpfs", {"size=" + std::string(100000, '1')});
         },
     .rejected = "mount option 'size': is longer than 255 bytes",
     .crun = "crun hands mount(2) a page of the text"},
    {.name = "a mount wants a loop device",
     .edit = [](Json& config,
                const Place&) { add_mount(config, "/scratch", "ext4", "/image", {"loop"}); },
     .rejected = "mount option 'loop' is not supported"},
    {.name = "a bind has no source",
     .edit = [](Json& config,
                const Place&) { add_mount(config, "/scratch", "bind", "", {"bind"}); },
     .rejected = "source: is empty"},
    {.name = "a bind's source is missing",
     .edit = [](Json& config,
                const Place&) { add_mount(config, "/scratch", "bind", "/no/such/file", {"bind"}); },
     .rejected = "open source '/no/such/file'"},
    {.name = "a mount's destination holds a NUL",
     .change =
         [](grpc::Spec& spec) {
           auto& mount = *spec.add_mounts();
           mount.set_destination(std::string("/scratch\0/../../etc", 16));
           mount.set_type("tmpfs");
         },
     .rejected = "destination: holds a NUL byte"},
    {.name = "a mount of device nodes is asked to admit devices",
     .edit =
         [](Json& config, const Place&) {
           add_mount(config, "/scratch", "tmpfs", "tmpfs", {"dev"});
           run_script(config, kOpenTun);
         },
     .prints = "refused\n"},
    {.name = "ten thousand mounts",
     .edit =
         [](Json& config, const Place&) {
           for (int number = 0; number < kManyMounts; ++number)
             add_mount(config, "/scratch", "tmpfs", "tmpfs", {"size=4k"});
         }},
    {.name = "the root's propagation is an unknown word",
     .edit = [](Json& config, const Place&) { config["linux"]["rootfsPropagation"] = "wobbly"; },
     .change = [](grpc::Spec& spec) { spec.mutable_linux()->set_rootfspropagation("wobbly"); },
     .rejected = "linux.rootfsPropagation: unknown mount propagation 'wobbly'",
     .crun = "crun passes over the word"},
    {.name = "the root's propagation is shared and mounts stay inside",
     .edit = [](Json& config, const Place&) { config["linux"]["rootfsPropagation"] = "rshared"; }},
    {.name = "the root is masked",
     .edit = [](Json& config, const Place&) { config["linux"]["maskedPaths"] = {"/"}; }},
    {.name = "a masked path is relative",
     .edit = [](Json& config, const Place&) { config["linux"]["maskedPaths"] = {"etc"}; },
     .change = [](grpc::Spec& spec) { spec.mutable_linux()->add_maskedpaths("etc"); },
     .rejected = "linux.maskedPaths: 'etc' is not an absolute path",
     .crun = "crun resolves it inside of the rootfs"},
    {.name = "a masked path has two dots",
     .edit = [](Json& config, const Place&) { config["linux"]["maskedPaths"] = {"/../etc"}; },
     .rejected = "linux.maskedPaths: '/../etc' holds '..'",
     .crun = "crun resolves it inside of the rootfs"},
    {.name = "ten thousand masked paths",
     .edit =
         [](Json& config, const Place&) {
           Json paths = Json::array();
           for (int number = 0; number < kManyMounts; ++number)
             paths.push_back("/none/" + std::to_string(number));
           config["linux"]["maskedPaths"] = std::move(paths);
         }},
};

}  // namespace

std::span<const Fixture> mount_fixtures() { return kFixtures; }

}  // namespace kata::agent::hostile
