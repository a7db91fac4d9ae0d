// SPDX-License-Identifier: Apache-2.0
#include "sandbox/store_records.h"

#include <nlohmann/json.hpp>

#include "kata/concat.h"
#include "sandbox/json_reader.h"

namespace kata::sandbox {

using nlohmann::json;

namespace {

constexpr int kFormat = 1;  // of the records

json to_json(const ProcessRef& process) {
  return {{"pid", process.pid}, {"start_time", process.start_time}};
}

// Ids and paths come from a command line and may be any bytes; they must not make saving throw.
std::string text_of(const json& record) {
  return record.dump(1, ' ', false, json::error_handler_t::replace) + '\n';
}

ProcessRef read_process_ref(const JsonReader& from, const char* key, Need need = Need::kRequired) {
  ProcessRef process;
  from.object(
      key,
      [&](const JsonReader& part) {
        process.pid = static_cast<std::int32_t>(part.integer("pid", 0, INT32_MAX, Need::kRequired));
        process.start_time = part.natural("start_time", Need::kRequired);
      },
      need);
  return process;
}

void read_texts(const JsonReader& from, const char* key, std::map<std::string, std::string>& out) {
  from.each_member_text(
      key, [&](const std::string& name, std::string value) { out[name] = std::move(value); });
}

void check_header(const JsonReader& from, std::string_view id) {
  from.integer("format", kFormat, kFormat, Need::kRequired);
  const std::string found = from.text("id", Need::kRequired);
  if (found != id) from.refuse("id", concat("expected '", id, "', found '", found, "'"));
}

ContainerRecord read_container(const JsonReader& from, std::string_view id) {
  check_header(from, id);
  ContainerRecord record;
  record.id = id;
  record.sandbox_id = from.text("sandbox_id", Need::kRequired);
  if (!check_id(record.sandbox_id).ok()) from.refuse("sandbox_id", "expected an id");
  record.bundle = from.text("bundle");
  record.rootfs = from.text("rootfs");
  record.status = from.text("status", Need::kRequired);
  if (record.status != "creating" && record.status != "created" && record.status != "running")
    from.refuse("status", concat("expected creating, created or running, found '",
                                 record.status.substr(0, 40), "'"));
  record.created = from.text("created");
  record.owner = from.text("owner");
  record.terminal = from.flag("terminal");
  record.late_hooks = from.flag("late_hooks");
  record.paused = from.flag("paused");
  record.shim = read_process_ref(from, "shim");
  record.creator = read_process_ref(from, "creator", Need::kOptional);
  read_texts(from, "annotations", record.annotations);
  return record;
}

SandboxRecord read_sandbox(const JsonReader& from, std::string_view id) {
  check_header(from, id);
  SandboxRecord record;
  record.id = id;
  record.bundle = from.absolute_path("bundle");
  record.config_json = from.text("config_json");
  record.hostname = from.text("hostname");
  record.netns = from.absolute_path("netns");
  record.new_netns = from.flag("new_netns");
  from.each_text("dns", [&](std::string line) { record.dns.push_back(std::move(line)); });
  record.cgroups = {from.absolute_path("cgroup"), from.absolute_path("overhead_cgroup"),
                    from.flag("systemd_scope")};
  if (from.has("shm_bytes")) record.shm_bytes = from.natural("shm_bytes");
  record.proxy = read_process_ref(from, "proxy");
  record.vmm = read_process_ref(from, "vmm");
  record.failure = from.text("failure");
  read_texts(from, "plugin_state", record.plugin_state);
  return record;
}

template <class Record, class Read>
Result<Record> from_json(std::string_view text, std::string_view where, std::string_view id,
                         Read read) {
  Findings findings{concat("record ", where), nullptr, std::nullopt};
  const json document = parse_json_object(text, findings);
  Record record;
  if (findings.ok()) record = read(JsonReader(document, "", findings), id);
  if (findings.ok()) return record;
  Error error = *findings.first;
  error.code = ErrorCode::kInternal;
  return with_remedy(std::move(error), id);
}

}  // namespace

Error with_remedy(Error error, std::string_view id) {
  error.message += concat("; 'kata-runtime delete --force ", id, "' removes it");
  return error;
}

std::string to_json(const ContainerRecord& record) {
  return text_of({{"format", kFormat},
                  {"id", record.id},
                  {"sandbox_id", record.sandbox_id},
                  {"bundle", record.bundle},
                  {"rootfs", record.rootfs},
                  {"status", record.status},
                  {"created", record.created},
                  {"owner", record.owner},
                  {"terminal", record.terminal},
                  {"late_hooks", record.late_hooks},
                  {"paused", record.paused},
                  {"shim", to_json(record.shim)},
                  {"creator", to_json(record.creator)},
                  {"annotations", record.annotations}});
}

std::string to_json(const SandboxRecord& record) {
  return text_of({{"format", kFormat},
                  {"id", record.id},
                  {"bundle", record.bundle},
                  {"config_json", record.config_json},
                  {"hostname", record.hostname},
                  {"netns", record.netns},
                  {"new_netns", record.new_netns},
                  {"dns", record.dns},
                  {"shm_bytes", record.shm_bytes},
                  {"cgroup", record.cgroups.pod},
                  {"overhead_cgroup", record.cgroups.overhead},
                  {"systemd_scope", record.cgroups.systemd_scope},
                  {"proxy", to_json(record.proxy)},
                  {"vmm", to_json(record.vmm)},
                  {"failure", record.failure},
                  {"plugin_state", record.plugin_state}});
}

Result<ContainerRecord> container_from_json(std::string_view text, std::string_view where,
                                            std::string_view id) {
  return from_json<ContainerRecord>(text, where, id, read_container);
}

Result<SandboxRecord> sandbox_from_json(std::string_view text, std::string_view where,
                                        std::string_view id) {
  return from_json<SandboxRecord>(text, where, id, read_sandbox);
}

}  // namespace kata::sandbox
