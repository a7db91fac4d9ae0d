// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/note_check.h"

#include <doctest/doctest.h>

namespace kata::plugin_host {

namespace {

constexpr WantedInterface kWanted{"kata.network/1", "x86_64 libstdc++/cxx11 sdk:00ff"};

ElfNote right_note() {
  return {{{"interface", "kata.network/1"},
           {"fingerprint", "x86_64 libstdc++/cxx11 sdk:00ff"},
           {"name", "acme"},
           {"version", "1"}},
          {{"kata_plugin_v1", sizeof(plugin::Descriptor)}}};
}

std::string refusal_of(const ElfNote& note) {
  const auto checked = check_note(note, kWanted);
  REQUIRE_FALSE(checked.ok());
  return checked.error().message;
}

}  // namespace

TEST_CASE("a right note passes") { CHECK(check_note(right_note(), kWanted).ok()); }

TEST_CASE("a note that lacks a field is refused by its name") {
  for (const char* key : {"interface", "fingerprint", "name", "version"}) {
    ElfNote note = right_note();
    note.fields.erase(key);
    CHECK(refusal_of(note).starts_with(std::string("plugin note: expected a field '") + key));
  }
}

TEST_CASE("a hostile fingerprint makes one printable line") {
  for (const std::string text :
       {"", " sdk:", "\n\x1b[31m", "x86_64 libstdc++/cxx11", "x86_64 libstdc++/cxx11 sdk:"}) {
    ElfNote note = right_note();
    note.fields["fingerprint"] = text;
    const std::string message = refusal_of(note);
    CHECK(message.find('\n') == std::string::npos);
    CHECK(message.find('\x1b') == std::string::npos);
  }
  ElfNote note = right_note();
  note.fields["fingerprint"] = std::string(100000, 'x');
  CHECK(refusal_of(note).size() < 1000);
}

TEST_CASE("an interface of another version is refused with both") {
  ElfNote note = right_note();
  note.fields["interface"] = "kata.network/2";
  CHECK(refusal_of(note).starts_with(
      "interface: expected 'kata.network/1', found 'kata.network/2'; "));
}

TEST_CASE("a sanitizer or another architecture is a difference of build") {
  for (const char* text :
       {"x86_64 libstdc++/cxx11 asan sdk:00ff", "aarch64 libstdc++/cxx11 sdk:00ff"}) {
    ElfNote note = right_note();
    note.fields["fingerprint"] = text;
    CHECK(refusal_of(note).starts_with(
        "build fingerprint: expected 'x86_64 libstdc++/cxx11', found '"));
  }
}

}  // namespace kata::plugin_host
