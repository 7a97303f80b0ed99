#include "workers/attempt_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/printable.h"

namespace joulefront {

Result<AttemptLog> AttemptLog::Create(const std::string& path) {
  FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666));
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
