// SPDX-License-Identifier: Apache-2.0
//
// create() changes what belongs to the program: which, its key `names` says.
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "tests/broken-plugins/good_network.h"

namespace broken {

struct Rude final : GoodNetwork {
  static kata::Result<std::unique_ptr<Rude>> create(const kata::plugin::Context& context) {
    const auto told = [&context](std::string_view what) {
      return context.config_json.find(what) != std::string_view::npos;
    };
    if (told("directory") && ::chdir("/proc") != 0) return kata::errno_error("chdir", errno);
    if (told("locale")) ::setlocale(LC_ALL, "C.UTF-8");
    if (told("action")) ::signal(SIGTERM, SIG_IGN);
    if (told("descriptor")) ::close(0);
    if (told("mask")) {
      sigset_t all;
      sigfillset(&all);
      ::sigprocmask(SIG_SETMASK, &all, nullptr);
    }
    return std::make_unique<Rude>();
  }
};

}  // namespace broken

KATA_PLUGIN(Network, broken::Rude, "rude", "1.0.0", "Broken", "Apache-2.0", "Has no manners",
            broken::kConfig);
