// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <boost/program_options/value_semantic.hpp>
#include <filesystem>

#include "kata/concat.h"
#include "kata/unique_fd.h"
#include "programs/kata-runtime/default_spec.h"
#include "programs/kata-runtime/verbs.h"

namespace kata::runtime {
namespace {

// Something to edit: it is not synced, and nobody else's file is replaced.
Result<void> write_new_file(const std::filesystem::path& file, const std::string& text) {
  const UniqueFd fd(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!fd && errno == EEXIST)
    return make_error(ErrorCode::kAlreadyExists,
                      concat("'", file, "' exists: remove it to have a new one written"));
  if (!fd) return errno_error(concat("make '", file, "'"), errno);
  errno = ENOSPC;  // what a short write means
  if (::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return {};
  const int number = errno;
  ::unlink(file.c_str());
  return errno_error(concat("write '", file, "'"), number);
}

Result<int> write_spec(const Globals&, const CommandLine& line) {
  std::error_code failure;
  const auto file = std::filesystem::absolute(line.text("bundle"), failure) / "config.json";
  KATA_TRY(write_new_file(file, default_spec()), "");
  return 0;
}

}  // namespace

Verb spec_verb() {
  namespace po = boost::program_options;
  Verb verb;
  verb.name = "spec";
  verb.summary = "write a config.json to start from";
  verb.description =
      "Writes config.json into the bundle directory: a shell on a terminal, on rootfs/ read-only.\n"
      "Edit process.args, process.terminal and root.readonly to taste. An existing file stays.";
  verb.exit_status = "0 when the file is written; 1 when it is not.";
  verb.examples = "  mkdir -p /srv/job/rootfs && kata-runtime spec --bundle /srv/job\n";
  verb.least_operands = verb.most_operands = 0;
  verb.add_flags = [](po::options_description& flags) {
    flags.add_options()("bundle,b", po::value<std::string>()->value_name("DIR")->default_value("."),
                        "where to write");
    flags.add_options()("rootless", po::bool_switch(), "accepted; makes no difference");
  };
  verb.run = write_spec;
  return verb;
}

}  // namespace kata::runtime
