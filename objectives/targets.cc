#include "objectives/targets.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

namespace joulefront::objectives {
namespace {

constexpr std::size_t kTenths = 10;

}  // namespace

bool IsQuantity(const std::vector<double>& numbers) {
  const std::set<double> distinct(numbers.begin(), numbers.end());
  const bool whole = std::all_of(distinct.begin(), distinct.end(),
                                 [](double number) { return number == std::floor(number); });
  const std::size_t different = distinct.size();
  if (!whole) return different > 5;
  const std::size_t rows_each = numbers.size() / std::max<std::size_t>(1, different);
  if (different <= 10) return false;
  if (rows_each < 5) return true;
  if (different <= 20) return false;
  const double first = *distinct.begin(), last = *distinct.rbegin();
  const bool numbered = (first == 0 || first == 1) && last < 2.0 * static_cast<double>(different);
  return !(numbered && different <= 200 && rows_each >= 10);
}

void TakeTargets(const std::vector<double>& numbers, Dataset& data) {
  data.is_quantity = true;
  data.targets = numbers;
  std::vector<double> sorted = numbers;
  std::sort(sorted.begin(), sorted.end());
  data.labels.clear();
  for (const double number : numbers) {
    const auto below = std::lower_bound(sorted.begin(), sorted.end(), number) - sorted.begin();
    data.labels.push_back(
        static_cast<std::int64_t>(static_cast<std::size_t>(below) * kTenths / sorted.size()));
  }
  data.classes.clear();
  for (std::size_t i = 0; i < kTenths; ++i) data.classes.push_back(std::to_string(i));
}

}  // namespace joulefront::objectives
