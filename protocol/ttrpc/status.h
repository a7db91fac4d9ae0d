// SPDX-License-Identifier: Apache-2.0
//
// ErrorCode and the codes of ttRPC's Status, which are gRPC's.
#pragma once

#include <cstdint>
#include <string>

#include "kata/result.h"

namespace kata::ttrpc {

std::int32_t status_code(ErrorCode code) noexcept;

// The code that the peer sent, of an error of status_error(); else that of its ErrorCode.
std::int32_t status_code(const Error& error) noexcept;

// `code` is not 0. One without a counterpart becomes kInternal, with its number in the message.
Error status_error(std::int32_t code, std::string message);

}  // namespace kata::ttrpc
