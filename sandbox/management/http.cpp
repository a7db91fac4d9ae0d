// SPDX-License-Identifier: Apache-2.0
#include "sandbox/management/http.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "kata/concat.h"

namespace kata::management {

namespace {

constexpr std::size_t kMostFields = 64, kLongestTarget = 2048, kLongestMethod = 16;

// The first problem of a head that is being read.
using Problem = std::optional<Response>;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter_or_digit(c) || kOthers.find(c) != std::string_view::npos;
  });
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// The next line, without its CR LF; nothing when there is none.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  return line;
}

class HeadReader {
 public:
  std::variant<RequestHead, Response> read(std::string_view text) {
    const auto first = take_line(text);
    Problem problem = first ? read_request_line(*first) : refusal(400, "no request line");
    std::size_t fields = 0;
    while (!problem) {
      const auto line = take_line(text);
      if (!line) problem = refusal(400, "no empty line after the header fields");
      if (problem || line->empty()) break;
      problem =
          ++fields > kMostFields ? refusal(431, "more than 64 header fields") : read_field(*line);
    }
    if (!problem && !text.empty()) problem = refusal(400, "bytes after the head");
    if (!problem && version_ == "HTTP/1.1" && !has_host_) problem = refusal(400, "Host is missing");
    if (problem) return std::move(*problem);
    return std::move(head_);
  }

 private:
  Problem read_request_line(std::string_view line) {
    const std::size_t first = line.find(' '), last = line.rfind(' ');
    if (first == std::string_view::npos || first == last)
      return refusal(400, "the request line is not METHOD TARGET VERSION");
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    version_ = line.substr(last + 1);
    if (!is_token(method) || method.size() > kLongestMethod)
      return refusal(400, "the method is not a name");
    if (version_ != "HTTP/1.1" && version_ != "HTTP/1.0")
      return refusal(505, "expected HTTP/1.1 or HTTP/1.0");
    if (target.size() > kLongestTarget) return refusal(414, "the target has more than 2048 bytes");
    if (!target.starts_with('/') || !is_visible(target))
      return refusal(400, "the target is not a path");
    head_.method = method;
    const std::size_t question = target.find('?');
    head_.path = target.substr(0, question);
    if (question != std::string_view::npos) head_.query = target.substr(question + 1);
    return std::nullopt;
  }

  Problem read_field(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
      return refusal(400, "a header field is not NAME: VALUE");
    const std::string name = lower(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!is_field_value(value)) return refusal(400, concat(name, " has a control character"));
    if (name == "host") return read_host();
    if (name == "content-length") return read_length(value);
    if (name == "expect") return read_expectation(value);
    if (name == "transfer-encoding")
      return refusal(501, "Transfer-Encoding is not supported: send Content-Length");
    return std::nullopt;
  }

  Problem read_host() {
    if (has_host_) return refusal(400, "Host is given twice");
    has_host_ = true;
    return std::nullopt;
  }

  Problem read_length(std::string_view value) {
    if (head_.has_length) return refusal(400, "Content-Length is given twice");
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), head_.body_bytes);
    const bool whole = end == value.data() + value.size() && !value.starts_with('-');
    if (!whole || error == std::errc::invalid_argument)
      return refusal(400, "Content-Length is not a number");
    if (error != std::errc() || head_.body_bytes > kMostBody)
      return refusal(413, "the body has more than 3 MiB");
    head_.has_length = true;
    return std::nullopt;
  }

  Problem read_expectation(std::string_view value) {
    if (lower(value) != "100-continue") return refusal(417, "expected Expect: 100-continue");
    head_.waits_for_continue = true;
    return std::nullopt;
  }

  RequestHead head_{};
  std::string version_{};
  bool has_host_ = false;
};

const char* phrase_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

}  // namespace

std::variant<RequestHead, Response> parse_head(std::string_view head) {
  return HeadReader().read(head);
}

Response refusal(int status, std::string_view reason) {
  Response response;
  response.status = status;
  response.body = reason;
  std::replace_if(
      response.body.begin(), response.body.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  response.body += '\n';
  return response;
}

std::string wire_form(const Response& response) {
  std::string text =
      concat("HTTP/1.1 ", response.status, " ", phrase_of(response.status),
             "\r\nContent-Type: ", response.content_type,
             "\r\nContent-Length: ", response.body.size(), "\r\nConnection: close\r\n");
  if (!response.allow.empty()) text += concat("Allow: ", response.allow, "\r\n");
  return text + "\r\n" + response.body;
}

}  // namespace kata::management
