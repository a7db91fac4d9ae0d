// SPDX-License-Identifier: Apache-2.0
//
// One argument of the form path=value: the path descends into messages and lists by dots.
//   container_id=c1   OCI.Process.Args=sh   devices.0.type=blk   OCI.Annotations.my.key=x
#pragma once

#include <string>
#include <string_view>

#include "kata/result.h"
#include "programs/kata-agent-ctl/schema.h"

namespace kata::agentctl {

// A list takes the value at its end, or at an index up to its length; a map by its key, which may
// hold dots. A value that begins with '{' or '[' is JSON where a message or a list is expected. A
// string or bytes is taken as it stands, from a file after '@' ("@@" is a plain '@'), from stdin
// for "@-". Integers are decimal, 0x hexadecimal or 0 octal; a field named `signal` takes names.
Result<void> assign(Message& message, std::string_view path, const std::string& value);

// The bytes of a file, or of stdin for "-".
Result<std::string> read_argument_file(const std::string& path);

}  // namespace kata::agentctl
