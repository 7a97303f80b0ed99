// Making a SearchSpace: every check that Parameter's comments promise, in the order in which a user
// would mend them.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <limits>
#include <queue>
#include <set>
#include <unordered_map>
#include <utility>

#include "search/levels.h"
#include "search/space.h"

namespace joulefront {

namespace {

using Fault = std::optional<SpaceFault>;

constexpr double kLargestWhole = 0x1.0p53;
constexpr std::size_t kLongestName = 100;
constexpr std::size_t kShownChoices = 6;

bool IsNumeric(const Parameter& p) {
  return p.type == ParameterType::kFloat || p.type == ParameterType::kInt;
}

bool IsWhole(double number) { return std::trunc(number) == number; }

std::string Show(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return fmt::format("\"{}\"", *text);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  return fmt::format("{}", std::get<double>(value));
}

std::string ShowDomain(const Parameter& p) {
  if (IsNumeric(p)) {
    return p.step ? fmt::format("{} to {} in steps of {}", p.low, p.high, *p.step)
                  : fmt::format("{} to {}", p.low, p.high);
  }
  std::string text;
  for (std::size_t k = 0; k < p.choices.size(); ++k) {
    if (k == kShownChoices) return text + fmt::format(", ... ({} in all)", p.choices.size());
    text += (k == 0 ? "" : ", ") + Show(p.choices[k]);
  }
  return text;
}

bool IsNameCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
}

bool IsName(const std::string& name) {
  return !name.empty() && name.size() <= kLongestName && name[0] != '.' && name[0] != '-' &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

Fault CheckStep(const Parameter& p) {
  if (!p.step) return std::nullopt;
  const auto fault = [&](std::string message) {
    return SpaceFault{p.name, "step", std::move(message)};
  };
  if (!std::isfinite(*p.step) || *p.step <= 0.0) {
    return fault(fmt::format("step must be a number above 0, not {}", *p.step));
  }
  if (p.log) return fault("step and log = true exclude each other: drop one of them");
  if (p.type == ParameterType::kInt && !IsWhole(*p.step)) {
    return fault(fmt::format("the step of an int must be whole, not {}", *p.step));
  }
  const double steps = p.high / *p.step - p.low / *p.step;
  if (steps > kLargestWhole / 2) {
    return fault(fmt::format("step {} divides {} to {} into too many levels: drop it", *p.step,
                             p.low, p.high));
  }
  if (std::abs(steps - std::round(steps)) > 1e-9 * std::max(1.0, steps)) {
    const double below = p.low + std::floor(steps) * *p.step;
    return fault(
        fmt::format("steps of {} from low = {} miss high = {}: set high to {:.12g} or {:.12g}",
                    *p.step, p.low, p.high, below, below + *p.step));
  }
  return std::nullopt;
}

Fault CheckBounds(const Parameter& p) {
  const auto fault = [&](const char* key, std::string message) {
    return SpaceFault{p.name, key, std::move(message)};
  };
  for (const auto& [key, bound] : {std::pair("low", p.low), std::pair("high", p.high)}) {
    if (!std::isfinite(bound)) return fault(key, fmt::format("{} must be finite", key));
    if (p.type != ParameterType::kInt) continue;
    if (!IsWhole(bound)) {
      return fault(key, fmt::format("{} of an int must be whole, not {}: round it or use type = "
                                    "\"float\"",
                                    key, bound));
    }
    if (std::abs(bound) > kLargestWhole) {
      return fault(key, fmt::format("{} = {} is beyond 2^53, the largest whole number that is kept "
                                    "exactly: use type = \"float\"",
                                    key, bound));
    }
  }
  if (p.low > p.high) {
    return fault("low", fmt::format("low ({}) is above high ({}): swap them", p.low, p.high));
  }
  if (p.log && p.low <= 0.0) {
    return fault("low",
                 fmt::format("log = true needs low above 0, not {}: raise low or drop log", p.low));
  }
  return CheckStep(p);
}

// Orders values so that those that SameValue() finds equal are equivalent.
struct ValueLess {
  bool operator()(const Value& a, const Value& b) const {
    if (SameValue(a, b)) return false;
    const auto a_number = NumberOf(a), b_number = NumberOf(b);
    if (a_number && b_number && *a_number != *b_number) return *a_number < *b_number;
    return a < b;
  }
};

Fault CheckChoices(const Parameter& p) {
  if (p.choices.empty()) {
    return SpaceFault{p.name, "choices", "choices is empty: give at least one value"};
  }
  std::set<Value, ValueLess> seen;
  for (const Value& choice : p.choices) {
    const auto number = NumberOf(choice);
    if (number && !std::isfinite(*number)) {
      return SpaceFault{p.name, "choices", "choices must be finite: " + Show(choice) + " is not"};
    }
    if (!seen.insert(choice).second) {
      return SpaceFault{p.name, "choices",
                        "choices holds " + Show(choice) + " more than once: drop the repetition"};
    }
  }
  return std::nullopt;
}

Fault CheckFidelity(const Parameter& p) {
  const auto fault = [&](const char* key, std::string message) {
    return SpaceFault{p.name, key, std::move(message)};
  };
  if (!p.fidelity) return std::nullopt;
  if (!IsNumeric(p)) return fault("fidelity", "a fidelity is an amount: use type float or int");
  if (!p.when.empty()) return fault("when", "a fidelity is always active: drop when or fidelity");
  if (p.low == p.high) {
    return fault("high", "a fidelity with one value is none: raise high, or drop fidelity");
  }
  if (p.low <= 0.0) {
    return fault("low",
                 fmt::format("a fidelity needs low above 0, not {}: without any training there is "
                             "nothing to compare",
                             p.low));
  }
  return std::nullopt;
}

Fault CheckParameter(const Parameter& p) {
  if (!IsName(p.name)) {
    return SpaceFault{p.name, "",
                      fmt::format("names are 1 to {} letters, digits, '_', '-' and '.', and start "
                                  "with a letter, a digit or '_': rename it",
                                  kLongestName)};
  }
  if (auto fault = IsNumeric(p) ? CheckBounds(p) : CheckChoices(p)) return fault;
  return CheckFidelity(p);
}

Fault CheckAll(const std::vector<Parameter>& parameters) {
  if (parameters.empty()) {
    return SpaceFault{"", "", "the space has no parameters: give at least one"};
  }
  if (parameters.size() > kMaxParameters) {
    return SpaceFault{
        "", "",
        fmt::format("the space has {} parameters, {} is the most: fix some of them in "
                    "the trainer's command",
                    parameters.size(), kMaxParameters)};
  }
  std::set<std::string_view> names;
  const Parameter* fidelity = nullptr;
  for (const Parameter& p : parameters) {
    if (auto fault = CheckParameter(p)) return fault;
    if (p.fidelity && fidelity != nullptr) {
      return SpaceFault{
          p.name, "fidelity",
          fmt::format("a space has one fidelity, and '{}' is it: drop one", fidelity->name)};
    }
    if (p.fidelity) fidelity = &p;
    if (!names.insert(p.name).second) {
      return SpaceFault{p.name, "", "there are two parameters of this name: rename one"};
    }
  }
  return std::nullopt;
}

}  // namespace

class SpaceBuilder {
 public:
  explicit SpaceBuilder(std::vector<Parameter> parameters) : given_(std::move(parameters)) {}

  tl::expected<SearchSpace, SpaceFault> Build() {
    if (auto fault = CheckAll(given_)) return tl::unexpected(*std::move(fault));
    if (auto fault = FindParents()) return tl::unexpected(*std::move(fault));
    if (auto fault = PutInOrder()) return tl::unexpected(*std::move(fault));
    if (auto fault = AddConditions()) return tl::unexpected(*std::move(fault));
    return std::move(space_);
  }

 private:
  Fault FindParents() {
    std::unordered_map<std::string_view, std::size_t> index_of;
    for (std::size_t i = 0; i < given_.size(); ++i) index_of[given_[i].name] = i;
    parents_.resize(given_.size());
    for (std::size_t i = 0; i < given_.size(); ++i) {
      for (const WhenClause& clause : given_[i].when) {
        if (clause.parent == given_[i].name) {
          return SpaceFault{clause.parent, "when", "when names the parameter itself: drop it"};
        }
        const auto found = index_of.find(clause.parent);
        if (found == index_of.end()) {
          return SpaceFault{
              given_[i].name, "when",
              fmt::format("when names '{}', which is not a parameter", clause.parent)};
        }
        parents_[i].push_back(found->second);
      }
    }
    return std::nullopt;
  }

  // Always the first parameter, in the given order, all of whose parents have been placed.
  Fault PutInOrder() {
    const std::size_t n = given_.size();
    std::vector<std::size_t> missing(n);
    std::vector<std::vector<std::size_t>> children(n);
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    for (std::size_t i = 0; i < n; ++i) {
      missing[i] = parents_[i].size();
      for (const std::size_t parent : parents_[i]) children[parent].push_back(i);
      if (missing[i] == 0) ready.push(i);
    }
    std::vector<bool> placed(n, false);
    while (!ready.empty()) {
      const std::size_t i = ready.top();
      ready.pop();
      placed[i] = true;
      space_.parameters_.push_back(given_[i]);
      for (const std::size_t child : children[i]) {
        if (--missing[child] == 0) ready.push(child);
      }
    }
    if (space_.size() == n) return std::nullopt;
    return Circle(placed);
  }

  // Every parameter that could not be placed has a parent that could not either, so following those
  // must come round.
  SpaceFault Circle(const std::vector<bool>& placed) const {
    std::vector<std::size_t> path;
    auto i =
        static_cast<std::size_t>(std::find(placed.begin(), placed.end(), false) - placed.begin());
    while (std::find(path.begin(), path.end(), i) == path.end()) {
      path.push_back(i);
      i = *std::find_if(parents_[i].begin(), parents_[i].end(),
                        [&](std::size_t parent) { return !placed[parent]; });
    }
    std::string circle;
    for (auto at = std::find(path.begin(), path.end(), i); at != path.end(); ++at) {
      circle += given_[*at].name + " needs ";
    }
    return SpaceFault{given_[i].name, "when",
                      "when makes a circle (" + circle + given_[i].name + "): drop one of these"};
  }

  Fault AddConditions() {
    space_.conditions_.resize(space_.size());
    space_.is_parent_.resize(space_.size(), false);
    std::unordered_map<std::string_view, std::size_t> index_of;
    for (std::size_t i = 0; i < space_.size(); ++i) {
      const Parameter& p = space_.parameters_[i];
      index_of[p.name] = i;
      for (const WhenClause& clause : p.when) {
        const std::size_t parent = index_of.at(clause.parent);
        const auto fault =
            clause.values.empty() ? AddRange(i, parent, clause) : AddValues(i, parent, clause);
        if (fault) return SpaceFault{p.name, "when", *fault};
        space_.is_parent_[parent] = true;
      }
    }
    return std::nullopt;
  }

  // The message of a fault, or empty.
  std::optional<std::string> AddValues(std::size_t i, std::size_t parent,
                                       const WhenClause& clause) {
    const Parameter& p = space_.parameters_[parent];
    if (clause.min || clause.max) {
      return fmt::format("when gives both values and a range for '{}': keep one of them", p.name);
    }
    if (!LevelCount(p)) {
      return fmt::format("'{}' is continuous and as good as never holds one value: use min and max",
                         p.name);
    }
    SearchSpace::Condition condition{parent, {}, 0.0, 0.0};
    for (const Value& value : clause.values) {
      const auto coordinate = space_.CoordinateOf(parent, value);
      if (!coordinate) {
        return fmt::format("'{}' never holds {}: it may be {}", p.name, Show(value), ShowDomain(p));
      }
      condition.coordinates.push_back(*coordinate);
    }
    std::sort(condition.coordinates.begin(), condition.coordinates.end());
    space_.conditions_[i].push_back(std::move(condition));
    return std::nullopt;
  }

  std::optional<std::string> AddRange(std::size_t i, std::size_t parent, const WhenClause& clause) {
    const Parameter& p = space_.parameters_[parent];
    if (!clause.min && !clause.max) {
      return fmt::format("when says nothing of '{}': give a value, a list of values, min or max",
                         p.name);
    }
    constexpr double kOpen = std::numeric_limits<double>::infinity();
    const double min = clause.min.value_or(-kOpen), max = clause.max.value_or(kOpen);
    if (std::isnan(min) || std::isnan(max) || min > max) {
      return fmt::format("the range for '{}' is empty: min ({}) must not be above max ({})", p.name,
                         min, max);
    }
    SearchSpace::Condition condition{parent, {}, min - LevelTolerance(p), max + LevelTolerance(p)};
    if (!IsNumeric(p)) {
      const bool numbers = std::all_of(p.choices.begin(), p.choices.end(), [](const Value& choice) {
        return NumberOf(choice).has_value();
      });
      if (p.type != ParameterType::kOrdinal || !numbers) {
        return fmt::format("'{}' has no order of numbers for min and max: list the values", p.name);
      }
      for (std::size_t k = 0; k < p.choices.size(); ++k) {
        const double number = *NumberOf(p.choices[k]);
        if (min <= number && number <= max) {
          condition.coordinates.push_back(static_cast<double>(k));
        }
      }
    }
    const bool possible =
        IsNumeric(p) ? Overlaps(p, condition.min, condition.max) : !condition.coordinates.empty();
    if (!possible) {
      return fmt::format("'{}' never lies in that range: it may be {}", p.name, ShowDomain(p));
    }
    space_.conditions_[i].push_back(std::move(condition));
    return std::nullopt;
  }

  static bool Overlaps(const Parameter& p, double min, double max) {
    if (min > p.high || max < p.low) return false;
    if (!LevelCount(p)) return true;
    // The nearest level to min may lie just below it.
    const std::uint64_t level = NearestLevel(p, std::clamp(min, p.low, p.high));
    const double coordinate = LevelCoordinate(p, level);
    if (coordinate >= min) return coordinate <= max;
    return level + 1 < *LevelCount(p) && LevelCoordinate(p, level + 1) <= max;
  }

  std::vector<Parameter> given_;
  std::vector<std::vector<std::size_t>> parents_;  // by given parameter, one a clause
  SearchSpace space_;
};

tl::expected<SearchSpace, SpaceFault> SearchSpace::Create(std::vector<Parameter> parameters) {
  return SpaceBuilder(std::move(parameters)).Build();
}

}  // namespace joulefront
