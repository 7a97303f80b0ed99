#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/printable.h"
#include "cli/console.h"
#include "cli/file_guess.h"
#include "cli/guess_relations.h"
#include "cli/module_defaults.h"
#include "cli/name_words.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "cli/study_text.h"
#include "cli/trial_run.h"
#include "workers/launcher.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

constexpr const char* kAbout =
    "Writes a study file for a command that trains: what may vary is guessed from the command "
    "line,\n"
    "what matters from its output, for which it is run once, in a folder of its own (and once "
    "more,\n"
    "in this one, if it fails there). Every guess is marked for you to check.\n\n"
    "examples:\n"
    "  joulefront init -- python3 train.py --lr 0.1 --epochs 5 --optimizer adam\n"
    "  joulefront init --name digits -o digits.toml -- ./train.sh lr=0.1 width=64\n"
    "  joulefront init --no-run -- python3 train.py --lr 0.1";

constexpr std::size_t kMostNamed = 20;

/// How programs say that they lack something, in small letters.
constexpr std::string_view kMissing[] = {"no such file",   "not found",       "cannot open",
                                         "can't open",     "no module named", "does not exist",
                                         "could not open", "cannot find"};

/// "train.py" of "python3 train.py": what the study is named after.
std::string NameOf(const std::vector<std::string>& command) {
  std::string name = command[0];
  for (std::size_t i = 1; i < command.size(); ++i) {
    const bool is_module = command[i - 1] == "-m";
    if (!is_module && fs::path(command[i]).extension().empty()) continue;
    if (command[i].starts_with('-')) continue;
    name = command[i];
    if (!is_module) break;
    std::replace(name.begin(), name.end(), '.', '_');
    break;
  }
  return PlainName(fs::path(name).stem().string()).substr(0, 64);
}

struct Trial {
  std::string folder;  // that it was started in, in words
  AttemptEnd end;
  MetricFinder finder;
  ModuleDefaults defaults;
};

/// The study of the draft, as far as it can be run: without metrics, and it may have no parameters.
Result<Study> StudyToTry(StudyDraft draft, const std::string& path) {
  draft.metrics.clear();
  const bool empty = draft.guess.parameters.empty();
  if (empty) {
    draft.guess.parameters.push_back(
        {{.name = "none", .type = ParameterType::kInt}, Value(std::int64_t{0}), "", ""});
  }
  auto file = ParseStudyFile(StudyText(draft), path);
  if (!file) return Pass(file, "the command line cannot be put into a study file");
  Study study = std::move(file->study);
  study.trainer.metrics.clear();
  if (empty) {
    study.space = SearchSpace();
    study.default_configuration = Configuration();
  }
  return study;
}

/// What the command does with the values that it was given.
Result<Trial> TryCommand(const StudyDraft& draft, const std::string& path, Seconds limit,
                         SignalWatch& signals) {
  auto study = StudyToTry(draft, path);
  if (!study) return Pass(study);
  study->workers.timeout = limit;
  auto patterns = MetricPatterns::Create({});
  if (!patterns) return Pass(patterns);
  Trial trial{
      .folder = draft.in_its_folder ? "in the folder where it was typed" : "in a folder of its own",
      .end = {},
      .finder = {},
      .defaults = {}};
  auto end = RunOnce(*study, *study->default_configuration, *patterns, signals,
                     [&](std::string_view line) {
                       if (!trial.defaults.TakeLine(line)) trial.finder.TakeLine(line);
                     },
                     {ModuleDefaults::kVariable});
  if (!end) return Pass(end);
  trial.end = std::move(*end);
  return trial;
}

/// "3.1 s and 12 J (estimated), so that 60 take about 3 min".
std::string CostOf(const AttemptEnd& end) {
  if (end.energy.empty()) return "";
  const PhaseEnergy& total = end.energy.back();
  std::string text = FormatSeconds(total.wall);
  if (total.figure) {
    text += fmt::format(" and {} ({})", FormatJoules(total.figure->joules),
                        Name(total.figure->provenance.energy_class));
  }
  return text + fmt::format(", so that 60 take about {}", FormatSeconds(total.wall * 60.0));
}

/// The values that the program reports itself, the best objective first.
std::vector<ReportedObjective> ReportedOf(const NamedValues& values) {
  std::vector<ReportedObjective> reported;
  for (const auto& [name, value] : values) {
    reported.push_back({.name = name, .direction = DirectionOf(name)});
  }
  const auto rank = [](const ReportedObjective& objective) {
    return objective.direction ? 1 + RankOf(objective.name) : 0;
  };
  std::stable_sort(reported.begin(), reported.end(),
                   [&](const auto& a, const auto& b) { return rank(a) > rank(b); });
  return reported;
}

/// The phase whose joules matter most: train, or the longest that the program announced.
std::string PhaseOf(const std::vector<PhaseEnergy>& energy) {
  if (FindPhase(energy, "train") != nullptr) return "train";
  const PhaseEnergy* longest = nullptr;
  for (const PhaseEnergy& phase : energy) {
    if (phase.phase == "total" || phase.phase == "setup" || phase.phase == "data") continue;
    if (longest == nullptr || phase.wall > longest->wall) longest = &phase;
  }
  return longest == nullptr ? "total" : longest->phase;
}

/// How the command failed; empty if it did not.
std::optional<std::string> FailureOf(const Trial& trial) {
  const AttemptEnd& end = trial.end;
  if (end.crossed == AttemptLimit::kTime || end.exit_status == 0) return std::nullopt;
  return fmt::format(
      "{} {}{}",
      end.signal ? fmt::format("was ended by signal {}", *end.signal)
                 : fmt::format("ended with exit code {}", end.exit_status.value_or(-1)),
      trial.folder, end.last_line.empty() ? "" : "; its last line: " + end.last_line);
}

/// Whether it ended for want of a file or a module, and so before it began to train.
bool MissedSomething(const Trial& trial) {
  std::string line = trial.end.last_line;
  for (char& c : line) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::any_of(std::begin(kMissing), std::end(kMissing),
                     [&](std::string_view words) { return line.find(words) != std::string::npos; });
}

/// Adds the parameters that a module of ours asked for.
void AddAsked(const ModuleDefaults& defaults, GuessedCommand& guess) {
  for (const auto& [name, value] : defaults.Found()) {
    const bool known =
        std::any_of(guess.parameters.begin(), guess.parameters.end(),
                    [&name = name](const auto& p) { return p.parameter.name == name; });
    auto range = known ? std::nullopt : GuessRange(name, value, guess.script);
    if (!range) continue;
    range->name = name;
    guess.parameters.push_back(
        {.parameter = std::move(*range), .given = value, .from = "its default", .text = ""});
  }
  // It has no word in the command: to keep one is to leave it out.
  for (const std::string& name : Relate(guess.parameters)) Keep(guess, name);
}

/// Fills in what the trial showed. Error: the command failed.
Result<void> Learn(const Trial& trial, StudyDraft& draft) {
  const AttemptEnd& end = trial.end;
  if (end.not_started) return tl::unexpected(*end.not_started);
  if (const auto failure = FailureOf(trial)) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("the command {}; repair it, or write the file without running it: "
                            "--no-run",
                            *failure));
  }
  AddAsked(trial.defaults, draft.guess);
  draft.metrics = trial.finder.Found();
  draft.reported = ReportedOf(end.values);
  draft.phase = PhaseOf(end.energy);
  const bool too_long = end.crossed == AttemptLimit::kTime;
  if (too_long) {
    PrintNote("joulefront init: --timeout ended it; what it had printed counts\n");
  }
  draft.trial = too_long ? "longer than --timeout, and was ended" : CostOf(end);
  return {};
}

tl::unexpected<Error> IsThere(const std::string& path) {
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is there already, and is never overwritten; name another file "
                          "with -o, or remove it",
                          path));
}

/// Never over a file that is there.
Result<void> WriteNew(const std::string& path, const std::string& text) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file.open() && errno == EEXIST) return IsThere(path);
  if (!file.open() || write(file.get(), text.data(), text.size()) != std::ssize(text)) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("cannot write '{}': {}", path, strerror(errno)));
  }
  return {};
}

/// Runs the command as the study would: in a folder of its own, and where that fails in the folder
/// where it was typed. If both fail, the failure is that of the run that came farther.
Result<void> LearnByTrying(const Places& places, const std::string& path, Seconds limit,
                           SignalWatch& signals, StudyDraft& draft) {
  PrintNote("joulefront init: running the command once, to see what it prints\n");
  auto trial = TryCommand(draft, path, limit, signals);
  if (!trial) return Pass(trial);
  const bool failed = trial->end.exit_status.value_or(0) != 0 && signals.stop_requests() == 0;
  if (failed && !draft.in_its_folder) {
    PrintNote("joulefront init: it failed in a folder of its own; once more, in this one\n");
    StudyDraft here = draft;
    here.guess.words = InItsFolder(here.guess.words, places);
    here.in_its_folder = true;
    auto again = TryCommand(here, path, limit, signals);
    // Where it was typed is where it was meant to run, unless it lacked something only there.
    if (again && (!FailureOf(*again) || !MissedSomething(*again) || MissedSomething(*trial))) {
      draft = std::move(here);
      trial = std::move(again);
    }
  }
  return Learn(*trial, draft);
}

/// "val_loss (val_loss=9.93e-05); also found: ...".
std::string MetricsFound(const StudyDraft& draft) {
  const auto& metrics = draft.metrics;
  std::string text = fmt::format("; metric {} ({})\n", metrics[0].name, metrics[0].excerpt);
  std::vector<std::string> others;
  for (std::size_t i = 1; i < metrics.size() && i <= kMostNamed; ++i) {
    others.push_back(fmt::format("{} ({})", metrics[i].name, metrics[i].excerpt));
  }
  if (metrics.size() > kMostNamed + 1) {
    others.push_back(fmt::format("{} more, in the file", metrics.size() - 1 - kMostNamed));
  }
  if (!others.empty()) text += fmt::format("also found: {}\n", fmt::join(others, ", "));
  return text;
}

void Conclude(const StudyDraft& draft, bool ran) {
  const std::string file = ShellText({draft.file});
  std::string text = fmt::format("wrote {}: {} parameters", file, draft.guess.parameters.size());
  if (!draft.reported.empty()) {
    text += fmt::format("; it reports {} itself\n", Printable(draft.reported[0].name));
  } else if (!draft.metrics.empty()) {
    text += MetricsFound(draft);
  } else {
    text += fmt::format("\n{}; write the expression for yours into [trainer.metrics] first\n",
                        ran ? "its output has no number that looks like a metric"
                            : "without a run, the metric is a guess");
  }
  PrintNote(text + fmt::format("check what it guesses, then:\n"
                               "  joulefront try {0}\n  joulefront run {0}\n",
                               file));
}

int RefuseFixed(VerbOptions& options, const StudyDraft& draft) {
  const auto& kept = draft.guess.kept;
  return options.Refuse(fmt::format(
      "nothing in the command line looks as if it may vary{}; give the numbers to search, as in "
      "-- python3 train.py --lr 0.1",
      kept.empty() ? ""
                   : fmt::format(" ({} {} left alone)", fmt::join(kept, ", "),
                                 kept.size() == 1 ? "is" : "are")));
}

}  // namespace

int InitVerb(const Arguments& arguments) {
  VerbOptions options("init [flags] -- COMMAND [ARGUMENTS]", kAbout);
  options.options().add_options()("name", po::value<std::string>(), "of the study")(
      "output,o", po::value<std::string>(), "the file to write (default: NAME.toml)")(
      "timeout", po::value<std::string>()->default_value("5 min"),
      "ends the trial run; what it has printed by then counts")(
      "no-run", "do not run the command: its metric has to be filled in by hand");
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (const auto code = options.Parse({arguments.begin(), dashes}, 0)) return *code;
  const bool named = dashes != arguments.end() && dashes + 1 != arguments.end();
  if (!named)
    return options.Refuse(
        "name the command that trains, after two dashes: joulefront init -- python3 train.py");
  const std::vector<std::string> command(dashes + 1, arguments.end());
  const auto limit = ParseSeconds(*options.Get("timeout"));
  if (!limit) return options.Refuse("--timeout: " + limit.error().message);
  StudyDraft draft{.name = options.Get("name").value_or(NameOf(command)),
                   .command = ShellText(command)};
  if (auto good = CheckStudyName(draft.name); !good) return options.Refuse(good.error().message);
  draft.file = options.Get("output").value_or(draft.name + ".toml");
  std::error_code error;
  if (fs::exists(draft.file, error)) return Complain("init", IsThere(draft.file).value());
  const Places places{.here = fs::current_path(error),
                      .study = fs::weakly_canonical(fs::absolute(draft.file), error).parent_path()};
  if (access(places.study.c_str(), W_OK) != 0) {  // better now than after a long run
    return Complain("init",
                    {ErrorCode::kUnavailable, fmt::format("cannot write into '{}': {}",
                                                          places.study.string(), strerror(errno))});
  }
  draft.guess = GuessCommand(command, places);
  if (draft.guess.parameters.empty()) GuessFile(command, places, draft.guess);
  const bool run = !options.Has("no-run");
  const bool may_ask = run && AsksModule(command, places, draft.guess.script);
  if (draft.guess.parameters.empty() && !may_ask) return RefuseFixed(options, draft);
  if (NeedsItsFolder(command)) {
    draft.guess.words = InItsFolder(draft.guess.words, places);
    draft.in_its_folder = true;
  }
  if (run) {
    SignalWatch signals;
    auto learnt = LearnByTrying(places, draft.file, *limit, signals, draft);
    if (signals.stop_requests() > 0) return 128 + signals.stop_signal();
    if (!learnt) return Complain("init", learnt.error());
    if (draft.guess.parameters.empty()) return RefuseFixed(options, draft);
  }
  const std::string text = StudyText(draft);
  if (auto parsed = ParseStudyFile(text, draft.file); !parsed) {
    return Complain("init", parsed.error());
  }
  if (auto written = WriteNew(draft.file, text); !written) {
    return Complain("init", written.error());
  }
  Conclude(draft, run);
  return kDone;
}

}  // namespace joulefront
