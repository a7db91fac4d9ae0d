// SPDX-License-Identifier: Apache-2.0
#include "kata/plugin/export.h"
#include "virtiofs.h"

namespace {

constexpr kata::plugin::ConfigField kConfig[] = {
    {"virtio_fs_daemon", "path", R"("")",
     "The virtiofsd program, QEMU's or the Rust one; empty: found where distributions put it."},
    {"virtio_fs_cache", "string", R"("auto")",
     "How long the guest trusts what it has read: never, metadata, auto or always."},
    {"virtio_fs_queue_size", "integer", "1024",
     "Requests that fit in the device's queue: a power of two up to 1024."},
    {"virtio_fs_extra_args", "string[]", "[]",
     "More options for virtiofsd, of a list of harmless ones such as \"--thread-pool-size=1\"."},
};

}  // namespace

KATA_PLUGIN(SharedFilesystem, kata::virtiofs::Virtiofs, "virtiofs", "0.1.0", "kata", "Apache-2.0",
            "Shares host directories with the guest through virtiofsd", kConfig);
