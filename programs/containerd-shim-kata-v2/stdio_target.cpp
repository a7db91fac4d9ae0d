// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/stdio_target.h"

#include <algorithm>
#include <charconv>

#include "kata/concat.h"

namespace kata::shim_v2 {

namespace {

Error bad(std::string_view uri, std::string_view why) {
  return make_error(ErrorCode::kInvalidArgument,
                    concat("output '", uri, "': ", why,
                           ": expected a path, or fifo://, file:// or binary:// and an absolute "
                           "path"));
}

// %41 → A; in a query a plus is a blank.
Result<std::string> decoded(std::string_view text, bool query, std::string_view uri) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+' && query) {
      plain += ' ';
    } else if (text[at] == '%') {
      const std::string_view digits = text.substr(at + 1, 2);
      unsigned char byte = 0;
      const auto [end, status] =
          std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
      if (digits.size() != 2 || status != std::errc{} || end != digits.data() + 2)
        return bad(uri, "a '%' without two hexadecimal digits");
      plain += static_cast<char>(byte);
      at += 2;
    } else {
      plain += text[at];
    }
  }
  if (plain.find('\0') != std::string::npos) return bad(uri, "it has a zero byte");
  return plain;
}

Result<std::vector<std::string>> arguments_of(std::string_view query, std::string_view uri) {
  std::vector<std::string> arguments;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    arguments.push_back(KATA_TRY(decoded(pair.substr(0, equals), true, uri), ""));
    arguments.push_back(KATA_TRY(decoded(value, true, uri), ""));
  }
  return arguments;
}

Result<StdioTarget::Kind> kind_of(std::string_view scheme, std::string_view uri) {
  if (scheme == "fifo") return StdioTarget::Kind::kFifo;
  if (scheme == "file") return StdioTarget::Kind::kFile;
  if (scheme == "binary") return StdioTarget::Kind::kBinary;
  return bad(uri, concat("scheme '", scheme, "' is unknown"));
}

}  // namespace

Result<StdioTarget> parse_stdio_target(std::string_view uri) {
  constexpr std::string_view kSeparator = "://";
  StdioTarget target;
  if (uri.empty()) return target;
  const std::size_t colon = uri.find(kSeparator);
  if (colon == std::string_view::npos) {
    if (uri.front() != '/') return bad(uri, "the path is not absolute");
    target.kind = StdioTarget::Kind::kFifo;
    target.path = uri;
    return target;
  }
  target.kind = KATA_TRY(kind_of(uri.substr(0, colon), uri), "");
  const std::string_view rest = uri.substr(colon + kSeparator.size());
  const std::size_t question = rest.find('?');
  target.path = KATA_TRY(decoded(rest.substr(0, question), false, uri), "");
  if (!target.path.starts_with('/')) return bad(uri, "the path is not absolute");
  if (target.kind == StdioTarget::Kind::kBinary && question != std::string_view::npos)
    target.arguments = KATA_TRY(arguments_of(rest.substr(question + 1), uri), "");
  return target;
}

}  // namespace kata::shim_v2
