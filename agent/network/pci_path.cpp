// SPDX-License-Identifier: Apache-2.0
#include "agent/network/pci_path.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <vector>

#include "kata/concat.h"

namespace kata::agent {
namespace {

constexpr unsigned kLargestSlot = 0x1f, kLargestFunction = 7, kFirstExtraRoot = 0x20;

struct PciElement {
  unsigned slot = 0, function = 0;
};

bool parse_hex(std::string_view text, unsigned largest, unsigned& number) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number, 16);
  return parsed.ec == std::errc() && parsed.ptr == end && number <= largest;
}

bool parse_element(std::string_view text, unsigned largest_slot, PciElement& element) {
  const std::size_t dot = text.find('.');
  const bool function_is_valid =
      dot == std::string_view::npos ||
      parse_hex(text.substr(dot + 1), kLargestFunction, element.function);
  return function_is_valid && parse_hex(text.substr(0, dot), largest_slot, element.slot);
}

std::string hex(unsigned number) {
  constexpr const char* kDigits = "0123456789abcdef";
  return {kDigits[number >> 4 & 0xf], kDigits[number & 0xf]};
}

Error invalid(std::string_view path) {
  return make_error(
      ErrorCode::kInvalidArgument,
      concat("'", path, "' is not a PCI path: expected slots in hexadecimal like '02/01'"));
}

Result<std::vector<PciElement>> parse_path(std::string_view path) {
  constexpr unsigned kLargestBus = 0xff;
  std::vector<PciElement> elements;
  for (std::string_view rest = path;;) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const unsigned largest = elements.empty() ? kLargestBus : kLargestSlot;
    if (!parse_element(rest.substr(0, end), largest, elements.emplace_back())) return invalid(path);
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  if (elements.size() < 3 && elements.front().slot > kLargestSlot) return invalid(path);
  return elements;
}

std::vector<std::string> entries(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), ::closedir);
  if (!open) return names;
  while (const dirent* entry = ::readdir(open.get()))
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  return names;
}

}  // namespace

Result<std::string> pci_directory(std::string_view path, const std::string& devices) {
  std::vector<PciElement> elements = KATA_TRY(parse_path(path), "");
  unsigned root = 0;
  if (elements.front().slot >= kFirstExtraRoot) {
    root = elements.front().slot;
    elements.erase(elements.begin());
  }
  std::string bus = "0000:" + hex(root);
  std::string directory = concat(devices, "/pci", bus);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (i > 0) {
      const std::vector<std::string> buses = entries(directory + "/pci_bus");
      if (buses.size() != 1)
        return make_error(ErrorCode::kNotFound,
                          concat("'", directory, "' is no bridge with a bus"));
      bus = buses.front();
    }
    directory += concat('/', bus, ':', hex(elements[i].slot), '.', elements[i].function);
  }
  if (::access(directory.c_str(), F_OK) != 0)
    return make_error(ErrorCode::kNotFound, concat("no device '", directory, "'"));
  return directory;
}

Result<std::string> network_device_name(const std::string& directory) {
  std::vector<std::string> names = entries(directory + "/net");
  for (const std::string& child : entries(directory))
    if (names.empty() && child.starts_with("virtio"))
      names = entries(concat(directory, '/', child, "/net"));
  if (names.empty())
    return make_error(ErrorCode::kNotFound, concat("no network device in '", directory, "'"));
  return *std::ranges::min_element(names);
}

}  // namespace kata::agent
