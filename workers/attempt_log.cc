#include "workers/attempt_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/files.h"
#include "base/printable.h"
#include "base/shortage.h"

namespace joulefront {

Result<AttemptLog> AttemptLog::Create(const std::string& path) {
  FileDescriptor file(OpenOwnFile(path, OwnFile::kNew));
  if (file.open()) return AttemptLog(std::move(file));
  return Fail(CodeOf(errno), fmt::format("cannot write the log '{}': {}", path, strerror(errno)));
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
  return joulefront::LastLine(tail(), longest);
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
