// Text of foreign origin, such as a study's name, made fit for Markdown, LaTeX and XML: whatever it
// holds, it is shown as it is, marks up nothing, and turns no other text round.
#pragma once

#include <string>
#include <string_view>

namespace joulefront {

/// On one line: control characters, those that set the direction of text or have no width, and
/// bytes that are no character become '?'.
std::string PlainLine(std::string_view text);

/// PlainLine() for Markdown, tables of it and HTML, anywhere but at the beginning of a line: what
/// marks up becomes numeric character references. Example: "a|b" -> "a&#124;b".
std::string MarkdownText(std::string_view text);

/// PlainLine() for the text of a LaTeX document in T1.
std::string LatexText(std::string_view text);

/// PlainLine() for the content and the attributes of XML 1.0.
std::string XmlText(std::string_view text);

}  // namespace joulefront
