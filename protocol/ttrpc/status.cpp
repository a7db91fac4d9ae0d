// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/status.h"

#include "kata/concat.h"

namespace kata::ttrpc {

namespace {

struct Pair {
  ErrorCode code{};
  std::int32_t status = 0;
};

constexpr Pair kPairs[] = {
    {ErrorCode::kCancelled, 1},         {ErrorCode::kInvalidArgument, 3},
    {ErrorCode::kTimeout, 4},           {ErrorCode::kNotFound, 5},
    {ErrorCode::kAlreadyExists, 6},     {ErrorCode::kPermission, 7},
    {ErrorCode::kResourceExhausted, 8}, {ErrorCode::kFailedPrecondition, 9},
    {ErrorCode::kUnsupported, 12},      {ErrorCode::kInternal, 13},
    {ErrorCode::kUnavailable, 14},
};
constexpr std::int32_t kInternalStatus = 13;

}  // namespace

std::int32_t status_code(ErrorCode code) noexcept {
  for (const Pair& pair : kPairs)
    if (pair.code == code) return pair.status;
  return kInternalStatus;
}

Error status_error(std::int32_t code, std::string message) {
  for (const Pair& pair : kPairs)
    if (pair.status == code) return make_error(pair.code, std::move(message));
  return make_error(ErrorCode::kInternal, concat(message, " (status code ", code, ')'));
}

}  // namespace kata::ttrpc
