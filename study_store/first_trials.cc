#include "study_store/first_trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/random.h"
#include "study_store/configuration_json.h"
#include "study_store/front.h"
#include "study_store/value_json.h"

namespace joulefront {
namespace {

constexpr std::size_t kShownPlaces = 5;

/// "line 1, line 4".
std::string Show(const std::vector<std::string>& places) {
  const std::size_t shown = std::min(places.size(), kShownPlaces);
  const auto end = places.begin() + static_cast<std::ptrdiff_t>(shown);
  return fmt::format("{}{}", fmt::join(places.begin(), end, ", "),
                     shown < places.size() ? ", ..." : "");
}

/// How many trials more the study takes, at most `wanted`.
std::size_t Room(const Proposer& proposer, std::optional<std::int64_t> limit, std::size_t wanted) {
  if (!limit) return wanted;
  const auto size = static_cast<std::int64_t>(proposer.history().size());
  return std::min(wanted, static_cast<std::size_t>(std::max<std::int64_t>(0, *limit - size)));
}

/// The coordinate of parameter i that is nearest to an earlier study's value.
std::optional<double> Nearest(const SearchSpace& space, std::size_t i, const Value& value) {
  if (const auto coordinate = space.CoordinateOf(i, value)) return coordinate;
  const Parameter& parameter = space.parameters()[i];
  const auto* whole = std::get_if<std::int64_t>(&value);
  const auto* number = std::get_if<double>(&value);
  if (!parameter.choices.empty() || (whole == nullptr && number == nullptr)) return std::nullopt;
  const double wanted = number != nullptr ? *number : static_cast<double>(*whole);
  const double inside = std::clamp(wanted, parameter.low, parameter.high);
  return space.CoordinateAt(i, space.KeyOf(i, inside));
}

Configuration Translate(const Study& study, const std::string& earlier) {
  const SearchSpace& space = study.space;
  const auto object = nlohmann::json::parse(earlier, nullptr, /*allow_exceptions=*/false);
  Configuration coordinates(space.size());
  for (std::size_t i = 0; i < space.size(); ++i) {
    const auto found = object.find(space.parameters()[i].name);
    if (found == object.end()) continue;
    if (const auto value = ValueFromJson(*found)) coordinates[i] = Nearest(space, i, *value);
  }
  return CompleteConfiguration(space, coordinates, study.default_configuration);
}

bool IsSameSpace(const SearchSpace& a, const SearchSpace& b) {
  return std::equal(a.parameters().begin(), a.parameters().end(), b.parameters().begin(),
                    b.parameters().end(), [](const Parameter& one, const Parameter& other) {
                      return one.name == other.name && one.low == other.low &&
                             one.high == other.high && one.log == other.log &&
                             one.choices == other.choices;
                    });
}

}  // namespace

std::vector<WarmTrial> TranslateFront(const EarlierStudy& earlier, const Study& study) {
  std::vector<WarmTrial> translated;
  for (const FrontPoint& point : ComputeFront(earlier.study, earlier.trials).points) {
    const Trial& trial = earlier.trials[point.trial];
    Configuration configuration = Translate(study, trial.configuration);
    const bool known = std::any_of(translated.begin(), translated.end(), [&](const auto& other) {
      return other.configuration == configuration;
    });
    if (!known) translated.push_back({trial.number, std::move(configuration)});
  }
  return translated;
}

std::uint64_t BranchSeed(const Study& study, std::string_view branch) {
  std::uint64_t seed = study.seed;
  for (const char c : branch) seed = Mix64(seed ^ static_cast<unsigned char>(c));
  return seed >> 11;  // 53 bits, so that every language reads it exactly
}

Result<void> AddDefault(Proposer& proposer, std::optional<std::int64_t> limit, TimePoint now) {
  const auto& configuration = proposer.study().default_configuration;
  if (!configuration || proposer.history().size() > 0) return {};
  JF_TRY(proposer.Add({.configuration = *configuration,
                       .proposed_by = std::string(kByDefault),
                       .reason = "the default of the study file"},
                      limit, now));
  return {};
}

Result<std::vector<std::string>> Enqueue(Proposer& proposer,
                                         const std::vector<GivenConfiguration>& given,
                                         const std::string& path, std::optional<std::int64_t> limit,
                                         TimePoint now) {
  std::vector<std::string> known, left_out;
  for (const GivenConfiguration& one : given) {
    if (proposer.history().Contains(one.configuration)) {
      known.push_back(one.place);
    } else if (Room(proposer, limit, 1) == 0) {
      left_out.push_back(one.place);
    } else {
      JF_TRY(proposer.Add({.configuration = one.configuration,
                           .proposed_by = std::string(kByEnqueuing),
                           .reason = fmt::format("{} of {}", one.place, path)},
                          limit, now));
    }
  }
  std::vector<std::string> notes = {fmt::format("{} of {} configurations of {} enqueued",
                                                given.size() - known.size() - left_out.size(),
                                                given.size(), path)};
  if (!known.empty()) {
    notes.push_back(
        fmt::format("{} skipped, since proposed before: {}", known.size(), Show(known)));
  }
  if (!left_out.empty()) {
    notes.push_back(fmt::format("{} left out, since the budget is {} trials: {}", left_out.size(),
                                *limit, Show(left_out)));
  }
  return notes;
}

Result<std::vector<std::string>> AddWarmStart(Proposer& proposer, const EarlierStudy& earlier,
                                              std::optional<std::int64_t> limit, TimePoint now) {
  const std::string source =
      fmt::format("the front of study '{}' in {}", earlier.study.name, earlier.path);
  std::vector<WarmTrial> trials = TranslateFront(earlier, proposer.study());
  if (trials.empty()) return std::vector<std::string>{source + " is empty: nothing to begin with"};
  std::erase_if(trials, [&](const WarmTrial& trial) {
    return proposer.history().Contains(trial.configuration);
  });
  const std::size_t taken = Room(proposer, limit, std::min(trials.size(), kMostWarmTrials));
  for (std::size_t k = 0; k < taken; ++k) {
    // The ends and, between them, even steps along the front; a single one from its middle.
    const std::size_t at = taken == 1 ? trials.size() / 2 : k * (trials.size() - 1) / (taken - 1);
    JF_TRY(proposer.Add({.configuration = trials[at].configuration,
                         .proposed_by = std::string(kByWarmStart),
                         .reason = fmt::format("trial {}, on {}", trials[at].trial, source)},
                        limit, now));
  }
  std::vector<std::string> notes = {
      fmt::format("the study begins with {} trial(s) of {}", taken, source)};
  const Study& study = proposer.study();
  if (study.seed == earlier.study.seed && IsSameSpace(study.space, earlier.study.space)) {
    notes.push_back(
        "both studies have the same space and the same [study] seed, so that this one's start "
        "repeats points of the earlier one: another seed avoids that");
  }
  return notes;
}

}  // namespace joulefront
