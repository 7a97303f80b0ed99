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

void History::Evaluate(std::size_t number, Evaluation evaluation) {
  JF_CHECK(number < entries_.size());
  JF_CHECK(evaluation.objectives.size() == objectives_);
  JF_CHECK(std::all_of(evaluation.objectives.begin(), evaluation.objectives.end(),
                       [](double value) { return std::isfinite(value); }));
  JF_CHECK(evaluation.violation >= 0.0);
  HistoryEntry& entry = entries_[number];
  if (entry.state != EntryState::kEvaluated) ++evaluated_;
  entry.state = EntryState::kEvaluated;
  entry.evaluation = std::move(evaluation);
}

void History::Fail(std::size_t number) {
  JF_CHECK(number < entries_.size());
  HistoryEntry& entry = entries_[number];
  if (entry.state == EntryState::kEvaluated) --evaluated_;
  entry.state = EntryState::kFailed;
  entry.evaluation = {};
}

bool History::Contains(const Configuration& configuration) const {
  const auto [first, last] = by_hash_.equal_range(Hash(configuration));
  return std::any_of(first, last, [&](const auto& hashed) {
    return entries_[hashed.second].configuration == configuration;
  });
}

}  // namespace joulefront
