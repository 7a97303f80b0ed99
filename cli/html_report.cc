#include "cli/html_report.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/page_text.h"

namespace joulefront {
namespace {

constexpr std::string_view kDataMark = "@DATA@";

}  // namespace

std::string JsonText(const nlohmann::ordered_json& data) {
  const std::string json =
      data.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::ordered_json::error_handler_t::replace);
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else if (c == '>') {
      text += "\\u003e";
    } else if (c == '&') {
      text += "\\u0026";
    } else {
      text += c;
    }
  }
  return text;
}

std::string HtmlReport(const nlohmann::ordered_json& data) {
  const std::string_view page = kPageText;
  const std::size_t mark = page.find(kDataMark);
  std::string html(page.substr(0, mark));
  html += JsonText(data);
  html += page.substr(mark + kDataMark.size());
  return html;
}

}  // namespace joulefront
