// SPDX-License-Identifier: Apache-2.0
#include "agent/metrics.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <span>
#include <vector>

#include "agent/container/kernel_text.h"
#include "agent/metrics_text.h"
#include "core/base/files.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLimit = 4U << 20;

std::string text_of(const fs::path& path) {
  auto text = read_file(path, kLimit);
  return text.ok() ? text.take() : std::string();
}

double ticks_per_second() { return static_cast<double>(::sysconf(_SC_CLK_TCK)); }
double page_size() { return static_cast<double>(::sysconf(_SC_PAGESIZE)); }

double real(std::string_view text) { return std::strtod(std::string(text).c_str(), nullptr); }

// Samples with the same names on each line, in the order of the numbers.
void samples(MetricsText& out, std::string_view label, std::string_view value,
             std::span<const std::string_view> items, std::span<const double> numbers) {
  for (std::size_t at = 0; at < std::min(items.size(), numbers.size()); ++at)
    out.sample(numbers[at], {{label, value}, {"item", items[at]}});
}

std::vector<double> numbers_of(std::span<const std::string_view> words) {
  std::vector<double> numbers;
  for (const std::string_view word : words)
    numbers.push_back(static_cast<double>(kernel_number(word).value_or(0)));
  return numbers;
}

// /proc/<pid>/stat after the name, which may hold anything: number 0 is the state, field 3.
std::vector<std::string_view> stat_fields(std::string_view text) {
  const std::size_t end = text.rfind(')');
  return end == std::string_view::npos ? std::vector<std::string_view>()
                                       : words_of(text.substr(end + 1));
}

double field(const std::vector<std::string_view>& fields, std::size_t number) {
  return number - 3 < fields.size() ? real(fields[number - 3]) : 0;
}

void agent_io(MetricsText& out, const fs::path& self) {
  out.family("kata_agent_io_stat", "Agent process IO statistics.");
  for_each_line(text_of(self / "io"), [&](std::string_view line) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) return;
    if (const auto value = kernel_number(line.substr(colon + 2)))
      out.sample(static_cast<double>(*value), {{"item", line.substr(0, colon)}});
  });
}

void agent_stat(MetricsText& out, const std::vector<std::string_view>& fields) {
  out.family("kata_agent_proc_stat", "Agent process statistics, in ticks.");
  constexpr std::string_view kItems[] = {"utime", "stime", "cutime", "cstime"};
  for (std::size_t at = 0; at < std::size(kItems); ++at)
    out.sample(field(fields, 14 + at), {{"item", kItems[at]}});
}

std::string lower(std::string_view word) {
  std::string out(word);
  for (char& letter : out)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return out;
}

void agent_status(MetricsText& out, const fs::path& self) {
  static const std::set<std::string, std::less<>> kItems = {"vmpeak",
                                                            "vmsize",
                                                            "vmlck",
                                                            "vmpin",
                                                            "vmhwm",
                                                            "vmrss",
                                                            "rssanon",
                                                            "rssfile",
                                                            "rssshmem",
                                                            "vmdata",
                                                            "vmstk",
                                                            "vmexe",
                                                            "vmlib",
                                                            "vmpte",
                                                            "vmswap",
                                                            "hugetlbpages",
                                                            "voluntary_ctxt_switches",
                                                            "nonvoluntary_ctxt_switches"};
  out.family("kata_agent_proc_status", "Agent process status.");
  for_each_line(text_of(self / "status"), [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.size() < 2 || !words.front().ends_with(':')) return;
    const std::string item = lower(words.front().substr(0, words.front().size() - 1));
    if (!kItems.contains(item)) return;
    out.sample(static_cast<double>(kernel_number(words[1]).value_or(0)), {{"item", item}});
  });
}

void agent_families(MetricsText& out, std::uint64_t scrapes, const fs::path& proc) {
  const fs::path self = proc / "self";
  const std::string stat = text_of(self / "stat");
  const auto fields = stat_fields(stat);
  agent_io(out, self);
  agent_stat(out, fields);
  agent_status(out, self);
  out.family("kata_agent_scrape_count", "Metrics scrape count.", "counter");
  out.sample(static_cast<double>(scrapes));
  out.family("kata_agent_threads", "Agent process threads.");
  out.sample(field(fields, 20));
  out.family("kata_agent_total_rss", "Agent process resident memory in bytes.");
  out.sample(field(fields, 24) * page_size());
  out.family("kata_agent_total_time", "Agent process user and system time in seconds.");
  out.sample((field(fields, 14) + field(fields, 15)) / ticks_per_second());
  out.family("kata_agent_total_vm", "Agent process virtual memory in bytes.");
  out.sample(field(fields, 23));
}

void guest_cpu(MetricsText& out, const fs::path& proc) {
  constexpr std::string_view kItems[] = {"user", "nice",    "system", "idle",  "iowait",
                                         "irq",  "softirq", "steal",  "guest", "guest_nice"};
  out.family("kata_guest_cpu_time", "Guest CPU statistics in milliseconds.");
  for_each_line(text_of(proc / "stat"), [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.empty() || !words.front().starts_with("cpu")) return;
    const std::string_view number = words.front().substr(3);
    auto times = numbers_of(std::span(words).subspan(1));
    for (double& time : times) time *= 1000 / ticks_per_second();
    samples(out, "cpu", number.empty() ? "total" : number, kItems, times);
  });
}

void guest_disks(MetricsText& out, const fs::path& proc) {
  constexpr std::string_view kItems[] = {"reads",
                                         "merged",
                                         "sectors_read",
                                         "time_reading",
                                         "writes",
                                         "writes_merged",
                                         "sectors_written",
                                         "time_writing",
                                         "in_progress",
                                         "time_in_progress",
                                         "weighted_time_in_progress",
                                         "discards",
                                         "discards_merged",
                                         "sectors_discarded",
                                         "time_discarding",
                                         "flushes",
                                         "time_flushing"};
  out.family("kata_guest_diskstat", "Disks stat in system.");
  for_each_line(text_of(proc / "diskstats"), [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.size() < 4) return;
    samples(out, "disk", words[2], kItems, numbers_of(std::span(words).subspan(3)));
  });
}

struct Filesystem {
  MountLine mount{};
  struct statvfs room {};
};

// Writable ones on a disk, each once however often it is mounted.
std::vector<Filesystem> filesystems(const fs::path& proc) {
  static const std::set<std::string, std::less<>> kTypes = {"ext4", "xfs", "btrfs", "vfat",
                                                            "overlay"};
  std::set<std::string> seen;
  std::vector<Filesystem> found;
  for (MountLine& mount : parse_mountinfo(text_of(proc / "self/mountinfo"))) {
    const bool writable = mount.options == "rw" || mount.options.starts_with("rw,");
    if (!writable || !kTypes.contains(mount.filesystem) || seen.contains(mount.device_number))
      continue;
    Filesystem one;
    if (::statvfs(mount.mount_point.c_str(), &one.room) != 0) continue;
    seen.insert(mount.device_number);
    one.mount = std::move(mount);
    found.push_back(std::move(one));
  }
  return found;
}

void filesystem_family(MetricsText& out, std::string_view name, std::string_view help,
                       const std::vector<Filesystem>& all, bool bytes) {
  out.family(name, help);
  for (const Filesystem& one : all) {
    const double unit = bytes ? static_cast<double>(one.room.f_frsize) : 1;
    const auto total = static_cast<double>(bytes ? one.room.f_blocks : one.room.f_files);
    const auto free = static_cast<double>(bytes ? one.room.f_bfree : one.room.f_ffree);
    const auto available = static_cast<double>(bytes ? one.room.f_bavail : one.room.f_favail);
    const std::string device = fs::path(one.mount.source).filename();
    const auto sample = [&](std::string_view item, double value) {
      out.sample(value * unit,
                 {{"mount", one.mount.mount_point}, {"device", device}, {"item", item}});
    };
    sample("total", total);
    sample("used", total - free);
    sample("available", available);
  }
}

void guest_load(MetricsText& out, std::string_view load) {
  out.family("kata_guest_load", "Guest system load.");
  constexpr std::string_view kItems[] = {"load1", "load5", "load15"};
  const auto words = words_of(load);
  for (std::size_t at = 0; at < std::min<std::size_t>(3, words.size()); ++at)
    out.sample(real(words[at]), {{"item", kItems[at]}});
}

// "MemTotal" is mem_total, "Active(anon)" active_anon, "DirectMap2M" direct_map_2M.
std::string memory_item(std::string_view name) {
  constexpr std::string_view kDirect = "DirectMap";
  if (name.starts_with(kDirect))
    return "direct_map_" + (name.ends_with('k') || name.ends_with('M') || name.ends_with('G')
                                ? std::string(name.substr(kDirect.size()))
                                : lower(name.substr(kDirect.size())));
  if (name == "HugePages_Total" || name == "HugePages_Free" || name == "HugePages_Rsvd" ||
      name == "HugePages_Surp" || name == "Percpu")
    return name == "Percpu" ? "per_cpu" : lower(name);
  std::string item;
  for (std::size_t at = 0; at < name.size(); ++at) {
    const char letter = name[at];
    const bool capital = letter >= 'A' && letter <= 'Z';
    const bool word_start = capital && at > 0 &&
                            ((name[at - 1] >= 'a' && name[at - 1] <= 'z') ||
                             (at + 1 < name.size() && name[at + 1] >= 'a' && name[at + 1] <= 'z' &&
                              name[at - 1] != '_'));
    if ((word_start || letter == '(') && !item.empty() && item.back() != '_') item += '_';
    if (letter == '(' || letter == ')') continue;
    item += capital ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  return item;
}

void guest_memory(MetricsText& out, const fs::path& proc) {
  out.family("kata_guest_meminfo", "Statistics about memory usage in the system.");
  for_each_line(text_of(proc / "meminfo"), [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.size() < 2 || !words.front().ends_with(':')) return;
    const double unit = words.size() > 2 && words[2] == "kB" ? 1024 : 1;
    out.sample(static_cast<double>(kernel_number(words[1]).value_or(0)) * unit,
               {{"item", memory_item(words.front().substr(0, words.front().size() - 1))}});
  });
}

void guest_network(MetricsText& out, const fs::path& proc) {
  constexpr std::string_view kItems[] = {
      "recv_bytes", "recv_packets", "recv_errs",       "recv_drop",
      "recv_fifo",  "recv_frame",   "recv_compressed", "recv_multicast",
      "sent_bytes", "sent_packets", "sent_errs",       "sent_drop",
      "sent_fifo",  "sent_colls",   "sent_carrier",    "sent_compressed"};
  out.family("kata_guest_netdev_stat", "Guest net devices statistics.");
  for (const NetDeviceCounters& device : parse_net_dev(text_of(proc / "net/dev"))) {
    const std::vector<double> numbers(device.numbers.begin(), device.numbers.end());
    samples(out, "interface", device.name, kItems, numbers);
  }
}

// The fourth word of /proc/loadavg: "2/345", tasks that run and tasks there are.
void guest_tasks(MetricsText& out, std::string_view load) {
  out.family("kata_guest_tasks", "Guest system load.");
  const auto words = words_of(load);
  if (words.size() < 4) return;
  const std::size_t slash = words[3].find('/');
  if (slash == std::string_view::npos) return;
  out.sample(real(words[3].substr(0, slash)), {{"item", "cur"}});
  out.sample(real(words[3].substr(slash + 1)), {{"item", "max"}});
}

void guest_families(MetricsText& out, const fs::path& proc) {
  guest_cpu(out, proc);
  guest_disks(out, proc);
  const auto all = filesystems(proc);
  filesystem_family(out, "kata_guest_filesystem_bytes", "Room in filesystems.", all, true);
  filesystem_family(out, "kata_guest_filesystem_inodes", "Inodes of filesystems.", all, false);
  const std::string load = text_of(proc / "loadavg");
  guest_load(out, load);
  guest_memory(out, proc);
  guest_network(out, proc);
  guest_tasks(out, load);
  out.family("kata_guest_vm_stat", "Guest virtual memory statistics.");
  for_each_counter(text_of(proc / "vmstat"), [&](std::string_view name, std::uint64_t value) {
    out.sample(static_cast<double>(value), {{"item", name}});
  });
}

}  // namespace

std::string metrics(std::uint64_t scrapes, const fs::path& proc) {
  MetricsText out;
  agent_families(out, scrapes, proc);
  guest_families(out, proc);
  return out.take();
}

}  // namespace kata::agent
