#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "base/files.h"
#include "base/printable.h"
#include "cli/console.h"
#include "cli/footprint.h"
#include "cli/options.h"
#include "cli/run_check.h"
#include "cli/studies.h"
#include "study_store/first_trials.h"
#include "study_store/front.h"
#include "workers/launcher.h"
#include "workers/metering_plan.h"
#include "workers/metric_patterns.h"
#include "workers/preloaded_trainer.h"
#include "workers/progress_patterns.h"
#include "workers/study_runner.h"
#include "workers/trainer_command.h"
#include "workers/trainer_files.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;

constexpr const char* kAbout =
    "Runs the study until its budget is spent, and keeps everything in a store. A study that was\n"
    "stopped or killed goes on where it was: run it again. Raise its budget in the study file and\n"
    "run it again to extend it. Ctrl-C stops cleanly, a second Ctrl-C at once.\n\n"
    "examples:\n"
    "  joulefront run study.toml\n"
    "  joulefront run study.toml --store /data/digits.db --workers 4\n"
    "  joulefront run study.toml --trials 10       a short look\n"
    "  joulefront run study.toml --enqueue next.jsonl\n"
    "  joulefront run wider.toml --warm-start digits.db\n"
    "  joulefront run study.toml --branch wider    after a change of its space or objectives\n"
    "  joulefront run study.toml --check           see what it would do, run nothing\n\n"
    "a study file:\n"
    "  [study]      name = \"digits\"\n"
    "  [objectives] error = { direction = \"minimize\" }\n"
    "               energy = { direction = \"minimize\", phase = \"train\" }\n"
    "  [space]      width = { type = \"int\", low = 8, high = 512, log = true }\n"
    "  [trainer]    command = [\"python3\", \"train.py\", \"--width={width}\"]\n"
    "  [budget]     trials = 60";

/// "24/60 done, 2 running, 1 failed | front 7, hypervolume 4.2 | 1.2 kJ estimated | ETA 40 s".
std::string ProgressLine(const Progress& progress, const std::string& eta) {
  const TrialCounts& counts = progress.counts;
  const std::int64_t done = counts.complete + counts.pruned + counts.failed;
  const auto limit = progress.study.budget.trials;
  std::string line = fmt::format("{}{} done, {} running", done,
                                 limit ? fmt::format("/{}", *limit) : "", counts.running);
  if (counts.failed > 0) line += fmt::format(", {} failed", counts.failed);
  const Front front = ComputeFront(progress.study, progress.trials);
  line += fmt::format(" | front {}, hypervolume {}", front.points.size(),
                      front.hypervolume ? FormatNumber(*front.hypervolume) : "?");
  line += progress.spent.weakest ? fmt::format(" | {} {}", FormatJoules(progress.spent.joules),
                                               Name(*progress.spent.weakest))
                                 : " | ? J";
  return line + (eta.empty() ? "" : " | ETA " + eta);
}

/// How long a study has to go, by the mean pace of this run up to the last trial that ended:
/// between two ends it counts down, instead of growing while a long trial runs.
class TimeLeft {
 public:
  /// "40 s"; "?" where nobody can tell: no budget in trials, too few trials ended so far (each
  /// worker one, and three), or the next end is overdue.
  std::string Take(const Progress& progress) {
    const TrialCounts& counts = progress.counts;
    const std::int64_t done = counts.complete + counts.pruned + counts.failed;
    if (done != done_) last_end_ = progress.since_start;
    done_ = done;
    const std::int64_t now = done - progress.done_before;
    const auto limit = progress.study.budget.trials;
    if (limit && done >= *limit) return FormatSeconds(Seconds());
    if (!limit || now < std::max<std::int64_t>(3, progress.study.workers.count)) return "?";
    const double each = last_end_.value() / static_cast<double>(now);
    const Seconds left =
        Seconds(each * static_cast<double>(*limit - done)) - (progress.since_start - last_end_);
    return left > Seconds() ? FormatSeconds(left) : "?";
  }

 private:
  std::int64_t done_ = -1;
  Seconds last_end_;
};

/// The end of the log of a trial's last attempt; nothing if it cannot be read.
std::vector<std::string> LastLogLines(const OpenedStudy& opened, const Trial& trial) {
  constexpr std::size_t kLines = 10, kLongestLine = 200, kLongestEnd = 64 << 10;
  const auto log = ReadEndOfFile(
      WorkDirOf(opened.path, opened.study.name, trial.number, trial.attempts) + "/trainer.log",
      kLongestEnd);
  std::vector<std::string> lines;
  if (!log) return lines;
  std::istringstream text(*log);
  for (std::string line; std::getline(text, line);) {
    lines.push_back(Printable(line, kLongestLine));
    if (lines.size() > kLines) lines.erase(lines.begin());
  }
  return lines;
}

/// What was done and how to look at it.
/// Says that trainings were too short for the meter, where some were.
void SayBounds(const Study& study, const std::vector<Trial>& trials, Console& console) {
  for (const Objective& objective : study.objectives) {
    std::size_t metered = 0, bounds = 0;
    for (const Trial& trial : trials) {
      if (trial.state != TrialState::kComplete || !objective.phase) continue;
      const EnergyFigure* figure = FindFigure(trial.energy, *objective.phase);
      if (figure == nullptr) continue;
      ++metered;
      if (IsBound(*figure)) ++bounds;
    }
    if (bounds == 0) continue;
    console.Say(fmt::format(
        "note: of {} trainings {} took less in phase '{}' than this machine's meter resolves: "
        "their "
        "'{}' is only known to be below the value shown (docs/metering.md, \"Too short to "
        "meter\"). Give every trial more work, or meter a longer phase",
        metered, bounds, *objective.phase, objective.name));
  }
}

int Conclude(RunEnd end, const OpenedStudy& opened, const Progress& progress, Console& console,
             int signal) {
  console.EndProgress();
  console.Say(fmt::format("study '{}': {}", opened.study.name, ProgressLine(progress, "")));
  std::vector<std::string> front = {"joulefront", "front", opened.path, "--plot"};
  if (auto studies = opened.store->ListStudies(); studies && studies->size() > 1) {
    front.insert(front.end(), {"--study", opened.study.name});
  }
  const std::string look = ShellText(front);
  switch (end) {
    case RunEnd::kInterrupted:
      console.Say("interrupted; run it again to go on");
      return 128 + signal;
    case RunEnd::kAllFailed: {
      const auto last = std::find_if(progress.trials.rbegin(), progress.trials.rend(),
                                     [](const Trial& t) { return t.state == TrialState::kFailed; });
      console.Say(fmt::format(
          "joulefront run: stopped, since the first {} trials all failed. The last "
          "one ({}): {}",
          progress.counts.failed, last->failure ? Name(*last->failure) : "failed", last->message));
      for (const std::string& line : LastLogLines(opened, *last)) console.Say("  | " + line);
      return kRunTimeFailure;
    }
    case RunEnd::kSpaceExhausted:
      console.Say("every configuration of the space has been tried");
      break;
    case RunEnd::kTooDear:
      console.Say(fmt::format(
          "budget spent: no configuration is expected to fit the {} left of {}",
          FormatJoules(std::max(Joules(), *opened.study.budget.energy - progress.spent.joules)),
          FormatJoules(*opened.study.budget.energy)));
      break;
    case RunEnd::kBudgetSpent:
      break;
  }
  if (progress.counts.complete == 0) {
    const auto last = std::find_if(progress.trials.rbegin(), progress.trials.rend(),
                                   [](const Trial& t) { return t.state == TrialState::kFailed; });
    if (last != progress.trials.rend()) {
      console.Say(fmt::format("no trial is complete. The last failure ({}): {}",
                              last->failure ? Name(*last->failure) : "failed", last->message));
    } else {
      console.Say("no trial is complete; joulefront status shows why");
    }
    return kNothingFeasible;
  }
  if (ComputeFront(opened.study, progress.trials).feasible == 0) {
    console.Say("no trial meets the constraints");
    return kNothingFeasible;
  }
  console.Say("choose from the front: " + look);
  return kDone;
}

Result<StudyFile> ReadWithOverrides(const VerbOptions& options) {
  auto file = ReadStudyFile(options.positional()[0]);
  if (!file) return file;
  Study& study = file->study;
  const std::string& path = options.positional()[0];
  if (const auto workers = options.Get<int>("workers")) study.workers.count = *workers;
  if (const auto trials = options.Get<std::int64_t>("trials")) study.budget.trials = *trials;
  if (!file->has_cost_exponent) study.cost_exponent = DefaultCostExponent(study.budget);
  if (study.workers.count > kMostWorkers) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--workers must be at most {}", kMostWorkers));
  }
  if (study.workers.count < 1 || (study.budget.trials && *study.budget.trials < 1)) {
    return Fail(ErrorCode::kInvalidArgument, "--workers and --trials must be at least 1");
  }
  if (const auto launch = options.Get("launch")) {
    const auto kind = LaunchKindFromName(*launch);
    if (!kind) return Fail(ErrorCode::kInvalidArgument, "--launch is local, command or slurm");
    file->launch.kind = *kind;
  }
  for (std::string& note : UnusedSettings(file->launch)) file->notes.push_back(std::move(note));
  if (file->launch.kind == LaunchKind::kCommand && file->launch.command.empty()) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "--launch command needs [launch] command = [\"ssh\", \"node{slot}\", \"{worker}\"]");
  }
  if (study.workers.exclusive && study.workers.count > 1) {
    return Fail(ErrorCode::kInvalidArgument, "exclusive = true allows one worker only");
  }
  // It may start programs of the user's, and what other machines have is theirs to say.
  if (!options.Has("check") && file->launch.kind == LaunchKind::kLocal) {
    // Better now than by every worker.
    auto meter = MakeMeter(ThisMachine(), PlanOf(study, 0), MonotonicNow(), CpuUsage{});
    if (!meter) return Pass(meter);
  }
  if (auto carbon = LoadCarbon(study.carbon); !carbon) return Pass(carbon);
  if (study.trainer.command.empty()) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{}: no trainer; add [trainer] with command = [\"program\", ...]", path));
  }
  if (auto good = CheckPreload(study); !good) return Pass(good, path);
  if (auto good = CheckTrainerFiles(study); !good) return Pass(good, path);
  const Budget& budget = study.budget;
  if (!budget.trials && !budget.energy && !budget.time) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: no budget; add [budget] with trials = 60, energy = \"50 kJ\" or "
                            "time = \"30 min\"",
                            path));
  }
  auto patterns = MetricPatterns::Create(study.trainer.metrics);
  if (!patterns) return Pass(patterns, path);
  if (auto progress = ProgressPatterns::Create(study); !progress) return Pass(progress, path);
  return file;
}

/// What the flags ask to be tried first, read and checked before anything is stored.
struct FirstTrials {
  std::string enqueued_from;
  std::vector<GivenConfiguration> enqueued;
  std::optional<EarlierStudy> earlier;
};

Result<FirstTrials> ReadFirstTrials(const VerbOptions& options, const Study& study) {
  FirstTrials first;
  if (const auto path = options.Get("enqueue")) {
    first.enqueued_from = *path == "-" ? "stdin" : *path;
    constexpr std::size_t kMost = 128 << 20;
    auto text = *path == "-" ? ReadInput(STDIN_FILENO, "stdin", kMost) : ReadInput(*path, kMost);
    if (!text) return Pass(text, "--enqueue");
    auto given =
        ParseConfigurations(study.space, *text, first.enqueued_from, study.default_configuration);
    if (!given) return Pass(given, "--enqueue");
    first.enqueued = std::move(*given);
  }
  if (const auto path = options.Get("warm-start")) {
    auto opened =
        OpenStudy(*path, options.Get("warm-start-study"), OpenMode::kRead, "--warm-start-study");
    if (!opened) return Pass(opened, "--warm-start");
    auto trials = opened->store->LoadTrials(opened->id);
    if (!trials) return Pass(trials, "--warm-start");
    first.earlier = {std::move(opened->study), std::move(*trials), opened->path};
  }
  return first;
}

/// With --branch NAME: names the study so, and gives the one of the same store that it branches off
/// from, which has the study file's name.
Result<std::optional<EarlierStudy>> BranchOff(const VerbOptions& options, const std::string& path,
                                              Study& study) {
  const auto name = options.Get("branch");
  if (!name) return std::optional<EarlierStudy>();
  if (auto good = CheckStudyName(*name); !good) return Pass(good, "--branch");
  if (*name == study.name) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--branch: the study file's own name is '{}'; give the branch another",
                            study.name));
  }
  auto opened = OpenStudy(path, study.name, OpenMode::kRead);
  if (!opened) return Pass(opened, "--branch");
  auto trials = opened->store->LoadTrials(opened->id);
  if (!trials) return Pass(trials, "--branch");
  // A branch of an earlier version has the seed of the file.
  const auto branch = OpenStudy(path, *name, OpenMode::kRead);
  if (!branch || branch->study.seed != study.seed) study.seed = BranchSeed(study, *name);
  study.name = *name;
  return std::optional(EarlierStudy{std::move(opened->study), std::move(*trials), opened->path});
}

/// Adds the default, what is enqueued and the warm start, in this order; gives notes.
Result<std::vector<std::string>> AddFirstTrials(const OpenedStudy& opened,
                                                const FirstTrials& first) {
  std::vector<std::string> notes;
  if (!opened.study.default_configuration && first.enqueued.empty() && !first.earlier) return notes;
  Proposer proposer(*opened.store, opened.id, opened.study);
  JF_TRY(proposer.Refresh());
  const bool is_new = proposer.history().size() == 0;
  const auto limit = opened.study.budget.trials;
  JF_TRY(AddDefault(proposer, limit, CalendarNow()));
  if (!first.enqueued.empty()) {
    auto added = Enqueue(proposer, first.enqueued, first.enqueued_from, limit, CalendarNow());
    if (!added) return added;
    notes = std::move(*added);
  }
  if (first.earlier && !is_new) {
    notes.push_back("the front of the earlier study is left out: this one has begun");
  } else if (first.earlier) {
    auto added = AddWarmStart(proposer, *first.earlier, limit, CalendarNow());
    if (!added) return added;
    notes.insert(notes.end(), added->begin(), added->end());
  }
  return notes;
}

/// Opens the study to run it. Where another machine's `run` is at work on it, shows how it goes,
/// and takes over when that is done or gone; empty if a signal ended that.
Result<std::optional<OpenedStudy>> OpenOrWait(const StudyFile& file, const std::string& path,
                                              Console& console, SignalWatch& signals) {
  for (bool told = false; signals.stop_requests() == 0;) {
    auto opened = OpenForStudyFile(file, path);
    if (opened) return std::optional(std::move(*opened));
    const bool another = opened.error().code == ErrorCode::kBusy && IsPostgresUrl(path);
    if (!another) return Pass(opened);
    if (!std::exchange(told, true)) {
      console.Say("another `joulefront run` leads this study: watching, to take over when it ends");
    }
    if (auto seen = OpenStudy(path, file.study.name, OpenMode::kRead)) {
      auto counts = seen->store->CountTrials(seen->id);
      if (counts) {
        console.ShowProgress(fmt::format("watching: {} of {} trials done, {} running",
                                         counts->complete + counts->pruned + counts->failed,
                                         counts->total(), counts->running));
      }
    }
    PauseFor(signals, Seconds(1.0));
  }
  return std::optional<OpenedStudy>();
}

void AddFlags(VerbOptions& options) {
  options.options().add_options()(
      "store", po::value<std::string>(),
      "where to keep the study (default: JOULEFRONT_STORE, else NAME.db)")(
      "workers", po::value<int>(), "worker processes, instead of [workers] count")(
      "label", po::value<std::vector<std::string>>(),
      "NAME=VALUE: what the workers that it starts have, for [workers] requires; may be repeated")(
      "launch", po::value<std::string>(),
      "where workers are started, instead of [launch] kind: local, command or slurm")(
      "trials", po::value<std::int64_t>(), "trials in all, instead of [budget] trials")(
      "enqueue", po::value<std::string>(),
      "try the configurations in this file next: JSON lines, a JSON array, or what front or export "
      "wrote with --format json; - is stdin")(
      "warm-start", po::value<std::string>(),
      "begin a new study with the front of an earlier one, in this store")(
      "warm-start-study", po::value<std::string>(), "which, if that store has several")(
      "branch", po::value<std::string>(),
      "a new study of this name in the same store, from the front of the old one: after a change "
      "of "
      "the space or the objectives")(
      "check", "check the study file and what it needs, say what would be run, and run nothing")(
      "quiet,q", "no progress");
}

std::vector<std::string> WorkerCommand(const VerbOptions& options, const std::string& path,
                                       const std::string& study) {
  std::error_code ignored;
  std::vector<std::string> command = {std::filesystem::read_symlink("/proc/self/exe", ignored),
                                      "worker", path, "--study", study};
  for (const std::string& label : options.All("label")) {
    command.insert(command.end(), {"--label", label});
  }
  return command;
}

}  // namespace

int RunVerb(const Arguments& arguments) {
  VerbOptions options("run STUDY.toml [flags]", kAbout);
  AddFlags(options);
  if (const auto code = options.Parse(arguments, 1)) return *code;
  if (options.positional().empty()) return options.Refuse("name a study file");
  if (options.Has("branch") && options.Has("warm-start")) {
    return options.Refuse(
        "--branch begins with the front of the old study: leave out --warm-start");
  }
  if (options.Has("warm-start-study") && !options.Has("warm-start")) {
    return options.Refuse("--warm-start-study needs --warm-start");
  }
  auto file = ReadWithOverrides(options);
  if (!file) return Complain("run", file.error());
  const std::string path = StorePathFor(options.Get("store"), file->study.name);
  if (file->launch.kind != LaunchKind::kLocal && !IsPostgresUrl(path)) {
    return options.Refuse(
        "workers on other machines need a store that machines can share: --store "
        "postgresql://HOST/DATABASE");
  }
  auto trunk = BranchOff(options, path, file->study);
  if (!trunk) return Complain("run", trunk.error());
  auto first = ReadFirstTrials(options, file->study);
  if (!first) return Complain("run", first.error());
  if (*trunk) first->earlier = std::move(*trunk);
  if (options.Has("check")) {
    return CheckStudy(*file, path,
                      [&](const OpenedStudy& study) { return AddFirstTrials(study, *first); });
  }
  if (auto able = CheckLauncher(file->launch); !able) return Complain("run", able.error());
  SignalWatch signals;  // until here Ctrl-C just ends us, who may be waiting for stdin
  const auto console = MakeConsole(options.Has("quiet"));
  auto opened = OpenOrWait(*file, path, *console, signals);
  if (!opened) return Complain("run", opened.error());
  if (!*opened) return 128 + signals.stop_signal();
  auto begun = AddFirstTrials(**opened, *first);
  if (!begun) return Complain("run", begun.error());
  file->notes.insert(file->notes.end(), begun->begin(), begun->end());
  for (const std::string& note : file->notes) console->Say("note: " + note);
  TimeLeft time_left;
  const RunOptions run{.store_path = path,
                       .id = (*opened)->id,
                       .worker_command = WorkerCommand(options, path, (*opened)->study.name),
                       .launch = file->launch,
                       .no_meter_status = kMeterMissing,
                       .on_progress =
                           [&](const Progress& progress) {
                             const std::string eta = time_left.Take(progress);
                             if (console->WantsProgress(MonotonicNow())) {
                               console->ShowProgress(ProgressLine(progress, eta));
                             }
                           },
                       .on_message = [&](const std::string& line) { console->Say(line); }};
  StudyRunner runner(*(*opened)->store, (*opened)->study, run, signals);
  auto end = runner.Run();
  if (!end) {
    console->EndProgress();
    return Complain("run", end.error());
  }
  if (!options.Has("quiet")) {
    console->EndProgress();
    SayBounds((*opened)->study, runner.progress().trials, *console);
  }
  return Conclude(*end, **opened, runner.progress(), *console, signals.stop_signal());
}

}  // namespace joulefront
