#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "base/files.h"
#include "cli/console.h"
#include "cli/gate_report.h"
#include "cli/gate_session.h"
#include "cli/gate_work.h"
#include "cli/metering_flags.h"
#include "cli/new_file.h"
#include "cli/studies.h"
#include "cli/verbs.h"

namespace joulefront {
namespace {

constexpr const char* kAbout =
    "Fails when a training has come to cost more joules, or reports worse values, than a baseline\n"
    "allows: for CI. Runs a command, or one configuration of a study, until the answer is\n"
    "statistically clear or the repeats or the budget end, and compares with the baseline's runs.\n"
    "At most 1 - confidence of what is within its limits is called worse (docs/gate.md).\n\n"
    "examples:\n"
    "  joulefront gate --baseline gate.json --update-baseline -- python3 train.py\n"
    "  joulefront gate --baseline gate.json -- python3 train.py\n"
    "  joulefront gate --baseline gate.json --max-regress energy=3% --max-regress error=0.005 \\\n"
    "      --metric 'error=val_error={number}' --markdown \"$GITHUB_STEP_SUMMARY\" -- python3 "
    "train.py\n"
    "  joulefront gate --baseline gate.json study.toml\n"
    "  joulefront gate --against ../before -- python3 train.py      both in turn\n\n"
    "exit codes: 0 it holds, or is not clear (without --strict), or the baseline was made;\n"
    "            1 a run came to no result; 2 usage, or a baseline that cannot be compared;\n"
    "            3 worse than is allowed, or not clear with --strict; 5 meter missing";

constexpr int kDefaultWarmup = 1;

/// A report that was asked for. Its file is opened before anything is run for nothing.
struct Output {
  std::string path;
  std::string (*make)(const GateReport&);
  std::ofstream file;
};

Result<std::vector<Output>> OpenOutputs(const VerbOptions& options) {
  constexpr std::pair<const char*, std::string (*)(const GateReport&)> kForms[] = {
      {"markdown", GateMarkdown}, {"junit", GateJunit}, {"json", GateJson}};
  std::vector<Output> outputs;
  for (const auto& [flag, make] : kForms) {
    const auto path = options.Get(flag);
    if (!path) continue;
    auto made = OpenOutput(*path, fmt::format("--{}", flag));
    if (!made) return Pass(made);
    outputs.push_back({*path, make, std::move(*made)});
  }
  return outputs;
}

Result<std::optional<GateBaseline>> ReadBaseline(const GateSettings& settings) {
  const std::string& path = settings.baseline_path;
  if (path.empty()) return std::optional<GateBaseline>();
  constexpr std::size_t kLargestBaseline = 64 << 20;
  auto text = ReadInput(path, kLargestBaseline);
  if (!text) {
    if (text.error().code != ErrorCode::kNotFound) return Pass(text, "--baseline");
    if (settings.update) return std::optional<GateBaseline>();
    return Fail(ErrorCode::kNotFound,
                fmt::format("there is no baseline '{}'; --update-baseline makes one", path));
  }
  auto baseline = BaselineFromJson(*text);
  if (!baseline) {
    return Pass(baseline, fmt::format("'{}' is not used as a baseline, nor written over", path));
  }
  return std::optional<GateBaseline>(std::move(*baseline));
}

/// What of the plan this baseline allows: repeats are compared one for one.
Result<void> FitToBaseline(const GateBaseline& baseline, const GateWork& work,
                           GateSettings& settings, std::vector<std::string>& notes) {
  const int there = static_cast<int>(baseline.runs.size());
  if (settings.warmup && *settings.warmup != baseline.warmup) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--warmup {}: the baseline was made with {}, and repeats compare only "
                            "with those from the same place",
                            *settings.warmup, baseline.warmup));
  }
  if (there < settings.plan.most) {
    notes.push_back(fmt::format("the baseline has {} repeats, so no more are made", there));
    settings.plan.most = there;
    settings.plan.least = std::min(settings.plan.least, there);
  }
  for (const Objective& objective : work.study.objectives) {
    if (!ValuesOf(baseline.runs, objective.name).empty()) continue;
    return Fail(ErrorCode::kConflict,
                fmt::format("'{}' is not in the baseline '{}'; make it again with "
                            "--update-baseline, which keeps what a run reports",
                            objective.name, settings.baseline_path));
  }
  return {};
}

/// Repeats that could never be clear are not made in vain.
Result<void> RequireClearEnd(const GateSettings& settings) {
  const auto looks = PlannedLooks(settings.plan);
  if (std::any_of(looks.begin(), looks.end(), [](const auto& look) { return look.rank > 0; })) {
    return {};
  }
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{} repeats can never be clear at --confidence {} of {} values; allow "
                          "more, of the baseline too",
                          settings.plan.most, settings.confidence, settings.limits.size()));
}

/// What a session is begun with.
struct GateStart {
  GateSettings settings;
  GateWork work;
  std::optional<GateBaseline> baseline;  // empty: one is made
  std::vector<std::string> notes;
  std::vector<Output> outputs;
};

/// Everything that can be refused is, before anything runs.
Result<GateStart> Begin(const VerbOptions& options, const std::vector<std::string>& command,
                        GateSettings settings) {
  GateStart start{.settings = std::move(settings)};
  auto there = ReadBaseline(start.settings);
  if (!there) return Pass(there);
  auto work = ReadGateWork(options, command, *there, start.settings, start.notes);
  if (!work) return Pass(work);
  start.work = std::move(*work);
  if (!start.settings.against.empty()) {
    start.baseline = GateBaseline{.subject = start.work.subject,
                                  .warmup = start.settings.warmup.value_or(kDefaultWarmup)};
  } else if (!start.settings.update) {
    start.baseline = std::move(*there);
    JF_TRY(FitToBaseline(*start.baseline, start.work, start.settings, start.notes));
  }
  JF_TRY(RequireClearEnd(start.settings));
  auto outputs = OpenOutputs(options);
  if (!outputs) return Pass(outputs);
  start.outputs = std::move(*outputs);
  return start;
}

/// Writes the baseline's file, or leaves the one that is there as it is.
Result<void> WriteBaseline(const std::string& path, std::ofstream& file, const std::string& fresh,
                           const GateBaseline& baseline) {
  file << BaselineToJson(baseline);
  file.close();
  if (file && std::rename(fresh.c_str(), path.c_str()) == 0) return {};
  return Fail(ErrorCode::kUnavailable,
              fmt::format("'{}' cannot be written: {}", path, std::strerror(errno)));
}

/// Runs for a baseline. Errors: as those of the session, and of a budget that ends too soon.
Result<GateBaseline> RunBaseline(const GateStart& start, GateSession& session) {
  const int warmup = start.settings.warmup.value_or(kDefaultWarmup);
  JF_TRY(session.Run(warmup));
  if (const auto count = std::ssize(session.runs()); count < start.settings.plan.least) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("--budget ended after {} of the {} runs that a baseline needs at least",
                            count, start.settings.plan.least));
  }
  return GateBaseline{.made = CalendarNow(),
                      .subject = start.work.subject,
                      .warmup = warmup,
                      .metered = session.metered(),
                      .runs = session.runs()};
}

int MakeBaseline(const GateStart& start, GateSession& session, const GateRunner& runner,
                 const SignalWatch& signals, Console& console) {
  const std::string& path = start.settings.baseline_path;
  const std::string fresh = path + ".new";
  std::remove(fresh.c_str());
  auto file = OpenOutput(fresh, "--update-baseline");
  if (!file) return Complain("gate", file.error());
  auto baseline = RunBaseline(start, session);
  console.EndProgress();
  const auto written =
      baseline ? WriteBaseline(path, *file, fresh, *baseline) : Result<void>(Pass(baseline));
  if (!written) {
    std::remove(fresh.c_str());
    if (signals.stop_requests() > 0) return 128 + signals.stop_signal();
    PrintNote(runner.Tail());
    return Complain("gate", written.error());
  }
  return PrintData(fmt::format("{}: {} runs of {}\n", path, baseline->runs.size(),
                               DescribeSubject(start.work.subject)))
             ? kDone
             : kRunTimeFailure;
}

int Judge(GateStart& start, GateSession& session, const GateRunner& runner,
          const SignalWatch& signals, Console& console) {
  const auto ran = session.Run(start.baseline->warmup);
  console.EndProgress();
  if (signals.stop_requests() > 0) return 128 + signals.stop_signal();
  if (!ran && ran.error().code != ErrorCode::kUnavailable) return Complain("gate", ran.error());
  auto rows = session.Compare();
  if (!rows) return Complain("gate", rows.error());
  const bool in_turn = !start.settings.against.empty();
  GateReport report{
      .subject = DescribeSubject(start.work.subject),
      .baseline_path = in_turn ? start.settings.against : start.settings.baseline_path,
      .baseline_made = in_turn ? "" : StampText(start.baseline->made),
      .confidence = start.settings.confidence,
      .strict = start.settings.strict,
      .took = session.took(),
      .rows = std::move(*rows),
      .notes = std::move(start.notes)};
  if (!ran) {
    report.failure = ran.error().message;
    report.output = runner.Tail();
  }
  bool written = PrintData(GateText(report));
  for (Output& output : start.outputs) {
    output.file << output.make(report);
    if (output.file.flush()) continue;
    PrintNote(fmt::format("joulefront gate: cannot write '{}'\n", output.path));
    written = false;
  }
  const int code = GateExitCode(report);
  return code == kDone && !written ? kRunTimeFailure : code;
}

}  // namespace

int GateVerb(const Arguments& arguments) {
  VerbOptions options("gate --baseline FILE [flags] STUDY.toml|STORE | -- COMMAND [ARGUMENTS]",
                      kAbout);
  AddGateFlags(options);
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (const auto code = options.Parse({arguments.begin(), dashes}, 1)) return *code;
  const std::vector<std::string> command(dashes == arguments.end() ? dashes : dashes + 1,
                                         arguments.end());
  if (command.empty() == options.positional().empty()) {
    return options.Refuse("name a study or its store, or a command after --");
  }
  auto settings = ReadGateSettings(options);
  if (!settings) return options.Refuse(settings.error().message);
  auto start = Begin(options, command, std::move(*settings));
  if (!start) return Complain("gate", start.error());
  SignalWatch signals;
  auto runner = GateRunner::Create(start->work, signals);
  if (!runner) return Complain("gate", runner.error());
  const auto console = MakeConsole(options.Has("quiet"));
  GateSession session(start->settings, start->work, start->baseline, *runner, *console);
  HostLock lock;
  const auto until = start->settings.budget
                         ? std::optional(MonotonicNow() + *start->settings.budget)
                         : std::nullopt;
  const bool free = WaitForMachine("gate", lock, true, signals, until);
  if (signals.stop_requests() > 0) return 128 + signals.stop_signal();
  if (!free) {
    return Complain("gate", {ErrorCode::kUnavailable,
                             "other attempts used this machine for all of --budget: no result"});
  }
  const int code = start->settings.update
                       ? MakeBaseline(*start, session, *runner, signals, *console)
                       : Judge(*start, session, *runner, signals, *console);
  const auto& left = runner->left_running();
  if (!left.empty()) {
    PrintNote(
        fmt::format("joulefront gate: note: {}\n", LeftRunningText({left.begin(), left.end()})));
  }
  return code;
}

}  // namespace joulefront
