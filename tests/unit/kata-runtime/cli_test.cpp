// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/program_options/value_semantic.hpp>
#include <nlohmann/json.hpp>

#include "programs/kata-runtime/command_line.h"
#include "programs/kata-runtime/default_spec.h"
#include "programs/kata-runtime/exec_process.h"
#include "programs/kata-runtime/globals.h"
#include "programs/kata-runtime/log_file.h"
#include "programs/kata-runtime/signal_names.h"
#include "programs/kata-runtime/verbs.h"
#include "sandbox/oci_spec.h"
#include "sandbox/placement.h"
#include "tests/unit/kata-runtime/temp_dir.h"

using namespace kata;
using namespace kata::runtime;
using kata::test::read_text;
using kata::test::TempDir;
namespace po = boost::program_options;

namespace {

po::options_description some_flags() {
  po::options_description flags;
  auto add = flags.add_options();
  add("bundle,b", po::value<std::string>(), "");
  add("env,e", po::value<Words>()->composing(), "");
  add("tty,t", po::bool_switch(), "");
  add("detach,d", po::bool_switch(), "");
  return flags;
}

CommandLine parse(const Words& words, Flags place = Flags::kAnywhere) {
  auto line = parse_command_line(some_flags(), words, place);
  REQUIRE_MESSAGE(line.ok(), line.error().message);
  return line.take();
}

const Verb& verb_named(std::string_view name) {
  for (const Verb& verb : all_verbs())
    if (verb.name == name) return verb;
  throw std::runtime_error("no such verb");
}

CommandLine exec_line(const Words& words) {
  po::options_description flags;
  verb_named("exec").add_flags(flags);
  auto line = parse_command_line(flags, words, Flags::kBeforeOperands);
  REQUIRE_MESSAGE(line.ok(), line.error().message);
  return line.take();
}

}  // namespace

TEST_CASE("signals are known by name with and without SIG by number and above RTMIN") {
  CHECK(signal_number("KILL").value() == 9);
  CHECK(signal_number("SIGTERM").value() == 15);
  CHECK(signal_number("sigusr1").value() == 10);
  CHECK(signal_number("64").value() == 64);
  CHECK(signal_number("RTMIN").value() == 34);
  CHECK(signal_number("SIGRTMIN+3").value() == 37);
  CHECK(signal_number("RTMAX-1").value() == 63);
  for (const char* bad : {"", "0", "65", "-9", "SIG", "SIGSIGKILL", "KIL", "9x", "RTMIN+31",
                          "RTMIN-1", "RTMAX+1", "RTMIN+", "99999999999", " KILL"})
    CHECK_MESSAGE(!signal_number(bad).ok(), bad);
}

TEST_CASE("a flag's value may be joined to it or be the next word") {
  CHECK(parse({"--bundle", "/b", "c1"}).text("bundle") == "/b");
  CHECK(parse({"--bundle=/b", "c1"}).text("bundle") == "/b");
  CHECK(parse({"-b", "/b", "c1"}).text("bundle") == "/b");
  CHECK(parse({"-b/b", "c1"}).text("bundle") == "/b");
  CHECK(parse({"c1", "-b", "/b"}).text("bundle") == "/b");
  CHECK(parse({"-b", "-strange", "c1"}).text("bundle") == "-strange");
  CHECK(parse({"--bundle", "--tty", "c1"}).text("bundle") == "--tty");
  CHECK(parse({"--bundle", "", "c1"}).has("bundle"));
  CHECK(parse({"-b", "", "-t", "c1"}).text("bundle").empty());
}

TEST_CASE("short flags may be written as one word") {
  const CommandLine line = parse({"-tde", "A=b", "-e", "C=-d", "c1"});
  CHECK(line.is_set("tty"));
  CHECK(line.is_set("detach"));
  CHECK(line.texts("env") == Words{"A=b", "C=-d"});
  CHECK(line.operands == Words{"c1"});
}

TEST_CASE("what follows the operands of exec is somebody else's command line") {
  const CommandLine line =
      parse({"-t", "c1", "sh", "-c", "ls -d --bundle x", "--", "-t"}, Flags::kBeforeOperands);
  CHECK(line.is_set("tty"));
  CHECK_FALSE(line.has("bundle"));
  CHECK(line.operands == Words{"c1", "sh", "-c", "ls -d --bundle x", "--", "-t"});
}

TEST_CASE("two dashes end the flags") {
  const CommandLine line = parse({"-t", "--", "-d", "--bundle"});
  CHECK_FALSE(line.is_set("detach"));
  CHECK(line.operands == Words{"-d", "--bundle"});
}

TEST_CASE("wrong flags are refused by name") {
  for (const Words& words : {Words{"--bundel", "x"}, Words{"-x"}, Words{"--bundle"},
                             Words{"--bun=x"}, Words{"--tty=yes"}, Words{"-b", "1", "-b", "2"}})
    CHECK_FALSE(parse_command_line(some_flags(), words, Flags::kAnywhere).ok());
  CHECK(parse_command_line(some_flags(), {"--bundel"}, Flags::kAnywhere)
            .error()
            .message.find("bundel") != std::string::npos);
}

TEST_CASE("global flags come before the verb and the rest is left alone") {
  Words rest;
  const auto globals = parse_globals(
      {"--root", "/r/", "--log-format=json", "--debug", "create", "--bundle", "/b", "c1"}, rest);
  REQUIRE(globals.ok());
  CHECK(globals.value().root == "/r");
  CHECK(globals.value().debug);
  CHECK(globals.value().log_format == LogFormat::kJson);
  CHECK(rest == Words{"create", "--bundle", "/b", "c1"});
  CHECK_FALSE(parse_globals({"--log-format", "xml", "list"}, rest).ok());
}

TEST_CASE("every verb has a manual and refuses flags it does not know") {
  for (const Verb& verb : all_verbs()) {
    CHECK_FALSE(verb.summary.empty());
    CHECK_FALSE(verb.description.empty());
    CHECK_FALSE(verb.exit_status.empty());
    CHECK_FALSE(run_verb(verb, Globals{}, {"--no-such-flag"}).ok());
  }
}

TEST_CASE("an error goes to the log as one JSON line") {
  const TempDir dir;
  CHECK(run_program("kata-runtime", {"--root", dir / "r", "--log", dir / "log", "--log-format",
                                     "json", "state", "no\nbody"}) == 1);
  const std::string text = read_text(dir / "log");
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  const auto line = nlohmann::json::parse(text);
  CHECK(line.at("level") == "error");
  CHECK(line.at("msg").get<std::string>().find("invalid container id") != std::string::npos);
  CHECK(line.at("time").get<std::string>().back() == 'Z');
}

TEST_CASE("verbs on a container that is not there say so") {
  const TempDir dir;
  Globals globals;
  globals.root = dir / "r";
  for (const char* name : {"state", "start", "kill", "delete"}) {
    const auto outcome = run_verb(verb_named(name), globals, {"nobody"});
    REQUIRE_FALSE(outcome.ok());
    CHECK(outcome.error().message == "container 'nobody' does not exist");
  }
  CHECK(run_verb(verb_named("delete"), globals, {"--force", "nobody"}).ok());
}

TEST_CASE("the default spec is accepted by our own parser without a warning") {
  grpc::Spec spec;
  std::vector<std::string> warnings;
  const auto parsed = sandbox::parse_spec(default_spec(), "default", spec, &warnings);
  CHECK_MESSAGE(parsed.ok(), (parsed.ok() ? "" : parsed.error().message));
  CHECK(warnings.empty());
  CHECK(spec.process().terminal());
}

TEST_CASE("spec writes its file once") {
  const TempDir dir;
  const Verb& spec = verb_named("spec");
  CHECK(run_verb(spec, Globals{}, {"--bundle", dir.path()}).ok());
  CHECK(read_text(dir / "config.json") == default_spec());
  CHECK(run_verb(spec, Globals{}, {"--bundle", dir.path()}).error().code ==
        ErrorCode::kAlreadyExists);
}

TEST_CASE("exec changes what its flags name and keeps the rest") {
  grpc::Process process;
  process.set_cwd("/");
  process.add_args("init");
  process.add_env("PATH=/bin");
  process.set_terminal(true);
  const auto line = exec_line({"--cwd", "/tmp", "-e", "A=b", "-u", "7:8", "-g", "9", "--cap",
                               "CAP_KILL", "--no-new-privs", "c1", "ls", "-l"});
  REQUIRE(apply_exec_flags(line, process).ok());
  CHECK(process.cwd() == "/tmp");
  CHECK(process.env_size() == 2);
  CHECK(process.user().uid() == 7);
  CHECK(process.user().gid() == 8);
  CHECK(process.user().additionalgids(0) == 9);
  CHECK(process.capabilities().effective(0) == "CAP_KILL");
  CHECK(process.nonewprivileges());
  CHECK_FALSE(process.terminal());
  CHECK(process.args_size() == 2);
  CHECK(process.args(1) == "-l");
}

TEST_CASE("exec leaves names of users and groups to the guest") {
  grpc::Process process;
  process.set_cwd("/");
  process.mutable_user()->add_additionalgids(5);
  REQUIRE(apply_exec_flags(exec_line({"-u", "bob:staff", "-g", "9", "c1", "ls"}), process).ok());
  grpc::StringUser names;
  set_string_user(process.user(), names);
  CHECK(names.uid() == "bob");
  CHECK(names.gid() == "staff");
  REQUIRE(names.additionalgids_size() == 1);
  CHECK(names.additionalgids(0) == "9");
  REQUIRE(apply_exec_flags(exec_line({"-u", "7", "c1", "ls"}), process).ok());
  CHECK(process.user().username().empty());
}

TEST_CASE("exec refuses users directories and variables that are none") {
  for (const Words& words : {Words{"-u", "bob:", "c", "x"}, Words{"-u", "1:", "c", "x"},
                             Words{"-u", ":bob", "c", "x"}, Words{"-u", "4294967295", "c", "x"},
                             Words{"-g", "-1", "c", "x"}, Words{"--cwd", "tmp", "c", "x"},
                             Words{"-e", "NAME", "c", "x"}, Words{"-e", "=x", "c", "x"}}) {
    grpc::Process process;
    process.set_cwd("/");
    CHECK_MESSAGE(!apply_exec_flags(exec_line(words), process).ok(), words[1]);
  }
}

TEST_CASE("annotations of orchestrators place a container in its pod's sandbox") {
  CHECK(sandbox::place_container("c1", {}).value().new_sandbox);
  CHECK(sandbox::place_container("c1", {{"io.kubernetes.cri.container-type", "sandbox"},
                                        {"io.kubernetes.cri.sandbox-id", "c1"}})
            .value()
            .new_sandbox);
  const auto inner = sandbox::place_container(
      "c2",
      {{"io.kubernetes.cri.container-type", "container"}, {"io.kubernetes.cri.sandbox-id", "c1"}});
  REQUIRE(inner.ok());
  CHECK(inner.value().sandbox_id == "c1");
  CHECK_FALSE(inner.value().new_sandbox);
  CHECK_FALSE(
      sandbox::place_container("c2", {{"io.kubernetes.cri.container-type", "container"}}).ok());
  CHECK_FALSE(sandbox::place_container("c2", {{"io.kubernetes.cri.container-type", "robot"}}).ok());
  CHECK_FALSE(sandbox::place_container("c2", {{"io.kubernetes.cri.container-type", "container"},
                                              {"io.kubernetes.cri.sandbox-id", "../x"}})
                  .ok());
}

TEST_CASE("checkpoint and restore take the flags of runc and are refused with their reason") {
  for (const char* name : {"checkpoint", "restore"}) {
    CAPTURE(name);
    const auto outcome =
        run_verb(verb_named(name), Globals{}, {"--image-path", "/i", "--tcp-established", "c1"});
    REQUIRE_FALSE(outcome.ok());
    CHECK(outcome.error().message ==
          std::string(name) +
              " container 'c1': not possible: CRIU saves processes of the host, and "
              "the container's are in a VM: use pause and resume");
    CHECK(verb_named(name).failure == 1);
  }
}
