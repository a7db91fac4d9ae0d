// SPDX-License-Identifier: Apache-2.0
//
// The VM behind the fake's API: its state, its devices, and which request is right when.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/fakes/cloud_hypervisor/rules.h"

namespace kata::fake_cloudhv {

class Machine {
 public:
  // `on_boot` gets the configuration when vCPUs begin to run.
  explicit Machine(std::function<void(const nlohmann::json& config)> on_boot)
      : on_boot_(std::move(on_boot)) {}

  // `endpoint` without its path: "vm.create". `fds`: how many descriptors came with the request.
  Answer handle(const std::string& method, const std::string& endpoint, const std::string& body,
                std::size_t fds);

  bool keeps_devices = false;  // the guest never lets go of one
  // A removal that is asked for twice is refused, as version 53 does; else it is taken again.
  bool refuses_second_removal = false;

 private:
  using Json = nlohmann::json;

  Answer create(Json body);
  Answer boot();
  Answer info() const;
  Answer add(const Json& body, const char* list, std::size_t fds);
  Answer remove(const Json& body);
  bool is_configured(const std::string& id) const;
  std::string place(const Json& device);
  Answer resize(const Json& body);
  Answer change_state(const char* from, const char* to);
  Answer snapshot(const Json& body) const;
  Answer restore(const Json& body);

  std::function<void(const Json&)> on_boot_;
  std::string state_{};  // "": no VM
  Json config_{};
  std::map<std::string, std::string> devices_{};  // of the guest: id to PCI address
  unsigned next_slot_ = 1;
  std::uint64_t most_memory_ = 0;  // where the address space for plugged memory ends
  int memory_slots_left_ = 8;
};

}  // namespace kata::fake_cloudhv
