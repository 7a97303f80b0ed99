#include "search/enumeration.h"

#include <algorithm>

#include "search/levels.h"

namespace joulefront {

Enumeration::Enumeration(const SearchSpace& space)
    : space_(&space),
      start_keys_(space.size(), 0.0),
      steps_(space.size(), 0),
      configuration_(space.size()) {
  Reset(0);
}

Enumeration::Enumeration(const SearchSpace& space, Random& random) : Enumeration(space) {
  for (double& key : start_keys_) key = random.Uniform();
  Reset(0);
}

bool Enumeration::Next() {
  for (std::size_t i = space_->size(); i-- > 0;) {
    if (!configuration_[i]) continue;
    if (steps_[i] + 1 >= space_->Levels(i).value_or(1)) continue;
    ++steps_[i];
    configuration_[i] = CoordinateOfStep(i);
    Reset(i + 1);
    return true;
  }
  return false;
}

void Enumeration::Reset(std::size_t first) {
  for (std::size_t i = first; i < space_->size(); ++i) {
    steps_[i] = 0;
    configuration_[i].reset();
    if (space_->IsActive(i, configuration_)) configuration_[i] = CoordinateOfStep(i);
  }
}

double Enumeration::CoordinateOfStep(std::size_t i) const {
  const double start = space_->CoordinateAt(i, start_keys_[i]);
  const auto levels = space_->Levels(i);
  if (!levels || steps_[i] == 0) return start;
  const std::uint64_t first = NearestLevel(space_->parameters()[i], start);
  const std::uint64_t to_wrap = *levels - first;
  return space_->LevelAt(i, steps_[i] < to_wrap ? first + steps_[i] : steps_[i] - to_wrap);
}

}  // namespace joulefront
