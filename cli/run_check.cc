#include "cli/run_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/printable.h"
#include "cli/command_check.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "search/stopping.h"
#include "study_store/placeholders.h"
#include "study_store/proposer.h"
#include "workers/launcher.h"
#include "workers/metering_plan.h"
#include "workers/meters/slurm_source.h"
#include "workers/preloaded_trainer.h"
#include "workers/trainer_command.h"

namespace joulefront {
namespace {

constexpr std::size_t kFirstTrials = 3;
constexpr std::uint64_t kMostCounted = 1'000'000;

/// A program and its arguments, as one line that cannot drive a terminal.
std::string CommandText(const std::vector<std::string>& command) {
  return Printable(fmt::format("{}", fmt::join(command, " ")));
}

std::string ValueText(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return Printable(*text, 100);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  return FormatNumber(std::get<double>(value), 6);
}

std::string ValuesText(const std::vector<Value>& values) {
  std::vector<std::string> texts;
  for (const Value& value : values) texts.push_back(ValueText(value));
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// "only where optimizer is sgd and layers is from 2".
std::string WhenText(const std::vector<WhenClause>& when) {
  std::string text;
  for (const WhenClause& clause : when) {
    text += fmt::format("{}{} is", text.empty() ? "; only where " : " and ", clause.parent);
    if (!clause.values.empty()) text += " " + ValuesText(clause.values);
    if (clause.min) text += fmt::format(" from {}", FormatNumber(*clause.min, 6));
    if (clause.max) text += fmt::format(" up to {}", FormatNumber(*clause.max, 6));
  }
  return text;
}

/// "numbers from 0.001 to 1, evenly over orders of magnitude".
std::string DomainText(const Parameter& parameter) {
  std::string text;
  if (!parameter.choices.empty()) {
    text = parameter.type == ParameterType::kOrdinal ? "one, in this order, of " : "one of ";
    text += ValuesText(parameter.choices);
  } else {
    text = fmt::format("{} from {} to {}",
                       parameter.type == ParameterType::kInt ? "whole numbers" : "numbers",
                       FormatNumber(parameter.low, 6), FormatNumber(parameter.high, 6));
    if (parameter.step) text += fmt::format(" in steps of {}", FormatNumber(*parameter.step, 6));
    if (parameter.log) text += ", evenly over orders of magnitude";
    if (parameter.fidelity) text += ", the amount of training";
  }
  return text + WhenText(parameter.when);
}

std::string SpaceText(const SearchSpace& space) {
  bool continuous = false;
  std::size_t widest = 0;
  for (std::size_t i = 0; i < space.size(); ++i) {
    continuous = continuous || !space.Levels(i);
    widest = std::max(widest, space.parameters()[i].name.size());
  }
  const auto count = space.CountConfigurations(kMostCounted);
  std::string text = fmt::format("space    {} parameters, {} configurations\n", space.size(),
                                 count        ? fmt::format("{}", *count)
                                 : continuous ? "infinitely many"
                                              : fmt::format("more than {}", kMostCounted));
  for (const Parameter& parameter : space.parameters()) {
    text += fmt::format("         {:<{}}  {}\n", parameter.name, widest, DomainText(parameter));
  }
  return text;
}

/// What the store says of the study.
struct Standing {
  bool is_new = true;
  std::string text;  // "digits.db, goes on after 12 trials"
};

/// Error: why `run` would refuse to go on with it.
Result<Standing> StandingOf(const StudyFile& file, const std::string& path) {
  auto opened = OpenStudy(path, file.study.name, OpenMode::kRead);
  if (!opened && opened.error().code == ErrorCode::kNotFound) {
    return Standing{true, fmt::format("{}, a new study", path)};
  }
  if (!opened) return Pass(opened);
  JF_TRY(RequireSameDefinition(opened->study, file.study, path));
  auto counts = opened->store->CountTrials(opened->id);
  if (!counts) return Pass(counts);
  return Standing{false, fmt::format("{}, goes on after {} trials", path, counts->total())};
}

/// Where joules would come from. Meters that are programs are named, and not started.
Result<std::string> MeterText(const StudyFile& file) {
  const Study& study = file.study;
  std::string text;
  for (const OwnMeter& own : study.metering.own) {
    if (!own.command.empty()) text += fmt::format("meter    {}\n", CommandText(own.command));
  }
  if (!text.empty()) return text;
  if (file.launch.kind != LaunchKind::kLocal) return "meter    that of each worker's machine\n";
  const MeterPlan plan = PlanOf(study, 0);
  const auto& sources = plan.sources;
  if (std::find(sources.begin(), sources.end(), kSlurm) != sources.end()) {
    return "meter    what sstat says, which was not asked\n";
  }
  if (IsFromTrainer(plan)) return "meter    joules that the trainer tells\n";
  auto meter = MakeMeter(ThisMachine(), plan, MonotonicNow(), CpuUsage{});
  if (!meter) return Pass(meter);
  const Provenance from = meter->provenance();
  return fmt::format("meter    {}, from {} of {}\n", Name(from.energy_class), from.source,
                     from.boundary);
}

/// The trials that a new study would begin with, proposed into a store that is thrown away.
Result<std::vector<Trial>> FirstTrialsOf(const Study& study, const AddFirst& add_first,
                                         std::vector<std::string>& notes) {
  OpenedStudy opened{.path = "", .store = NewMemoryStore(), .study = study};
  auto id = opened.store->CreateStudy(study, CalendarNow());
  if (!id) return Pass(id);
  opened.id = *id;
  auto added = add_first(opened);
  if (!added) return Pass(added);
  notes.insert(notes.end(), added->begin(), added->end());
  Proposer proposer(*opened.store, opened.id, study);
  JF_TRY(proposer.Refresh());
  const std::size_t wanted = std::min<std::size_t>(
      kFirstTrials, static_cast<std::size_t>(study.budget.trials.value_or(kFirstTrials)));
  while (proposer.history().size() < wanted) {
    auto proposed = proposer.Propose(study.budget.trials, std::nullopt, CalendarNow());
    if (!proposed) return Pass(proposed);
    if (!*proposed) break;  // the space has no more
  }
  return opened.store->LoadTrials(opened.id, 0);
}

std::string FirstTrialsText(const Study& study, const std::string& path,
                            const std::vector<Trial>& trials) {
  std::string text;
  for (const Trial& trial : trials) {
    if (trial.number == static_cast<TrialNumber>(kFirstTrials)) break;
    const Claim claim{.trial = trial.number,
                      .attempt = 1,
                      .configuration = trial.configuration,
                      .seed = trial.seed};
    const auto arguments =
        TrainerArguments(study, claim, WorkDirOf(path, study.name, trial.number, 1));
    text += fmt::format("trial {}  {}: {}\n         {}\n", trial.number, trial.proposed_by,
                        Printable(claim.configuration), Printable(ShellText(arguments)));
  }
  return text;
}

/// Whether what it needs of this machine is there; gives a line about what was not tried. Workers
/// elsewhere have machines of their own.
Result<std::string> CheckTrainer(const StudyFile& file) {
  const Study& study = file.study;
  const std::string& program = study.trainer.command[0];
  if (file.launch.kind == LaunchKind::kSlurm) {
    auto sbatch = FindProgram("sbatch", "/");
    if (!sbatch) return Pass(sbatch, "[launch] kind = \"slurm\"");
  }
  if (file.launch.kind != LaunchKind::kLocal || !PlaceholderNames(program).empty()) {
    return std::string();
  }
  if (study.trainer.preload) {  // the program itself is not started
    auto library = LookAtPreload(study);
    if (!library) return library;
    if (library->empty()) return std::string("preload  a script in Python: it was not run\n");
    return fmt::format("preload  {}: has the functions; it was not loaded\n", Printable(*library));
  }
  auto found = FindProgram(program, study.directory);
  if (!found) return Pass(found, "[trainer] command");
  return std::string();
}

/// Why [stopping] can never act, if it cannot.
std::optional<std::string> WhyNothingStops(const Study& study) {
  if (study.stopping.rule == StoppingRule::kOff) return std::nullopt;
  const auto is_found = [&](const Objective& objective) {
    return objective.phase || objective.timed || study.trainer.metrics.contains(objective.name);
  };
  const auto& objectives = study.objectives;
  if (study.trainer.progress.empty() && !study.trainer.metrics.empty() &&
      std::all_of(objectives.begin(), objectives.end(), is_found)) {
    return "[stopping] stops nothing unless the trainer prints progress messages; for a program "
           "that cannot, add [trainer.progress]";
  }
  if (study.stopping.rule == StoppingRule::kDominated && study.budget.trials &&
      *study.budget.trials <= static_cast<std::int64_t>(kFewestCurves)) {
    return fmt::format(
        "[stopping] stops nothing in a study of {} trials: the first {} have to "
        "finish before any is judged",
        *study.budget.trials, kFewestCurves);
  }
  return std::nullopt;
}

}  // namespace

int CheckStudy(const StudyFile& file, const std::string& store_path, const AddFirst& add_first) {
  const Study& study = file.study;
  auto standing = StandingOf(file, store_path);
  if (!standing) return Complain("run", standing.error());
  auto trainer = CheckTrainer(file);
  if (!trainer) return Complain("run", trainer.error());
  auto meter = MeterText(file);
  if (!meter) return Complain("run", meter.error());
  std::vector<std::string> notes = file.notes;
  if (auto why = WhyNothingStops(study)) notes.push_back(std::move(*why));
  std::vector<Trial> first;
  if (standing->is_new) {
    auto trials = FirstTrialsOf(study, add_first, notes);
    if (!trials) return Complain("run", trials.error());
    first = std::move(*trials);
  }
  std::vector<std::string> objectives;
  for (const Objective& objective : study.objectives) objectives.push_back(objective.name);
  std::string text = fmt::format(
      "study    {}: {} objectives ({}), {} constraints\n{}"
      "store    {}\n"
      "budget   {}\n"
      "workers  {}, {}, threads of each: {}\n{}"
      "runs     {}\n{}",
      study.name, study.objectives.size(), fmt::join(objectives, ", "), study.constraints.size(),
      SpaceText(study.space), standing->text, BudgetText(study.budget), study.workers.count,
      Name(file.launch.kind), study.workers.threads, *meter, CommandText(study.trainer.command),
      *trainer);
  if (!study.limits.on_alert.empty()) {
    text += fmt::format("alert    {}\n", CommandText(study.limits.on_alert));
  }
  const std::string work_dir = WorkDirOf(store_path, study.name, 0, 1);
  text += BranchesText(study, work_dir, notes);
  auto files = FilesText(study, work_dir);
  if (!files) return Complain("run", files.error());
  text += *files;
  text += FirstTrialsText(study, store_path, first);
  for (const std::string& note : notes) text += fmt::format("note     {}\n", note);
  return PrintData(text) ? kDone : kRunTimeFailure;
}

}  // namespace joulefront
