// SPDX-License-Identifier: Apache-2.0
//
// Users and groups by name, as the container's own /etc/passwd and /etc/group have them. Both may
// be anything: at most 1 MiB of a regular file is read.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::agent {

struct ProcessPlan;

// Whom a process is to run as. Each is a name or a number; only digits are always a number. An
// empty `user` leaves everything to the numbers of the specification.
struct UserNames {
  std::string user{}, group{};
  std::vector<std::string> more_groups{};
};

// Puts the numbers into `plan`. Without `group` the user has the groups that the files give it: the
// one of passwd, or 0 for a number that is not there, and those that list it. kNotFound and
// kInvalidArgument name what is wrong.
Result<void> find_user(int root, const UserNames& names, ProcessPlan& plan);

// The home directory of `uid` in the container's /etc/passwd; "/" when there is none.
std::string home_directory(int root, uid_t uid);

}  // namespace kata::agent
