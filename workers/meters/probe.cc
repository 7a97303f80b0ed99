#include "workers/meters/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/lines.h"
#include "workers/meters/accumulator.h"
#include "workers/meters/powercap_source.h"

namespace joulefront {
namespace {

constexpr Seconds kFastTime{2.0};
constexpr Seconds kFastStep{0.001};
constexpr Seconds kStep{1.0};
// A figure over less of the time than this is none.
constexpr double kLeastCoverage = 0.9;
constexpr std::size_t kLeastLevels = 6;
constexpr Seconds kShortestLevel{60.0};
// A fit of few levels may meet those held out by chance: wall meters are known to a percent.
constexpr double kLeastResidual = 0.01;

/// The median time between two changes of what each source shows; 0 where nothing moved.
std::vector<Seconds> UpdatePeriods(const EnergySources& sources, const ProbeClock& clock) {
  struct Watch {
    RawReading last;
    std::optional<Seconds> changed;
    std::vector<double> spans;
  };
  std::vector<Watch> watches(sources.size());
  const Seconds begin = clock.now();
  for (Seconds now = begin; now - begin < kFastTime; now = clock.now()) {
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const RawReading reading = sources[i]->Read();
      Watch& watch = watches[i];
      if (reading == watch.last) continue;
      if (watch.changed) watch.spans.push_back((now - *watch.changed).value());
      watch.changed = now;
      watch.last = reading;
    }
    clock.sleep(kFastStep);
  }
  std::vector<Seconds> periods;
  for (Watch& watch : watches) {
    if (watch.spans.size() < 2) {
      periods.emplace_back(0.0);
      continue;
    }
    const auto middle = watch.spans.begin() + static_cast<std::ptrdiff_t>(watch.spans.size() / 2);
    std::nth_element(watch.spans.begin(), middle, watch.spans.end());
    periods.emplace_back(*middle);
  }
  return periods;
}

/// Mean and coefficient of variation of the powers of a domain's credits.
struct Powers {
  Joules joules;
  Seconds covered;
  double sum = 0.0, squares = 0.0;
  std::size_t count = 0;

  void Add(const Credit& credit) {
    const Seconds time = credit.end - credit.begin;
    if (time <= Seconds(0)) return;
    const Joules used(static_cast<double>(credit.microjoules) * 1e-6);
    joules += used;
    covered += time;
    const double power = (used / time).value();
    sum += power;
    squares += power * power;
    ++count;
  }
  double Variation() const {
    if (count < 2 || sum <= 0.0) return 0.0;
    const double n = static_cast<double>(count), mean = sum / n;
    return std::sqrt(std::max(0.0, (squares - n * mean * mean) / (n - 1.0))) / mean;
  }
};

std::vector<CrossCheck> Compare(const std::vector<ProbedDomain>& domains) {
  struct Sum {
    std::string source;
    Boundary boundary;
    Joules joules;
    bool whole = true;
  };
  std::vector<Sum> sums;
  for (const ProbedDomain& probed : domains) {
    auto sum = std::find_if(sums.begin(), sums.end(), [&](const Sum& s) {
      return s.source == probed.domain.source && s.boundary == probed.domain.boundary;
    });
    if (sum == sums.end()) {
      sum = sums.insert(sum, {probed.domain.source, probed.domain.boundary, Joules(0)});
    }
    sum->joules += probed.joules;
    sum->whole = sum->whole && probed.idle.has_value();
  }
  std::vector<CrossCheck> checks;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    for (std::size_t j = i + 1; j < sums.size(); ++j) {
      if (sums[i].boundary != sums[j].boundary || !sums[i].whole || !sums[j].whole) continue;
      if (sums[j].joules <= Joules(0)) continue;
      checks.push_back(
          {sums[i].source, sums[j].source, sums[i].boundary, sums[i].joules / sums[j].joules});
    }
  }
  return checks;
}

/// Watches every two packages of a source for being one counter (MirrorCheck).
class MirrorWatch {
 public:
  explicit MirrorWatch(const EnergySources& sources) {
    const auto is_package = [&](std::size_t i) {
      return sources[i]->domain().boundary == Boundary::kPackage;
    };
    for (std::size_t i = 0; i < sources.size(); ++i) {
      for (std::size_t j = i + 1; j < sources.size(); ++j) {
        const bool same = sources[i]->domain().source == sources[j]->domain().source;
        if (same && is_package(i) && is_package(j)) pairs_.push_back({i, j, {}});
      }
    }
  }

  void Take(Seconds now, const std::vector<RawReading>& readings) {
    for (Pair& pair : pairs_) {
      const auto &a = readings[pair.first].microjoules, &b = readings[pair.second].microjoules;
      if (a && b) pair.check.Take(now, *a, *b);
    }
  }

  std::vector<std::pair<std::string, std::string>> Found(const EnergySources& sources) const {
    std::vector<std::pair<std::string, std::string>> found;
    for (const Pair& pair : pairs_) {
      if (pair.check.AreOne() != true) continue;
      found.emplace_back(sources[pair.first]->domain().name, sources[pair.second]->domain().name);
    }
    return found;
  }

 private:
  struct Pair {
    std::size_t first, second;
    MirrorCheck check;
  };
  std::vector<Pair> pairs_;
};

struct Line {
  double offset = 0.0, slope = 0.0;
};

/// Ordinary least squares of y on x.
Line FitLine(const std::vector<std::pair<double, double>>& points) {
  double x = 0.0, y = 0.0;
  for (const auto& [px, py] : points) {
    x += px;
    y += py;
  }
  const double n = static_cast<double>(points.size());
  x /= n;
  y /= n;
  double xx = 0.0, xy = 0.0;
  for (const auto& [px, py] : points) {
    xx += (px - x) * (px - x);
    xy += (px - x) * (py - y);
  }
  const double slope = xy / xx;
  return {y - slope * x, slope};
}

}  // namespace

ProbeReport Probe(const EnergySources& sources, Seconds duration, const ProbeClock& clock) {
  const std::vector<Seconds> periods = UpdatePeriods(sources, clock);
  std::vector<Accumulator> accumulators;
  std::vector<Powers> powers(sources.size());
  MirrorWatch mirrors(sources);
  const Seconds begin = clock.now();
  for (const auto& source : sources) {
    accumulators.emplace_back(source->domain(), begin, source->Read());
  }
  Seconds now = begin;
  while (now - begin < duration) {
    clock.sleep(kStep);
    now = clock.now();
    std::vector<RawReading> readings;
    for (const auto& source : sources) readings.push_back(source->Read());
    mirrors.Take(now, readings);
    for (std::size_t i = 0; i < sources.size(); ++i) {
      for (const Credit& credit : accumulators[i].Take(now, readings[i], true)) {
        powers[i].Add(credit);
      }
    }
  }
  ProbeReport report;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    ProbedDomain probed{sources[i]->domain(), std::nullopt, powers[i].joules, powers[i].covered};
    if (powers[i].covered / (now - begin) >= kLeastCoverage) {
      probed.idle = IdleBaseline{powers[i].joules / powers[i].covered, powers[i].Variation(),
                                 powers[i].covered, periods[i]};
    }
    report.domains.push_back(std::move(probed));
  }
  report.mirrors = mirrors.Found(sources);
  report.checks = Compare(report.domains);
  return report;
}

Result<Calibration> FitCalibration(std::vector<WallReading> readings, const std::string& id) {
  if (readings.size() < kLeastLevels) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("a calibration takes {} load levels or more, from idle to full load; "
                            "there are {}",
                            kLeastLevels, readings.size()));
  }
  std::vector<std::pair<double, double>> powers;
  for (const WallReading& r : readings) {
    if (r.time < kShortestLevel) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("a load level of {:.4g} s is too short: plugs count slowly, so each "
                              "takes {:.0f} s at least, better 15 minutes",
                              r.time.value(), kShortestLevel.value()));
    }
    powers.emplace_back((r.tool / r.time).value(), (r.wall / r.time).value());
  }
  std::sort(powers.begin(), powers.end());
  if (powers.back().first < 1.1 * powers.front().first) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the load levels lie between {:.4g} W and {:.4g} W by the tool: too "
                            "near each other to fit a line; let them reach from idle to full load",
                            powers.front().first, powers.back().first));
  }
  std::vector<std::pair<double, double>> fitted, held_out;
  for (std::size_t i = 0; i < powers.size(); ++i) {
    (i % 2 == 0 ? fitted : held_out).push_back(powers[i]);
  }
  const Line line = FitLine(fitted);
  Calibration fit{id, Watts(line.offset), line.slope};
  if (!IsPlausible(fit)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the fit is wall = {:.4g} W + {:.4g} x tool, which no machine has (the "
                            "wall sees at least what the tool sees); check that the readings are "
                            "of the same time, in joules",
                            line.offset, line.slope));
  }
  double squares = 0.0;
  for (const auto& [tool, wall] : held_out) {
    const double error = (line.offset + line.slope * tool) / wall - 1.0;
    squares += error * error;
  }
  fit.residual =
      std::max(kLeastResidual, 1.96 * std::sqrt(squares / static_cast<double>(held_out.size())));
  return fit;
}

Result<std::vector<WallReading>> ParseWallReadings(std::string_view csv) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // spreadsheets begin with it
  if (csv.starts_with(kByteOrderMark)) csv.remove_prefix(kByteOrderMark.size());
  std::vector<WallReading> readings;
  std::size_t number = 0;
  while (!csv.empty()) {
    const std::string_view line = TakeLine(csv);
    if (++number == 1 && line == "seconds,tool_joules,wall_joules") continue;
    if (line.empty()) continue;
    double fields[3] = {};
    bool good = number > 1;  // the first line names the columns
    const char* at = line.data();
    const char* const stop = line.data() + line.size();
    for (int i = 0; good && i < 3; ++i) {
      const auto [next, error] = std::from_chars(at, stop, fields[i]);
      good = error == std::errc{} && std::isfinite(fields[i]) && fields[i] > 0.0 &&
             (i < 2 ? next != stop && *next == ',' : next == stop);
      at = next + 1;
    }
    if (!good) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("line {}: '{}': a calibration file begins with the line "
                              "seconds,tool_joules,wall_joules and holds three positive numbers a "
                              "line",
                              number, line.substr(0, 80)));
    }
    readings.push_back({Seconds(fields[0]), Joules(fields[1]), Joules(fields[2])});
  }
  return readings;
}

}  // namespace joulefront
