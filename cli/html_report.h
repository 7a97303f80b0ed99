// A report as one HTML page that carries its data, its styles and its program, and loads nothing.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace joulefront {

/// The page with the data of ReportJson(). Whatever texts the data hold, they stay data: nothing in
/// them ends the block that they stand in, and the page shows them as text alone.
std::string HtmlReport(const nlohmann::ordered_json& data);

}  // namespace joulefront
