#include "cli/harmless_text.h"

#include <fmt/format.h>

#include <cctype>

#include "base/printable.h"

namespace joulefront {
namespace {

/// Whether a character of three bytes of UTF-8 is of no width, sets the direction of text, ends a
/// line, or is no character of XML.
bool IsUnseen(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned>(bytes[i]) & 0xffU; };
  const unsigned code = (byte(0) & 0x0fU) << 12U | (byte(1) & 0x3fU) << 6U | (byte(2) & 0x3fU);
  return (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || code >= 0xfffe;
}

bool IsThreeBytes(char first) { return (static_cast<unsigned>(first) & 0xf0U) == 0xe0U; }

/// Whether text[i] marks something up in Markdown, or makes a link, a mention or an emoji. A point
/// after a digit and a colon before a blank do not.
bool MarksUp(std::string_view text, std::size_t i) {
  const char c = text[i];
  if (c == '.') return i == 0 || std::isdigit(static_cast<unsigned char>(text[i - 1])) == 0;
  if (c == ':') return i + 1 < text.size() && text[i + 1] != ' ';
  return std::string_view("&<>\\`*_{}[]#!|~$@^\"").find(c) != std::string_view::npos;
}

std::string InLatex(char c) {
  switch (c) {
    case '\\':
      return "\\textbackslash{}";
    case '~':
      return "\\textasciitilde{}";
    case '^':
      return "\\textasciicircum{}";
    case '<':
      return "\\textless{}";
    case '>':
      return "\\textgreater{}";
    case '|':
      return "\\textbar{}";
    case '"':
      return "\\textquotedbl{}";
    case '#':
    case '$':
    case '%':
    case '&':
    case '_':
    case '{':
    case '}':
      return {'\\', c};
    default:
      return {c};
  }
}

}  // namespace

std::string PlainLine(std::string_view text) {
  const std::string printable = Printable(text);
  std::string plain;
  for (std::size_t i = 0; i < printable.size();) {
    const std::string_view rest = std::string_view(printable).substr(i);
    const std::size_t size = IsThreeBytes(rest[0]) ? 3 : rest.starts_with("\u061c") ? 2 : 1;
    const bool unseen = size == 2 || (size == 3 && IsUnseen(rest));
    plain += unseen ? "?" : rest.substr(0, size);
    i += size;
  }
  return plain;
}

std::string MarkdownText(std::string_view text) {
  const std::string plain = PlainLine(text);
  std::string marked;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    marked += MarksUp(plain, i) ? fmt::format("&#{};", static_cast<int>(plain[i]))
                                : std::string(1, plain[i]);
  }
  return marked;
}

std::string LatexText(std::string_view text) {
  std::string escaped;
  for (const char c : PlainLine(text)) escaped += InLatex(c);
  return escaped;
}

std::string XmlText(std::string_view text) {
  std::string escaped;
  for (const char c : PlainLine(text)) {
    const bool inert = std::string_view("<>&\"'").find(c) == std::string_view::npos;
    escaped += inert ? std::string(1, c) : fmt::format("&#{};", static_cast<int>(c));
  }
  return escaped;
}

}  // namespace joulefront
