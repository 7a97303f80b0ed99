#include "workers/output_lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace joulefront {
namespace {

// A trainer that prints without end cannot keep us from the deadlines for longer than this.
constexpr Seconds kLongestRead(0.1);
// What a pipe is asked to hold, so that a trainer is not held up while we write to the store. Where
// the kernel grants less, it keeps its 64 KiB.
constexpr int kPipeBytes = 256 << 10;

}  // namespace

void LineCutter::Add(std::string_view piece, std::uint64_t now) {
  if (piece.empty()) return;
  read_at_ = now;
  const std::size_t room = kLongestLine - partial_.size();
  is_cut_ = is_cut_ || piece.size() > room;
  partial_ += piece.substr(0, room);
}

void LineCutter::Give(std::string_view end, const TakeOutputLine& on_line) {
  on_line({.text = partial_, .end = end, .read_at = read_at_, .is_cut = is_cut_});
  partial_.clear();
  is_cut_ = false;
  after_return_ = false;
}

void LineCutter::Feed(std::string_view bytes, std::uint64_t now, const TakeOutputLine& on_line) {
  while (!bytes.empty()) {
    if (after_return_) {
      const bool both = bytes.front() == '\n';
      Give(both ? "\r\n" : "\r", on_line);
      if (both) bytes.remove_prefix(1);
      continue;
    }
    const auto end = std::min(bytes.find_first_of("\r\n"), bytes.size());
    Add(bytes.substr(0, end), now);
    if (end == bytes.size()) return;
    after_return_ = bytes[end] == '\r';
    if (partial_.empty()) read_at_ = now;
    bytes.remove_prefix(end + 1);
    if (!after_return_) Give("\n", on_line);
  }
}

void LineCutter::Finish(const TakeOutputLine& on_line) {
  if (after_return_) Give("\r", on_line);
  if (!partial_.empty()) Give("", on_line);
}

OutputReader::OutputReader(ChildProcess& child) : child_(child) {
  for (const FileDescriptor* pipe : {&child.out, &child.err}) {
    if (pipe->open()) fcntl(pipe->get(), F_SETPIPE_SZ, kPipeBytes);
  }
}

template <typename Take>
bool OutputReader::ReadPipe(FileDescriptor& fd, std::optional<Seconds> until, Take take) {
  std::array<char, 65536> buffer;
  bool any = false;
  ++now_;
  for (int left = kPipeBytes; fd.open() && left > 0;) {
    const ssize_t size = read(fd.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size == 0) fd.Close();
    if (size <= 0) break;
    any = true;
    left -= static_cast<int>(size);
    take(std::string_view(buffer.data(), static_cast<std::size_t>(size)));
    if (until && MonotonicNow() >= *until) break;  // short lines take long to look at
  }
  return any;
}

bool OutputReader::Read(bool to_the_end, const Takers& takers) {
  const auto until = to_the_end ? std::nullopt : std::optional(MonotonicNow() + kLongestRead);
  bool ever = false;
  for (bool any = true; any && (!until || MonotonicNow() < *until);) {
    any = ReadPipe(child_.err, until, [&](std::string_view bytes) {
      takers.bytes(bytes);
      takers.err_bytes(bytes);
      err_lines_.Feed(bytes, now_, takers.err_line);
    });
    any |= ReadPipe(child_.out, until, [&](std::string_view bytes) {
      takers.bytes(bytes);
      out_lines_.Feed(bytes, now_, takers.out_line);
    });
    ever = ever || any;
  }
  return ever;
}

void OutputReader::Finish(const Takers& takers) {
  err_lines_.Finish(takers.err_line);
  out_lines_.Finish(takers.out_line);
}

}  // namespace joulefront
