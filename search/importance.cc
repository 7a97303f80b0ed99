#include "search/importance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/random.h"

namespace joulefront {
namespace {

constexpr std::size_t kBestPart = 10;  // one trial in so many is among the best
constexpr std::size_t kCells = 50;     // of the key of a continuous parameter
constexpr std::size_t kDraws = 100;    // of outcomes dealt out at random
// Of keys that are spread evenly; times n^(-1/5) it is Scott's width of a kernel.
const double kEvenDeviation = 1.0 / std::sqrt(12.0);
constexpr double kChance = 0.95;  // of the draws must stay below what is clear

/// One parameter as a distribution over cells: which cell each trial is in.
class Cells {
 public:
  Cells(const SearchSpace& space, std::size_t parameter,
        const std::vector<Configuration>& configurations)
      : of_trial_(configurations.size(), kInactive) {
    const auto levels = space.Levels(parameter);
    smooth_ = space.parameters()[parameter].type != ParameterType::kCategorical;
    count_ = levels && *levels <= kCells ? *levels : kCells;
    for (std::size_t i = 0; i < configurations.size(); ++i) {
      const auto& coordinate = configurations[i][parameter];
      if (!coordinate) continue;
      const double key = space.KeyOf(parameter, *coordinate);
      of_trial_[i] =
          std::min(count_ - 1, static_cast<std::size_t>(key * static_cast<double>(count_)));
      ++active_;
    }
  }

  std::size_t active() const { return active_; }

  /// How many of the trials are in each cell.
  std::vector<double> Count(const std::vector<std::size_t>& trials, std::size_t& active) const {
    std::vector<double> counts(count_, 0.0);
    active = 0;
    for (const std::size_t i : trials) {
      if (of_trial_[i] == kInactive) continue;
      counts[of_trial_[i]] += 1.0;
      ++active;
    }
    return counts;
  }

  /// A density from counts: Gaussian kernels of Scott's width on what is ordered, and one trial
  /// spread over all cells, so that none is impossible.
  std::vector<double> Density(const std::vector<double>& counts, std::size_t active) const {
    std::vector<double> density(count_, 1.0 / static_cast<double>(count_));
    for (std::size_t from = 0; from < count_; ++from) {
      if (counts[from] == 0.0) continue;
      const auto kernel = Kernel(from, active);
      for (std::size_t to = 0; to < count_; ++to) density[to] += counts[from] * kernel[to];
    }
    for (double& d : density) d /= static_cast<double>(active) + 1.0;
    return density;
  }

 private:
  static constexpr std::size_t kInactive = ~std::size_t{0};

  /// What one trial in cell `from` says of every cell; sums to 1.
  std::vector<double> Kernel(std::size_t from, std::size_t active) const {
    std::vector<double> kernel(count_, 0.0);
    const double width = smooth_ ? static_cast<double>(count_) * kEvenDeviation *
                                       std::pow(static_cast<double>(active), -0.2)
                                 : 0.0;
    if (width < 0.5) {
      kernel[from] = 1.0;
      return kernel;
    }
    double sum = 0.0;
    for (std::size_t to = 0; to < count_; ++to) {
      const double distance = (static_cast<double>(to) - static_cast<double>(from)) / width;
      sum += kernel[to] = std::exp(-0.5 * distance * distance);
    }
    for (double& k : kernel) k /= sum;
    return kernel;
  }

  std::vector<std::size_t> of_trial_;
  std::size_t count_ = 0, active_ = 0;
  bool smooth_ = true;
};

/// The Pearson divergence of the best trials' density from that of all, by the share of trials in
/// which the parameter is active.
class Divergence {
 public:
  Divergence(const Cells& cells, std::size_t trials) : cells_(cells) {
    std::vector<std::size_t> all(trials);
    std::iota(all.begin(), all.end(), 0);
    std::size_t active = 0;
    const auto counts = cells.Count(all, active);
    of_all_ = cells.Density(counts, active);
    share_ = static_cast<double>(active) / static_cast<double>(trials);
  }

  double operator()(const std::vector<std::size_t>& best) const {
    std::size_t active = 0;
    const auto counts = cells_.Count(best, active);
    if (active == 0) return 0.0;
    const auto of_best = cells_.Density(counts, active);
    double divergence = 0.0;
    for (std::size_t c = 0; c < of_all_.size(); ++c) {
      const double excess = of_best[c] / of_all_[c] - 1.0;
      divergence += of_all_[c] * excess * excess;
    }
    return share_ * divergence;
  }

 private:
  const Cells& cells_;
  std::vector<double> of_all_;
  double share_ = 0.0;
};

/// The trials whose values are at most the count-th lowest: more than `count` where some are equal.
std::vector<std::size_t> Lowest(const std::vector<double>& values, std::size_t count) {
  std::vector<double> sorted = values;
  const auto last = sorted.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(sorted.begin(), last, sorted.end());
  std::vector<std::size_t> lowest;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] <= *last) lowest.push_back(i);
  }
  return lowest;
}

/// `count` of n trials at random, without repetition.
std::vector<std::size_t> Draw(std::size_t n, std::size_t count, Random& random) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = 0; i < count; ++i) std::swap(order[i], order[i + random.Below(n - i)]);
  order.resize(count);
  return order;
}

}  // namespace

std::vector<ParameterImportance> ImportanceOf(const SearchSpace& space,
                                              const std::vector<Configuration>& configurations,
                                              const std::vector<double>& values,
                                              std::uint64_t seed) {
  JF_CHECK(configurations.size() == values.size());
  const std::size_t n = values.size();
  if (n < kLeastForImportance) return {};
  const auto best = Lowest(values, std::max<std::size_t>(5, n / kBestPart));
  Random random(seed, /*stream=*/0x1a90);
  std::vector<std::vector<std::size_t>> draws;
  for (std::size_t d = 0; d < kDraws; ++d) draws.push_back(Draw(n, best.size(), random));

  std::vector<ParameterImportance> importances(space.size());
  double sum = 0.0;
  for (std::size_t p = 0; p < space.size(); ++p) {
    const Cells cells(space, p, configurations);
    if (cells.active() == 0) continue;
    const Divergence divergence(cells, n);
    std::vector<double> by_chance;
    for (const auto& draw : draws) by_chance.push_back(divergence(draw));
    std::sort(by_chance.begin(), by_chance.end());
    const double found = divergence(best);
    const double mean = std::accumulate(by_chance.begin(), by_chance.end(), 0.0) / kDraws;
    importances[p].share = std::max(0.0, found - mean);
    importances[p].clear = found > by_chance[static_cast<std::size_t>(kChance * kDraws)];
    sum += importances[p].share;
  }
  if (sum > 0.0) {
    for (auto& importance : importances) importance.share /= sum;
  }
  return importances;
}

}  // namespace joulefront
