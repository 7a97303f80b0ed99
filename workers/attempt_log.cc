#include "workers/attempt_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace joulefront {
namespace {

/// Bytes of the UTF-8 character that `text` begins with; 0 if it begins with none.
std::size_t CharacterSize(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t size = byte(0) < 0x80                      ? 1
                           : byte(0) >= 0xC2 && byte(0) < 0xE0 ? 2
                           : byte(0) >= 0xE0 && byte(0) < 0xF0 ? 3
                           : byte(0) >= 0xF0 && byte(0) < 0xF5 ? 4
                                                               : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (size < 3) return size;
  const unsigned start = byte(0) * 256U + byte(1);  // overlong, surrogates, beyond U+10FFFF
  const bool valid = start >= 0xE0A0 && (start < 0xEDA0 || start >= 0xEE00) &&
                     (start < 0xF000 || start >= 0xF090) && start < 0xF490;
  return valid ? size : 0;
}

/// At most `longest` bytes of the text, as UTF-8 that a terminal, a database and JSON take: '?'
/// stands for control characters and for bytes that are no character.
std::string Printable(std::string_view text, std::size_t longest) {
  std::string printable;
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    if (printable.size() + std::max<std::size_t>(size, 1) > longest) break;
    const bool control = size == 1 && (text[0] < 32 || text[0] == 127);
    if (size == 0 || control) {
      printable += '?';
    } else {
      printable += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return printable;
}

}  // namespace

Result<AttemptLog> AttemptLog::Create(const std::string& path) {
  FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.open()) return AttemptLog(std::move(file));
  return Fail(ErrorCode::kUnavailable,
              fmt::format("cannot write the log '{}': {}", path, strerror(errno)));
}

void AttemptLog::Append(std::string_view bytes) {
  if (appended_ < kMostBytes) Write(bytes.substr(0, kMostBytes - appended_));
  appended_ += bytes.size();
  tail_ += bytes;
  if (tail_.size() > 2 * kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
}

void AttemptLog::Finish() {
  if (appended_ <= kMostBytes) return;
  const std::string_view rest =
      tail().substr(tail().size() - std::min({tail().size(), kTailBytes, appended_ - kMostBytes}));
  const std::size_t left_out = appended_ - kMostBytes - rest.size();
  if (left_out > 0) Write(fmt::format("\n[joulefront: {} bytes left out here]\n", left_out));
  Write(rest);
  appended_ = kMostBytes;
}

std::string_view AttemptLog::tail() const {
  const std::string_view all = tail_;
  return all.substr(all.size() - std::min(all.size(), kTailBytes));
}

std::string AttemptLog::LastLine(std::size_t longest) const {
  std::string_view text = tail();
  const auto end = text.find_last_not_of(" \t\r\n");
  if (end == std::string_view::npos) return "";
  text = text.substr(0, end + 1);
  const auto newline = text.find_last_of('\n');
  if (newline != std::string_view::npos) text.remove_prefix(newline + 1);
  return Printable(text, longest);
}

void AttemptLog::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace joulefront
