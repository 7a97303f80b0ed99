#include "cli/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/units.h"

namespace joulefront {
namespace {

struct Axis {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  bool log = false;

  void Take(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void Finish() { log = low > 0.0 && high > 20.0 * low; }

  /// 0 at the low end, cells - 1 at the high end.
  int CellOf(double value, int cells) const {
    if (high == low) return cells / 2;
    const double share =
        log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    return std::clamp(static_cast<int>(std::lround(share * (cells - 1))), 0, cells - 1);
  }
};

}  // namespace

std::string Plot(const std::vector<PlotPoint>& points, const PlotOptions& options) {
  Axis x, y;
  for (const PlotPoint& point : points) {
    if (!std::isfinite(point.x) || !std::isfinite(point.y)) continue;
    x.Take(point.x);
    y.Take(point.y);
  }
  if (x.low > x.high) return "";
  x.Finish();
  y.Finish();
  std::vector<std::string> rows(static_cast<std::size_t>(options.height),
                                std::string(static_cast<std::size_t>(options.width), ' '));
  for (const PlotPoint& point : points) {
    if (!std::isfinite(point.x) || !std::isfinite(point.y)) continue;
    const int row = options.height - 1 - y.CellOf(point.y, options.height);
    rows[static_cast<std::size_t>(row)]
        [static_cast<std::size_t>(x.CellOf(point.x, options.width))] = point.mark;
  }
  const std::string top = FormatNumber(y.high, 3), bottom = FormatNumber(y.low, 3);
  const std::size_t margin = std::max({top.size(), bottom.size(), std::size_t{4}});
  std::string text = fmt::format("{}{}\n", options.y_title, y.log ? " (log)" : "");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string label = i == 0 ? top : i + 1 == rows.size() ? bottom : "";
    std::string row = rows[i].substr(0, rows[i].find_last_not_of(' ') + 1);
    text += fmt::format("{:>{}} |{}\n", label, margin, row);
  }
  text += fmt::format("{:>{}} +{}\n", "", margin, std::string(rows[0].size(), '-'));
  const std::string left = FormatNumber(x.low, 3), right = FormatNumber(x.high, 3);
  const std::string title = options.x_title + (x.log ? " (log)" : "");
  text += fmt::format("{:>{}}  {}{:^{}}{}\n", "", margin, left, title,
                      options.width - static_cast<int>(left.size() + right.size()), right);
  return text;
}

}  // namespace joulefront
