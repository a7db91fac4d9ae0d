// SPDX-License-Identifier: Apache-2.0
//
// The files that make podman and buildah keep everything in a test's directory and know its
// kata-runtime as "kata".
#pragma once

#include <filesystem>

#include "tests/integration/harness/runtime.h"

namespace kata::test {

struct EngineFiles {
  std::filesystem::path runtime{};                // executes kata-runtime with the test's root
  std::filesystem::path containers{}, storage{};  // containers.conf, storage.conf
};

EngineFiles write_engine_files(const Runtime& kata);

// The test's options, and the variables through which podman and buildah find the files.
CommandOptions options_with(const EngineFiles& files, const Runtime& kata);

}  // namespace kata::test
