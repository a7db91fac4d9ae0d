// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/config_words.h"

namespace kata::runtime {

Verb config_manual() {
  Verb verb;
  verb.name = "config";
  verb.operands = "[PLUGIN]";
  verb.summary = "print the effective configuration, or a plugin's keys";
  verb.description =
      "Without an operand: the configuration that 'create' would use, as TOML, each value with "
      "the\n"
      "file and line it comes from. With the name of a selected plugin (qemu, virtiofs): the keys\n"
      "of its table with types, defaults and meaning, as TOML to copy from.";
  verb.exit_status = "0; 1 when the configuration or the plugin is refused, with the reason.";
  verb.examples =
      "  kata-runtime --config ./configuration.toml config\n"
      "  kata-runtime config qemu\n";
  verb.least_operands = 0;
  return verb;
}

Verb plugin_manual() {
  Verb verb;
  verb.name = "plugin";
  verb.operands = "list | inspect FILE | config NAME | check FILE";
  verb.summary = "look at plugins";
  verb.description =
      "  list          the plugins beside the selected ones; a * marks those selected\n"
      "  inspect FILE  what a plugin says of itself; runs none of its code\n"
      "  config NAME   the keys of a selected plugin's table, as TOML\n"
      "  check FILE    runs kata-plugin-check: whether it keeps its interface's promises";
  verb.exit_status = "0; 1 when a plugin is refused or a check fails, with the reason.";
  verb.examples =
      "  kata-runtime plugin list\n"
      "  kata-runtime plugin inspect /usr/lib/kata-containers/plugins/libkata-hypervisor-qemu.so\n";
  verb.most_operands = 2;
  return verb;
}

}  // namespace kata::runtime
