#include "objectives/csv_lines.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "objectives/bad_input.h"

namespace joulefront::objectives {
namespace {

constexpr std::size_t kBlock = 1 << 17;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

void CsvLines::Closer::operator()(gzFile_s* file) const { gzclose(file); }

CsvLines::CsvLines(std::string path) : path_(std::move(path)), file_(gzopen(path_.c_str(), "rb")) {
  if (!file_) throw BadInput(path_ + ": cannot open the file: " + std::strerror(errno));
  gzbuffer(file_.get(), kBlock);
  if (!NextLine()) throw BadInput(path_ + ": the file is empty or cannot be read");
  Split(header_);
  std::vector<std::string> sorted = header_;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) Refuse("two columns are named '" + *twice + "'");
}

bool CsvLines::Next(std::vector<std::string>& fields) {
  if (!NextLine()) return false;
  Split(fields);
  if (fields.size() != header_.size()) {
    Refuse(std::to_string(fields.size()) + " fields where the header has " +
           std::to_string(header_.size()));
  }
  return true;
}

void CsvLines::Refuse(const std::string& problem) const {
  throw BadInput(path_ + ":" + std::to_string(number_) + ": " + problem);
}

/// Reads the next block. False at the end of the file; throws if it ended before its time, as
/// compressed data that was cut does.
bool CsvLines::Fill() {
  block_.resize(kBlock);
  taken_ = 0;
  const int size = gzread(file_.get(), block_.data(), static_cast<unsigned>(block_.size()));
  block_.resize(static_cast<std::size_t>(std::max(size, 0)));
  if (size > 0) return true;
  int error = Z_OK;
  const char* message = gzerror(file_.get(), &error);
  if (error != Z_OK && error != Z_STREAM_END) {
    throw BadInput(path_ +
                   ": cannot be read: " + (error == Z_ERRNO ? std::strerror(errno) : message));
  }
  return false;
}

/// Reads the next line that is not blank, without its end. False at the end of the file.
bool CsvLines::NextLine() {
  line_.clear();
  while (taken_ < block_.size() || Fill()) {
    const std::size_t end = std::min(block_.find('\n', taken_), block_.size());
    line_.append(block_, taken_, end - taken_);
    taken_ = end + 1;
    if (end == block_.size()) continue;  // the line may go on in the next block
    if (TakeLineEnd()) return true;
  }
  return !line_.empty() && TakeLineEnd();  // a last line without an end
}

/// The line is whole: false if it is blank.
bool CsvLines::TakeLineEnd() {
  ++number_;
  if (number_ == 1 && line_.starts_with("\xEF\xBB\xBF")) line_.erase(0, 3);
  if (line_.ends_with('\r')) line_.pop_back();
  return !line_.empty();
}

/// Takes a quoted field off the front of `rest`, which begins with its opening quote.
std::string CsvLines::TakeQuoted(std::string_view& rest) const {
  std::string field;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] != '"') {
      field += rest[i];
    } else if (i + 1 < rest.size() && rest[i + 1] == '"') {
      field += '"';
      ++i;
    } else {
      rest = Trim(rest.substr(i + 1));
      if (!rest.empty() && rest.front() != ',') Refuse("text after a closing quote");
      return field;
    }
  }
  Refuse("a quoted field that is not closed on its line");
}

/// The fields of the line, put into `fields` (a parameter so that its memory serves every line).
void CsvLines::Split(std::vector<std::string>& fields) const {
  fields.clear();
  for (std::string_view rest = line_;;) {
    const std::string_view trimmed = Trim(rest);
    if (trimmed.starts_with('"')) {
      rest = trimmed;
      fields.push_back(TakeQuoted(rest));
    } else {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      fields.emplace_back(Trim(rest.substr(0, comma)));
      rest.remove_prefix(comma);
    }
    if (rest.empty()) return;
    rest.remove_prefix(1);
  }
}

}  // namespace joulefront::objectives
