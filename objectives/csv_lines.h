// The lines of a CSV file, split into fields: quoted ones too ("a, b", with "" for a quote; a field
// holds no line break). CRLF, blank lines, blanks around fields and a byte order mark are read
// through. Files compressed by gzip are read like others.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

struct gzFile_s;

namespace joulefront::objectives {

class CsvLines {
 public:
  /// Opens the file and reads its header. Throws BadInput: cannot be opened, empty, two columns of
  /// one name.
  explicit CsvLines(std::string path);

  const std::vector<std::string>& header() const { return header_; }

  /// Reads the next line into `fields`, as many as the header has. False at the end of the file.
  /// Throws BadInput, with the line's number, for another number of fields, a quote that is not
  /// closed, and compressed data that is damaged.
  bool Next(std::vector<std::string>& fields);

  /// Throws BadInput: "train.csv:17: problem", of the line that was read last.
  [[noreturn]] void Refuse(const std::string& problem) const;

 private:
  bool NextLine();
  bool Fill();
  bool TakeLineEnd();
  std::string TakeQuoted(std::string_view& rest) const;
  void Split(std::vector<std::string>& fields) const;

  struct Closer {
    void operator()(gzFile_s* file) const;
  };

  std::string path_;
  std::unique_ptr<gzFile_s, Closer> file_;
  std::string block_;      // read from the file, and
  std::size_t taken_ = 0;  // how much of it is in lines already
  std::string line_;
  std::size_t number_ = 0;
  std::vector<std::string> header_;
};

}  // namespace joulefront::objectives
