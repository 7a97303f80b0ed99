#include "cli/html_report.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/page_text.h"

namespace joulefront {
namespace {

constexpr std::string_view kDataMark = "@DATA@";

/// JSON that may stand in a <script> block: of ASCII alone, and without the characters that could
/// begin a tag or a comment there.
std::string BlockOf(const nlohmann::ordered_json& data) {
  const std::string json =
      data.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::ordered_json::error_handler_t::replace);
  std::string block;
  block.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      block += "\\u003c";
    } else if (c == '>') {
      block += "\\u003e";
    } else if (c == '&') {
      block += "\\u0026";
    } else {
      block += c;
    }
  }
  return block;
}

}  // namespace

std::string HtmlReport(const nlohmann::ordered_json& data) {
  const std::string_view page = kPageText;
  const std::size_t mark = page.find(kDataMark);
  std::string html(page.substr(0, mark));
  html += BlockOf(data);
  html += page.substr(mark + kDataMark.size());
  return html;
}

}  // namespace joulefront
