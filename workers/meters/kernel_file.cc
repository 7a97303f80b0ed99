#include "workers/meters/kernel_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "base/files.h"

namespace joulefront {
namespace {

constexpr std::size_t kLongestLine = 4096;

std::string_view Trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
}

}  // namespace

std::optional<std::string> ReadKernelLine(const std::string& path) {
  const auto text = ReadFile(path, kLongestLine);
  if (!text) return std::nullopt;
  return std::string(Trim(std::string_view(*text).substr(0, text->find('\n'))));
}

std::optional<std::uint64_t> ParseCount(std::string_view text) {
  const std::string_view digits = Trim(text);
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return count;
}

CounterFile::CounterFile(const std::string& path)
    : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)),
      open_error_(descriptor_ < 0 ? errno : 0) {}

CounterFile::~CounterFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

CounterFile::CounterFile(CounterFile&& other) noexcept
    : descriptor_(other.descriptor_), open_error_(other.open_error_) {
  other.descriptor_ = -1;
}

CounterReading CounterFile::Read() const {
  if (descriptor_ < 0) return {std::nullopt, open_error_};
  std::array<char, 64> block;
  ssize_t count = 0;
  do {
    count = pread(descriptor_, block.data(), block.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return {std::nullopt, errno};
  return {ParseCount({block.data(), static_cast<std::size_t>(count)}), 0};
}

}  // namespace joulefront
