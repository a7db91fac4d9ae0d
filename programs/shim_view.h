// SPDX-License-Identifier: Apache-2.0
//
// What kata-runtime tells a container's kata-shim of the container's files on the host, through a
// descriptor: fields that end with NUL, which no path contains.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kata/result.h"

namespace kata {

struct ShimBind {
  std::string source{}, target{};  // on the host; inside the rootfs
  bool read_only = false;
  friend bool operator==(const ShimBind&, const ShimBind&) = default;
};

struct ShimView {
  std::string rootfs{};
  bool read_only = false;
  std::vector<ShimBind> binds{};  // in the order of config.json
  friend bool operator==(const ShimView&, const ShimView&) = default;
};

inline std::string encode_view(const ShimView& view) {
  std::string text;
  auto add = [&](const std::string& path, bool read_only) {
    text.append(path).push_back('\0');
    text.append(read_only ? "ro" : "rw").push_back('\0');
  };
  add(view.rootfs, view.read_only);
  for (const ShimBind& bind : view.binds) {
    text.append(bind.source).push_back('\0');
    add(bind.target, bind.read_only);
  }
  return text;
}

inline Result<ShimView> decode_view(std::string_view text) {
  std::vector<std::string> fields;
  while (!text.empty()) {
    const std::size_t end = text.find('\0');
    if (end == std::string_view::npos) break;
    fields.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  if (!text.empty() || fields.size() < 2 || (fields.size() - 2) % 3 != 0)
    return make_error(ErrorCode::kInvalidArgument, "the view of the rootfs is not whole");
  ShimView view{fields[0], fields[1] == "ro"};
  for (std::size_t at = 2; at < fields.size(); at += 3)
    view.binds.push_back({fields[at], fields[at + 1], fields[at + 2] == "ro"});
  return view;
}

}  // namespace kata
