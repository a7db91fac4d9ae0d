// SPDX-License-Identifier: Apache-2.0
//
// create(), or detach() of who has attached, ends the program: how, its key `names` says.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "tests/broken-plugins/good_network.h"

namespace broken {

struct Fatal final : GoodNetwork {
  ~Fatal() override {
    if (throws_at_the_end) fail();
  }
  static void fail() { throw std::runtime_error("thrown by a destructor"); }
  kata::Result<void> detach() override {
    if (aborts_in_detach) std::abort();
    return {};
  }
  bool throws_at_the_end = false, aborts_in_detach = false;

  static kata::Result<std::unique_ptr<Fatal>> create(const kata::plugin::Context& context) {
    const auto told = [&context](std::string_view what) {
      return context.config_json.find(what) != std::string_view::npos;
    };
    if (told("segv")) ::raise(SIGSEGV);
    if (told("abort")) std::abort();
    while (told("loop")) ::pause();
    auto made = std::make_unique<Fatal>();
    made->throws_at_the_end = told("destroy");
    made->aborts_in_detach = told("detach") && context.saved_state.empty();
    return made;
  }
};

}  // namespace broken

KATA_PLUGIN(Network, broken::Fatal, "fatal", "1.0.0", "Broken", "Apache-2.0", "Ends the program",
            broken::kConfig);
