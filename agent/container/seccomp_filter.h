// SPDX-License-Identifier: Apache-2.0
//
// linux.seccomp as a libseccomp filter: built, and refused, before anything runs; loaded by the
// process it is for.
#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>

#include "kata/result.h"

namespace grpc {
class LinuxSeccomp;
}

namespace kata::agent {

class SeccompFilter {
 public:
  SeccompFilter() = default;  // no filter

  // Names of system calls that this machine does not know are skipped: profiles list those of
  // newer kernels. Any other unknown word is kInvalidArgument.
  // `default_errno` is what a default action of SCMP_ACT_ERRNO answers.
  static Result<SeccompFilter> build(const grpc::LinuxSeccomp& profile,
                                     std::uint32_t default_errno = EPERM);

  explicit operator bool() const noexcept { return static_cast<bool>(context_); }

  // For the calling process and for ever. Needs no_new_privs or CAP_SYS_ADMIN.
  Result<void> load() const;

 private:
  struct Release {
    void operator()(void* context) const noexcept;
  };
  std::unique_ptr<void, Release> context_{};
};

}  // namespace kata::agent
