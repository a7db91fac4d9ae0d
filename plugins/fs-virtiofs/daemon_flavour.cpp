// SPDX-License-Identifier: Apache-2.0
#include "daemon_flavour.h"

#include <algorithm>

#include "kata/concat.h"

namespace kata::virtiofs {

namespace {

Result<std::string> qemu_cache(const std::string& cache) {
  if (cache == "never") return std::string("none");
  if (cache == "auto" || cache == "always") return cache;
  return make_error(ErrorCode::kUnsupported,
                    concat("virtio_fs_cache = \"", cache,
                           "\": QEMU's virtiofsd knows never, auto and always; the Rust virtiofsd "
                           "also knows metadata (set virtio_fs_daemon to its path)"));
}

// Options given anyway are not given twice: the Rust daemon refuses repetition.
bool is_given(const DaemonOption& option) {
  return option.name == "xattr" || option.name == "announce-submounts";
}

bool has(const std::vector<DaemonOption>& options, std::string_view name) {
  return std::any_of(options.begin(), options.end(),
                     [name](const DaemonOption& option) { return option.name == name; });
}

void add_qemu_option(std::vector<std::string>& line, const DaemonOption& option) {
  if (option.name == "thread-pool-size") {
    line.push_back(concat("--thread-pool-size=", option.value));
    return;
  }
  std::string name = option.name;
  std::replace(name.begin(), name.end(), '-', '_');
  line.emplace_back("-o");
  line.push_back(option.value.empty() ? name : concat(name, '=', option.value));
}

Result<std::vector<std::string>> qemu_line(const DaemonSettings& settings,
                                           const DaemonLaunch& launch) {
  const std::string cache = KATA_TRY(qemu_cache(settings.cache), "");
  if (launch.export_directory.native().find(',') != std::string::npos)
    return make_error(ErrorCode::kInvalidArgument,
                      concat("run directory '", launch.export_directory,
                             "': QEMU's virtiofsd takes no ',' in it; use another --root"));
  std::vector<std::string> line{settings.daemon.native(), "-f",
                                concat("--fd=", launch.listening_fd),
                                concat("--rlimit-nofile=", launch.open_files)};
  for (const std::string& option :
       {concat("source=", launch.export_directory), concat("cache=", cache),
        std::string("sandbox=namespace"), std::string("announce_submounts"),
        std::string("log_level=info")}) {
    line.emplace_back("-o");
    line.push_back(option);
  }
  return line;
}

std::vector<std::string> rust_line(const DaemonSettings& settings, const DaemonLaunch& launch) {
  return {settings.daemon.native(),
          concat("--fd=", launch.listening_fd),
          concat("--shared-dir=", launch.export_directory),
          concat("--cache=", settings.cache),
          "--sandbox=namespace",
          "--seccomp=kill",
          concat("--rlimit-nofile=", launch.open_files),
          "--announce-submounts",
          "--log-level=info"};
}

}  // namespace

Result<Flavour> flavour_of(std::string_view version_output) {
  if (version_output.find("QEMU") != std::string_view::npos ||
      version_output.find("using FUSE kernel interface") != std::string_view::npos)
    return Flavour::kQemu;
  // "virtiofsd 1.13.2"; early releases wrote "virtiofsd backend 1.1.0".
  for (const std::string_view name :
       {std::string_view("virtiofsd "), std::string_view("virtiofsd backend ")}) {
    const bool named = version_output.starts_with(name) && version_output.size() > name.size();
    if (named && version_output[name.size()] >= '1' && version_output[name.size()] <= '9')
      return Flavour::kRust;
  }
  return make_error(ErrorCode::kUnsupported,
                    "--version does not say that it is a virtiofsd; set virtio_fs_daemon to one");
}

Result<std::vector<std::string>> daemon_command_line(Flavour flavour,
                                                     const DaemonSettings& settings,
                                                     const DaemonLaunch& launch) {
  auto made = flavour == Flavour::kQemu
                  ? qemu_line(settings, launch)
                  : Result<std::vector<std::string>>(rust_line(settings, launch));
  std::vector<std::string> line = KATA_TRY(std::move(made), "");
  const auto add = [&line, flavour](const DaemonOption& option) {
    if (flavour == Flavour::kQemu) return add_qemu_option(line, option);
    line.push_back(option.value.empty() ? concat("--", option.name)
                                        : concat("--", option.name, '=', option.value));
  };
  // File capabilities of a container's programs are extended attributes.
  if (!has(settings.extra, "no-xattr")) add({"xattr", ""});
  for (const DaemonOption& option : settings.extra)
    if (!is_given(option) && !(flavour == Flavour::kRust && option.name == "no-xattr")) add(option);
  return line;
}

}  // namespace kata::virtiofs
