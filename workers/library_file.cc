#include "workers/library_file.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>

#include "base/shortage.h"
#include "workers/process.h"

namespace joulefront {
namespace {

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);
using Symbol = ElfW(Sym);

// LibTorch's own library has 8 MiB of symbols and 40 MiB of their names.
constexpr std::uint64_t kMostBytes = 256 << 20;
constexpr int kOwnClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr int kOwnOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

/// A file whose parts are read where its own tables say that they are. Every one of them is
/// checked: the file may say anything.
class LibraryFile {
 public:
  explicit LibraryFile(const FileDescriptor& file) : file_(file) {}

  template <typename T>
  std::optional<std::vector<T>> Read(std::uint64_t offset, std::uint64_t count) const {
    if (count > kMostBytes / sizeof(T)) return std::nullopt;
    std::vector<T> items(count);
    auto* to = reinterpret_cast<char*>(items.data());
    for (std::size_t done = 0; done < count * sizeof(T);) {
      const ssize_t size = pread(file_.get(), to + done, count * sizeof(T) - done,
                                 static_cast<off_t>(offset + done));
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return std::nullopt;
      done += static_cast<std::size_t>(size);
    }
    return items;
  }

 private:
  const FileDescriptor& file_;
};

/// What machine this very program is for.
std::optional<ElfW(Half)> OwnMachine() {
  const FileDescriptor self(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  const auto header = LibraryFile(self).Read<Header>(0, 1);
  return header ? std::optional(header->front().e_machine) : std::nullopt;
}

/// Empty if it is a shared library for this machine.
std::string FaultOf(const Header& header) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return "is no library (ELF)";
  const auto machine = OwnMachine();
  if (header.e_ident[EI_CLASS] != kOwnClass || header.e_ident[EI_DATA] != kOwnOrder ||
      (machine && header.e_machine != *machine)) {
    return "is for another kind of machine";
  }
  if (header.e_type != ET_DYN) return "is no shared library";
  if (header.e_shentsize != sizeof(Section)) return "has no table of its sections";
  return "";
}

/// The names of the functions that it gives; empty if its tables cannot be read.
std::optional<std::set<std::string>> FunctionsOf(const LibraryFile& file, const Header& header,
                                                 const std::vector<std::string>& wanted) {
  const auto sections = file.Read<Section>(header.e_shoff, header.e_shnum);
  if (!sections) return std::nullopt;
  const auto table = std::find_if(sections->begin(), sections->end(),
                                  [](const Section& s) { return s.sh_type == SHT_DYNSYM; });
  if (table == sections->end() || table->sh_link >= sections->size()) return std::nullopt;
  const Section& strings = (*sections)[table->sh_link];
  const auto symbols = file.Read<Symbol>(table->sh_offset, table->sh_size / sizeof(Symbol));
  const auto text = file.Read<char>(strings.sh_offset, strings.sh_size);
  if (!symbols || !text) return std::nullopt;
  const std::string_view names(text->data(), text->size());
  std::set<std::string> found;
  for (const Symbol& symbol : *symbols) {
    // The types and bindings of both classes are alike.
    const bool is_given = symbol.st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC;
    if (!is_given || symbol.st_name >= names.size()) continue;
    const auto end = std::min(names.find('\0', symbol.st_name), names.size());
    const auto name = names.substr(symbol.st_name, end - symbol.st_name);
    if (std::find(wanted.begin(), wanted.end(), name) != wanted.end()) found.emplace(name);
  }
  return found;
}

}  // namespace

Result<void> CheckLibraryFile(const std::string& path, const std::vector<std::string>& functions) {
  // A pipe would be waited for.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.open()) {
    return Fail(CodeOf(errno), fmt::format("cannot read '{}': {}", path, std::strerror(errno)));
  }
  const auto fault = [&](const std::string& what) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("'{}' {}", path, what));
  };
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fault("is no regular file");
  }
  const LibraryFile library(file);
  const auto header = library.Read<Header>(0, 1);
  if (!header) return fault("is no library (ELF)");
  if (const std::string why = FaultOf(header->front()); !why.empty()) return fault(why);
  const auto found = FunctionsOf(library, header->front(), functions);
  if (!found) return fault("has no table of functions that can be read without loading it");
  for (const std::string& function : functions) {
    if (!found->contains(function)) return fault(fmt::format("has no function {}", function));
  }
  return {};
}

}  // namespace joulefront
