// SPDX-License-Identifier: Apache-2.0
//
// Which plugin stands for each component: [plugins], then Kata's own words for the same
// (hypervisor_name, the hypervisor's table, shared_fs, internetworking_model), then the defaults.
#pragma once

#include "core/config/config.h"
#include "core/config/reader.h"
#include "kata/result.h"

namespace kata::config {

// Kata's names of hypervisors in the names of tables become ours (kata_names.h).
Result<void> use_our_names(Document& document);

// Fills name, library and origin of the four choices.
Result<void> select_plugins(Reader& reader, Config& config);

}  // namespace kata::config
