#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "base/files.h"
#include "cli/console.h"
#include "cli/gate_report.h"
#include "cli/gate_work.h"
#include "cli/metering_flags.h"
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
    "      --metric 'error=val_error=([0-9.]+)' --markdown \"$GITHUB_STEP_SUMMARY\" -- python3 "
    "train.py\n"
    "  joulefront gate --baseline gate.json study.toml\n\n"
    "exit codes: 0 it holds, or is not clear (without --strict), or the baseline was made;\n"
    "            1 a run came to no result; 2 usage, or a baseline that cannot be compared;\n"
    "            3 worse than is allowed, or not clear with --strict; 5 meter missing";

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
    outputs.push_back({*path, make, std::ofstream(*path)});
    if (outputs.back().file) continue;
    return Fail(ErrorCode::kUnavailable,
                fmt::format("--{}: '{}' cannot be written: {}", flag, *path, std::strerror(errno)));
  }
  return outputs;
}

/// All that a session of runs needs; `runs` are those that count so far.
struct Gate {
  const GateSettings& settings;
  const GateWork& work;
  const std::optional<GateBaseline>& baseline;  // empty where one is made
  GateRunner& runner;
  SignalWatch& signals;
  Console& console;
  std::vector<GateRun> runs;
  std::map<std::string, MeteredValue> metered;
  Seconds took;

  /// Warms up, and runs until the answer is clear, or what is allowed for it has ended.
  Result<void> Run(int warmup, const std::vector<GateLook>& looks) {
    const Seconds begin = MonotonicNow();
    Seconds longest;
    for (int k = 0; static_cast<int>(runs.size()) < settings.plan.most; ++k) {
      const Seconds now = MonotonicNow();
      if (settings.budget && now + longest > begin + *settings.budget) break;
      ShowProgress(k < warmup);
      auto run = runner.Run(work.study.seed + static_cast<std::uint64_t>(k));
      took = MonotonicNow() - begin;
      longest = std::max(longest, MonotonicNow() - now);
      if (!run) return Pass(run);
      JF_TRY(CheckKeys(*run));
      if (k >= warmup) runs.push_back(std::move(*run));
      auto clear = IsClear(looks);
      if (!clear) return Pass(clear);
      if (*clear) break;
    }
    return {};
  }

  void ShowProgress(bool warming_up) {
    if (!console.WantsProgress(MonotonicNow())) return;
    console.ShowProgress(
        warming_up ? std::string("warming up")
                   : fmt::format("run {}, of {} at most", runs.size() + 1, settings.plan.most));
  }

  /// All runs of now, and those of the baseline, are of one key.
  Result<void> CheckKeys(const GateRun& run) {
    auto found = MeteredValuesOf(work.study.objectives, run);
    if (!found) return Pass(found);
    if (baseline)
      JF_TRY(RequireComparable(baseline->metered, *found,
                               fmt::format("the baseline '{}'", settings.baseline_path)));
    if (!metered.empty()) JF_TRY(RequireComparable(metered, *found, "the run before"));
    metered = std::move(*found);
    return {};
  }

  Result<bool> IsClear(const std::vector<GateLook>& looks) {
    const auto count = static_cast<int>(runs.size());
    const bool look = baseline && std::any_of(looks.begin(), looks.end(), [&](const auto& planned) {
                        return planned.repeats == count;
                      });
    if (!look) return false;
    auto rows = Compare(looks);
    if (!rows) return Pass(rows);
    const GateVerdict verdict = OverallVerdict({.rows = std::move(*rows)});
    return verdict != GateVerdict::kUnclear;
  }

  Result<std::vector<GateRow>> Compare(const std::vector<GateLook>& looks) const {
    std::vector<GateRow> rows;
    const GateBaseline now{.runs = runs};
    for (const Objective& objective : work.study.objectives) {
      GateRow row{.value = objective,
                  .baseline = baseline->ValuesOf(objective.name),
                  .now = now.ValuesOf(objective.name)};
      if (const auto found = metered.find(objective.name); found != metered.end()) {
        row.metered = found->second;
      }
      const auto limit = settings.limits.find(objective.name);
      if (limit != settings.limits.end()) row.limit = limit->second;
      auto compared = CompareRepeats(row.baseline, row.now, objective.direction, row.limit, looks);
      if (!compared) return Pass(compared, "--max-regress " + objective.name);
      row.comparison = *compared;
      rows.push_back(std::move(row));
    }
    return rows;
  }
};

/// The planned looks, and one at the end if there were repeats after the last of them.
std::vector<GateLook> LooksAt(const GatePlan& plan, int repeats) {
  std::vector<GateLook> looks = PlannedLooks(plan);
  std::erase_if(looks, [&](const GateLook& look) { return look.repeats > repeats; });
  const int before = looks.empty() ? 0 : looks.back().repeats;
  if (repeats > before) looks.push_back(LookAfter(plan, before, repeats));
  return looks;
}

Result<std::optional<GateBaseline>> ReadBaseline(const GateSettings& settings) {
  const std::string& path = settings.baseline_path;
  auto text = ReadFile(path);
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
    if (!baseline.ValuesOf(objective.name).empty()) continue;
    return Fail(ErrorCode::kConflict,
                fmt::format("'{}' is not in the baseline '{}'; make it again with "
                            "--update-baseline, which keeps what a run reports",
                            objective.name, settings.baseline_path));
  }
  const auto looks = PlannedLooks(settings.plan);
  if (std::all_of(looks.begin(), looks.end(), [](const auto& look) { return look.rank == 0; })) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} repeats can never be clear at --confidence {} of {} values; allow "
                            "more, of the baseline too",
                            settings.plan.most, settings.confidence, settings.limits.size()));
  }
  return {};
}

bool WriteFile(const std::string& path, std::ofstream& file, const std::string& text) {
  file << text;
  if (file.flush()) return true;
  PrintNote(fmt::format("joulefront gate: cannot write '{}'\n", path));
  return false;
}

/// Runs, and leaves the baseline as it was unless all went well.
int MakeBaseline(Gate& gate) {
  const GateSettings& settings = gate.settings;
  const std::string fresh = settings.baseline_path + ".new";
  std::ofstream file(fresh);
  if (!file) {
    return Complain("gate", {ErrorCode::kUnavailable, fmt::format("'{}' cannot be written: {}",
                                                                  fresh, std::strerror(errno))});
  }
  const int warmup = settings.warmup.value_or(1);
  const auto ran = gate.Run(warmup, {});
  gate.console.EndProgress();
  const auto give_up = [&](int code) {
    std::remove(fresh.c_str());
    return code;
  };
  if (gate.signals.stop_requests() > 0) return give_up(128 + gate.signals.stop_signal());
  if (!ran) {
    PrintNote(gate.runner.Tail());
    return give_up(Complain("gate", ran.error()));
  }
  const int count = static_cast<int>(gate.runs.size());
  if (count < settings.plan.least) {
    PrintNote(
        fmt::format("joulefront gate: --budget ended after {} of the {} runs that a baseline "
                    "needs at least\n",
                    count, settings.plan.least));
    return give_up(kRunTimeFailure);
  }
  const GateBaseline baseline{.made = CalendarNow(),
                              .subject = gate.work.subject,
                              .warmup = warmup,
                              .metered = gate.metered,
                              .runs = std::move(gate.runs)};
  if (!WriteFile(fresh, file, BaselineToJson(baseline))) return give_up(kRunTimeFailure);
  file.close();
  if (std::rename(fresh.c_str(), settings.baseline_path.c_str()) != 0) {
    PrintNote(fmt::format("joulefront gate: cannot rename '{}' to '{}': {}\n", fresh,
                          settings.baseline_path, std::strerror(errno)));
    return give_up(kRunTimeFailure);
  }
  return PrintData(fmt::format("{}: {} runs of {}\n", settings.baseline_path, count,
                               DescribeSubject(gate.work.subject)))
             ? kDone
             : kRunTimeFailure;
}

int CompareWithBaseline(Gate& gate, std::vector<Output>& outputs, std::vector<std::string> notes) {
  const GateSettings& settings = gate.settings;
  const auto ran = gate.Run(gate.baseline->warmup, PlannedLooks(settings.plan));
  gate.console.EndProgress();
  if (gate.signals.stop_requests() > 0) return 128 + gate.signals.stop_signal();
  if (!ran && ran.error().code != ErrorCode::kUnavailable) return Complain("gate", ran.error());
  auto rows = gate.Compare(LooksAt(settings.plan, static_cast<int>(gate.runs.size())));
  if (!rows) return Complain("gate", rows.error());
  GateReport report{.subject = DescribeSubject(gate.work.subject),
                    .baseline_path = settings.baseline_path,
                    .baseline_made = StampText(gate.baseline->made),
                    .confidence = settings.confidence,
                    .strict = settings.strict,
                    .took = gate.took,
                    .rows = std::move(*rows),
                    .notes = std::move(notes)};
  if (!ran) {
    report.failure = ran.error().message;
    report.output = gate.runner.Tail();
  }
  bool written = PrintData(GateText(report));
  for (Output& output : outputs) {
    written = WriteFile(output.path, output.file, output.make(report)) && written;
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
  auto baseline = ReadBaseline(*settings);
  if (!baseline) return Complain("gate", baseline.error());
  std::vector<std::string> notes;
  auto work = ReadGateWork(options, command, *baseline, *settings, notes);
  if (!work) return Complain("gate", work.error());
  if (settings->update) baseline->reset();
  if (*baseline) {
    const auto fits = FitToBaseline(**baseline, *work, *settings, notes);
    if (!fits) return Complain("gate", fits.error());
  }
  auto outputs = OpenOutputs(options);
  if (!outputs) return Complain("gate", outputs.error());
  SignalWatch signals;
  auto runner = GateRunner::Create(*work, signals);
  if (!runner) return Complain("gate", runner.error());
  HostLock lock;
  WaitForMachine("gate", lock, true, signals);
  if (signals.stop_requests() > 0) return 128 + signals.stop_signal();
  const auto console = MakeConsole(options.Has("quiet"));
  Gate gate{*settings, *work, *baseline, *runner, signals, *console};
  return settings->update ? MakeBaseline(gate)
                          : CompareWithBaseline(gate, *outputs, std::move(notes));
}

}  // namespace joulefront
