#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/printable.h"
#include "cli/console.h"
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
  AttemptEnd end;
  MetricFinder finder;
};

/// What the command does with the values that it was given.
Result<Trial> TryCommand(const StudyDraft& draft, const std::string& path, Seconds limit,
                         SignalWatch& signals) {
  StudyDraft plain = draft;
  plain.metrics.clear();
  auto file = ParseStudyFile(StudyText(plain), path);
  if (!file) return Pass(file, "the command line cannot be put into a study file");
  Study& study = file->study;
  study.trainer.metrics.clear();
  study.workers.timeout = limit;
  auto patterns = MetricPatterns::Create({});
  if (!patterns) return Pass(patterns);
  Trial trial;
  auto end = RunOnce(study, *study.default_configuration, *patterns, signals,
                     [&](std::string_view line) { trial.finder.TakeLine(line); });
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

/// The best of the values that the program reports itself; empty if it reports none.
std::optional<ReportedObjective> ReportedOf(const NamedValues& values) {
  std::optional<ReportedObjective> best;
  const auto rank = [](const ReportedObjective& objective) {
    return objective.direction ? 1 + RankOf(objective.name) : 0;
  };
  for (const auto& [name, value] : values) {
    ReportedObjective objective{.name = name, .direction = DirectionOf(name)};
    if (!best || rank(objective) > rank(*best)) best = std::move(objective);
  }
  return best;
}

/// Fills in what the trial showed. Error: the command failed.
Result<void> Learn(const Trial& trial, StudyDraft& draft) {
  const AttemptEnd& end = trial.end;
  const bool too_long = end.crossed == AttemptLimit::kTime;
  if (end.not_started) return tl::unexpected(*end.not_started);
  if (!too_long && end.exit_status != 0) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("the command {}{}; mend it, or write the file without running it: "
                            "--no-run",
                            end.signal ? fmt::format("was ended by signal {}", *end.signal)
                                       : fmt::format("ended with exit code {}", *end.exit_status),
                            end.last_line.empty() ? "" : "; its last line: " + end.last_line));
  }
  draft.metrics = trial.finder.Found();
  draft.reported = ReportedOf(end.values);
  draft.has_phase_train = FindPhase(end.energy, "train") != nullptr;
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
/// where it was typed.
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
    if (again && again->end.exit_status == 0) {
      draft = std::move(here);
      trial = std::move(again);
    }
  }
  return Learn(*trial, draft);
}

void Conclude(const StudyDraft& draft, bool ran) {
  const std::string file = ShellText({draft.file});
  std::string text = fmt::format("wrote {}: {} parameters", file, draft.guess.parameters.size());
  if (draft.reported) {
    text += fmt::format("; it reports {} itself\n", Printable(draft.reported->name));
  } else if (!draft.metrics.empty()) {
    text += fmt::format("; metric {} ({})\n", draft.metrics[0].name, draft.metrics[0].excerpt);
  } else {
    text += fmt::format("\n{}; write the expression for yours into [trainer.metrics] first\n",
                        ran ? "its output has no number that looks like a metric"
                            : "without a run, the metric is a guess");
  }
  PrintNote(text + fmt::format("check what it guesses, then:\n"
                               "  joulefront try {0}\n  joulefront run {0}\n",
                               file));
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
  if (draft.guess.parameters.empty()) {
    return options.Refuse(
        "nothing in the command line looks as if it may vary; give the numbers to search, as in "
        "-- python3 train.py --lr 0.1");
  }
  if (NeedsItsFolder(command)) {
    draft.guess.words = InItsFolder(draft.guess.words, places);
    draft.in_its_folder = true;
  }
  const bool run = !options.Has("no-run");
  if (run) {
    SignalWatch signals;
    auto learnt = LearnByTrying(places, draft.file, *limit, signals, draft);
    if (signals.stop_requests() > 0) return 128 + signals.stop_signal();
    if (!learnt) return Complain("init", learnt.error());
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
