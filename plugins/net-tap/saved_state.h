// SPDX-License-Identifier: Apache-2.0
//
// What attach() did, as one line of JSON: in save_state(), and in state_dir/attachments from before
// the first change of a link, so that whoever finds the directory can undo it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attachment.h"
#include "kata/result.h"
#include "namespace.h"

namespace kata::tap {

struct SavedState {
  std::filesystem::path netns{};  // empty: nothing is attached
  std::uint64_t inode = 0;
  std::vector<Attachment> attachments{};
  friend bool operator==(const SavedState&, const SavedState&) = default;
};

// The namespace of `state`. Nothing when it is gone, or its path is something else now: it took all
// that was attached along.
Result<std::optional<NetworkNamespace>> open_attached(const SavedState& state);

std::string to_json(const SavedState& state);
Result<SavedState> state_from_json(std::string_view text);

Result<void> write_state(const std::filesystem::path& state_dir, const SavedState& state);
Result<SavedState> read_state(const std::filesystem::path& state_dir);  // none: an empty one
Result<void> remove_state(const std::filesystem::path& state_dir);      // idempotent

}  // namespace kata::tap
