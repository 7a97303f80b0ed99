#include "search/history.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace joulefront {

void History::Add(Configuration configuration) {
  by_hash_.emplace(Hash(configuration), entries_.size());
  entries_.push_back({std::move(configuration), EntryState::kPending, {}});
}

void History::Evaluate(std::size_t number, Evaluation evaluation, Spending spending,
                       std::vector<CurvePoint> curve) {
  JF_CHECK(number < entries_.size());
  JF_CHECK(evaluation.objectives.size() == objectives_);
  JF_CHECK(std::all_of(evaluation.objectives.begin(), evaluation.objectives.end(),
                       [](double value) { return std::isfinite(value); }));
  JF_CHECK(evaluation.violation >= 0.0);
  HistoryEntry& entry = entries_[number];
  const bool is_new = entry.state != EntryState::kEvaluated;
  const bool is_changed = !(entry.evaluation == evaluation);
  entry.state = EntryState::kEvaluated;
  entry.evaluation = std::move(evaluation);
  entry.failure.reset();
  entry.spending = spending;
  entry.curve = std::move(curve);
  if (is_new) {
    ++evaluated_;
    ranking_.Add(number, entry.evaluation.objectives, entry.evaluation.violation);
  } else if (is_changed) {
    RankAnew();
  }
}

void History::Replicate(std::size_t number, std::vector<double> objectives) {
  JF_CHECK(number < entries_.size() && entries_[number].state == EntryState::kEvaluated);
  JF_CHECK(objectives.size() == objectives_);
  entries_[number].replicates.push_back(std::move(objectives));
}

void History::Fail(std::size_t number, std::optional<int> failure, Spending spending) {
  JF_CHECK(number < entries_.size());
  HistoryEntry& entry = entries_[number];
  const bool was_evaluated = entry.state == EntryState::kEvaluated;
  entry.state = EntryState::kFailed;
  entry.evaluation = {};
  entry.failure = failure;
  entry.spending = spending;
  entry.curve.clear();
  if (was_evaluated) {
    --evaluated_;
    RankAnew();
  }
}

// In lexicographic order, in which nothing dominates what is there already: no front is moved.
void History::RankAnew() {
  std::vector<std::size_t> numbers;
  for (std::size_t number = 0; number < entries_.size(); ++number) {
    if (entries_[number].state == EntryState::kEvaluated) numbers.push_back(number);
  }
  const auto evaluation = [&](std::size_t number) -> const Evaluation& {
    return entries_[number].evaluation;
  };
  std::stable_sort(numbers.begin(), numbers.end(), [&](std::size_t a, std::size_t b) {
    return evaluation(a).objectives < evaluation(b).objectives;
  });
  ranking_ = Ranking(objectives_);
  for (const std::size_t number : numbers) {
    ranking_.Add(number, evaluation(number).objectives, evaluation(number).violation);
  }
}

bool History::Contains(const Configuration& configuration) const {
  const auto [first, last] = by_hash_.equal_range(Hash(configuration));
  return std::any_of(first, last, [&](const auto& hashed) {
    return entries_[hashed.second].configuration == configuration;
  });
}

}  // namespace joulefront
