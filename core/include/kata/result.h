// SPDX-License-Identifier: Apache-2.0
//
// Result<T>: a value, or an Error that says what was attempted, outermost action first.
//
// Expected failures travel as Result. Exceptions stay inside the function that called the library
// which throws them. The types cross the plugin boundary and are frozen: plugin/outcome.h. Here is
// what makes and unwraps them.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "kata/plugin/outcome.h"

namespace kata {

inline Error make_error(ErrorCode code, std::string message) {
  return Error{code, 0, std::move(message)};
}

// The code that callers most often want for an errno; kInternal when nothing fits.
inline ErrorCode code_of_errno(int number) noexcept {
  switch (number) {
    case ENOENT:
    case ESRCH:
    case ENODEV:
      return ErrorCode::kNotFound;
    case EEXIST:
      return ErrorCode::kAlreadyExists;
    case EPERM:
    case EACCES:
    case EROFS:
      return ErrorCode::kPermission;
    case ENOSYS:
    case EOPNOTSUPP:
      return ErrorCode::kUnsupported;
    case ENOSPC:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EDQUOT:
      return ErrorCode::kResourceExhausted;
    case ETIMEDOUT:
      return ErrorCode::kTimeout;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
      return ErrorCode::kUnavailable;
    default:
      return ErrorCode::kInternal;
  }
}

// "<action>: <strerror(number)>".
inline Error errno_error(std::string action, int number) {
  return Error{code_of_errno(number), number, std::move(action) + ": " + std::strerror(number)};
}

inline Error in_context(Error error, std::string_view action) {
  if (!action.empty()) error.message.insert(0, std::string(action) + ": ");
  return error;
}

}  // namespace kata

// Unwraps a Result, or returns its error from the enclosing function with `action` in front. Not
// for coroutines.
#define KATA_TRY(expression, action)                                           \
  __extension__({                                                              \
    auto kata_try_result = (expression);                                       \
    if (!kata_try_result.ok())                                                 \
      return ::kata::in_context(std::move(kata_try_result).error(), (action)); \
    kata_try_result.take();                                                    \
  })

#define KATA_CO_TRY_NAME2(line) kata_co_try_##line
#define KATA_CO_TRY_NAME(line) KATA_CO_TRY_NAME2(line)

// The same inside a coroutine, as two statements: KATA_CO_TRY(auto reply, co_await
// client.call(...), "ask agent");
#define KATA_CO_TRY(target, expression, action)                                            \
  auto KATA_CO_TRY_NAME(__LINE__) = (expression);                                          \
  if (!KATA_CO_TRY_NAME(__LINE__).ok())                                                    \
    co_return ::kata::in_context(std::move(KATA_CO_TRY_NAME(__LINE__)).error(), (action)); \
  target = KATA_CO_TRY_NAME(__LINE__).take()

// For Result<void>: KATA_CO_CHECK(co_await stop(), "stop VM");
#define KATA_CO_CHECK(expression, action)                       \
  if (auto kata_co_result = (expression); !kata_co_result.ok()) \
  co_return ::kata::in_context(std::move(kata_co_result).error(), (action))
