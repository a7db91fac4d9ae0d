// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/cri/scenarios.h"

#include <sys/mount.h>

#include <fstream>

#include "kata/concat.h"
#include "tests/integration/cri/pod.h"

namespace kata::test {

namespace fs = std::filesystem;
namespace cri = runtime::v1;
using std::chrono::seconds;

namespace {

std::string said(bool yes, const char* what) { return concat(yes ? "" : "NOT ", what, "\n"); }

std::string end_of(const Result<void>& result) { return result.ok() ? "" : result.error().message; }

std::string life(const CriDaemon& daemon, const std::string& handler) {
  Pod pod(daemon, handler);
  std::string seen = said(pod.sandbox_status().state() == cri::SANDBOX_READY, "ready");
  seen += said(pod.sandbox_status().network().ip().starts_with("10.89.0."), "has an address");
  const std::string c1 = pod.create(pod.sleeper("c1"));
  seen += said(pod.status(c1).state() == cri::CONTAINER_CREATED, "created");
  seen += end_of(pod.begin(c1));
  seen += said(pod.status(c1).state() == cri::CONTAINER_RUNNING, "running");
  seen += pod.sh(c1, "hostname > /tmp/name; test $(cat /tmp/name) = $(hostname) && echo exec");
  seen += end_of(pod.stop(c1, 10));
  seen += pod.end_of(c1) + "\n";
  return seen + end_of(pod.remove(c1));
}

// The exit code of a container that ends by itself, by a signal, and one that ignores SIGTERM.
std::string ends(const CriDaemon& daemon, const std::string& handler) {
  Pod pod(daemon, handler);
  const std::string failed = pod.start(pod.script("failed", "exit 3"));
  const std::string killed = pod.start(pod.script("killed", "sh -c 'kill -USR1 $$'; exit $?"));
  const std::string deaf = pod.start(pod.script("deaf", "trap '' TERM; sleep 1000"));
  std::string seen = pod.end_of(failed) + "\n";
  seen += pod.end_of(killed) + "\n";
  seen += end_of(pod.stop(deaf, 1));
  return seen + pod.end_of(deaf) + "\n";
}

std::string restart(const CriDaemon& daemon, const std::string& handler) {
  Pod pod(daemon, handler);
  ContainerConfig config = pod.script("job", "echo attempt; exit 4");
  const std::string first = pod.start(config);
  std::string seen = pod.end_of(first) + "\n";
  config.mutable_metadata()->set_attempt(1);
  const std::string second = pod.start(config);
  seen += pod.end_of(second) + "\n";
  seen += end_of(pod.remove(first));
  seen += end_of(pod.remove(second));
  return seen + pod.log_of("job");
}

std::string execs(const CriDaemon& daemon, const std::string& handler) {
  Pod pod(daemon, handler);
  const std::string c1 = pod.start(pod.sleeper("c1"));
  const auto both = pod.exec(c1, {"/bin/sh", "-c", "echo out; echo err >&2; exit 7"});
  std::string seen =
      concat(both.value().stdout(), both.value().stderr(), both.value().exit_code(), "\n");
  seen += said(!pod.exec(c1, {"/bin/nothing"}).ok(), "refused: no such program");
  const auto late = pod.exec(c1, {"/bin/sleep", "100"}, 1);
  seen += said(!late.ok() && late.error().message.find("status 4") != std::string::npos,
               "stopped at the time limit");
  seen += pod.sh(c1, "head -c 300000 /dev/zero | tr '\\0' x | wc -c");
  const auto large = pod.exec(c1, {"/bin/sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x"});
  seen += said(large.ok() && large.value().stdout() == std::string(300000, 'x'), "large output");
  return seen;
}

std::string logs(const CriDaemon& daemon, const std::string& handler) {
  Pod pod(daemon, handler);
  const std::string c1 = pod.start(pod.script(
      "c1", "echo first; sleep 0.2; echo second >&2; sleep 0.2; seq 1 2000; printf unfinished"));
  std::string seen = pod.end_of(c1) + "\n";
  const std::string log = pod.log_of("c1");
  seen += log.substr(0, log.find("stdout F 2\n"));
  return seen + log.substr(std::min(log.size(), log.find("stdout F 2000")));
}

// Two containers of a pod: what they have in common, and what each has for itself.
std::string sharing(const CriDaemon& daemon, const std::string& handler) {
  Pod pod(daemon, handler);
  const std::string server = pod.start(pod.script(
      "server", "mkdir /www; echo page > /www/index.html; httpd -f -p 127.0.0.1:8080 -h /www"));
  const std::string other = pod.start(pod.sleeper("other"));
  std::string seen =
      pod.sh(other,
             "for i in $(seq 50); do wget -q -O - http://127.0.0.1:8080/ 2>/dev/null && break; "
             "sleep 0.2; done");
  seen += pod.sh(server, "echo note > /dev/shm/note");
  seen += pod.sh(other, "cat /dev/shm/note");
  for (const char* kind : {"net", "ipc", "uts", "pid", "mnt"}) {
    const std::string link = concat("readlink /proc/self/ns/", kind);
    seen += said(pod.sh(server, link) == pod.sh(other, link), kind);
  }
  return seen + pod.sh(other, "ps | grep -c '[h]ttpd' || true; test -e /www || echo own files");
}

std::string shared_processes(const CriDaemon& daemon, const std::string& handler) {
  const auto one_pid_namespace = [](cri::PodSandboxConfig& config) {
    config.mutable_linux()->mutable_security_context()->mutable_namespace_options()->set_pid(
        cri::POD);
  };
  Pod pod(daemon, handler, one_pid_namespace);
  ContainerConfig first = pod.sleeper("first"), second = pod.sleeper("second");
  for (ContainerConfig* config : {&first, &second})
    config->mutable_linux()->mutable_security_context()->mutable_namespace_options()->set_pid(
        cri::POD);
  pod.start(first);
  const std::string c2 = pod.start(second);
  return pod.sh(c2, "cat /proc/1/comm; ps -o args | grep -c '^sleep 1000'");
}

std::string files_of_the_pod(const CriDaemon& daemon, const std::string& handler) {
  Pod pod(daemon, handler, [](cri::PodSandboxConfig& config) {
    config.set_hostname("its-name");
    config.mutable_dns_config()->add_servers("192.0.2.53");
    config.mutable_dns_config()->add_searches("tests.example");
    (*config.mutable_linux()->mutable_sysctls())["net.ipv4.ip_unprivileged_port_start"] = "80";
    (*config.mutable_linux()->mutable_sysctls())["kernel.shm_rmid_forced"] = "1";
  });
  const std::string c1 = pod.start(pod.sleeper("c1"));
  return pod.sh(c1,
                "hostname; cat /etc/hostname /etc/resolv.conf; cd /proc/sys; "
                "cat net/ipv4/ip_unprivileged_port_start kernel/shm_rmid_forced");
}

std::string privileges(const CriDaemon& daemon, const std::string& handler) {
  Pod pod(daemon, handler);
  ContainerConfig config = pod.sleeper("c1");
  config.set_working_dir("/tmp");
  cri::KeyValue& variable = *config.add_envs();
  variable.set_key("GREETING");
  variable.set_value("good morning");
  auto& security = *config.mutable_linux()->mutable_security_context();
  security.mutable_run_as_user()->set_value(1000);
  security.mutable_run_as_group()->set_value(1001);
  security.set_readonly_rootfs(true);
  security.set_no_new_privs(true);
  security.mutable_capabilities()->add_drop_capabilities("ALL");
  const std::string c1 = pod.start(config);
  return pod.sh(c1,
                "id -u; id -g; pwd; echo $GREETING; grep -E 'CapBnd|NoNewPrivs' /proc/self/status; "
                "touch /x 2>/dev/null || echo read-only");
}

std::string limits(const CriDaemon& daemon, const std::string& handler) {
  Pod pod(daemon, handler);
  ContainerConfig config = pod.sleeper("c1");
  config.mutable_linux()->mutable_resources()->set_memory_limit_in_bytes(64 << 20);
  config.mutable_linux()->mutable_resources()->set_cpu_period(100000);
  config.mutable_linux()->mutable_resources()->set_cpu_quota(50000);
  const std::string c1 = pod.start(config);
  const char* const shown =
      "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us";
  std::string seen = pod.sh(c1, shown);
  cri::UpdateContainerResourcesRequest update;
  update.set_container_id(c1);
  update.mutable_linux()->set_memory_limit_in_bytes(96 << 20);
  update.mutable_linux()->set_cpu_quota(75000);
  const auto updated = pod.client().call<cri::UpdateContainerResourcesResponse>(
      "RuntimeService/UpdateContainerResources", update);
  if (!updated.ok()) seen += updated.error().message;
  return seen + pod.sh(c1, shown);
}

std::string stats(const CriDaemon& daemon, const std::string& handler) {
  Pod pod(daemon, handler);
  const std::string c1 =
      pod.start(pod.script("c1",
                           "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo done; "
                           "head -c 20000000 /dev/zero > /dev/shm/data; sleep 1000"));
  cri::ContainerStatsRequest request;
  request.set_container_id(c1);
  std::string failure;
  const bool counted = eventually(
      [&] {
        const auto reply = pod.client().call<cri::ContainerStatsResponse>(
            "RuntimeService/ContainerStats", request);
        if (!reply.ok()) failure = reply.error().message;
        if (!reply.ok()) return true;
        const cri::ContainerStats& stats = reply.value().stats();
        return stats.cpu().usage_core_nano_seconds().value() > 1000000 &&
               stats.memory().usage_bytes().value() > 20000000;
      },
      seconds(30));
  return failure + said(counted, "CPU time and memory are counted");
}

std::string out_of_memory(const CriDaemon& daemon, const std::string& handler) {
  Pod pod(daemon, handler);
  const std::string neighbour = pod.start(pod.sleeper("neighbour"));
  ContainerConfig config = pod.script("c1", "exec tail /dev/zero");  // keeps what it has read
  config.mutable_linux()->mutable_resources()->set_memory_limit_in_bytes(32 << 20);
  const std::string c1 = pod.start(config);
  std::string seen = pod.end_of(c1) + "\n";
  return seen + said(pod.status(neighbour).state() == cri::CONTAINER_RUNNING, "neighbour lives");
}

// As a kubelet does it: files behind a link to a directory, and the link is replaced.
void publish(const fs::path& volume, const std::string& version) {
  fs::create_directories(volume / version);
  std::ofstream(volume / version / "key") << version << '\n';
  fs::create_directory_symlink(version, volume / "..data_tmp");
  fs::rename(volume / "..data_tmp", volume / "..data");
}

std::string configmap(const CriDaemon& daemon, const std::string& handler) {
  Pod pod(daemon, handler);
  const fs::path volume = pod.directory() / "volumes/kubernetes.io~configmap/settings";
  publish(volume, "..first");
  fs::create_symlink("..data/key", volume / "key");
  ContainerConfig config = pod.sleeper("c1");
  cri::Mount& mount = *config.add_mounts();
  mount.set_container_path("/settings");
  mount.set_host_path(volume);
  mount.set_readonly(true);
  const std::string c1 = pod.start(config);
  std::string seen = pod.sh(c1, "cat /settings/key; touch /settings/x 2>/dev/null || echo kept");
  publish(volume, "..second");
  std::string now;
  eventually([&] { return (now = pod.sh(c1, "cat /settings/key")) == "..second\n"; }, seconds(20));
  return seen + now;
}

// A tmpfs that the kubelet mounts, given to two containers.
std::string memory_volume(const CriDaemon& daemon, const std::string& handler) {
  const fs::path volume =
      daemon.directory() / "pods/volumes/kubernetes.io~empty-dir" / ("cache-" + handler);
  fs::create_directories(volume);
  std::string seen;
  if (::mount("tmpfs", volume.c_str(), "tmpfs", 0, "size=16m") != 0) return "no tmpfs";
  {
    Pod pod(daemon, handler);
    ContainerConfig writer = pod.sleeper("writer"), reader = pod.sleeper("reader");
    for (ContainerConfig* config : {&writer, &reader}) {
      cri::Mount& mount = *config->add_mounts();
      mount.set_container_path("/cache");
      mount.set_host_path(volume);
    }
    const std::string c1 = pod.start(writer), c2 = pod.start(reader);
    seen = pod.sh(c1, "echo cached > /cache/file; stat -f -c %T /cache");
    seen += pod.sh(c2, "cat /cache/file");
  }
  ::umount2(volume.c_str(), MNT_DETACH);
  return seen;
}

constexpr Scenario kScenarios[] = {
    {"a container's life", life,
     "ready\nhas an address\ncreated\nrunning\nexec\nexited 0 Completed\n"},
    {"ends", ends, "exited 3 Error\nexited 138 Error\nexited 137 Error\n"},
    {"restart", restart, "exited 4 Error\nexited 4 Error\nstdout F attempt\nstdout F attempt\n"},
    {"execs", execs,
     "out\nerr\n7\nrefused: no such program\nstopped at the time limit\n300000\nlarge output\n"},
    {"logs", logs,
     "exited 0 Completed\nstdout F first\nstderr F second\nstdout F 1\n"
     "stdout F 2000\nstdout P unfinished\n"},
    {"sharing", sharing, "page\nnote\nnet\nipc\nuts\nNOT pid\nNOT mnt\n0\nown files\n"},
    {"shared processes", shared_processes, "pause\n2\n"},
    {"files of the pod", files_of_the_pod,
     "its-name\nits-name\nsearch tests.example\nnameserver 192.0.2.53\n80\n1\n"},
    {"privileges", privileges,
     "1000\n1001\n/tmp\ngood morning\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nread-only\n"},
    {"limits", limits, "67108864\n50000\n100663296\n75000\n"},
    {"stats", stats, "CPU time and memory are counted\n"},
    {"out of memory", out_of_memory, "exited 137 OOMKilled\nneighbour lives\n"},
    {"configmap", configmap, "..first\nkept\n..second\n"},
    {"memory volume", memory_volume, "tmpfs\ncached\n"},
};

}  // namespace

std::span<const Scenario> scenarios() { return kScenarios; }

}  // namespace kata::test
