// SPDX-License-Identifier: Apache-2.0
//
// The two verbs of runc that a VM has no counterpart of.
#include <boost/program_options/value_semantic.hpp>
#include <initializer_list>

#include "kata/concat.h"
#include "programs/kata-runtime/verbs.h"

namespace kata::runtime {

namespace po = boost::program_options;

namespace {

using Names = std::initializer_list<const char*>;

// Those of runc, so that its callers hear the reason and not of a flag.
void add_flags(po::options_description& flags, Names with_value, Names without) {
  auto add = flags.add_options();
  for (const char* name : with_value)
    add(name, po::value<std::string>()->value_name("VALUE"), "of no effect");
  for (const char* name : without) add(name, po::bool_switch(), "of no effect");
}

constexpr Names kOfBoth = {"image-path", "work-path", "manage-cgroups-mode", "empty-ns"};
constexpr Names kSwitchesOfBoth = {"tcp-established", "ext-unix-sk", "shell-job",
                                   "lazy-pages",      "file-locks",  "auto-dedup"};

Verb refused(std::string_view name, std::string_view summary) {
  Verb verb;
  verb.name = name;
  verb.operands = "CONTAINER-ID";
  verb.summary = summary;
  verb.description =
      "Always fails: CRIU saves processes of the host, and those of a container are in its VM.\n"
      "'pause' and 'resume' freeze them there.";
  verb.exit_status = "1, as runc's when it cannot.";
  return verb;
}

Error refusal(std::string_view action) {
  return make_error(ErrorCode::kUnsupported,
                    concat(action,
                           ": not possible: CRIU saves processes of the host, and the container's "
                           "are in a VM: use pause and resume"));
}

}  // namespace

Verb checkpoint_verb() {
  Verb verb = refused("checkpoint", "refused: a VM's processes cannot be saved");
  verb.add_flags = [](po::options_description& flags) {
    add_flags(flags, kOfBoth, kSwitchesOfBoth);
    add_flags(flags, {"parent-path", "status-fd", "page-server"}, {"leave-running", "pre-dump"});
  };
  verb.run = [](const Globals&, const CommandLine& line) -> Result<int> {
    return refusal(concat("checkpoint container '", line.operands[0], "'"));
  };
  return verb;
}

Verb restore_verb() {
  Verb verb = refused("restore", "refused: there is no checkpoint to restore");
  verb.add_flags = [](po::options_description& flags) {
    add_flags(flags, kOfBoth, kSwitchesOfBoth);
    add_flags(flags, {"bundle,b", "pid-file", "console-socket", "lsm-profile", "lsm-mount-context"},
              {"detach,d", "no-pivot", "no-subreaper"});
  };
  verb.run = [](const Globals&, const CommandLine& line) -> Result<int> {
    return refusal(concat("restore container '", line.operands[0], "'"));
  };
  return verb;
}

}  // namespace kata::runtime
