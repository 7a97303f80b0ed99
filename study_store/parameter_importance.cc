#include "study_store/parameter_importance.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "study_store/comparability.h"
#include "study_store/configuration_json.h"
#include "study_store/evaluation.h"

namespace joulefront {

namespace {

/// Why all shares are 0, and what would tell more; "" if one is not.
std::string WhyNone(const std::vector<ParameterImportance>& parameters,
                    const std::vector<double>& values) {
  const bool any = std::any_of(parameters.begin(), parameters.end(),
                               [](const ParameterImportance& one) { return one.share > 0.0; });
  if (any || parameters.empty()) return "";
  const double best = *std::min_element(values.begin(), values.end());
  const auto ties = std::count(values.begin(), values.end(), best);
  if (ties == std::ssize(values)) {
    return fmt::format("all {} trials have the same value", values.size());
  }
  if (2 * ties > std::ssize(values)) {
    return fmt::format("{} of {} trials tie for the best value: it takes values that differ", ties,
                       values.size());
  }
  return fmt::format(
      "the best tenth of {} trials differs from the others by no more than chance; it takes more "
      "trials that are spread over the space ([search] sampler = \"sobol\" or \"random\"), such as "
      "{} in all, or the outcome is mostly noise",
      values.size(), std::max<std::size_t>(100, 2 * values.size()));
}

}  // namespace

Result<std::vector<ObjectiveImportance>> ImportanceForObjectives(const Study& study,
                                                                 const std::vector<Trial>& trials) {
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (trials[i].state == TrialState::kComplete && Evaluate(study, trials[i].values) &&
        !IsPartial(study, trials[i])) {
      candidates.push_back(i);
    }
  }
  const auto groups = GroupByKey(study, trials, candidates);
  std::vector<Configuration> configurations;
  std::vector<std::vector<double>> values(study.objectives.size());
  for (const std::size_t i : groups.empty() ? std::vector<std::size_t>() : groups.front().trials) {
    auto configuration = ConfigurationFromJson(study.space, trials[i].configuration);
    if (!configuration) return Pass(configuration);
    configurations.push_back(std::move(*configuration));
    const auto evaluation = Evaluate(study, trials[i].values);
    for (std::size_t k = 0; k < values.size(); ++k) {
      values[k].push_back(evaluation->objectives[k]);
    }
  }
  std::vector<ObjectiveImportance> importance;
  for (const auto& of_objective : values) {
    auto parameters = ImportanceOf(study.space, configurations, of_objective, study.seed);
    auto why_none = WhyNone(parameters, of_objective);
    importance.push_back({configurations.size(), std::move(parameters), std::move(why_none)});
  }
  return importance;
}

}  // namespace joulefront
