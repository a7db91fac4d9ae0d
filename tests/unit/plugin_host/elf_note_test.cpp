// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/plugin_host/elf_image.h"

namespace kata::plugin_host {

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the note and the exported symbols of a well-formed file are read") {
  const auto note = note_of(ElfImage().bytes());
  REQUIRE_MESSAGE(note.ok(), note.error().message);
  CHECK(note.value().fields.at("interface") == "i");
  CHECK(note.value().fields.at("name") == "n");
  REQUIRE(note.value().exports.size() == 1);
  CHECK(note.value().exports[0].name == "kata_plugin_v1");
  CHECK(note.value().exports[0].size == 96);
}

TEST_CASE("undefined and local and hidden symbols are not exports") {
  ElfImage image;
  image.symbols[1].st_shndx = SHN_UNDEF;
  CHECK(note_of(image.bytes()).take().exports.empty());
  image.symbols[1].st_shndx = 2;
  image.symbols[1].st_info = ELF64_ST_INFO(STB_LOCAL, STT_OBJECT);
  CHECK(note_of(image.bytes()).take().exports.empty());
  image.symbols[1].st_info = ELF64_ST_INFO(STB_WEAK, STT_OBJECT);
  image.symbols[1].st_other = STV_HIDDEN;
  CHECK(note_of(image.bytes()).take().exports.empty());
  image.symbols[1].st_other = STV_DEFAULT;
  CHECK(note_of(image.bytes()).take().exports.size() == 1);
}

TEST_CASE("every prefix of a file is refused and read within bounds") {
  const std::string bytes = ElfImage().bytes();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(refusal_of(bytes.substr(0, length)).empty());
  }
}

TEST_CASE("offsets and sizes at the limits of 64 bits are refused") {
  for (const std::uint64_t value : {UINT64_MAX, UINT64_MAX - 7, std::uint64_t{1} << 63}) {
    CAPTURE(value);
    for (std::size_t section = 1; section < 5; ++section) {
      CAPTURE(section);
      ElfImage image;
      image.sections[section].sh_offset = value;
      CHECK(has(refusal_of(image.bytes()), "ELF structure: expected a complete shared object"));
      image = ElfImage();
      image.sections[section].sh_size = value;
      CHECK(has(refusal_of(image.bytes()), "ELF structure: expected a complete shared object"));
    }
    ElfImage image;
    image.header.e_shoff = value;
    CHECK(has(refusal_of(image.bytes()), "ends before its section headers"));
  }
}

TEST_CASE("a section header table that cannot be is refused") {
  ElfImage image;
  image.header.e_shnum = 0;
  CHECK(has(refusal_of(image.bytes()), "0 section headers of 64 bytes"));
  image.header.e_shnum = 0xffff;
  CHECK(has(refusal_of(image.bytes()), "65535 section headers"));
  image.header.e_shnum = 5;
  image.header.e_shstrndx = 5;
  CHECK(has(refusal_of(image.bytes()), "ELF structure"));
  image.header.e_shstrndx = 1;
  image.header.e_shentsize = 1;
  CHECK(has(refusal_of(image.bytes()), "section headers of 1 bytes"));
}

TEST_CASE("a symbol table whose names are elsewhere is refused or has empty names") {
  ElfImage image;
  image.sections[4].sh_link = 99;
  CHECK(has(refusal_of(image.bytes()), "a dynamic symbol table without names"));
  image.sections[4].sh_link = 3;
  image.symbols[1].st_name = UINT32_MAX;
  CHECK(note_of(image.bytes()).take().exports[0].name.empty());
}

TEST_CASE("a file without the section is refused") {
  ElfImage image;
  image.sections[2].sh_name = UINT32_MAX;
  CHECK(has(refusal_of(image.bytes()), "expected a section .kata.plugin, found none"));
}

TEST_CASE("a note larger than 64 KiB is refused") {
  ElfImage image;
  image.sections[2].sh_size = (64U << 10) + 1;
  CHECK(has(refusal_of(image.bytes()), "plugin note of 65537 bytes, more than 65536"));
}

}  // namespace kata::plugin_host
