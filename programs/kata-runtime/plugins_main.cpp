// SPDX-License-Identifier: Apache-2.0
//
// kata-runtime-plugins: the verbs of kata-runtime that load plugins. kata-runtime executes it, so
// that its other verbs start without what loading needs.
#include <unistd.h>

#include "core/plugin_host/crash_note.h"
#include "programs/kata-runtime/verbs.h"

namespace kata::runtime {

const std::vector<Verb>& all_verbs() {
  static const std::vector<Verb> verbs = {config_verb(), plugin_verb(), clean_up_verb()};
  return verbs;
}

}  // namespace kata::runtime

int main(int argc, char** argv) {
  kata::plugin_host::note_crashes(STDERR_FILENO, "kata-runtime: ");
  return kata::runtime::run_program("kata-runtime", {argv + 1, argv + argc});
}
