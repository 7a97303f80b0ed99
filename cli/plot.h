// A scatter plot of the front in plain characters.
#pragma once

#include <string>
#include <vector>

namespace joulefront {

struct PlotPoint {
  double x = 0.0, y = 0.0;
  char mark = '.';
};

struct PlotOptions {
  std::string x_title, y_title;
  int width = 64, height = 16;  // of the plotting area, in characters
};

/// Later points are drawn over earlier ones. An axis on which all values are positive and span more
/// than a factor of 20 is logarithmic, and says so. Points that are not finite are left out.
std::string Plot(const std::vector<PlotPoint>& points, const PlotOptions& options);

}  // namespace joulefront
