#include "cli/svg_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cli/front_table.h"
#include "cli/harmless_text.h"
#include "cli/report_view.h"

namespace joulefront {
namespace {

// Tenths of a millimetre.
constexpr double kWidth = 1800, kHeight = 800;
constexpr double kTop = 40, kBottom = 690, kLeft = 150, kPanelWidth = 700, kBetween = 200;
constexpr double kText = 28;
// Of the palette of Okabe and Ito, which the colour-blind can tell apart.
constexpr const char* kBlue = "#0072b2";
constexpr const char* kOrange = "#d55e00";
constexpr const char* kGrey = "#999999";

std::string TextAt(double x, double y, const std::string& text, const std::string& more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\"{}>{}</text>\n", x, y, more, XmlText(text));
}

std::string Line(double x1, double y1, double x2, double y2, const char* colour) {
  return fmt::format(
      "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n", x1, y1, x2,
      y2, colour);
}

/// A range of values, and where they lie between two places.
class Axis {
 public:
  /// `values` that are not finite are left out; without any it is 0 to 1. Positive values that span
  /// more than a factor of 20 are shown by their logarithms.
  Axis(const std::vector<double>& values, double start, double end) : start_(start), end_(end) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const double value : values) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
    if (!(low <= high)) low = 0.0, high = 1.0;
    log_ = low > 0.0 && high > 20.0 * low;
    low_ = Scaled(low);
    high_ = Scaled(high);
    const double margin = high_ > low_ ? 0.05 * (high_ - low_) : 0.5;
    low_ -= margin;
    high_ += margin;
  }

  bool log() const { return log_; }
  double At(double value) const {
    return start_ + (end_ - start_) * (Scaled(value) - low_) / (high_ - low_);
  }

  /// Round values within the range: 1, 2 or 5 times a power of ten apart; powers of ten themselves
  /// where it is logarithmic and there are enough.
  std::vector<double> Ticks() const {
    std::vector<double> ticks;
    if (log_) {
      const std::vector<double> parts =
          high_ - low_ > 2.0 ? std::vector{1.0} : std::vector{1.0, 2.0, 5.0};
      for (double power = std::floor(low_); power <= high_; power += 1.0) {
        for (const double part : parts) {
          const double tick = part * std::pow(10.0, power);
          if (std::log10(tick) >= low_ && std::log10(tick) <= high_) ticks.push_back(tick);
        }
      }
      return ticks;
    }
    const double rough = (high_ - low_) / 5.0;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    const double step = power * (rough > 5 * power ? 10 : rough > 2 * power ? 5 : 2);
    for (double k = std::ceil(low_ / step); k * step <= high_; k += 1.0)
      ticks.push_back(k * step + 0.0);
    return ticks;
  }

 private:
  double Scaled(double value) const { return log_ ? std::log10(value) : value; }

  double start_, end_;
  double low_ = 0.0, high_ = 1.0;
  bool log_ = false;
};

/// Two axes around a plot whose left edge is at `left`, with ticks and titles.
std::string Frame(double left, const Axis& x, const Axis& y, const std::string& x_title,
                  const std::string& y_title) {
  const double right = left + kPanelWidth;
  std::string svg;
  for (const double tick : x.Ticks()) {
    svg += Line(x.At(tick), kBottom, x.At(tick), kBottom + 10, "black");
    svg += TextAt(x.At(tick), kBottom + 42, FormatNumber(tick, 3), " text-anchor=\"middle\"");
  }
  for (const double tick : y.Ticks()) {
    svg += Line(left - 10, y.At(tick), left, y.At(tick), "black");
    svg += TextAt(left - 16, y.At(tick) + kText / 3, FormatNumber(tick, 3), " text-anchor=\"end\"");
  }
  svg += Line(left, kBottom, right, kBottom, "black") + Line(left, kTop, left, kBottom, "black");
  svg += TextAt(left + kPanelWidth / 2, kBottom + 88, x_title + (x.log() ? " (log)" : ""),
                " text-anchor=\"middle\"");
  return svg + fmt::format(
                   "<text transform=\"translate({:.1f} {:.1f}) rotate(-90)\" "
                   "text-anchor=\"middle\">{}</text>\n",
                   left - 110, (kTop + kBottom) / 2, XmlText(y_title + (y.log() ? " (log)" : "")));
}

std::string FrontPanel(const ReportView& view, const FrontView& titles) {
  const std::size_t paid = view.front.cost,
                    other = paid == 0 ? view.study.objectives.size() - 1 : 0;
  const std::string& x_name = view.study.objectives[paid].name;
  const std::string& y_name = view.study.objectives[other].name;
  std::vector<double> xs, ys;
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < view.trials.size(); ++i) {
    if (view.places[i] != Place::kFront && view.places[i] != Place::kDominated) continue;
    if (IsOffScale(view, i)) continue;
    xs.push_back(view.trials[i].values.at(x_name));
    ys.push_back(view.trials[i].values.at(y_name));
    shown.push_back(i);
  }
  const Axis x(xs, kLeft, kLeft + kPanelWidth), y(ys, kBottom, kTop);
  std::string svg = Frame(kLeft, x, y, TitleOf(titles, view.study.objectives[paid]),
                          TitleOf(titles, view.study.objectives[other]));
  for (std::size_t k = 0; k < shown.size(); ++k) {
    if (view.places[shown[k]] != Place::kDominated) continue;
    svg +=
        fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" fill=\"none\" stroke=\"{}\"/>\n",
                    x.At(xs[k]), y.At(ys[k]), kGrey);
  }
  std::string line;
  double last_y = 0.0;
  for (const FrontPoint& point : view.front.points) {
    if (point.off_scale) continue;
    const double px = x.At(point.objectives[paid]), py = y.At(point.objectives[other]);
    // Between two points nothing better than the cheaper is known.
    if (!line.empty()) line += fmt::format(" {:.1f},{:.1f} ", px, last_y);
    line += fmt::format("{:.1f},{:.1f}", px, py);
    last_y = py;
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"16\" height=\"16\" fill=\"{}\">"
        "<title>trial {}</title></rect>\n",
        px - 8, py - 8, point.knee ? kOrange : kBlue, view.trials[point.trial].number);
    if (point.knee) svg += TextAt(px + 16, py - 10, "knee");
  }
  if (view.study.objectives.size() == 2) {
    svg += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\"/>\n", line, kBlue);
  }
  return svg;
}

std::string CoursePanel(const ReportView& view) {
  const auto course = CourseJson(view);
  const auto& volumes = course["volume"];
  const bool metered = !course["joules"].is_null();
  std::vector<double> xs, ys;
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    if (!volumes[i].is_number()) continue;
    xs.push_back(course[metered ? "joules" : "finished"][i].get<double>());
    ys.push_back(volumes[i].get<double>());
  }
  const double left = kLeft + kPanelWidth + kBetween;
  std::vector<double> x_range = xs, y_range = ys;
  x_range.push_back(0.0);
  y_range.push_back(0.0);
  const Axis x(x_range, left, left + kPanelWidth), y(y_range, kBottom, kTop);
  std::string svg =
      Frame(left, x, y, metered ? "joules of all attempts" : "finished trials",
            course["estimated"].get<bool>() ? "hypervolume (estimated)" : "hypervolume");
  std::string line;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (i > 0) line += fmt::format("{:.1f},{:.1f} ", x.At(xs[i]), y.At(ys[i - 1]));
    line += fmt::format("{:.1f},{:.1f} ", x.At(xs[i]), y.At(ys[i]));
  }
  return svg + fmt::format(
                   "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" "
                   "stroke-width=\"4\"/>\n",
                   line, kBlue);
}

}  // namespace

std::string FrontSvg(const ReportRecords& report) {
  const ReportView view = ViewOf(report);
  const FrontView titles{.study = view.study,
                         .trials = view.trials,
                         .steps = report.with_reports.steps,
                         .front = view.front,
                         .chosen = {}};
  std::string svg = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"180mm\" height=\"80mm\" "
      "viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"{}\" stroke-width=\"2\">\n"
      "<title>study {}: front and hypervolume</title>\n"
      "<rect width=\"{}\" height=\"{}\" fill=\"white\" stroke=\"none\"/>\n",
      kWidth, kHeight, kText, XmlText(view.study.name), kWidth, kHeight);
  if (view.front.points.empty()) {
    const auto failures = FailuresJson(view);
    svg += TextAt(kWidth / 2, kHeight / 2, "no complete and feasible trial",
                  " text-anchor=\"middle\"");
    if (!failures.is_null()) {
      svg += TextAt(kWidth / 2, kHeight / 2 + 2 * kText,
                    fmt::format("{} failed, {}", failures[0]["trials"].get<int>(),
                                failures[0]["class"].get<std::string>()),
                    " text-anchor=\"middle\"");
    }
  } else {
    if (view.study.objectives.size() > 1) svg += FrontPanel(view, titles);
    svg += CoursePanel(view);
    if (view.front.off_scale > 0) {
      svg += TextAt(kLeft, kText, fmt::format("not shown: {} off the scale", view.front.off_scale));
    }
  }
  return svg + "</svg>\n";
}

}  // namespace joulefront
