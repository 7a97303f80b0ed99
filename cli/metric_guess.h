// Finds numbers that look like metrics in what a training prints: "val_loss: 0.31", "Accuracy 93
// %",
// {"test_f1": 0.8}. What is found are guesses, for a person to check.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "study_store/study.h"

namespace joulefront {

/// Whether more or less of a value of this name is better, by the words in it ("val_loss": less).
/// Empty where it has no word that is known.
std::optional<Direction> DirectionOf(std::string_view name);

/// How good an objective a value of this name makes: what is measured on data that was not trained
/// on goes first, and what is counted before what is only descended on.
int RankOf(std::string_view name);

struct FoundMetric {
  std::string name;     // as an objective: "test_loss"
  std::string pattern;  // for [trainer.metrics]
  std::string excerpt;  // of the last line that it was found in: "loss: 0.31"
  Direction direction = Direction::kMinimize;
  std::size_t line = 0;  // of the last one
};

class MetricFinder {
 public:
  void TakeLine(std::string_view line);

  /// What was found, the best objective first; of equal ones that which was printed last.
  std::vector<FoundMetric> Found() const;

 private:
  void TakeState(std::string_view line);

  std::vector<FoundMetric> found_;  // in the order of their first appearance
  std::size_t lines_ = 0;
};

}  // namespace joulefront
