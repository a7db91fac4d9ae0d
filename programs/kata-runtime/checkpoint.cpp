// SPDX-License-Identifier: Apache-2.0
//
// The two verbs of runc that a VM has no counterpart of.
#include <boost/program_options/value_semantic.hpp>

#include "kata/concat.h"
#include "programs/kata-runtime/verbs.h"

namespace kata::runtime {

namespace po = boost::program_options;

namespace {

// Those of runc, so that its callers hear the reason and not of a flag.
void add_flags(po::options_description& flags) {
  auto add = flags.add_options();
  for (const char* name :
       {"image-path", "work-path", "parent-path", "status-fd", "page-server", "manage-cgroups-mode",
        "empty-ns", "bundle,b", "pid-file", "console-socket", "lsm-profile", "lsm-mount-context"})
    add(name, po::value<std::string>()->value_name("VALUE"), "of no effect");
  for (const char* name :
       {"leave-running", "tcp-established", "ext-unix-sk", "shell-job", "lazy-pages", "file-locks",
        "pre-dump", "auto-dedup", "detach,d", "no-pivot", "no-subreaper"})
    add(name, po::bool_switch(), "of no effect");
}

Verb refused(std::string_view name, std::string_view summary) {
  Verb verb;
  verb.name = name;
  verb.operands = "CONTAINER-ID";
  verb.summary = summary;
  verb.description =
      "Always fails: CRIU saves processes of the host, and those of a container are in its VM.\n"
      "'pause' and 'resume' freeze them there.";
  verb.exit_status = "1, as runc's when it cannot.";
  verb.add_flags = add_flags;
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
  verb.run = [](const Globals&, const CommandLine& line) -> Result<int> {
    return refusal(concat("checkpoint container '", line.operands[0], "'"));
  };
  return verb;
}

Verb restore_verb() {
  Verb verb = refused("restore", "refused: there is no checkpoint to restore");
  verb.run = [](const Globals&, const CommandLine& line) -> Result<int> {
    return refusal(concat("restore container '", line.operands[0], "'"));
  };
  return verb;
}

}  // namespace kata::runtime
