#include "objectives/preparation.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace joulefront::objectives {
namespace {

/// SplitMix64. Not <random>: the distributions there differ between standard libraries, and trials
/// on two machines must be judged on the same validation rows.
std::uint64_t NextRandom(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace

Split SplitStratified(const Table& table, std::span<const std::size_t> rows, double fraction,
                      std::size_t at_least, std::uint64_t seed) {
  std::vector<std::vector<std::size_t>> by_class(table.classes.size());
  for (const std::size_t row : rows) {
    by_class[static_cast<std::size_t>(table.labels[row])].push_back(row);
  }
  Split split;
  for (auto& members : by_class) {
    for (std::size_t i = members.size(); i > 1; --i) {
      std::swap(members[i - 1], members[NextRandom(seed) % i]);
    }
    const auto share =
        static_cast<std::size_t>(std::llround(fraction * static_cast<double>(members.size())));
    const auto middle = members.begin() + static_cast<std::ptrdiff_t>(
                                              std::min(std::max(share, at_least), members.size()));
    split.taken.insert(split.taken.end(), members.begin(), middle);
    split.rest.insert(split.rest.end(), middle, members.end());
  }
  std::sort(split.taken.begin(), split.taken.end());
  std::sort(split.rest.begin(), split.rest.end());
  return split;
}

Standardisation FitStandardisation(const Table& table, std::span<const std::size_t> rows) {
  const std::size_t columns = table.columns.size();
  const auto count = static_cast<double>(rows.size());
  Standardisation fitted{std::vector<double>(columns, 0.0), std::vector<double>(columns, 0.0)};
  for (const std::size_t row : rows) {
    for (std::size_t j = 0; j < columns; ++j) {
      fitted.mean[j] += table.features[row * columns + j] / count;
    }
  }
  // A second pass: the sum of squares less the square of the sum cancels for columns far from 0.
  for (const std::size_t row : rows) {
    for (std::size_t j = 0; j < columns; ++j) {
      const double difference = table.features[row * columns + j] - fitted.mean[j];
      fitted.factor[j] += difference * difference / count;
    }
  }
  for (std::size_t j = 0; j < columns; ++j) {
    // A constant column's variance is the rounding of its mean, not always exactly 0.
    const double deviation = std::sqrt(fitted.factor[j]);
    fitted.factor[j] = deviation > 1e-9 * std::abs(fitted.mean[j]) ? 1.0 / deviation : 1.0;
  }
  return fitted;
}

std::vector<float> Standardise(const Standardisation& standardisation, const Table& table,
                               std::span<const std::size_t> rows) {
  const std::size_t columns = table.columns.size();
  std::vector<float> values;
  values.reserve(rows.size() * columns);
  for (const std::size_t row : rows) {
    for (std::size_t j = 0; j < columns; ++j) {
      values.push_back(
          static_cast<float>((table.features[row * columns + j] - standardisation.mean[j]) *
                             standardisation.factor[j]));
    }
  }
  return values;
}

}  // namespace joulefront::objectives
