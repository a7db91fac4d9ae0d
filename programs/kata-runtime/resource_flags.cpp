// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/resource_flags.h"

#include <unistd.h>

#include <boost/program_options/value_semantic.hpp>
#include <cerrno>
#include <charconv>

#include "core/base/files.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "programs/kata-runtime/byte_size.h"
#include "sandbox/json_reader.h"
#include "sandbox/oci_spec.h"

namespace kata::runtime {

namespace po = boost::program_options;
using grpc::LinuxResources;

namespace {

struct NumberFlag {
  const char *name, *meaning;
  std::int64_t least, most;
  void (*set)(LinuxResources&, std::int64_t);
};

constexpr NumberFlag kNumbers[] = {
    {"blkio-weight", "weight among block I/O of others, 10 to 1000; 0: unchanged", 0, 1000,
     [](LinuxResources& to, std::int64_t value) {
       to.mutable_blockio()->set_weight(static_cast<std::uint32_t>(value));
     }},
    {"cpu-period", "microseconds of a CPU period", 0, INT64_MAX,
     [](LinuxResources& to, std::int64_t value) {
       to.mutable_cpu()->set_period(static_cast<std::uint64_t>(value));
     }},
    {"cpu-quota", "microseconds of CPU time in a period; -1: unlimited", -1, INT64_MAX,
     [](LinuxResources& to, std::int64_t value) { to.mutable_cpu()->set_quota(value); }},
    {"cpu-share", "weight among CPU time of others", 0, INT64_MAX,
     [](LinuxResources& to, std::int64_t value) {
       to.mutable_cpu()->set_shares(static_cast<std::uint64_t>(value));
     }},
    {"cpu-rt-period", "microseconds of a realtime period", 0, INT64_MAX,
     [](LinuxResources& to, std::int64_t value) {
       to.mutable_cpu()->set_realtimeperiod(static_cast<std::uint64_t>(value));
     }},
    {"cpu-rt-runtime", "microseconds of realtime in a period", -1, INT64_MAX,
     [](LinuxResources& to, std::int64_t value) { to.mutable_cpu()->set_realtimeruntime(value); }},
    {"pids-limit", "most processes and threads; -1: unlimited", -1, INT64_MAX,
     [](LinuxResources& to, std::int64_t value) { to.mutable_pids()->set_limit(value); }},
};

struct SizeFlag {
  const char *name, *meaning;
  void (grpc::LinuxMemory::*set)(std::int64_t);
};

constexpr SizeFlag kSizes[] = {
    {"memory", "most memory: bytes, 256m, 1.5g; -1: unlimited", &grpc::LinuxMemory::set_limit},
    {"memory-reservation", "memory that is left when the guest runs short of it",
     &grpc::LinuxMemory::set_reservation},
    {"memory-swap", "most memory and swap together; -1: unlimited", &grpc::LinuxMemory::set_swap},
};

Result<std::int64_t> number_in(const NumberFlag& flag, const std::string& text) {
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || status != std::errc{} || end != text.data() + text.size() ||
      number < flag.least || number > flag.most)
    return make_error(ErrorCode::kInvalidArgument,
                      concat("--", flag.name, " '", text, "': expected a number from ", flag.least,
                             " to ", flag.most));
  return number;
}

Result<LinuxResources> from_flags(const CommandLine& line) {
  LinuxResources resources;
  for (const NumberFlag& flag : kNumbers)
    if (line.has(flag.name))
      flag.set(resources, KATA_TRY(number_in(flag, line.text(flag.name)), ""));
  for (const SizeFlag& flag : kSizes)
    if (line.has(flag.name))
      (resources.mutable_memory()->*flag.set)(
          KATA_TRY(byte_size(line.text(flag.name)), concat("--", flag.name)));
  if (line.has("cpuset-cpus")) resources.mutable_cpu()->set_cpus(line.text("cpuset-cpus"));
  if (line.has("cpuset-mems")) resources.mutable_cpu()->set_mems(line.text("cpuset-mems"));
  const std::uint32_t weight = resources.blockio().weight();
  if (weight != 0 && weight < 10)
    return make_error(ErrorCode::kInvalidArgument,
                      concat("--blkio-weight '", weight, "': expected 0 or 10 to 1000"));
  return resources;
}

Result<std::string> read_standard_input() {
  std::string text;
  char buffer[16U << 10];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read standard input", errno);
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > sandbox::kMaxJsonSize)
      return make_error(ErrorCode::kInvalidArgument,
                        concat("standard input: larger than ", sandbox::kMaxJsonSize, " bytes"));
  }
}

Result<LinuxResources> from_file(const std::string& file) {
  const bool standard = file == "-";
  const std::string text = KATA_TRY(
      standard ? read_standard_input() : read_file(file, sandbox::kMaxJsonSize), "--resources");
  LinuxResources resources;
  std::vector<std::string> warnings;
  KATA_TRY(sandbox::parse_resources(text, standard ? "standard input" : file, resources, &warnings),
           "--resources");
  for (const std::string& warning : warnings) log::warn(warning);
  resources.clear_devices();  // what devices a container has is decided when it is made
  return resources;
}

Result<void> refuse_cache_schemata(const CommandLine& line) {
  for (const char* name : {"l3-cache-schema", "mem-bw-schema"})
    if (line.has(name) && !line.text(name).empty())
      return make_error(ErrorCode::kUnsupported,
                        concat("--", name, ": a guest cannot divide the host's caches (Intel RDT)",
                               ": leave the flag out"));
  return {};
}

}  // namespace

void add_resource_flags(po::options_description& flags) {
  auto add = flags.add_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  add("resources,r", text("FILE"),
      "JSON of the limits, as linux.resources of config.json; - reads standard input; the other "
      "flags do not count then");
  for (const NumberFlag& flag : kNumbers) add(flag.name, text("N"), flag.meaning);
  for (const SizeFlag& flag : kSizes) add(flag.name, text("BYTES"), flag.meaning);
  add("cpuset-cpus", text("LIST"), "CPUs of the guest to use: 0-1,3");
  add("cpuset-mems", text("LIST"), "memory nodes of the guest to use");
  add("kernel-memory", text("BYTES"), "accepted; no kernel honours it any more");
  add("kernel-memory-tcp", text("BYTES"), "accepted; no kernel honours it any more");
  add("l3-cache-schema", text("TEXT"), "refused: a guest cannot divide the host's caches");
  add("mem-bw-schema", text("TEXT"), "refused: likewise");
}

Result<LinuxResources> requested_resources(const CommandLine& line) {
  if (line.has("resources")) return from_file(line.text("resources"));
  KATA_TRY(refuse_cache_schemata(line), "");
  return from_flags(line);
}

}  // namespace kata::runtime
