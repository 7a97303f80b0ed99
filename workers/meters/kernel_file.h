// The small text files of /proc and /sys: numbers checked. A file that cannot be read, or that
// holds something else, is no value; never zero.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace joulefront {

/// The text of a file on one line, without the line's end; empty if it cannot be read.
std::optional<std::string> ReadKernelLine(const std::string& path);

/// A decimal count and nothing else but blanks around it; empty for all other text.
std::optional<std::uint64_t> ParseCount(std::string_view text);

/// One reading of a counter file.
struct CounterReading {
  std::optional<std::uint64_t> value;
  int error =
      0;  // errno of the failure; 0 if the file was read (a text that is no count: no value)
};

/// A file that holds one count, kept open: a reading is one pread.
class CounterFile {
 public:
  explicit CounterFile(const std::string& path);
  ~CounterFile();
  CounterFile(CounterFile&& other) noexcept;
  CounterFile& operator=(CounterFile&&) = delete;

  CounterReading Read() const;

 private:
  int descriptor_;
  int open_error_;
};

}  // namespace joulefront
