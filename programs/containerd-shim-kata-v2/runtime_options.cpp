// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/runtime_options.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "containerd/bootstrap.pb.h"
#include "containerd/task.pb.h"
#include "core/base/log.h"
#include "kata/concat.h"

namespace kata::shim_v2 {

namespace {

constexpr std::size_t kLargestOptions = 1U << 20;  // bytes
constexpr const char* kOurs = "runtimeoptions.v1.Options";

bool is_ours(const containerd::Any& options) { return options.type_url().ends_with(kOurs); }

containerd::Any ours_among(const containerd::BootstrapParameters& parameters) {
  for (const auto& extension : parameters.extensions())
    if (is_ours(extension.value())) return extension.value();
  return {};
}

}  // namespace

Result<std::string> read_standard_input() {
  std::string text;
  if (::isatty(STDIN_FILENO) == 1) return text;
  std::array<char, 4096> block{};
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EBADF) return text;  // closed: there are none
    if (got < 0) return errno_error("read the runtime's options from standard input", errno);
    if (got == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(got));
    if (text.size() > kLargestOptions)
      return make_error(ErrorCode::kInvalidArgument,
                        concat("standard input: expected the runtime's options, at most ",
                               kLargestOptions, " bytes, found more"));
  }
}

Result<containerd::Any> read_options(std::string_view text) {
  containerd::BootstrapParameters parameters;
  const bool read = parameters.ParseFromArray(text.data(), static_cast<int>(text.size()));
  if (read && !parameters.containerd_version().empty()) return ours_among(parameters);
  containerd::Any options;
  if (options.ParseFromArray(text.data(), static_cast<int>(text.size()))) return options;
  return make_error(ErrorCode::kInvalidArgument,
                    "standard input: expected the runtime's options as a google.protobuf.Any "
                    "message, or nothing");
}

Result<std::string> config_path_of(const containerd::Any& options) {
  if (options.type_url().empty()) return std::string();
  if (!is_ours(options)) {
    log::debug("options of another runtime are ignored", {{"type", options.type_url()}});
    return std::string();
  }
  containerd::task::RuntimeOptions ours;
  if (!ours.ParseFromString(options.value()))
    return make_error(ErrorCode::kInvalidArgument, "the runtime's options are no valid message");
  if (ours.config_path().empty() && !ours.config_body().empty())
    return make_error(ErrorCode::kUnsupported,
                      "the runtime's options have a configuration in them (ConfigBody): name a "
                      "file by ConfigPath instead");
  return ours.config_path();
}

}  // namespace kata::shim_v2
