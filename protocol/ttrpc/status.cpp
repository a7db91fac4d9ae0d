// SPDX-License-Identifier: Apache-2.0
#include "protocol/ttrpc/status.h"

#include <charconv>
#include <string_view>

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
constexpr std::string_view kForeign = " (status code ";  // behind the message, with the number

}  // namespace

std::int32_t status_code(ErrorCode code) noexcept {
  for (const Pair& pair : kPairs)
    if (pair.code == code) return pair.status;
  return kInternalStatus;
}

std::int32_t status_code(const Error& error) noexcept {
  const std::string_view message = error.message;
  const std::size_t at = message.rfind(kForeign);
  if (error.code != ErrorCode::kInternal || at == std::string_view::npos || !message.ends_with(')'))
    return status_code(error.code);
  const std::string_view digits =
      message.substr(at + kForeign.size(), message.size() - at - kForeign.size() - 1);
  std::int32_t code = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), code);
  const bool whole = failed == std::errc() && end == digits.data() + digits.size();
  return whole ? code : kInternalStatus;
}

Error status_error(std::int32_t code, std::string message) {
  for (const Pair& pair : kPairs)
    if (pair.status == code) return make_error(pair.code, std::move(message));
  return make_error(ErrorCode::kInternal, concat(message, kForeign, code, ')'));
}

}  // namespace kata::ttrpc
