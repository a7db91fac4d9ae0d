// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/options.h"

#include <boost/program_options.hpp>

#include <algorithm>
#include <array>
#include <sstream>

#include "kata/concat.h"
#include "programs/kata-agent-ctl/help_text.h"
#include "programs/kata-runtime/duration.h"

namespace kata::agentctl {

namespace po = boost::program_options;

namespace {

using Number = std::uint64_t;

po::options_description call_flags() {
  po::options_description options("Flags of a call, also on a line of the shell");
  auto add = options.add_options();
  const auto text = [] { return po::value<std::string>(); };
  add("timeout", text(), "give a call up after this time: 5s, 250ms, 1m; 0: never (default)");
  add("output,o", text(), "text (default) or json: one object a line");
  add("repeat", po::value<Number>(), "make the call so many times");
  add("until-empty", "make the call until its reply is empty: reads a stream to its end");
  add("ignore-errors", "go on after a call or command that failed");
  add("no-auto-values,n", "send empty fields empty: no ids, signal, time or size of our own");
  add("bundle-dir", text(), "CreateContainer: the OCI bundle when no bundle= is given");
  add("log-level,l", text(), "debug or trace: print each request as JSON on stderr");
  add("count", po::value<Number>(), "bench: so many calls (default 1000)");
  add("duration", text(), "bench: calls for so long, instead of --count");
  add("concurrency", po::value<Number>(), "bench: calls under way at a time (default 1)");
  add("connections", po::value<Number>(), "bench: connections that share them (default 1)");
  add("warmup", po::value<Number>(), "bench: calls before those that count (default 10)");
  return options;
}

po::options_description program_flags() {
  po::options_description options("Flags of the program");
  auto add = options.add_options();
  add("server-address,s", po::value<std::string>(),
      "the agent: unix:///path, unix://@name, vsock://CID[:PORT], hvsock:///path[:PORT], "
      "serial:///path; default: KATA_AGENT_SERVER_ADDR");
  add("connect-timeout", po::value<std::string>(),
      "try to connect for so long (default 3s; unix sockets: once)");
  add("hybrid-vsock", "the unix:// address is a hybrid vsock");
  add("hybrid-vsock-port", po::value<std::uint32_t>(), "its port in the guest (default 1024)");
  add("command,c", po::value<Words>()->composing(),
      "run this line of the shell and end; may be given several times");
  add("interactive,i", "the shell, after the lines of -c");
  add("list", "the same as the command list");
  add("describe", po::value<std::string>(), "the same as the command describe");
  add("help,h", "print this text");
  add("version,v", "print the version");
  return options;
}

po::options_description hidden_words() {
  po::options_description options;
  options.add_options()("word", po::value<Words>());
  return options;
}

Result<po::variables_map> parse(const Words& words, const po::options_description& visible) {
  po::options_description all;
  all.add(visible).add(hidden_words());
  try {
    po::variables_map values;
    po::positional_options_description rest;
    rest.add("word", -1);
    po::store(po::command_line_parser(words).options(all).positional(rest).run(), values);
    return values;
  } catch (const po::error& error) {
    return make_error(ErrorCode::kInvalidArgument, concat(error.what(), ": see --help"));
  }
}

Result<void> read_duration(const po::variables_map& values, const char* flag,
                           std::chrono::nanoseconds& target) {
  if (values.count(flag) == 0) return {};
  const auto& text = values[flag].as<std::string>();
  target = text == "0" ? std::chrono::nanoseconds(0)
                       : KATA_TRY(runtime::duration(text), concat("--", flag));
  return {};
}

Result<void> read_count(const po::variables_map& values, const char* flag, Number most,
                        Number& target) {
  if (values.count(flag) == 0) return {};
  target = values[flag].as<Number>();
  if (target >= 1 && target <= most) return {};
  return make_error(ErrorCode::kInvalidArgument,
                    concat("--", flag, " ", target, ": must be from 1 to ", most));
}

Result<void> read_bench(const po::variables_map& values, BenchSettings& bench) {
  constexpr Number kMostCalls = 100'000'000, kMostAtATime = 10'000;
  KATA_TRY(read_count(values, "count", kMostCalls, bench.count), "");
  KATA_TRY(read_count(values, "concurrency", kMostAtATime, bench.concurrency), "");
  KATA_TRY(read_count(values, "connections", kMostAtATime, bench.connections), "");
  if (values.count("warmup") != 0) bench.warmup = values["warmup"].as<Number>();
  return read_duration(values, "duration", bench.duration);
}

Result<void> read_log_level(const po::variables_map& values, bool& show_requests) {
  constexpr std::array<std::string_view, 6> kLevels = {"trace", "debug", "info",
                                                       "warn",  "error", "critical"};
  if (values.count("log-level") == 0) return {};
  const auto& level = values["log-level"].as<std::string>();
  if (std::find(kLevels.begin(), kLevels.end(), level) == kLevels.end())
    return make_error(
        ErrorCode::kInvalidArgument,
        concat("--log-level '", level, "': must be trace, debug, info, warn, error or critical"));
  show_requests = level == "trace" || level == "debug";
  return {};
}

Result<CommandLine> read_call(const po::variables_map& values, CallSettings settings) {
  KATA_TRY(read_duration(values, "timeout", settings.timeout), "");
  KATA_TRY(read_count(values, "repeat", UINT32_MAX, settings.repeat), "");
  KATA_TRY(read_bench(values, settings.bench), "");
  KATA_TRY(read_log_level(values, settings.show_requests), "");
  if (values.count("output") != 0)
    settings.output = KATA_TRY(parse_output(values["output"].as<std::string>()), "");
  if (values.count("bundle-dir") != 0)
    settings.bundle_directory = values["bundle-dir"].as<std::string>();
  settings.until_empty |= values.count("until-empty") != 0;
  settings.ignore_errors |= values.count("ignore-errors") != 0;
  settings.auto_values &= values.count("no-auto-values") == 0;
  CommandLine line{std::move(settings), {}};
  if (values.count("word") != 0) line.words = values["word"].as<Words>();
  return line;
}

bool is_local(const Endpoint& endpoint) {
  const auto* address = std::get_if<ttrpc::Address>(&endpoint);
  return address == nullptr || std::holds_alternative<ttrpc::UnixAddress>(*address);
}

Result<LinkSettings> read_link(const po::variables_map& values, const char* address) {
  LinkSettings link;
  if (address != nullptr) link.address = address;
  if (values.count("server-address") != 0)
    link.address = values["server-address"].as<std::string>();
  if (link.address.empty()) return link;
  link.endpoint = KATA_TRY(parse_endpoint(link.address), "--server-address");
  const std::uint32_t port = values.count("hybrid-vsock-port") != 0
                                 ? values["hybrid-vsock-port"].as<std::uint32_t>()
                                 : ttrpc::kAgentPort;
  if (values.count("hybrid-vsock") != 0)
    link.endpoint = KATA_TRY(as_hybrid(*link.endpoint, port), "");
  link.connect_timeout = std::chrono::seconds(is_local(*link.endpoint) ? 0 : 3);
  KATA_TRY(read_duration(values, "connect-timeout", link.connect_timeout), "");
  return link;
}

std::string help(const po::options_description& visible) {
  std::ostringstream text;
  text << kUsageText << '\n' << visible << '\n' << kExitCodeText;
  return text.str();
}

po::options_description all_flags() {
  po::options_description visible;
  visible.add(program_flags()).add(call_flags());
  return visible;
}

}  // namespace

Result<Options> parse_options(const Words& words, const char* address) {
  const po::options_description visible = all_flags();
  const po::variables_map values = KATA_TRY(parse(words, visible), "");
  Options options;
  if (values.count("help") != 0) options.message = help(visible);
  if (values.count("version") != 0) options.message = "kata-agent-ctl " KATA_VERSION "\n";
  if (!options.message.empty()) return options;
  options.line = KATA_TRY(read_call(values, {}), "");
  options.link = KATA_TRY(read_link(values, address), "");
  if (values.count("command") != 0) options.commands = values["command"].as<Words>();
  options.interactive = values.count("interactive") != 0;
  Words& rest = options.line.words;
  if (values.count("list") != 0) rest = {"list"};
  if (values.count("describe") != 0) rest = {"describe", values["describe"].as<std::string>()};
  if (!rest.empty() && rest.front() == "connect") rest.erase(rest.begin());
  if (!rest.empty() && !options.commands.empty())
    return make_error(ErrorCode::kInvalidArgument,
                      concat("'", rest.front(), "' and --command: give one of the two"));
  return options;
}

Result<CommandLine> parse_command(const Words& words, const CallSettings& defaults) {
  return read_call(KATA_TRY(parse(words, call_flags()), ""), defaults);
}

std::vector<std::string> flag_names() {
  std::vector<std::string> names;
  const po::options_description known = all_flags();
  for (const auto& option : known.options()) names.push_back(concat("--", option->long_name()));
  return names;
}

bool flag_takes_value(const std::string& word) {
  if (!word.starts_with('-')) return false;
  const po::options_description known = all_flags();
  for (const auto& option : known.options())
    if (word == concat("--", option->long_name()) ||
        word == option->canonical_display_name(po::command_line_style::allow_dash_for_short))
      return option->semantic()->max_tokens() > 0;
  return false;
}

Words without_flags(const Words& words) {
  Words rest;
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (flag_takes_value(words[at]))
      ++at;
    else if (!words[at].starts_with('-') || words[at] == "-")
      rest.push_back(words[at]);
  }
  return rest;
}

}  // namespace kata::agentctl
