#include "objectives/preparation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "objectives/bad_input.h"

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

void RequireTable(const Dataset& data) {
  if (data.shape.size() != 1) throw BadInput("features are chosen of tables alone, not of images");
}

/// How the numbers of an example share means: number i belongs to group (i / inner) % count.
struct Groups {
  std::size_t count, inner;
};

Groups GroupsOf(const Dataset& data) {
  if (data.shape.size() == 3) {
    return {static_cast<std::size_t>(data.shape[0]),
            static_cast<std::size_t>(data.shape[1] * data.shape[2])};
  }
  return {static_cast<std::size_t>(data.shape.back()), 1};
}

/// For each of `rows`, the bin of one feature: 0 for a missing value, else 1 to `bins`, each with
/// about as many rows; equal values share a bin.
std::vector<std::size_t> BinsOf(const std::vector<float>& values, std::size_t bins) {
  std::vector<float> sorted;
  for (const float value : values) {
    if (!std::isnan(value)) sorted.push_back(value);
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::size_t> of;
  for (const float value : values) {
    if (std::isnan(value)) {
      of.push_back(0);
      continue;
    }
    const auto below = std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
    of.push_back(1 + static_cast<std::size_t>(below) * bins / sorted.size());
  }
  return of;
}

double MutualInformation(const std::vector<float>& values,
                         const std::vector<std::int64_t>& labels) {
  std::map<std::pair<std::size_t, std::int64_t>, double> both;
  std::map<std::size_t, double> of_bin;
  std::map<std::int64_t, double> of_class;
  const std::vector<std::size_t> bins = BinsOf(values, 10);
  const double share = 1.0 / static_cast<double>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    both[{bins[i], labels[i]}] += share;
    of_bin[bins[i]] += share;
    of_class[labels[i]] += share;
  }
  double information = 0.0;
  for (const auto& [key, p] : both) {
    information += p * std::log(p / (of_bin[key.first] * of_class[key.second]));
  }
  return information;
}

/// Of the values brought to [0, 1]; missing ones left out.
double RelativeVariance(const std::vector<float>& values) {
  double low = std::numeric_limits<double>::infinity(), high = -low, sum = 0.0, squares = 0.0,
         n = 0.0;
  for (const float value : values) {
    if (std::isnan(value)) continue;
    low = std::min<double>(low, value);
    high = std::max<double>(high, value);
  }
  if (!(high > low)) return 0.0;
  for (const float value : values) {
    if (std::isnan(value)) continue;
    const double scaled = (value - low) / (high - low);
    sum += scaled;
    squares += scaled * scaled;
    n += 1.0;
  }
  return squares / n - (sum / n) * (sum / n);
}

}  // namespace

Split SplitStratified(const Dataset& data, std::span<const std::size_t> rows, double fraction,
                      std::size_t at_least, std::uint64_t seed) {
  std::vector<std::vector<std::size_t>> by_class(data.classes.size());
  for (const std::size_t row : rows) {
    by_class[static_cast<std::size_t>(data.labels[row])].push_back(row);
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

void Reshape(Dataset& data, const std::vector<std::int64_t>& shape) {
  const std::size_t before = data.width();
  data.shape = shape;
  if (data.width() != before) {
    throw BadInput("--shape: examples of " + std::to_string(before) +
                   " numbers cannot take a shape of " + std::to_string(data.width()));
  }
}

Dataset Downscale(const Dataset& data, std::int64_t factor) {
  if (data.shape.size() != 3) throw BadInput("downscale: there are no images to make smaller");
  const std::int64_t channels = data.shape[0], height = data.shape[1], width = data.shape[2];
  const std::int64_t rows = height / factor, columns = width / factor;
  if (rows < 1 || columns < 1) {
    throw BadInput("downscale: nothing would be left of images of " + std::to_string(height) +
                   " x " + std::to_string(width) + " at 1/" + std::to_string(factor));
  }
  Dataset small = data;
  small.shape = {channels, rows, columns};
  small.features.clear();
  const auto planes = static_cast<std::int64_t>(data.rows()) * channels;
  for (std::int64_t plane = 0; plane < planes; ++plane) {
    for (std::int64_t y = 0; y < rows * columns; ++y) {
      float sum = 0.0F;
      for (std::int64_t i = 0; i < factor * factor; ++i) {
        const std::int64_t line = plane * height + y / columns * factor + i / factor;
        sum += data.features[static_cast<std::size_t>(line * width + y % columns * factor +
                                                      i % factor)];
      }
      small.features.push_back(sum / static_cast<float>(factor * factor));
    }
  }
  return small;
}

std::vector<std::size_t> SelectFeatures(const Dataset& data, std::span<const std::size_t> rows,
                                        std::size_t keep, bool by_information) {
  RequireTable(data);
  const std::size_t width = data.width();
  std::vector<std::int64_t> labels;
  for (const std::size_t row : rows) labels.push_back(data.labels[row]);
  std::vector<double> worth;
  std::vector<float> values(rows.size());
  for (std::size_t j = 0; j < width; ++j) {
    for (std::size_t i = 0; i < rows.size(); ++i) values[i] = data.features[rows[i] * width + j];
    worth.push_back(by_information ? MutualInformation(values, labels) : RelativeVariance(values));
  }
  std::vector<std::size_t> order(width);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return worth[a] > worth[b]; });
  order.resize(std::min(keep, width));
  std::sort(order.begin(), order.end());
  return order;
}

Dataset KeepFeatures(const Dataset& data, std::span<const std::size_t> features) {
  RequireTable(data);
  Dataset kept;
  kept.shape = {static_cast<std::int64_t>(features.size())};
  kept.labels = data.labels;
  kept.classes = data.classes;
  kept.is_quantity = data.is_quantity;
  kept.targets = data.targets;
  const std::size_t width = data.width();
  for (std::size_t row = 0; row < data.rows(); ++row) {
    for (const std::size_t j : features) kept.features.push_back(data.features[row * width + j]);
  }
  return kept;
}

Standardisation FitStandardisation(const Dataset& data, std::span<const std::size_t> rows) {
  const std::size_t width = data.width();
  const Groups groups = GroupsOf(data);
  Standardisation fitted{std::vector<double>(groups.count, 0.0),
                         std::vector<double>(groups.count, 0.0)};
  std::vector<double> seen(groups.count, 0.0);
  const auto each = [&](const auto& take) {
    for (const std::size_t row : rows) {
      for (std::size_t i = 0; i < width; ++i) {
        const float value = data.features[row * width + i];
        if (!std::isnan(value)) take(i / groups.inner % groups.count, value);
      }
    }
  };
  each([&](std::size_t group, float) { seen[group] += 1.0; });
  each([&](std::size_t group, float value) { fitted.mean[group] += value / seen[group]; });
  // A second pass: the sum of squares less the square of the sum cancels for columns far from 0.
  each([&](std::size_t group, float value) {
    const double difference = value - fitted.mean[group];
    fitted.factor[group] += difference * difference / seen[group];
  });
  for (std::size_t j = 0; j < groups.count; ++j) {
    // A constant column's variance is the rounding of its mean, not always exactly 0.
    const double deviation = std::sqrt(fitted.factor[j]);
    fitted.factor[j] = deviation > 1e-9 * std::abs(fitted.mean[j]) ? 1.0 / deviation : 1.0;
  }
  return fitted;
}

std::vector<float> Standardise(const Standardisation& standardisation, const Dataset& data,
                               std::span<const std::size_t> rows) {
  const std::size_t width = data.width();
  const Groups groups = GroupsOf(data);
  std::vector<float> values;
  values.reserve(rows.size() * width);
  for (const std::size_t row : rows) {
    for (std::size_t i = 0; i < width; ++i) {
      const std::size_t group = i / groups.inner % groups.count;
      const float value = data.features[row * width + i];
      values.push_back(std::isnan(value)
                           ? 0.0F
                           : static_cast<float>((value - standardisation.mean[group]) *
                                                standardisation.factor[group]));
    }
  }
  return values;
}

}  // namespace joulefront::objectives
