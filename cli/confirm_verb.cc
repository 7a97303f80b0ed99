#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/console.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "cli/table.h"
#include "study_store/confirmation.h"
#include "study_store/front.h"
#include "workers/study_runner.h"
#include "workers/worker.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Trains the points of the front again with fresh seeds, one at a time and alone among all\n"
    "attempts on this machine, and shows which of them hold: a front picks what came out well, so\n"
    "some of it was luck. What an earlier confirmation did counts; Ctrl-C stops, and running it\n"
    "again goes on. The study's own trials stay as they are.\n\n"
    "examples:\n"
    "  joulefront confirm digits.db\n"
    "  joulefront confirm digits.db --repeat 5 --trial 17 --trial 23\n"
    "  joulefront confirm digits.db --repeat 0      show what there is, train nothing";

constexpr int kMostReplicates = 1000;
// After so many failures, and no success, it stops.
constexpr int kHopeless = 5;

/// Indices of the trials to confirm: those that are named, else the front.
Result<std::vector<std::size_t>> ChooseTrials(const Study& study, const std::vector<Trial>& trials,
                                              const std::vector<std::int64_t>& named) {
  std::vector<std::size_t> chosen;
  for (const std::int64_t number : named) {
    const auto index = static_cast<std::size_t>(number);
    if (number < 0 || index >= trials.size() || trials[index].state != TrialState::kComplete) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("--trial {}: there is no complete trial of that number", number));
    }
    if (std::find(chosen.begin(), chosen.end(), index) == chosen.end()) chosen.push_back(index);
  }
  if (!named.empty()) return chosen;
  for (const FrontPoint& point : ComputeFront(study, trials).points) chosen.push_back(point.trial);
  return chosen;
}

struct Confirmer {
  const OpenedStudy& opened;
  const std::vector<Trial>& trials;
  std::size_t replicates;
  SignalWatch& signals;
  Console& console;
  int succeeded = 0, failed = 0;  // replicates of this run

  /// Trains until every chosen trial has its replicates, or a signal comes: every trial once, then
  /// every trial a second time, so that what there is after an interruption can be compared.
  Result<void> Run(const std::vector<std::size_t>& chosen) {
    for (std::size_t k = 0; k < replicates; ++k) {
      for (const std::size_t index : chosen) {
        const Trial& trial = trials[index];
        auto done = CountDone(trial.number);
        if (!done) return Pass(done);
        if (done->complete > k) continue;
        JF_TRY(TrainOnce(trial, k, ConfirmationSeed(trial, done->complete + done->failed)));
        if (signals.stop_requests() > 0) return {};
        if (succeeded == 0 && failed == kHopeless) {
          return Fail(ErrorCode::kUnavailable,
                      fmt::format("stopped, since the first {} replicates all failed", kHopeless));
        }
      }
    }
    return {};
  }

  struct Done {
    std::size_t complete = 0, failed = 0;
  };
  Result<Done> CountDone(TrialNumber trial) {
    auto attempts = opened.store->LoadAttempts(opened.id, trial);
    if (!attempts) return Pass(attempts);
    Done done;
    for (const Attempt& attempt : *attempts) {
      if (attempt.kind != AttemptKind::kConfirmation) continue;
      if (attempt.state == AttemptState::kComplete) ++done.complete;
      if (attempt.state == AttemptState::kFailed) ++done.failed;
    }
    return done;
  }

  Result<void> TrainOnce(const Trial& trial, std::size_t k, std::uint64_t seed) {
    console.ShowProgress(
        fmt::format("trial {}: replicate {} of {}", trial.number, k + 1, replicates));
    const WorkerOptions worker{.store_path = opened.path, .on_line = {}};
    auto result = ConfirmOnce(*opened.store, opened.id, trial.number, seed, worker, signals);
    if (!result) return Pass(result);
    succeeded += result->state == AttemptState::kComplete ? 1 : 0;
    failed += result->state == AttemptState::kFailed ? 1 : 0;
    if (result->state != AttemptState::kComplete) {
      console.Say(fmt::format("trial {}: replicate {} {}: {}", trial.number, k + 1,
                              Name(result->state), result->message));
    }
    return {};
  }
};

/// Reported objectives that came out the same in every training, whatever its seed.
std::vector<std::string> UnmovedObjectives(const Study& study,
                                           const std::vector<ConfirmedPoint>& points) {
  constexpr double kRounding = 1e-12;
  std::vector<std::string> unmoved;
  for (std::size_t k = 0; k < study.objectives.size(); ++k) {
    bool judged = false, moved = study.objectives[k].phase.has_value();
    for (const ConfirmedPoint& point : points) {
      if (point.objectives.empty()) continue;
      judged = true;
      const double recorded = point.recorded[k], rounding = kRounding * std::abs(recorded);
      const Spread& spread = point.objectives[k];
      moved = moved || std::abs(spread.mean - recorded) > rounding ||
              spread.deviation.value_or(0.0) > rounding;
    }
    if (judged && !moved) unmoved.push_back(study.objectives[k].name);
  }
  return unmoved;
}

/// A program that ignores its seed gives the same values again: that says nothing of luck.
void WarnOfFixedSeed(const Study& study, const std::vector<std::string>& unmoved) {
  const auto reported = std::count_if(study.objectives.begin(), study.objectives.end(),
                                      [](const Objective& o) { return !o.phase; });
  if (unmoved.empty() || std::ssize(unmoved) < reported) return;
  const auto& command = study.trainer.command;
  const bool given = std::any_of(command.begin(), command.end(), [](const std::string& argument) {
    return argument.find("{seed}") != std::string::npos;
  });
  PrintNote(fmt::format(
      "warning: {} did not move at all between seeds, so these replicates say nothing of luck: the "
      "program has a seed of its own, or none. {}\n",
      fmt::join(unmoved, " and "),
      given ? "[trainer] command gives it {seed}: see that it uses it for all that is random"
            : "Give it the attempt's: {seed} in [trainer] command, or JOULEFRONT_SEED in its "
              "environment (in a new study, since that changes the definition)"));
}

std::string Verdict(const ConfirmedPoint& point) {
  if (point.replicates == 0) return "?";
  if (!point.feasible) return "breaks a constraint";
  return point.on_front ? "holds" : "falls";
}

std::string SpreadText(const Spread& spread) {
  return FormatNumber(spread.mean, 4) +
         (spread.deviation ? " +- " + FormatNumber(*spread.deviation, 2) : "");
}

std::string MakeText(const Study& study, const std::vector<ConfirmedPoint>& points) {
  Table table{.header = {"trial", "replicates"}, .rows = {}, .left = {}};
  for (const Objective& objective : study.objectives) {
    const std::string unit = objective.unit.empty() ? "" : " [" + objective.unit + "]";
    table.header.push_back(objective.name + unit);
    table.header.push_back("again");
  }
  table.header.insert(table.header.end(), {"P(front)", "verdict"});
  for (const ConfirmedPoint& point : points) {
    std::vector<std::string> row = {
        std::to_string(point.trial),
        fmt::format("{}{}", point.replicates,
                    point.failed > 0 ? fmt::format(" ({} failed)", point.failed) : "")};
    for (std::size_t k = 0; k < study.objectives.size(); ++k) {
      row.push_back(FormatNumber(point.recorded[k], 4));
      row.push_back(point.objectives.empty() ? "?" : SpreadText(point.objectives[k]));
    }
    row.push_back(point.probability ? fmt::format("{:.2f}", *point.probability) : "?");
    row.push_back(Verdict(point));
    table.rows.push_back(std::move(row));
  }
  const auto holding =
      std::count_if(points.begin(), points.end(), [](const auto& point) { return point.on_front; });
  const auto judged = std::count_if(points.begin(), points.end(),
                                    [](const auto& point) { return point.replicates > 0; });
  std::string text = FormatTable(table);
  if (judged > 0) {
    text += fmt::format(
        "\n{} of {} points hold: by the means of their replicates, none of the others beats them\n",
        holding, judged);
  }
  if (const auto untried = std::ssize(points) - judged; untried > 0) {
    text += fmt::format("\n{} of {} points have no replicate yet, and cannot be judged\n", untried,
                        points.size());
  }
  return text;
}

ordered_json MakeJson(const Study& study, const std::vector<ConfirmedPoint>& points) {
  ordered_json list = ordered_json::array();
  for (const ConfirmedPoint& point : points) {
    ordered_json values = ordered_json::object();
    for (std::size_t k = 0; k < study.objectives.size(); ++k) {
      ordered_json value = {{"recorded", point.recorded[k]}, {"mean", nullptr}, {"sd", nullptr}};
      if (!point.objectives.empty()) {
        value["mean"] = point.objectives[k].mean;
        if (point.objectives[k].deviation) value["sd"] = *point.objectives[k].deviation;
      }
      values[study.objectives[k].name] = std::move(value);
    }
    list.push_back(
        {{"number", point.trial},
         {"replicates", point.replicates},
         {"failed", point.failed},
         {"values", values},
         {"feasible", point.replicates > 0 ? ordered_json(point.feasible) : ordered_json()},
         {"on_front", point.replicates > 0 ? ordered_json(point.on_front) : ordered_json()},
         {"probability", point.probability ? ordered_json(*point.probability) : ordered_json()}});
  }
  return {{"study", study.name}, {"points", list}, {"unmoved", UnmovedObjectives(study, points)}};
}

Result<std::vector<ConfirmedPoint>> ReadPoints(const OpenedStudy& opened,
                                               const std::vector<Trial>& trials,
                                               const std::vector<std::size_t>& chosen) {
  auto attempts = opened.store->LoadAttempts(opened.id);
  if (!attempts) return Pass(attempts);
  return JudgeConfirmations(opened.study, trials, chosen, *attempts);
}

int Run(const VerbOptions& options, std::size_t replicates) {
  SignalWatch signals;
  auto opened =
      OpenStudy(options.positional().empty() ? "" : options.positional()[0], options.Get("study"),
                replicates > 0 ? OpenMode::kWrite : OpenMode::kRead);
  if (!opened) return Complain("confirm", opened.error());
  if (replicates > 0) {
    auto lock = LockForRun(*opened->store, opened->study.name, opened->path);
    if (!lock) return Complain("confirm", lock.error());
    opened->lock = std::move(*lock);
    auto lost = ReclaimLostAttempts(*opened->store, opened->id, opened->study, opened->path);
    if (!lost) return Complain("confirm", lost.error());
  }
  auto trials = opened->store->LoadTrials(opened->id);
  if (!trials) return Complain("confirm", trials.error());
  const auto named = options.Get<std::vector<std::int64_t>>("trial");
  auto chosen = ChooseTrials(opened->study, *trials, named.value_or(std::vector<std::int64_t>()));
  if (!chosen) return Complain("confirm", chosen.error());
  if (chosen->empty()) {
    PrintNote("joulefront confirm: the front is empty: no trial is complete and feasible\n");
    return kNothingFeasible;
  }
  const auto console = MakeConsole(options.Has("quiet"));
  Confirmer confirmer{*opened, *trials, replicates, signals, *console};
  auto ran = confirmer.Run(*chosen);
  console->EndProgress();
  if (!ran) return Complain("confirm", ran.error());
  auto points = ReadPoints(*opened, *trials, *chosen);
  if (!points) return Complain("confirm", points.error());
  const std::string data = *options.Get("format") == "json"
                               ? MakeJson(opened->study, *points).dump(2) + "\n"
                               : MakeText(opened->study, *points);
  WarnOfFixedSeed(opened->study, UnmovedObjectives(opened->study, *points));
  if (!PrintData(data)) return kRunTimeFailure;
  if (signals.stop_requests() > 0) return 128 + signals.stop_signal();
  const bool judged = std::any_of(points->begin(), points->end(),
                                  [](const auto& point) { return point.replicates > 0; });
  return judged || replicates == 0 ? kDone : kNothingFeasible;
}

}  // namespace

int ConfirmVerb(const Arguments& arguments) {
  VerbOptions options("confirm STORE [flags]", kAbout);
  options.options().add_options()("study", po::value<std::string>(),
                                  "which study, if the store has several")(
      "repeat", po::value<int>()->default_value(3), "replicates of each point, in all")(
      "trial", po::value<std::vector<std::int64_t>>(),
      "this trial instead of the front; may be repeated")(
      "format", po::value<std::string>()->default_value("table"), "table or json")("quiet,q",
                                                                                   "no progress");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  const auto format = options.OneOf("format", {"table", "json"});
  if (!format) return options.Refuse(format.error().message);
  const int replicates = *options.Get<int>("repeat");
  if (replicates < 0 || replicates > kMostReplicates) {
    return options.Refuse(fmt::format("--repeat is from 0 to {}", kMostReplicates));
  }
  return Run(options, static_cast<std::size_t>(replicates));
}

}  // namespace joulefront
