// SPDX-License-Identifier: Apache-2.0
//
// The smallest ELF shared object that the note reader accepts, built field by field so that a test
// can make one field wrong.
#pragma once

#include <doctest/doctest.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "core/plugin_host/elf_note.h"
#include "kata/unique_fd.h"

namespace kata::plugin_host {

struct ElfImage {
  Elf64_Ehdr header{};
  std::vector<Elf64_Shdr> sections{5};
  std::string section_names = std::string("\0.kata.plugin\0.dynsym\0", 22);
  std::string note = std::string("interface=i\0name=n\0", 19);
  std::string symbol_names = std::string("\0kata_plugin_v1\0other\0", 22);
  std::vector<Elf64_Sym> symbols{2};

  ElfImage() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_DYN;
#if defined(__aarch64__)
    header.e_machine = EM_AARCH64;
#else
    header.e_machine = EM_X86_64;
#endif
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = 5;
    header.e_shstrndx = 1;
    header.e_shoff = sizeof header;
    symbols[1].st_name = 1;
    symbols[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
    symbols[1].st_shndx = 2;
    symbols[1].st_size = 96;
    std::uint64_t at = sizeof header + sections.size() * sizeof(Elf64_Shdr);
    place(1, SHT_STRTAB, 0, section_names.size(), at);
    place(2, SHT_PROGBITS, 1, note.size(), at);
    place(3, SHT_STRTAB, 0, symbol_names.size(), at);
    place(4, SHT_DYNSYM, 14, symbols.size() * sizeof(Elf64_Sym), at);
    sections[4].sh_link = 3;
  }

  std::string bytes() const {
    std::string out(reinterpret_cast<const char*>(&header), sizeof header);
    out.append(reinterpret_cast<const char*>(sections.data()),
               sections.size() * sizeof(Elf64_Shdr));
    out += section_names + note + symbol_names;
    out.append(reinterpret_cast<const char*>(symbols.data()), symbols.size() * sizeof(Elf64_Sym));
    return out;
  }

 private:
  void place(std::size_t index, std::uint32_t type, std::uint32_t name, std::uint64_t size,
             std::uint64_t& at) {
    sections[index].sh_type = type;
    sections[index].sh_name = name;
    sections[index].sh_offset = at;
    sections[index].sh_size = size;
    at += size;
  }
};

inline Result<ElfNote> note_of(const std::string& bytes) {
  const UniqueFd file(::memfd_create("plugin", MFD_CLOEXEC));
  REQUIRE(file);
  REQUIRE(::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  return read_elf_note(file.get());
}

inline std::string refusal_of(const std::string& bytes) {
  const auto note = note_of(bytes);
  REQUIRE_FALSE(note.ok());
  CHECK(note.error().message.find('\n') == std::string::npos);
  return note.error().message;
}

}  // namespace kata::plugin_host
