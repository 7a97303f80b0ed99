#include "cli/choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <sstream>

#include "base/units.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;

// Beyond these a choice is said to hold for good.
constexpr double kLeastRatio = 1e-6, kMostRatio = 1e9;
constexpr double kLeastInferences = 1.0, kMostInferences = 1e15;

/// "error=2,energy=1".
Result<std::map<std::string, double>> ParseNumbers(const std::string& flag,
                                                   const std::string& text) {
  std::map<std::string, double> numbers;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const auto equals = part.find('=');
    double number = -1.0;
    if (equals != std::string::npos) {
      const char* end = part.data() + part.size();
      const auto parsed = std::from_chars(part.data() + equals + 1, end, number);
      if (parsed.ec != std::errc{} || parsed.ptr != end || !std::isfinite(number)) number = -1.0;
    }
    if (number < 0.0) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} is NAME=NUMBER,..., numbers from 0, such as error=2,energy=1; "
                              "not '{}'",
                              flag, text));
    }
    numbers[part.substr(0, equals)] = number;
  }
  return numbers;
}

/// One weight an objective of `study`, which may be `recorded` over the lives of its models: then
/// the names of joules stand for those.
Result<std::vector<double>> WeightsOf(const Wish& wish, const Study& recorded, const Study& study) {
  const bool prefer = wish.kind == Wish::Kind::kPrefer;
  const std::string flag = prefer ? "--prefer" : "--weight";
  const std::size_t paid = PaidObjective(study);
  std::vector<std::optional<double>> weights(study.objectives.size());
  if (prefer) weights.assign(weights.size(), 1.0);
  weights[paid] = 1.0;
  const auto named = [](const Study& of, const std::string& name) {
    return std::find_if(of.objectives.begin(), of.objectives.end(),
                        [&](const Objective& objective) { return objective.name == name; });
  };
  std::vector<std::string> names;
  for (const Objective& objective : study.objectives) names.push_back(objective.name);
  for (const auto& [name, weight] : wish.weights) {
    const auto found = named(study, name);
    const auto as_recorded = named(recorded, name);
    if (found != study.objectives.end()) {
      weights[static_cast<std::size_t>(found - study.objectives.begin())] = weight;
    } else if (as_recorded != recorded.objectives.end() && as_recorded->phase) {
      weights[paid] = weight;
    } else {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: there is no objective '{}'; there are: {}", flag, name,
                              fmt::join(names, ", ")));
    }
  }
  std::vector<double> all;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    if (!weights[k]) {
      return Fail(
          ErrorCode::kInvalidArgument,
          fmt::format("--weight: what is a unit of {} worth? add {}=NUMBER", names[k], names[k]));
    }
    all.push_back(*weights[k]);
  }
  if (std::all_of(all.begin(), all.end(), [](double weight) { return weight == 0.0; })) {
    return Fail(ErrorCode::kInvalidArgument, flag + ": at least one number must be above 0");
  }
  return all;
}

std::optional<std::size_t> KneeOf(const Front& front) {
  for (std::size_t i = 0; i < front.points.size(); ++i) {
    if (front.points[i].knee) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> CheapestOf(const Front& front) {
  for (std::size_t i = 0; i < front.points.size(); ++i) {
    if (front.points[i].IsSound()) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> Fitting(const Study& study, const Front& front, const Wish& wish,
                                   const std::vector<double>& weights) {
  if (wish.kind == Wish::Kind::kPrefer) return Prefer(study, front, weights);
  if (wish.kind == Wish::Kind::kWeight) return Weigh(study, front, weights);
  if (!wish.inferences) return std::nullopt;
  return wish.front.bounds.empty() ? KneeOf(front) : CheapestOf(front);
}

/// The trials that may be on a front for some number of inferences: what no other beats in the
/// objectives, in training and in each inference.
std::vector<Trial> Contenders(const Study& study, const std::vector<Trial>& trials,
                              const Wish& wish) {
  auto lives = LifetimeOf(study, trials, 0.0);
  if (!lives) return trials;
  constexpr const char* kEach = "joules_of_inference";
  lives->study.objectives.insert(lives->study.objectives.begin(), {.name = kEach});
  for (Trial& trial : lives->trials) {
    if (const auto joules = JoulesOfInference(trial)) trial.values[kEach] = *joules;
  }
  std::vector<Trial> contenders;
  for (const FrontPoint& point : ComputeFront(lives->study, lives->trials, wish.front).points) {
    contenders.push_back(trials[point.trial]);
  }
  return contenders;
}

std::optional<TrialNumber> TrialOf(const Choice& choice) {
  if (!choice.point) return std::nullopt;
  return choice.trials[choice.front.points[*choice.point].trial].number;
}

std::string TrialText(std::optional<TrialNumber> trial) {
  return trial ? fmt::format("trial {}", *trial) : "none";
}

/// "It stays the choice from 1.2 to 4 NAME; below, trial 3; above, trial 9."
std::string RangeText(const ChoiceRange& range, const std::string& what, const char* number) {
  if (!range.below && !range.above) {
    return fmt::format("Nothing else would be chosen, whatever the {}.", number);
  }
  std::string text = "It stays the choice ";
  if (range.below) text += fmt::format("from {} ", FormatNumber(range.from, 3));
  if (range.above) text += fmt::format("up to {} ", FormatNumber(range.to, 3));
  text += what;
  if (range.below) text += fmt::format("; below, {}", TrialText(range.below));
  if (range.above) text += fmt::format("; above, {}", TrialText(range.above));
  return text + ".";
}

/// What the weight of the one objective that is not paid would have to be for another choice.
std::string WeightRange(const Wish& wish, const Choice& choice,
                        const std::vector<double>& weights) {
  const std::size_t paid = choice.front.cost, other = 1 - paid;
  if (weights.size() != 2 || weights[paid] == 0.0 || weights[other] == 0.0) return "";
  const auto choose = [&](double ratio) -> std::optional<TrialNumber> {
    std::vector<double> tried(2, 1.0);
    tried[other] = ratio;
    const auto point = Fitting(choice.study, choice.front, wish, tried);
    if (!point) return std::nullopt;
    return choice.trials[choice.front.points[*point].trial].number;
  };
  const auto range = RangeOfChoice(choose, weights[other] / weights[paid], kLeastRatio, kMostRatio);
  if (!range) return "";
  const std::string& error = choice.study.objectives[other].name;
  const Objective& cost = choice.study.objectives[paid];
  if (wish.kind == Wish::Kind::kPrefer) {
    return RangeText(*range, fmt::format("times as much weight for {} as for {}", error, cost.name),
                     "weights");
  }
  return RangeText(
      *range, fmt::format("{} for a unit of {}", cost.unit.empty() ? cost.name : cost.unit, error),
      "price");
}

std::string ReasonText(const Wish& wish, const Choice& choice, const std::vector<double>& weights) {
  if (wish.kind == Wish::Kind::kNone) {
    return wish.front.bounds.empty() ? "the knee" : "the cheapest within the bounds";
  }
  std::vector<std::string> parts;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    parts.push_back(
        fmt::format("{} {}", choice.study.objectives[k].name, FormatNumber(weights[k])));
  }
  return fmt::format("by {} {}",
                     wish.kind == Wish::Kind::kPrefer ? "preference" : "the weighted sum",
                     fmt::join(parts, ", "));
}

}  // namespace

void AddChoiceFlags(VerbOptions& options) {
  options.options().add_options()(
      "prefer", po::value<std::string>(),
      "choose by what matters: error=2,energy=1 tolerates half the shortfall in error, each "
      "objective over its range on the front")(
      "weight", po::value<std::string>(),
      "choose by prices: error=500 takes a unit of error to be worth 500 J (or what is paid)")(
      "lifetime-inferences", po::value<std::string>(),
      "pay the training and so many inferences, such as 1e6, instead of the training alone");
}

Result<Wish> WishOf(const VerbOptions& options) {
  Wish wish;
  if (options.Has("prefer") && options.Has("weight")) {
    return Fail(ErrorCode::kInvalidArgument, "--prefer or --weight");
  }
  for (const auto& [flag, kind] :
       {std::pair{"prefer", Wish::Kind::kPrefer}, {"weight", Wish::Kind::kWeight}}) {
    const auto text = options.Get(flag);
    if (!text) continue;
    auto numbers = ParseNumbers(std::string("--") + flag, *text);
    if (!numbers) return Pass(numbers);
    wish.kind = kind;
    wish.weights = std::move(*numbers);
  }
  if (const auto text = options.Get("lifetime-inferences")) {
    double number = -1.0;
    const char* end = text->data() + text->size();
    const auto parsed = std::from_chars(text->data(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end || !(number >= 0.0) ||
        number > kMostInferences) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("--lifetime-inferences is a number from 0 to {}, such as 1e6; not "
                              "'{}'",
                              kMostInferences, *text));
    }
    wish.inferences = number;
  }
  return wish;
}

Result<Choice> Choose(const Study& study, std::vector<Trial> trials, const Wish& wish) {
  Choice choice{.study = study, .trials = {}, .front = {}, .point = {}};
  if (wish.inferences) {
    auto lifetime = LifetimeOf(study, std::move(trials), *wish.inferences);
    if (!lifetime) return Pass(lifetime, "--lifetime-inferences");
    choice.study = std::move(lifetime->study);
    choice.trials = std::move(lifetime->trials);
    choice.without_lifetime = lifetime->unknown;
  } else {
    choice.trials = std::move(trials);
  }
  auto weights = WeightsOf(wish, study, choice.study);
  if (wish.kind != Wish::Kind::kNone && !weights) return Pass(weights);
  choice.front = ComputeFront(choice.study, choice.trials, wish.front);
  choice.point = Fitting(choice.study, choice.front, wish, weights.value_or(std::vector<double>()));
  return choice;
}

std::string ChoiceText(const Study& study, const Wish& wish, const Choice& choice) {
  if (!choice.point) return "";
  const auto weights = WeightsOf(wish, study, choice.study).value_or(std::vector<double>());
  std::string text =
      fmt::format("chosen: {}, {}", TrialText(TrialOf(choice)), ReasonText(wish, choice, weights));
  if (wish.inferences) {
    text += fmt::format(", over {} inferences", FormatNumber(*wish.inferences));
  }
  text += ".";
  if (wish.inferences) {
    const std::vector<Trial> contenders = Contenders(study, choice.trials, wish);
    const auto choose = [&](double inferences) -> std::optional<TrialNumber> {
      Wish tried = wish;
      tried.inferences = inferences;
      const auto other = Choose(study, contenders, tried);
      return other ? TrialOf(*other) : std::nullopt;
    };
    const auto range = RangeOfChoice(choose, std::max(kLeastInferences, *wish.inferences),
                                     kLeastInferences, kMostInferences);
    if (range) text += " " + RangeText(*range, "inferences", "number of inferences");
  } else if (const auto range = WeightRange(wish, choice, weights); !range.empty()) {
    text += " " + range;
  }
  return text;
}

}  // namespace joulefront
