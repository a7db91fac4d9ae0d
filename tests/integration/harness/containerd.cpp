// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness/containerd.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <cstdlib>
#include <fstream>

#include "kata/concat.h"
#include "tests/integration/harness/bundle.h"

namespace kata::test {

namespace fs = std::filesystem;
using std::chrono::seconds;

namespace {

constexpr const char* kShimRoot = "/run/kata-containers";
constexpr const char* kShimSockets = "/run/containerd/s";

// An archive of an OCI image layout, which `ctr image import` reads.
constexpr const char* kMakeImage = R"sh(
set -e
cd "$1"
mkdir -p oci/blobs/sha256
put() { digest=$(sha256sum "$1" | cut -d' ' -f1); cp "$1" "oci/blobs/sha256/$digest"; }
describe() { printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%s' "$2" "$digest" "$(stat -c %s "$1")";
}
tar -C "$2" -cf layer .
put layer
layer=$(describe layer layer.v1.tar)
echo '{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin:/usr/bin"],"Cmd":["/bin/sh"]},"rootfs":{"type":"layers","diff_ids":["sha256:'$digest'"]}}' > config
put config
config=$(describe config config.v1+json)
echo '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":'"$config"'},"layers":['"$layer"'}]}' > manifest
put manifest
manifest=$(describe manifest manifest.v1+json)
echo '{"schemaVersion":2,"manifests":['"$manifest"',"annotations":{"org.opencontainers.image.ref.name":"busybox"}}]}' > oci/index.json
echo '{"imageLayoutVersion":"1.0.0"}' > oci/oci-layout
tar -C oci -cf image.tar .
)sh";

// The parent of the tasks' groups, which runc leaves.
void remove_cgroup_parents() {
  std::error_code ignored;
  for (const auto& hierarchy : fs::directory_iterator("/sys/fs/cgroup", ignored))
    fs::remove(hierarchy.path() / "default", ignored);
}

Snapshot of_shims(const Runtime& kata, const fs::path& directory) {
  return take_snapshot(directory, kata.options().environment.at(kMarkerVariable));
}

}  // namespace

Containerd::Containerd(const std::string& hypervisor) {
  kata_.configure(hypervisor);
  write_configuration();
  start_daemon();
  import_image();
  const CommandResult oracle = (*this)(run_words("runc", {"--rm"}, "oracle", {"true"}));
  REQUIRE_MESSAGE(oracle.exit_code == 0, oracle.err);  // makes the groups' parents
  before_ = of_shims(kata_, kShimRoot);
  sockets_before_ = of_shims(kata_, kShimSockets);
  mounts_before_ = of_shims(kata_, directory() / "state");
}

Containerd::~Containerd() {
  const CommandResult tasks = (*this)({"task", "ls", "--quiet"});
  std::string rest = tasks.out;
  for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
    const std::string id = rest.substr(0, end);
    (*this)({"task", "kill", "--signal", "9", id});
    eventually([&] { return (*this)({"task", "delete", id}).exit_code == 0; }, seconds(5));
    (*this)({"container", "delete", id});
  }
  ::kill(daemon_->pid(), SIGTERM);
  daemon_->wait(seconds(10));
  remove_cgroup_parents();
}

void Containerd::write_configuration() const {
  const std::string base = directory();
  std::ofstream(directory() / "containerd.toml")
      << "version = 2\nroot = \"" << base << "/root\"\nstate = \"" << base << "/state\"\n"
      << "disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\naddress = \"" << base
      << "/c.sock\"\n[ttrpc]\naddress = \"" << base << "/c.sock.ttrpc\"\n[debug]\naddress = \""
      << base << "/debug.sock\"\nlevel = \"debug\"\n[plugins.\"io.containerd.internal.v1.opt\"]\n"
      << "path = \"" << base << "/opt\"\n";
}

void Containerd::start_daemon() {
  CommandOptions options = kata_.options();
  const char* const path = std::getenv("PATH");
  options.environment["PATH"] =
      concat(fs::path(KATA_SHIM_V2).parent_path(), ":", path == nullptr ? "/usr/bin" : path);
  daemon_ = std::make_unique<Background>(
      std::vector<std::string>{"/usr/bin/containerd", "--config", directory() / "containerd.toml"},
      options, directory() / "containerd.log");
  REQUIRE_MESSAGE(eventually([&] { return (*this)({"version"}).exit_code == 0; }, seconds(30)),
                  "containerd has not come up");
}

void Containerd::restart() {
  ::kill(daemon_->pid(), SIGKILL);
  daemon_->wait(seconds(5));
  start_daemon();
  for (Snapshot* before : {&before_, &sockets_before_, &mounts_before_})
    before->entries.insert(concat("process ", daemon_->pid(), " containerd"));
}

void Containerd::import_image() const {
  make_busybox_rootfs(directory() / "rootfs");
  const CommandResult made =
      run({"/bin/sh", "-c", kMakeImage, "make-image", directory(), directory() / "rootfs"});
  REQUIRE_MESSAGE(made.exit_code == 0, made.err);
  const CommandResult imported =
      (*this)({"image", "import", "--base-name", "local", directory() / "image.tar"});
  REQUIRE_MESSAGE(imported.exit_code == 0, imported.err);
}

std::vector<std::string> Containerd::command(const std::vector<std::string>& words) const {
  std::vector<std::string> argv{"/usr/bin/ctr", "--address", directory() / "c.sock"};
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

CommandResult Containerd::operator()(const std::vector<std::string>& words,
                                     std::string input) const {
  CommandOptions with_input = kata_.options();
  with_input.input = std::move(input);
  return run(command(words), with_input);
}

std::vector<std::string> Containerd::run_words(const std::string& runtime,
                                               const std::vector<std::string>& flags,
                                               const std::string& id,
                                               const std::vector<std::string>& command) const {
  std::vector<std::string> words{"run"};
  if (runtime == "kata")
    words.insert(words.end(), {"--runtime", "io.containerd.kata.v2", "--runtime-config-path",
                               kata_.config_file().string()});
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), {"local:busybox", id});
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

std::string Containerd::status(const std::string& id) const {
  const std::string list = (*this)({"task", "ls"}).out;
  const std::size_t line = list.find("\n" + id + " ");
  if (line == std::string::npos) return {};
  const std::size_t end = list.find_last_not_of(" \n", list.find('\n', line + 1));
  const std::size_t begin = list.find_last_of(' ', end);
  return list.substr(begin + 1, end - begin);
}

std::vector<std::string> Containerd::processes() const {
  std::vector<std::string> found;
  for (const std::string& entry : of_shims(kata_, kShimRoot).entries)
    if (entry.starts_with("process ") && !before_.entries.contains(entry)) found.push_back(entry);
  return found;
}

std::string Containerd::leaked() const {
  const std::string marker = kata_.options().environment.at(kMarkerVariable);
  return settled_leaks(before_, kShimRoot, marker) +
         settled_leaks(sockets_before_, kShimSockets, marker) +
         settled_leaks(mounts_before_, directory() / "state", marker);
}

}  // namespace kata::test
