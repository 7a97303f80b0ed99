#include "study_store/comparability.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace joulefront {
namespace {

constexpr double kSure = 0.95;
constexpr double kNormal95 = 1.96;           // half-widths in deviations
constexpr double kEvenDeviation = 0.288675;  // of an even distribution of width 1
constexpr double kUnseenPower = 3.0;

const EnergyFigure* FigureOf(const Objective& objective, const Trial& trial) {
  if (!objective.phase) return nullptr;
  const PhaseEnergy* phase = FindPhase(trial.energy, *objective.phase);
  return phase != nullptr && phase->figure ? &*phase->figure : nullptr;
}

auto KeyOf(const Provenance& p) {
  return std::tie(p.energy_class, p.source, p.boundary, p.attribution, p.idle_policy, p.host);
}

/// Whose seconds a timed objective's value is: those that were told, or those of a machine.
std::string ClockOf(const Objective& objective, const Trial& trial) {
  if (!objective.timed) return "";
  if (FindPhase(trial.energy, *objective.timed) == nullptr) return "seconds: told";
  const EnergyFigure* total = FindFigure(trial.energy, kTotalPhase);
  return total == nullptr ? "seconds" : "seconds on " + total->provenance.host;
}

bool TrialsShareKey(const Study& study, const Trial& a, const Trial& b) {
  return std::all_of(study.objectives.begin(), study.objectives.end(), [&](const auto& objective) {
    if (ClockOf(objective, a) != ClockOf(objective, b)) return false;
    const EnergyFigure *one = FigureOf(objective, a), *other = FigureOf(objective, b);
    if (one == nullptr || other == nullptr) return one == other;
    return ShareKey(one->provenance, other->provenance);
  });
}

/// The key in words, the same for phases that share it.
void Describe(const Study& study, const Trial& trial, ComparableGroup& group) {
  for (const Objective& objective : study.objectives) {
    if (!objective.phase && !objective.timed) continue;
    const EnergyFigure* figure = FigureOf(objective, trial);
    std::string words = objective.timed ? ClockOf(objective, trial) : "told";
    if (figure != nullptr) {
      const Provenance& p = figure->provenance;
      words = fmt::format("{}: {} of {}, {}, idle {}, on {}", Name(p.energy_class), p.source,
                          p.boundary, p.attribution, p.idle_policy, p.host);
      group.weakest = std::max(group.weakest, p.energy_class);
    }
    if (group.key.find(words) == std::string::npos) {
      group.key += (group.key.empty() ? "" : "; ") + words;
    }
  }
  if (group.partial) group.key += " (partial: not all of the time was seen)";
}

double NormalProbability(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

}  // namespace

bool ShareKey(const Provenance& a, const Provenance& b) { return KeyOf(a) == KeyOf(b); }

bool IsPartial(const Study& study, const Trial& trial) {
  return std::any_of(study.objectives.begin(), study.objectives.end(), [&](const auto& objective) {
    const EnergyFigure* figure = FigureOf(objective, trial);
    return figure != nullptr && figure->coverage < kWholeCoverage;
  });
}

std::vector<ComparableGroup> GroupByKey(const Study& study, const std::vector<Trial>& trials,
                                        const std::vector<std::size_t>& candidates) {
  std::vector<ComparableGroup> groups;
  for (const std::size_t i : candidates) {
    const bool partial = IsPartial(study, trials[i]);
    auto group = std::find_if(groups.begin(), groups.end(), [&](const ComparableGroup& g) {
      return g.partial == partial && TrialsShareKey(study, trials[g.trials.front()], trials[i]);
    });
    if (group == groups.end()) {
      ComparableGroup fresh;
      fresh.partial = partial;
      Describe(study, trials[i], fresh);
      group = groups.insert(group, std::move(fresh));
    }
    group->trials.push_back(i);
  }
  std::sort(groups.begin(), groups.end(), [](const ComparableGroup& a, const ComparableGroup& b) {
    const auto rank = [](const ComparableGroup& g) {
      return std::tuple(g.partial, -static_cast<std::ptrdiff_t>(g.trials.size()), g.weakest, g.key);
    };
    return rank(a) < rank(b);
  });
  return groups;
}

UncertainValue ValueWithError(const Objective& objective, const Trial& trial, bool across_keys) {
  UncertainValue value{trial.values.at(objective.name), 0.0};
  const EnergyFigure* figure = FigureOf(objective, trial);
  if (figure == nullptr) return value;
  const double common = across_keys ? figure->provenance.common_uncertainty : 0.0;
  value.deviation =
      std::abs(value.mean) * std::hypot(CountedUncertainty(*figure), common) / kNormal95;
  if (figure->coverage < kWholeCoverage) {
    const double unseen = value.mean * (1.0 / figure->coverage - 1.0) * kUnseenPower;
    value.mean += unseen / 2.0;
    value.deviation = std::hypot(value.deviation, unseen * kEvenDeviation);
  }
  return value;
}

bool SurelyDominates(const std::vector<UncertainValue>& a, const std::vector<UncertainValue>& b) {
  double probability = 1.0;
  bool better = false;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double gain = b[k].mean - a[k].mean;
    const double deviation = std::hypot(a[k].deviation, b[k].deviation);
    better = better || gain > 0.0;
    if (deviation > 0.0) {
      probability *= NormalProbability(gain / deviation);
    } else if (gain < 0.0) {
      return false;
    }
  }
  return better && probability >= kSure;
}

}  // namespace joulefront
