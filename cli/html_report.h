// A report as one HTML page that carries its data, its styles and its program, and loads nothing.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace joulefront {

/// JSON in one line of ASCII that may also stand in a <script> block: nothing in it begins a tag or
/// a comment.
std::string JsonText(const nlohmann::ordered_json& data);

/// The page with the data of ReportJson(). Whatever texts the data hold, they stay data: nothing in
/// them ends the block that they stand in, and the page shows them as text alone.
std::string HtmlReport(const nlohmann::ordered_json& data);

}  // namespace joulefront
