// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/host_services.h"

#include <doctest/doctest.h>

#include <vector>

#include "core/base/log.h"

namespace kata::plugin_host {

namespace {

class Recorder final : public log::Sink {
 public:
  void write(log::Level level, std::string_view message,
             std::initializer_list<log::Field> fields) noexcept override {
    std::string line = std::to_string(static_cast<int>(level)) + " " + std::string(message);
    for (const log::Field& field : fields) line += " " + std::string(field.key) + "=" + field.value;
    lines.push_back(std::move(line));
  }
  std::vector<std::string> lines{};
};

}  // namespace

TEST_CASE("a plugin's log lines carry its name and a level that exists") {
  static Recorder recorder;  // the sink is borrowed for the life of the program
  log::set_sink(&recorder, log::Level::kTrace);
  HostServices services("acme");
  services.log(plugin::Host::Level::kWarn, "hot");
  services.log(static_cast<plugin::Host::Level>(99), "wild");
  const auto first = services.begin_span("boot");
  const auto second = services.begin_span("boot");
  services.end_span(first);
  log::set_sink(nullptr, log::Level::kError);
  CHECK(first != second);
  REQUIRE(recorder.lines.size() == 5);
  CHECK(recorder.lines[0] == "4 hot plugin=acme");
  CHECK(recorder.lines[1] == "5 wild plugin=acme");
  CHECK(recorder.lines[2] == "1 boot plugin=acme span=1");
  CHECK(recorder.lines[4] == "1 end of span plugin=acme span=1");
}

}  // namespace kata::plugin_host
