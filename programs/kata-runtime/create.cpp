// SPDX-License-Identifier: Apache-2.0
#include <boost/program_options/value_semantic.hpp>

#include "programs/kata-runtime/container_create.h"
#include "programs/kata-runtime/create_flags.h"
#include "programs/kata-runtime/verbs.h"

namespace kata::runtime {

namespace po = boost::program_options;

void add_create_flags(po::options_description& flags) {
  auto add = flags.add_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  add("bundle,b", text("DIR")->default_value("."), "directory of config.json and the rootfs");
  add("console-socket", text("SOCKET"), "unix socket that receives the terminal's master end");
  add("pid-file", text("FILE"), "write the pid here, last of all");
  add("no-pivot", po::bool_switch(), "accepted; the guest always pivots");
  add("no-new-keyring", po::bool_switch(), "accepted; the guest has its own keyrings");
  add("preserve-fds", po::value<int>()->value_name("N"), "only 0: descriptors cannot enter a VM");
}

Result<CreateRequest> create_request(const CommandLine& line) {
  if (line.has("preserve-fds") && line.flags["preserve-fds"].as<int>() != 0)
    return make_error(ErrorCode::kUnsupported,
                      "--preserve-fds: file descriptors cannot be passed into a VM");
  CreateRequest request;
  request.id = line.operands[0];
  request.bundle = line.text("bundle");
  request.console_socket = line.text("console-socket");
  request.pid_file = line.text("pid-file");
  return request;
}

Verb create_verb() {
  Verb verb;
  verb.name = "create";
  verb.operands = "CONTAINER-ID";
  verb.summary = "make a container, and the VM it runs in";
  verb.description =
      "Starts a VM for the container described by config.json of the bundle, or uses the VM of "
      "its\n"
      "pod when annotations name one, and prepares the container's process. 'start' lets it go. "
      "The\n"
      "pid is that of a host process that stands for the workload: it carries its stdio and\n"
      "signals, and exits with its code.";
  verb.exit_status = "0 when the container is created; 1 when it is not, and then nothing is left.";
  verb.examples =
      "  kata-runtime create --bundle /srv/web --pid-file /run/web.pid web\n"
      "  kata-runtime start web\n";
  verb.add_flags = add_create_flags;
  verb.run = [](const Globals& globals, const CommandLine& line) -> Result<int> {
    const CreateRequest request = KATA_TRY(create_request(line), "");
    KATA_TRY(create_container(globals, request), "");
    return 0;
  };
  return verb;
}

}  // namespace kata::runtime
