#include <fmt/format.h>
#include <yaml.h>

#include <memory>

#include "study_store/scalar_readers.h"

namespace joulefront {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// libyaml counts characters, and does not count a byte order mark.
class Offsets {
 public:
  explicit Offsets(std::string_view text) {
    const std::size_t begin = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    for (std::size_t i = begin; i < text.size(); ++i) {
      if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) starts_.push_back(i);
    }
    starts_.push_back(text.size());
  }
  std::size_t Of(const yaml_mark_t& mark) const {
    return starts_[std::min(mark.index, starts_.size() - 1)];
  }

 private:
  std::vector<std::size_t> starts_;  // of each character
};

/// Behind the anchor and the tag of a node that begins at `at`.
std::size_t SkipProperties(std::string_view text, std::size_t at, std::size_t end) {
  constexpr std::string_view kBlanks = " \t\r\n";
  while (at < end && (text[at] == '&' || text[at] == '!')) {
    at = std::min(text.find_first_of(kBlanks, at), end);
    while (at < end && kBlanks.find(text[at]) != std::string_view::npos) {
      ++at;
      if (at < end && text[at] == '#') at = std::min(text.find('\n', at), end);
    }
  }
  return at;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), offsets_(text) {
    yaml_parser_initialize(&parser_);
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    yaml_parser_set_input_string(&parser_, bytes, text.size());
  }
  ~Reader() { yaml_parser_delete(&parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<std::vector<TextScalar>> Read() {
    for (bool more = true; more;) {
      yaml_event_t event;
      if (yaml_parser_parse(&parser_, &event) == 0) return Fault();
      const std::unique_ptr<yaml_event_t, void (*)(yaml_event_t*)> owner(&event, yaml_event_delete);
      more = event.type != YAML_STREAM_END_EVENT;
      Take(event);
      if (walk_.depth() > kDeepestText) {
        return Fail(ErrorCode::kInvalidArgument,
                    fmt::format("line {}: nested too deeply", event.start_mark.line + 1));
      }
    }
    return std::move(scalars_);
  }

 private:
  tl::unexpected<Error> Fault() const {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("line {}: {}", parser_.problem_mark.line + 1,
                            parser_.problem != nullptr ? parser_.problem : "this is no YAML"));
  }

  void Take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_MAPPING_START_EVENT:
      case YAML_SEQUENCE_START_EVENT:
        walk_.Begin(event.type == YAML_MAPPING_START_EVENT);
        break;
      case YAML_MAPPING_END_EVENT:
      case YAML_SEQUENCE_END_EVENT:
        walk_.End();
        break;
      case YAML_ALIAS_EVENT:
        TakeAlias(event);
        break;
      case YAML_SCALAR_EVENT:
        TakeScalar(event);
        break;
      default:
        break;
    }
  }

  void TakeAlias(const yaml_event_t& event) {
    if (walk_.AtKey()) return walk_.Key("?");
    const auto* anchor = reinterpret_cast<const char*>(event.data.alias.anchor);
    scalars_.push_back({.path = walk_.path(),
                        .begin = offsets_.Of(event.start_mark),
                        .end = offsets_.Of(event.end_mark),
                        .text = fmt::format("*{}", anchor),
                        .obstacle = fmt::format("stands for what *{} is; name the path of that, "
                                                "&{}",
                                                anchor, anchor)});
    walk_.Pass();
  }

  void TakeScalar(const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    std::string value(reinterpret_cast<const char*>(scalar.value), scalar.length);
    if (walk_.AtKey()) return walk_.Key(std::move(value));
    const std::size_t end = offsets_.Of(event.end_mark);
    const std::size_t start = offsets_.Of(event.start_mark);
    TextScalar found{.path = walk_.path(),
                     .begin = SkipProperties(text_, start, end),
                     .end = end,
                     .text = std::move(value)};
    if (scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE) found.quote = '\'';
    if (scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE) found.quote = '"';
    const std::string_view written = text_.substr(found.begin, found.end - found.begin);
    if (written.find('\n') != std::string_view::npos) found.obstacle = "is a text of several lines";
    scalars_.push_back(std::move(found));
    walk_.Pass();
  }

  std::string_view text_;
  Offsets offsets_;
  yaml_parser_t parser_;
  PathWalk walk_;
  std::vector<TextScalar> scalars_;
};

}  // namespace

Result<std::vector<TextScalar>> YamlScalars(std::string_view text) { return Reader(text).Read(); }

}  // namespace joulefront
