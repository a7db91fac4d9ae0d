// SPDX-License-Identifier: Apache-2.0
//
// Document → Config: who gets each key. Keys of the composition are read here; a plugin's own keys
// travel to it unread, because only its field table knows them; Kata's keys that we do not
// implement become warnings; the rest is an error.
#pragma once

#include "core/config/config.h"
#include "core/config/document.h"
#include "kata/result.h"

namespace kata::config {

Result<Config> compose(Document document);

}  // namespace kata::config
