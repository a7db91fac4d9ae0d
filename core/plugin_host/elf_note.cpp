// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/elf_note.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "core/plugin_host/refusal.h"
#include "kata/concat.h"

namespace kata::plugin_host {

namespace {

constexpr const char* kNoteSection = ".kata.plugin";
constexpr const char* kRebuild = "rebuild the plugin with kata_add_plugin()";
constexpr std::uint64_t kMaxNote = 64U << 10;
constexpr std::uint64_t kMaxNames = 4U << 20;  // section or symbol names; a plugin has one symbol
constexpr std::uint64_t kMaxSymbols = 1U << 16;
constexpr std::uint16_t kMaxSections = 4096;

#if defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
constexpr const char* kMachineName = "aarch64 (machine 183)";
#else
constexpr std::uint16_t kMachine = EM_X86_64;
constexpr const char* kMachineName = "x86_64 (machine 62)";
#endif

Error damaged(std::string_view what) {
  return refused("ELF structure", "a complete shared object", what, "install the file again");
}

class ElfFile {
 public:
  static Result<ElfFile> open(int fd);
  Result<ElfNote> note() const;

 private:
  ElfFile(int fd, std::uint64_t size) : fd_(fd), size_(size) {}

  // Exactly `length` bytes at `offset`, or an error: the file ends before.
  Result<void> read_at(std::uint64_t offset, void* into, std::uint64_t length,
                       std::string_view what) const;
  Result<std::string> read_section(const Elf64_Shdr& section, std::uint64_t limit,
                                   std::string_view what) const;
  Result<void> check_header();
  Result<void> read_sections();
  Result<std::vector<ExportedSymbol>> exports() const;

  int fd_;
  std::uint64_t size_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Shdr> sections_{};
};

Result<void> ElfFile::read_at(std::uint64_t offset, void* into, std::uint64_t length,
                              std::string_view what) const {
  if (offset > size_ || length > size_ - offset)
    return damaged(concat("a file of ", size_, " bytes that ends before its ", what));
  auto* target = static_cast<char*>(into);
  while (length > 0) {
    const ssize_t count = ::pread(fd_, target, length, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error(concat("read ", what), errno);
    if (count == 0) return damaged(concat("a file that shrank while its ", what, " was read"));
    target += count;
    offset += static_cast<std::uint64_t>(count);
    length -= static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<std::string> ElfFile::read_section(const Elf64_Shdr& section, std::uint64_t limit,
                                          std::string_view what) const {
  if (section.sh_type == SHT_NOBITS || section.sh_size > limit)
    return damaged(concat(what, " of ", section.sh_size, " bytes, more than ", limit));
  std::string bytes(section.sh_size, '\0');
  KATA_TRY(read_at(section.sh_offset, bytes.data(), bytes.size(), what), "");
  return bytes;
}

Result<ElfFile> ElfFile::open(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno_error("stat", errno);
  ElfFile file(fd, static_cast<std::uint64_t>(status.st_size));
  KATA_TRY(file.check_header(), "");
  KATA_TRY(file.read_sections(), "");
  return file;
}

Result<void> ElfFile::check_header() {
  char magic[SELFMAG] = {};
  if (size_ < SELFMAG || !read_at(0, magic, SELFMAG, "magic").ok() ||
      std::memcmp(magic, ELFMAG, SELFMAG) != 0)
    return refused("file format", "an ELF shared object", "a file that is not ELF",
                   "name the plugin's .so file");
  KATA_TRY(read_at(0, &header_, sizeof header_, "ELF header"), "");
  if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_ident[EI_DATA] != ELFDATA2LSB)
    return refused("machine", "64-bit little-endian ELF",
                   concat("class ", header_.e_ident[EI_CLASS], " data ", header_.e_ident[EI_DATA]),
                   "install the plugin built for this machine");
  if (header_.e_machine != kMachine)
    return refused("machine", kMachineName, concat("machine ", header_.e_machine),
                   "install the plugin built for this machine");
  if (header_.e_type != ET_DYN)
    return refused("file format", "an ELF shared object", concat("ELF type ", header_.e_type),
                   "name the plugin's .so file");
  return {};
}

Result<void> ElfFile::read_sections() {
  if (header_.e_shnum == 0 || header_.e_shnum > kMaxSections ||
      header_.e_shentsize != sizeof(Elf64_Shdr) || header_.e_shstrndx >= header_.e_shnum)
    return damaged(concat(header_.e_shnum, " section headers of ", header_.e_shentsize, " bytes"));
  sections_.resize(header_.e_shnum);
  return read_at(header_.e_shoff, sections_.data(), sections_.size() * sizeof(Elf64_Shdr),
                 "section headers");
}

// The NUL-terminated string at `offset`, cut at the end of `names`.
std::string_view name_at(std::string_view names, std::uint64_t offset) {
  if (offset >= names.size()) return {};
  const std::string_view rest = names.substr(offset);
  return rest.substr(0, rest.find('\0'));
}

bool exported(const Elf64_Sym& symbol) {
  const auto binding = ELF64_ST_BIND(symbol.st_info);
  const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
  return symbol.st_shndx != SHN_UNDEF && binding != STB_LOCAL &&
         (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

Result<std::vector<ExportedSymbol>> ElfFile::exports() const {
  std::vector<ExportedSymbol> found;
  for (const Elf64_Shdr& section : sections_) {
    if (section.sh_type != SHT_DYNSYM) continue;
    if (section.sh_link >= sections_.size() || section.sh_size % sizeof(Elf64_Sym) != 0)
      return damaged("a dynamic symbol table without names");
    const std::string names =
        KATA_TRY(read_section(sections_[section.sh_link], kMaxNames, "symbol names"), "");
    const std::string bytes = KATA_TRY(
        read_section(section, kMaxSymbols * sizeof(Elf64_Sym), "dynamic symbol table"), "");
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol{};
      std::memcpy(&symbol, bytes.data() + at, sizeof symbol);
      if (exported(symbol))
        found.push_back({std::string(name_at(names, symbol.st_name)), symbol.st_size});
    }
  }
  return found;
}

void parse_fields(std::string_view note, ElfNote& into) {
  while (!note.empty()) {
    const std::string_view entry = note.substr(0, note.find('\0'));
    if (const auto equals = entry.find('='); equals != std::string_view::npos)
      into.fields.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    note.remove_prefix(std::min(entry.size() + 1, note.size()));
  }
}

Result<ElfNote> ElfFile::note() const {
  const std::string names =
      KATA_TRY(read_section(sections_[header_.e_shstrndx], kMaxNames, "section names"), "");
  for (const Elf64_Shdr& section : sections_) {
    if (name_at(names, section.sh_name) != kNoteSection) continue;
    const std::string bytes = KATA_TRY(read_section(section, kMaxNote, "plugin note"), "");
    ElfNote note;
    parse_fields(bytes, note);
    note.exports = KATA_TRY(exports(), "");
    return note;
  }
  return refused("plugin note", concat("a section ", kNoteSection), "none", kRebuild);
}

}  // namespace

Result<ElfNote> read_elf_note(int fd) {
  const ElfFile file = KATA_TRY(ElfFile::open(fd), "");
  return file.note();
}

}  // namespace kata::plugin_host
