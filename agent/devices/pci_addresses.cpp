// SPDX-License-Identifier: Apache-2.0
#include "agent/devices/pci_addresses.h"

#include "oci.pb.h"

namespace kata::agent {
namespace {

constexpr std::string_view kForm = "xxxx:xx:xx.o";  // x: hexadecimal, o: octal

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool is_word(char c) { return is_hex(c) || c == ':' || c == '.'; }

std::string translated(std::string_view value, const PciAddresses& addresses) {
  std::string out;
  for (std::size_t at = 0; at < value.size();) {
    std::size_t end = at;
    while (end < value.size() && is_word(value[end])) ++end;
    const std::string word(value.substr(at, end - at));
    const auto known = is_pci_address(word) ? addresses.find(word) : addresses.end();
    out += known == addresses.end() ? word : known->second;
    at = end;
    if (at < value.size()) out += value[at++];
  }
  return out;
}

}  // namespace

bool is_pci_address(std::string_view text) noexcept {
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool fits = kForm[i] == 'x'   ? is_hex(text[i])
                      : kForm[i] == 'o' ? text[i] >= '0' && text[i] <= '7'
                                        : text[i] == kForm[i];
    if (!fits) return false;
  }
  return true;
}

void translate_pci_addresses(grpc::Process& process, const PciAddresses& addresses) {
  if (addresses.empty()) return;
  for (std::string& variable : *process.mutable_env()) {
    const std::size_t equals = variable.find('=');
    if (!variable.starts_with("PCIDEVICE_") || equals == std::string::npos) continue;
    const std::string_view text = variable;
    variable =
        std::string(text.substr(0, equals + 1)) + translated(text.substr(equals + 1), addresses);
  }
}

}  // namespace kata::agent
