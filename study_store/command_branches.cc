#include "study_store/command_branches.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/random.h"
#include "study_store/command_words.h"
#include "study_store/configuration_json.h"

namespace joulefront {
namespace {

constexpr int kMostVisited = 5'000;  // in order; where there are more, as many at random

/// Walks through the combinations.
class Walk {
 public:
  explicit Walk(const Study& study) : study_(study), space_(study.space) {
    const Configuration given = study.default_configuration.value_or(Configuration(space_.size()));
    for (std::size_t i = 0; i < space_.size(); ++i) {
      deciding_.push_back(space_.IsParent(i) || DecidesWords(study, i));
      coordinates_.push_back(deciding_[i] ? Candidates(i) : std::vector<double>{});
      if (deciding_[i]) continue;
      const bool number = space_.parameters()[i].choices.empty();
      coordinates_[i].push_back(given[i] ? *given[i] : number ? space_.CoordinateAt(i, 0.5) : 0.0);
    }
  }

  Branches Find(std::size_t most) {
    Configuration configuration(space_.size());
    if (!Visit(0, configuration)) {
      Random random(0, /*stream=*/0xb2a);
      for (int k = 0; k < kMostVisited; ++k) VisitAtRandom(random);
    }
    branches_.shown.insert(branches_.shown.end(), others_.begin(), others_.end());
    branches_.more = branches_.shown.size() > most;
    if (branches_.more) branches_.shown.resize(most);
    return std::move(branches_);
  }

 private:
  /// Every choice; of a number that is a parent its ends, its centre, and both sides of each bound.
  std::vector<double> Candidates(std::size_t i) const {
    const Parameter& parameter = space_.parameters()[i];
    std::vector<double> found;
    if (!parameter.choices.empty()) {
      for (std::size_t k = 0; k < parameter.choices.size(); ++k) {
        found.push_back(static_cast<double>(k));
      }
      return found;
    }
    found = {parameter.low, space_.CoordinateAt(i, 0.5), parameter.high};
    const double step = parameter.step.value_or(parameter.type == ParameterType::kInt ? 1.0 : 0.0);
    const auto add = [&](double value) {
      const auto whole = static_cast<std::int64_t>(std::llround(value));
      const auto coordinate = parameter.type == ParameterType::kInt
                                  ? space_.CoordinateOf(i, Value(whole))
                                  : space_.CoordinateOf(i, Value(value));
      if (coordinate) found.push_back(*coordinate);
    };
    for (const Parameter& child : space_.parameters()) {
      for (const WhenClause& clause : child.when) {
        if (clause.parent != parameter.name) continue;
        for (const Value& value : clause.values) {
          if (const auto coordinate = space_.CoordinateOf(i, value)) found.push_back(*coordinate);
        }
        for (const auto& bound : {clause.min, clause.max}) {
          if (!bound || std::abs(*bound) > 1e15) continue;
          for (const double value : {*bound - step, *bound, *bound + step}) add(value);
        }
      }
    }
    return found;
  }

  /// False once too many have been visited.
  bool Visit(std::size_t i, Configuration& configuration) {
    if (i == space_.size()) return Take(configuration);
    configuration[i].reset();
    if (!space_.IsActive(i, configuration)) return Visit(i + 1, configuration);
    for (const double coordinate : coordinates_[i]) {
      configuration[i] = coordinate;
      if (!Visit(i + 1, configuration)) return false;
    }
    return true;
  }

  void VisitAtRandom(Random& random) {
    Configuration configuration(space_.size());
    for (std::size_t i = 0; i < space_.size(); ++i) {
      if (!space_.IsActive(i, configuration)) continue;
      configuration[i] = coordinates_[i][random.Below(coordinates_[i].size())];
    }
    Take(configuration);
  }

  bool Take(const Configuration& configuration) {
    const auto values = ValueTexts(ConfigurationToJson(space_, configuration));
    std::vector<std::size_t> shape, choices;
    Branch branch{.configuration = configuration, .deciding = {}};
    for (std::size_t i = 0; i < space_.size(); ++i) {
      if (!configuration[i]) continue;
      shape.push_back(i);
      if (!deciding_[i]) continue;
      branch.deciding.push_back(i);
      if (!space_.parameters()[i].choices.empty()) {
        choices.push_back(static_cast<std::size_t>(*configuration[i]));
      }
    }
    shape.push_back(space_.size());  // between parameters and words
    const auto lookup = [&](const std::string& name) -> std::optional<std::string> {
      if (const auto value = values.find(name); value != values.end()) return value->second;
      return space_.IndexOf(name) ? std::nullopt : std::optional<std::string>("0");
    };
    for (const FilledWord& word : FillCommand(study_, lookup)) shape.push_back(word.index);
    if (shapes_.insert(shape).second) {
      seen_.insert({shape, choices});
      branches_.shown.push_back(std::move(branch));
    } else if (seen_.insert({shape, choices}).second) {
      others_.push_back(std::move(branch));
    }
    return ++visited_ < kMostVisited;
  }

  const Study& study_;
  const SearchSpace& space_;
  std::vector<bool> deciding_;                    // by parameter
  std::vector<std::vector<double>> coordinates_;  // by parameter
  std::set<std::vector<std::size_t>> shapes_;
  std::set<std::pair<std::vector<std::size_t>, std::vector<std::size_t>>> seen_;
  Branches branches_;
  std::vector<Branch> others_;
  int visited_ = 0;
};

}  // namespace

Branches BranchesOf(const Study& study, std::size_t most) { return Walk(study).Find(most); }

}  // namespace joulefront
