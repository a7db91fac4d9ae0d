// SPDX-License-Identifier: Apache-2.0
#include "sandbox/companion.h"

#include <unistd.h>

#include <filesystem>

#include "kata/concat.h"

namespace kata::sandbox {

namespace fs = std::filesystem;

Result<std::string> companion(const std::string& name) {
  std::error_code failure;
  const fs::path self = fs::read_symlink("/proc/self/exe", failure);
  if (failure)
    return Error{ErrorCode::kInternal, failure.value(),
                 concat("read link '/proc/self/exe': ", failure.message())};
  const fs::path beside = self.parent_path();
  for (const fs::path& directory : {beside, beside.parent_path() / "libexec/kata-containers"})
    if (::access((directory / name).c_str(), X_OK) == 0) return (directory / name).string();
  return make_error(ErrorCode::kNotFound,
                    concat("program '", name, "' is neither in '", beside, "' nor in '",
                           beside.parent_path() / "libexec/kata-containers", "': reinstall"));
}

}  // namespace kata::sandbox
