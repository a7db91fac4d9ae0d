// SPDX-License-Identifier: Apache-2.0
#include "agent/metrics.h"

#include <doctest/doctest.h>

#include <fstream>

#include "agent/metrics_text.h"
#include "tests/temporary_directory.h"

namespace kata::agent {
namespace {

struct Proc {
  TemporaryDirectory directory{};
  void put(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((directory.path() / path).parent_path());
    std::ofstream(directory.path() / path) << text;
  }
};

bool holds(const std::string& text, const std::string& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("labels from the guest cannot break a line") {
  MetricsText out;
  out.family("f", "Help.");
  out.sample(1, {{"mount", "a\"b\\c\nd\xff"}});
  CHECK(out.take() == "# HELP f Help.\n# TYPE f gauge\nf{mount=\"a\\\"b\\\\c\\nd?\"} 1\n");
}

TEST_CASE("whole numbers are written in full and others with a point") {
  MetricsText out;
  out.family("f", "Help.", "counter");
  out.sample(1234567890123456);
  out.sample(0.25);
  CHECK(out.take() == "# HELP f Help.\n# TYPE f counter\nf 1234567890123456\nf 0.25\n");
}

TEST_CASE("memory items have the names that dashboards know") {
  const Proc proc;
  proc.put("meminfo",
           "MemTotal: 2 kB\nActive(anon): 1 kB\nSReclaimable: 1 kB\nCommitted_AS: 1 kB\n"
           "HugePages_Total: 3\nDirectMap4k: 1 kB\nDirectMap2M: 1 kB\nHugetlb: 1 kB\n"
           "Percpu: 1 kB\nKReclaimable: 1 kB\nSwapCached: 1 kB\nNFS_Unstable: 0 kB\nbroken\n");
  const std::string text = metrics(1, proc.directory.path());
  for (const char* line :
       {"mem_total\"} 2048", "active_anon\"} 1024", "s_reclaimable\"} 1024", "committed_as\"} 1024",
        "hugepages_total\"} 3", "direct_map_4k\"} 1024", "direct_map_2M\"} 1024", "hugetlb\"} 1024",
        "per_cpu\"} 1024", "k_reclaimable\"} 1024", "swap_cached\"} 1024", "nfs_unstable\"} 0"}) {
    CAPTURE(line);
    CHECK(holds(text, std::string("kata_guest_meminfo{item=\"") + line));
  }
}

TEST_CASE("families come in the order of their names without a file of proc") {
  const Proc proc;
  const std::string text = metrics(7, proc.directory.path());
  CHECK(holds(text, "kata_agent_scrape_count 7"));
  std::string last;
  for (std::size_t at = text.find("# TYPE "); at != std::string::npos;
       at = text.find("# TYPE ", at + 1)) {
    const std::string name = text.substr(at + 7, text.find(' ', at + 7) - at - 7);
    CHECK(last < name);
    last = name;
  }
  CHECK(last == "kata_guest_vm_stat");
}

TEST_CASE("a process name with blanks and brackets does not shift its numbers") {
  const Proc proc;
  proc.put("self/stat", "1 (a) b (c) S 0 1 1 0 -1 4 0 0 0 0 11 12 13 14 20 0 5 0 1 4096 6 0 0\n");
  const std::string text = metrics(1, proc.directory.path());
  CHECK(holds(text, "kata_agent_proc_stat{item=\"utime\"} 11"));
  CHECK(holds(text, "kata_agent_proc_stat{item=\"cstime\"} 14"));
  CHECK(holds(text, "kata_agent_threads 5"));
  CHECK(holds(text, "kata_agent_total_vm 4096"));
}

TEST_CASE("processors and disks and tasks are told apart") {
  const Proc proc;
  proc.put("stat", "cpu  1 2 3\ncpu1 4 5 6\nintr 7\n");
  proc.put("diskstats", "8 0 sda 1 2 3\nx\n");
  proc.put("loadavg", "0.50 1.00 2.25 3/99 1234\n");
  proc.put("vmstat", "nr_free_pages 17\n");
  const std::string text = metrics(1, proc.directory.path());
  CHECK(holds(text, "kata_guest_cpu_time{cpu=\"total\",item=\"system\"} 30"));
  CHECK(holds(text, "kata_guest_cpu_time{cpu=\"1\",item=\"user\"} 40"));
  CHECK(holds(text, "kata_guest_diskstat{disk=\"sda\",item=\"sectors_read\"} 3"));
  CHECK(holds(text, "kata_guest_load{item=\"load1\"} 0.5"));
  CHECK(holds(text, "kata_guest_tasks{item=\"max\"} 99"));
  CHECK(holds(text, "kata_guest_vm_stat{item=\"nr_free_pages\"} 17"));
}

}  // namespace kata::agent
