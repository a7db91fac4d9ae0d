// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/help_text.h"

namespace kata::agentctl {

const char* const kUsageText =
    "Usage: kata-agent-ctl [FLAGS] RPC [ARGUMENT...]\n"
    "       kata-agent-ctl [FLAGS] COMMAND [ARGUMENT...]\n"
    "       kata-agent-ctl [FLAGS] [connect] -c LINE [-c LINE...]\n"
    "       kata-agent-ctl [FLAGS]                                  (a shell)\n"
    "\n"
    "Asks a Kata agent. RPC is a method of grpc.AgentService or grpc.Health: see list.\n"
    "\n"
    "An ARGUMENT of an RPC is one of\n"
    "  field=value        fields descend by dots: OCI.Process.Args=sh, devices.0.type=blk;\n"
    "                     a list takes the value at its end; field=@FILE reads a file\n"
    "  {\"field\": value}   JSON; also json://{...}\n"
    "  @FILE              a file with JSON; also file://FILE; - is stdin\n"
    "CreateContainer bundle=DIR converts an OCI bundle. describe RPC lists what it takes.\n"
    "\n"
    "Commands:\n"
    "  list                 the RPCs\n"
    "  describe RPC         the fields of its request and reply\n"
    "  bench RPC [ARG...]   how long calls take: --count, --duration, --concurrency\n"
    "  shell                the shell, which reads such lines from stdin\n"
    "  repeat N LINE        a line N times\n"
    "  set FLAG...          keeps flags of a call for the lines after\n"
    "  sleep TIME, echo WORD..., help [RPC], quit\n"
    "  generate-cid, generate-sid\n"
    "                       a new id\n"
    "  completion SHELL     a script for bash, zsh or fish\n"
    "  examples             lines to begin with\n";

const char* const kExitCodeText =
    "Exit code: 0, all calls succeeded; 1, an argument, a file or a reply is no good; 2, the\n"
    "command line is; 3, no connection, or it was lost; 10 + N, the agent answered with status N\n"
    "(13 INVALID_ARGUMENT, 14 DEADLINE_EXCEEDED, 15 NOT_FOUND, 22 UNIMPLEMENTED, 23 INTERNAL);\n"
    "130, interrupted.\n";

const char* const kExamplesText =
    "# The agent of a running sandbox, through its proxy\n"
    "export KATA_AGENT_SERVER_ADDR=unix:///run/kata-containers/SANDBOX/proxy.sock\n"
    "\n"
    "kata-agent-ctl Check\n"
    "kata-agent-ctl GetGuestDetails --output json\n"
    "kata-agent-ctl ListInterfaces\n"
    "kata-agent-ctl StatsContainer cid=web\n"
    "kata-agent-ctl SignalProcess cid=web signal=TERM\n"
    "kata-agent-ctl ReadStdout cid=web --until-empty\n"
    "kata-agent-ctl CopyFile src=notes dest=/run/kata-containers/shared/containers/notes\n"
    "kata-agent-ctl bench Check --duration 10s --concurrency 8\n"
    "\n"
    "# An agent of one's own, in a mount namespace that is thrown away\n"
    "unshare --mount kata-agent --server-addr unix:///run/agent.sock &\n"
    "kata-agent-ctl -s unix:///run/agent.sock \\\n"
    "  -c CreateSandbox -c 'CreateContainer bundle=/bundle' -c StartContainer \\\n"
    "  -c 'ReadStdout --until-empty' -c WaitProcess -c RemoveContainer -c DestroySandbox\n";

}  // namespace kata::agentctl
