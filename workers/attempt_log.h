// The log of one attempt: what the trainer printed, in a file. Beyond kMostBytes only the end is
// kept, so that a trainer that prints without end fills no disk.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "workers/process.h"

namespace joulefront {

class AttemptLog {
 public:
  static constexpr std::size_t kMostBytes = 8 << 20;
  static constexpr std::size_t kTailBytes = 64 << 10;

  /// Makes or replaces the file. Errors: kUnavailable, kShortage.
  static Result<AttemptLog> Create(const std::string& path);

  /// A log that cannot be written (disk full) never stops an attempt; the tail is kept all the
  /// same.
  void Append(std::string_view bytes);
  /// Writes what was held back.
  void Finish();

  /// The last bytes appended, at most kTailBytes.
  std::string_view tail() const;
  /// The last line that is not blank, at most `longest` bytes of it, as printable UTF-8: '?' stands
  /// for what is not.
  std::string LastLine(std::size_t longest = 200) const;

 private:
  explicit AttemptLog(FileDescriptor file) : file_(std::move(file)) {}
  void Write(std::string_view bytes);

  FileDescriptor file_;
  std::size_t appended_ = 0;
  std::string tail_;
};

}  // namespace joulefront
