// What a trainer prints, as lines: cut from the bytes of its two pipes, each line with the time at
// which its last byte was read, so that lines of both can be put in order.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "workers/process.h"

namespace joulefront {

/// A line without its end: LF, CR LF, CR (a progress bar redraws its line so), or the end of the
/// stream.
struct OutputLine {
  std::string_view text;
  std::string_view end;       // "\n", "\r\n", "\r" or ""
  std::uint64_t read_at = 0;  // the `now` of the bytes that it ends with
  bool is_cut = false;        // it was longer than kLongestLine; the rest is dropped
};
using TakeOutputLine = std::function<void(const OutputLine&)>;

/// Cuts a stream of bytes into lines of at most kLongestLine bytes.
class LineCutter {
 public:
  static constexpr std::size_t kLongestLine = 1 << 20;

  /// `now` never falls. A CR that ends the bytes waits for the next ones: LF may follow.
  void Feed(std::string_view bytes, std::uint64_t now, const TakeOutputLine& on_line);
  /// Gives the last line, if it had no end.
  void Finish(const TakeOutputLine& on_line);

 private:
  void Add(std::string_view piece, std::uint64_t now);
  void Give(std::string_view end, const TakeOutputLine& on_line);

  std::string partial_;
  std::uint64_t read_at_ = 0;
  bool is_cut_ = false;
  bool after_return_ = false;  // a CR was read, and its line not given yet
};

/// Reads both pipes of a child. In each round stderr is read before stdout, a pipe's content at
/// most, so that of what is readable at once stdout's is later.
class OutputReader {
 public:
  /// The child must outlive the object.
  explicit OutputReader(ChildProcess& child);

  struct Takers {
    std::function<void(std::string_view)> bytes;      // of both, as they come
    std::function<void(std::string_view)> err_bytes;  // of stderr
    TakeOutputLine out_line, err_line;
  };
  /// Reads what is there, for some 0.1 s at most; all of it where `to_the_end`: the child is gone.
  /// Whether anything came.
  bool Read(bool to_the_end, const Takers& takers);
  /// Gives the last lines, if they had no end.
  void Finish(const Takers& takers);

 private:
  template <typename Take>
  bool ReadPipe(FileDescriptor& fd, std::optional<Seconds> until, Take take);

  ChildProcess& child_;
  LineCutter out_lines_, err_lines_;
  std::uint64_t now_ = 0;  // counts readings of a pipe
};

}  // namespace joulefront
