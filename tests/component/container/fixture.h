// SPDX-License-Identifier: Apache-2.0
//
// One container on this host: a bundle with a busybox rootfs in a temporary directory, and a
// cgroup. The destructor checks that nothing is left of it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "agent/container/launch.h"
#include "kata/unique_fd.h"
#include "oci.pb.h"

namespace kata::agent::test {

namespace fs = std::filesystem;

struct Outcome {
  int code = -1;  // exit code, or 128 + signal
  std::string out{}, err{};
};

// A process with pipes for stdio. Kills nothing: see Container.
struct Running {
  pid_t pid = -1;
  UniqueFd gate{}, in{}, out{}, err{};
};

std::string read_text(const fs::path& path);
void write_text(const fs::path& path, std::string_view text);
Deadline in_seconds(int seconds);
int wait_for(pid_t pid);          // exit code, or 128 + signal
std::string read_to_end(int fd);  // fails the test after 20 s
std::string read_line(int fd);
std::vector<std::string> mount_lines();  // of this process, sorted
std::string status_field(const std::string& status, const std::string& name);

class Container {
 public:
  Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;
  ~Container();

  // `sh -c script` with the namespaces, mounts and capabilities of an ordinary container.
  grpc::Spec spec(const std::string& script) const;

  Result<Running> create(const grpc::Spec& spec);
  Running start(const grpc::Spec& spec);  // created and past the gate; a failure fails the test
  Outcome run(const grpc::Spec& spec);
  Outcome run(const std::string& script) { return run(spec(script)); }
  Result<Running> exec(const grpc::Process& process, const grpc::Spec& spec, pid_t init);
  static Outcome finish(Running& running);

  fs::path rootfs() const { return paths_.bundle / "rootfs"; }
  const ContainerPaths& paths() const { return paths_; }
  SandboxNamespaces namespaces{};  // with a mount seed

 private:
  ContainerPaths paths_{};
  UniqueFd mount_seed_{};
  std::vector<std::string> mounts_before_{};
  std::size_t descriptors_before_ = 0;
};

grpc::Mount* add_mount(grpc::Spec& spec, const std::string& destination, const std::string& type,
                       const std::string& source, std::initializer_list<const char*> options);
void set_capabilities(grpc::Process& process, std::initializer_list<const char*> names);

}  // namespace kata::agent::test
