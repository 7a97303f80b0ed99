#include "search/stopping.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <utility>

#include "search/contributions.h"

namespace joulefront {
namespace {

/// Value k of a training that had come as far as `step` and went on. Empty if there is none.
std::optional<double> ValueAt(const FinishedCurve& curve, double step, std::size_t k) {
  std::optional<double> value;
  for (const CurveStep& point : curve.steps) {
    if (point.step > step) return value;
    if (point.values[k]) value = point.values[k];
  }
  return std::nullopt;  // it ended here
}

FinalForecast FromSamples(const std::vector<std::pair<double, double>>& samples, double now,
                          double confidence) {
  const bool ratios = now > 0.0 && std::all_of(samples.begin(), samples.end(), [](const auto& s) {
                        return s.first > 0.0 && s.second > 0.0;
                      });
  const auto n = static_cast<double>(samples.size());
  double sum = 0.0, squares = 0.0;
  const auto change = [&](const auto& sample) {
    return ratios ? std::log(sample.second / sample.first) : sample.second - sample.first;
  };
  for (const auto& sample : samples) sum += change(sample);
  const double mean = sum / n;
  for (const auto& sample : samples) squares += std::pow(change(sample) - mean, 2);
  const double deviation = std::sqrt(squares / (n - 1.0) * (1.0 + 1.0 / n));
  const boost::math::students_t student(n - 1.0);
  const double least = mean - boost::math::quantile(student, confidence) * deviation;
  if (ratios) return {now * std::exp(mean), now * std::exp(least)};
  return {now + mean, now + least};
}

FinalForecast FromEnds(FinishedCurves finished, std::size_t k) {
  FinalForecast forecast{0.0, finished.front()->final_values[k]};
  for (const FinishedCurve* curve : finished) {
    forecast.expected += curve->final_values[k] / static_cast<double>(finished.size());
    forecast.best = std::min(forecast.best, curve->final_values[k]);
  }
  return forecast;
}

}  // namespace

std::optional<std::vector<FinalForecast>> ForetellEnd(FinishedCurves finished, const CurveStep& now,
                                                      const std::vector<bool>& grows,
                                                      double confidence) {
  if (finished.size() < kFewestCurves) return std::nullopt;
  std::vector<FinalForecast> forecast;
  bool any = false;
  for (std::size_t k = 0; k < now.values.size(); ++k) {
    if (!now.values[k]) {
      forecast.push_back(FromEnds(finished, k));
      continue;
    }
    std::vector<std::pair<double, double>> samples;
    for (const FinishedCurve* curve : finished) {
      const auto then = ValueAt(*curve, now.step, k);
      if (then) samples.emplace_back(*then, curve->final_values[k]);
    }
    if (samples.size() < kFewestCurves) return std::nullopt;
    forecast.push_back(FromSamples(samples, *now.values[k], confidence));
    if (grows[k]) {
      forecast[k].best = std::max(forecast[k].best, *now.values[k]);
      forecast[k].expected = std::max(forecast[k].expected, *now.values[k]);
    }
    any = true;
  }
  if (!any) return std::nullopt;
  return forecast;
}

std::optional<std::size_t> DominatorOf(FinishedCurves finished,
                                       std::span<const FinalForecast> forecast) {
  std::vector<double> best;
  for (const FinalForecast& end : forecast) best.push_back(end.best);
  for (std::size_t i = 0; i < finished.size(); ++i) {
    if (finished[i]->feasible && Dominates(finished[i]->final_values, best)) return i;
  }
  return std::nullopt;
}

bool StaysAtRung(Points points, std::size_t own, double factor) {
  const auto n = static_cast<double>(points.size());
  if (n < factor) return true;
  const auto kept = static_cast<std::size_t>(std::max(1.0, std::floor(n / factor)));
  const std::vector<std::uint32_t> ranks = NonDominatedRanks(points);
  std::size_t before = 0, place = 0;
  std::vector<double> peers;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (ranks[i] < ranks[own]) ++before;
    if (ranks[i] != ranks[own]) continue;
    if (i == own) place = peers.size() / points.dimension;
    peers.insert(peers.end(), points[i].begin(), points[i].end());
  }
  const Points rank{peers, points.dimension};
  if (before + rank.size() <= kept) return true;
  std::vector<double> reference(points.dimension);
  for (std::size_t k = 0; k < points.dimension; ++k) {
    double low = rank[0][k], high = rank[0][k];
    for (std::size_t i = 0; i < rank.size(); ++i) {
      low = std::min(low, rank[i][k]);
      high = std::max(high, rank[i][k]);
    }
    reference[k] = high > low ? high + 0.1 * (high - low) : high + 1.0;
  }
  const std::vector<double> added = HypervolumeContributions(rank, reference);
  const auto better = static_cast<std::size_t>(std::count_if(
      added.begin(), added.end(), [&](double volume) { return volume > added[place]; }));
  return before + better < kept;
}

}  // namespace joulefront
