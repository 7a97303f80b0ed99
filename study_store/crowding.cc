#include "study_store/crowding.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/hypergeometric.hpp>
#include <cmath>
#include <set>

#include "base/units.h"
#include "study_store/configuration_json.h"

namespace joulefront {
namespace {

constexpr double kZone = 0.05;           // of the range, at each bound
constexpr std::size_t kLeastTrials = 4;  // at the bound
constexpr double kChance = 0.05;         // of a false alarm in a study

/// How many trials lie at a bound, of those in which the parameter is active.
struct Share {
  std::size_t at = 0, of = 0;
};

Share ShareAt(const SearchSpace& space, std::size_t i, bool upper,
              const std::vector<Configuration>& configurations) {
  const Parameter& parameter = space.parameters()[i];
  const double bound = upper ? parameter.high : parameter.low;
  Share share;
  for (const Configuration& configuration : configurations) {
    if (!configuration[i]) continue;
    ++share.of;
    const double away = std::abs(space.KeyOf(i, *configuration[i]) - (upper ? 1.0 : 0.0));
    if (*configuration[i] == bound || (!space.Levels(i) && away <= kZone)) ++share.at;
  }
  return share;
}

/// The probability that of `all` trials, `all.at` of them at the bound, a front of `front.of` drawn
/// at random would have as many there.
double ChanceOf(const Share& front, const Share& all) {
  const boost::math::hypergeometric_distribution<double> drawn(static_cast<unsigned>(all.at),
                                                               static_cast<unsigned>(front.of),
                                                               static_cast<unsigned>(all.of));
  return boost::math::cdf(boost::math::complement(drawn, static_cast<unsigned>(front.at) - 1U));
}

}  // namespace

std::vector<CrowdedBound> CrowdedBounds(const Study& study, const std::vector<Trial>& trials,
                                        const Front& front) {
  std::set<TrialNumber> on_front, seen;  // an anytime training may be several points
  for (const FrontPoint& point : front.points) on_front.insert(trials[point.trial].number);
  std::vector<Configuration> of_front, of_all;
  for (const Trial& trial : trials) {
    if (trial.state != TrialState::kComplete || !seen.insert(trial.number).second) continue;
    auto configuration = ConfigurationFromJson(study.space, trial.configuration);
    if (!configuration) continue;
    if (on_front.contains(trial.number)) of_front.push_back(*configuration);
    of_all.push_back(std::move(*configuration));
  }
  std::vector<CrowdedBound> crowded;
  const double tests = 2.0 * static_cast<double>(study.space.size());
  for (std::size_t i = 0; i < study.space.size(); ++i) {
    const Parameter& parameter = study.space.parameters()[i];
    if (!parameter.choices.empty() || study.space.fidelity() == i) continue;
    for (const bool upper : {false, true}) {
      const Share there = ShareAt(study.space, i, upper, of_front);
      if (there.at < kLeastTrials || 2 * there.at < there.of) continue;
      if (ChanceOf(there, ShareAt(study.space, i, upper, of_all)) * tests > kChance) continue;
      crowded.push_back({.parameter = parameter.name,
                         .upper = upper,
                         .bound = upper ? parameter.high : parameter.low,
                         .at = there.at,
                         .of = there.of});
    }
  }
  return crowded;
}

std::string TextOf(const CrowdedBound& crowded) {
  return fmt::format(
      "{} of {} trials of the front have {} at its {} bound {}: better ones may lie beyond it; "
      "where the program allows it, widen {} in [space] {} (run --branch begins with this front)",
      crowded.at, crowded.of, crowded.parameter, crowded.upper ? "upper" : "lower",
      FormatNumber(crowded.bound), crowded.upper ? "high" : "low", crowded.parameter);
}

}  // namespace joulefront
