#include "study_store/parameter_importance.h"

#include "study_store/comparability.h"
#include "study_store/configuration_json.h"
#include "study_store/evaluation.h"

namespace joulefront {

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
    importance.push_back({configurations.size(),
                          ImportanceOf(study.space, configurations, of_objective, study.seed)});
  }
  return importance;
}

}  // namespace joulefront
