#include "search/variation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "search/levels.h"
#include "search/normal_distribution.h"

namespace joulefront {

namespace {

// Chosen on two continuous, one mixed and one conditional problem at 50 to 200 trials.
constexpr double kReach = 0.4;                    // how far a blend goes beyond the parents
constexpr double kMutations = 1.0;                // expected in a child
constexpr std::array kScales = {0.3, 0.1, 0.03};  // standard deviations of steps, on keys

// Uniform between the keys and a part of their distance beyond either [Eshelman1993]: where the
// parents agree the child does, so steps shrink as the search closes in.
double Blend(double a, double b, Random& random) {
  const double t = (1.0 + 2.0 * kReach) * random.Uniform() - kReach;
  return std::clamp(a + t * (b - a), 0.0, 1.0);
}

double CrossCoordinates(const SearchSpace& space, std::size_t i, double a, double b,
                        Random& random) {
  if (random.Below(2) == 0) std::swap(a, b);
  const bool is_choice = space.parameters()[i].type == ParameterType::kCategorical;
  if (is_choice || a == b || random.Below(2) == 0) return a;
  return space.CoordinateAt(i, Blend(space.KeyOf(i, a), space.KeyOf(i, b), random));
}

// Another coordinate than the given one, where the parameter has another.
double MutateCoordinate(const SearchSpace& space, std::size_t i, double coordinate,
                        Random& random) {
  const auto levels = space.Levels(i);
  if (levels == 1) return coordinate;
  if (space.parameters()[i].type == ParameterType::kCategorical) {
    const auto level = static_cast<std::uint64_t>(coordinate);
    return space.LevelAt(i, (level + 1 + random.Below(*levels - 1)) % *levels);
  }
  const double key = space.KeyOf(i, coordinate);
  const double step = kScales[random.Below(kScales.size())] * Normal(random);
  const double moved = space.CoordinateAt(i, std::clamp(key + step, 0.0, 1.0));
  if (!levels || moved != coordinate) return moved;
  // The step was smaller than a level: go to the next one on its side, or on the other at an end.
  const auto level = NearestLevel(space.parameters()[i], coordinate);
  const bool up = level == 0 || (level + 1 < *levels && step > 0.0);
  return space.LevelAt(i, up ? level + 1 : level - 1);
}

}  // namespace

Configuration Cross(const SearchSpace& space, const Configuration& a, const Configuration& b,
                    Random& random) {
  const auto active =
      std::count_if(a.begin(), a.end(), [](const auto& c) { return c.has_value(); });
  const double rate = kMutations / static_cast<double>(active);
  Configuration child(space.size());
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (!space.IsActive(i, child)) continue;
    if (!a[i] && !b[i]) {
      child[i] = space.CoordinateAt(i, random.Uniform());
      continue;
    }
    const double inherited =
        a[i] && b[i] ? CrossCoordinates(space, i, *a[i], *b[i], random) : (a[i] ? *a[i] : *b[i]);
    const bool mutates = random.Uniform() < rate;
    child[i] = mutates ? MutateCoordinate(space, i, inherited, random) : inherited;
  }
  return child;
}

}  // namespace joulefront
