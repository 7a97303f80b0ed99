#include <fmt/format.h>

#include "study_store/scalar_readers.h"
#include "study_store/toml_reader.h"

namespace joulefront {
namespace {

/// Where a place of toml++ is in the text: it counts lines, and characters in them.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {
    starts_.push_back(text.starts_with("\xef\xbb\xbf") ? 3 : 0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') starts_.push_back(i + 1);
    }
  }
  std::size_t Of(const toml::source_position& place) const {
    std::size_t at = starts_[std::min<std::size_t>(place.line - 1, starts_.size() - 1)];
    for (std::size_t left = place.column - 1; left > 0 && at < text_.size(); --left) {
      ++at;
      while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xc0) == 0x80) ++at;
    }
    return at;
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

void Collect(const toml::node& node, const Lines& lines, std::string_view text, KeyPath& path,
             std::vector<TextScalar>& scalars) {
  const auto collect = [&](std::string key, const toml::node& child) {
    path.push_back(std::move(key));
    Collect(child, lines, text, path, scalars);
    path.pop_back();
  };
  if (const toml::table* table = node.as_table()) {
    for (const auto& [key, child] : *table) collect(std::string(key.str()), child);
    return;
  }
  if (const toml::array* array = node.as_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) collect(std::to_string(i), *array->get(i));
    return;
  }
  TextScalar found{
      .path = path, .begin = lines.Of(node.source().begin), .end = lines.Of(node.source().end)};
  const std::string_view written = text.substr(found.begin, found.end - found.begin);
  found.text = node.value<std::string>().value_or(std::string(written));
  if (node.is_string() && !written.empty()) found.quote = written[0];
  if (written.starts_with("\"\"\"") || written.starts_with("'''")) {
    found.obstacle = "is a text of several lines";
  }
  scalars.push_back(std::move(found));
}

}  // namespace

Result<std::vector<TextScalar>> TomlScalars(std::string_view text) {
  if (const auto place = EndlessKey(text)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("line {}: this key has too many parts", place->line));
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("line {}: {}", parsed.error().source().begin.line,
                            parsed.error().description()));
  }
  std::vector<TextScalar> scalars;
  KeyPath path;
  Collect(parsed.table(), Lines(text), text, path, scalars);
  std::sort(scalars.begin(), scalars.end(),
            [](const auto& a, const auto& b) { return a.begin < b.begin; });
  return scalars;
}

}  // namespace joulefront
