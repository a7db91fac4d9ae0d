// SPDX-License-Identifier: Apache-2.0
//
// The records of store.h as JSON text. A text that is not a whole record is refused with the file's
// name; nothing of it is used.
#pragma once

#include <string>
#include <string_view>

#include "kata/result.h"
#include "sandbox/store.h"

namespace kata::sandbox {

// A damaged record is our own fault or a full disk's, so the remedy belongs to the message.
Error with_remedy(Error error, std::string_view id);

std::string to_json(const ContainerRecord& record);
std::string to_json(const SandboxRecord& record);

// `where` is the file's name; `id` is what the record must call itself.
Result<ContainerRecord> container_from_json(std::string_view text, std::string_view where,
                                            std::string_view id);
Result<SandboxRecord> sandbox_from_json(std::string_view text, std::string_view where,
                                        std::string_view id);

}  // namespace kata::sandbox
