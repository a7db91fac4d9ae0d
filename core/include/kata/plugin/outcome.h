// SPDX-License-Identifier: Apache-2.0
//
// Result<T>, Error and Deadline: what every call of a plugin gives and takes. FROZEN: part of each
// interface's digest. What only makes their use shorter is in kata/result.h, which may change.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace kata {

using TimePoint = std::chrono::steady_clock::time_point;  // CLOCK_MONOTONIC
using Deadline = TimePoint;  // an absolute time, which may have passed; never a duration

// The numbers are ABI. A receiver takes one that it does not know for kInternal.
enum class ErrorCode : std::int32_t {
  kInternal = 1,
  kInvalidArgument,
  kNotFound,
  kAlreadyExists,
  kUnsupported,
  kUnavailable,
  kTimeout,
  kPermission,
  kFailedPrecondition,
  kResourceExhausted,
  kCancelled,
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::int32_t sys_errno = 0;  // 0: no system call failed
  std::string message{};       // "attach network: create tap 'tap0': Operation not permitted"; no
                               // trailing period

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  // Precondition: ok().
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T take() { return std::move(std::get<0>(state_)); }

  // Precondition: !ok().
  const Error& error() const& { return std::get<1>(state_); }
  Error error() && { return std::move(std::get<1>(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  void take() const noexcept {}

  const Error& error() const& { return std::get<1>(state_); }
  Error error() && { return std::move(std::get<1>(state_)); }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace kata
