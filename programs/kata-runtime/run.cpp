// SPDX-License-Identifier: Apache-2.0
#include <boost/program_options/value_semantic.hpp>

#include "programs/kata-runtime/container_delete.h"
#include "programs/kata-runtime/create_flags.h"
#include "programs/kata-runtime/foreground.h"
#include "programs/kata-runtime/verbs.h"

namespace kata::runtime {

namespace po = boost::program_options;

namespace {

// What failed half-way is undone; the first error is the one to tell.
Error undo(const Globals& globals, const sandbox::ContainerRecord& record, Error error) {
  const auto deleted = force_delete(globals, record);
  if (!deleted.ok()) error.message += "; undoing it: " + deleted.error().message;
  return error;
}

Result<int> run_detached(const Globals& globals, const CreateRequest& request) {
  Created created = KATA_TRY(create_container(globals, request), "");
  auto started = start_container(globals, created.record);
  if (!started.ok()) return undo(globals, created.record, std::move(started).error());
  return 0;
}

Result<int> run_in_foreground(const Globals& globals, const CreateRequest& request, bool keep) {
  const TerminalKeeper terminal;
  Created created = KATA_TRY(create_container(globals, request), "");
  const ForwardedSignals signals;
  auto started = start_container(globals, created.record);
  if (!started.ok()) return undo(globals, created.record, std::move(started).error());
  auto code = wait_for_shim(created.shim, signals);
  if (!code.ok()) return undo(globals, created.record, std::move(code).error());
  if (!keep) KATA_TRY(delete_stopped(globals, created.record), "");
  return code.value();
}

}  // namespace

Verb run_container_verb() {
  Verb verb;
  verb.name = "run";
  verb.operands = "CONTAINER-ID";
  verb.summary = "create and start a container; wait for it and delete it";
  verb.description =
      "Does what create and start do, then stays in front of the workload: stdin, stdout, stderr,\n"
      "the terminal and signals are passed through. When the workload ends, the container and its\n"
      "VM are deleted, unless --keep was given. With --detach, returns once the workload runs.";
  verb.exit_status =
      "The workload's; 128 plus the signal's number when a signal ended it; 1 for an error.";
  verb.examples =
      "  kata-runtime run --bundle /srv/job job1 < input > output\n"
      "  kata-runtime run --detach --bundle /srv/web --pid-file /run/web.pid web\n";
  verb.add_flags = [](po::options_description& flags) {
    add_create_flags(flags);
    auto add = flags.add_options();
    add("detach,d", po::bool_switch(), "return when the workload runs");
    add("keep", po::bool_switch(), "leave the container when the workload has ended: see delete");
    add("no-subreaper", po::bool_switch(), "accepted; the workload's children stay in the guest");
  };
  verb.run = [](const Globals& globals, const CommandLine& line) -> Result<int> {
    CreateRequest request = KATA_TRY(create_request(line), "");
    request.detached = line.is_set("detach");
    return request.detached ? run_detached(globals, request)
                            : run_in_foreground(globals, request, line.is_set("keep"));
  };
  return verb;
}

}  // namespace kata::runtime
