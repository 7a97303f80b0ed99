#include "cli/gate_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

#include "cli/metering_flags.h"
#include "cli/studies.h"
#include "study_store/configuration_json.h"
#include "study_store/front.h"
#include "workers/metering_plan.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;

constexpr const char* kEnergy = "energy";  // what a command's joules are called
constexpr GateLimit kDefaultLimit{.most = 0.03, .relative = true};

/// "5..20".
Result<std::pair<int, int>> ParseRepeats(const std::string& text) {
  int least = 0, most = 0;
  const char* end = text.data() + text.size();
  auto read = std::from_chars(text.data(), end, least);
  const bool dots = read.ec == std::errc() && std::string_view(read.ptr, end).starts_with("..");
  if (dots) read = std::from_chars(read.ptr + 2, end, most);
  if (!dots || read.ec != std::errc() || read.ptr != end || least < 2 || most < least ||
      most > kMostGateRepeats) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--repeats is MIN..MAX, such as 5..20, from 2 to {}: not '{}'",
                            kMostGateRepeats, text));
  }
  return std::pair(least, most);
}

/// NAME=TEXT of a flag that may be repeated.
Result<std::map<std::string, std::string>> ReadPairs(const VerbOptions& options,
                                                     const std::string& flag) {
  std::map<std::string, std::string> pairs;
  for (const std::string& text : options.All(flag)) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 ||
        !pairs.emplace(text.substr(0, equals), text.substr(equals + 1)).second) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("--{} {}: write NAME=VALUE, each name once", flag, text));
    }
  }
  return pairs;
}

Objective* FindObjective(Study& study, const std::string& name) {
  const auto found =
      std::find_if(study.objectives.begin(), study.objectives.end(),
                   [&](const Objective& objective) { return objective.name == name; });
  return found == study.objectives.end() ? nullptr : &*found;
}

/// Values that flags name become objectives, so that a run without them is no result.
Result<void> AddNamedValues(const VerbOptions& options, const GateSettings& settings,
                            Study& study) {
  const auto maximized = options.All("maximize");
  for (const std::string& name : maximized) {
    const Objective* known = FindObjective(study, name);
    if (known == nullptr) {
      study.objectives.push_back({.name = name, .direction = Direction::kMaximize});
    } else if (known->direction == Direction::kMinimize) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("--maximize {}: of it, less is better", name));
    }
  }
  for (const auto& [name, limit] : settings.limits) {
    if (FindObjective(study, name) == nullptr) study.objectives.push_back({.name = name});
  }
  return {};
}

Result<GateWork> WorkOfCommand(const VerbOptions& options, const std::vector<std::string>& command,
                               const GateSettings& settings) {
  GateWork work{.subject = {.command = command, .study = {}, .configuration = {}}};
  for (const char* flag : {"trial", "study"}) {
    if (options.Has(flag)) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("--{} is for a study, and not for a command", flag));
    }
  }
  auto plan = ReadMeteringPlan(options);
  if (!plan) return Pass(plan);
  work.plan = std::move(*plan);
  auto metrics = ReadPairs(options, "metric");
  if (!metrics) return Pass(metrics);
  work.study.objectives.push_back({.name = kEnergy,
                                   .phase = options.Get("phase").value_or(std::string(kTotalPhase)),
                                   .unit = "J"});
  JF_TRY(AddNamedValues(options, settings, work.study));
  for (const auto& [name, expression] : *metrics) {
    if (name == kEnergy) {
      return Fail(ErrorCode::kInvalidArgument,
                  "--metric energy: that is what the joules are called; choose another name");
    }
    if (FindObjective(work.study, name) == nullptr) {
      work.study.objectives.push_back({.name = name});
    }
  }
  work.study.trainer.metrics = std::move(*metrics);
  return work;
}

/// The configuration of the trial that is named, or of the knee of the front.
Result<std::string> ConfigurationFromStore(const OpenedStudy& opened,
                                           std::optional<std::int64_t> number) {
  auto trials = opened.store->LoadTrials(opened.id);
  if (!trials) return Pass(trials);
  if (number) {
    const auto index = static_cast<std::size_t>(*number);
    if (*number >= 0 && index < trials->size()) return (*trials)[index].configuration;
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--trial {}: the study has no trial of that number", *number));
  }
  for (const FrontPoint& point : ComputeFront(opened.study, *trials).points) {
    if (point.knee) return (*trials)[point.trial].configuration;
  }
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("the front of '{}' has no knee: choose one of its trials by --trial",
                          opened.study.name));
}

Result<void> RefuseFlagsOfCommands(const VerbOptions& options) {
  for (const char* flag : {"against", "metric", "phase", "exclusive", "source", "gpu", "demand"}) {
    if (options.Has(flag)) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("--{} is for a command; of a study, its file says that", flag));
    }
  }
  return {};
}

Result<GateWork> WorkOfStudy(const VerbOptions& options,
                             const std::optional<GateBaseline>& baseline,
                             const GateSettings& settings) {
  JF_TRY(RefuseFlagsOfCommands(options));
  const std::string where = options.positional().empty() ? "" : options.positional()[0];
  const auto number = options.Get<std::int64_t>("trial");
  GateWork work;
  const bool is_file = where.ends_with(".toml");
  if (is_file) {
    auto file = ReadStudyFile(where);
    if (!file) return Pass(file);
    work.study = std::move(file->study);
  }
  std::string configuration = baseline ? baseline->subject.configuration : "";
  if (!is_file || number || configuration.empty()) {
    auto opened = OpenStudy(where, options.Get("study"), OpenMode::kRead);
    if (!opened)
      return Pass(opened, is_file ? "a first configuration is taken from the study's store" : "");
    if (!is_file) work.study = opened->study;
    if (number || configuration.empty()) {
      auto found = ConfigurationFromStore(*opened, number);
      if (!found) return Pass(found);
      configuration = std::move(*found);
    }
  }
  if (work.study.trainer.command.empty()) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("study '{}' has no trainer; add [trainer] with command", work.study.name));
  }
  auto checked = ConfigurationFromJson(work.study.space, configuration);
  if (!checked) return Pass(checked, fmt::format("study '{}' has another space", work.study.name));
  work.subject = {.command = {},
                  .study = work.study.name,
                  .configuration = ConfigurationToJson(work.study.space, *checked)};
  work.plan = PlanOf(work.study, 0);
  JF_TRY(AddNamedValues(options, settings, work.study));
  return work;
}

/// A baseline of another thing says nothing of this one.
Result<void> RequireSameSubject(const GateSubject& before, const GateSubject& now,
                                const std::string& path, std::vector<std::string>& notes) {
  if (before == now) return {};
  const std::string difference = fmt::format("the baseline is of: {}", DescribeSubject(before));
  if (!before.command.empty() && !now.command.empty()) {
    notes.push_back(difference);
    return {};
  }
  return Fail(ErrorCode::kConflict,
              fmt::format("'{}' cannot be compared with what is asked for, {}: {}; make another "
                          "with --update-baseline",
                          path, DescribeSubject(now), difference));
}

}  // namespace

void AddGateFlags(VerbOptions& options) {
  options.options().add_options()("baseline", po::value<std::string>(),
                                  "the file to compare with, or to make")(
      "against", po::value<std::string>(),
      "instead: a folder with the state before a change, where the command is run in turn")(
      "update-baseline", "make the baseline from what is run now; nothing is compared")(
      "max-regress", po::value<std::vector<std::string>>(),
      "NAME=LIMIT: how much worse a value may be, 3% of the baseline's or 0.005 in its unit; may "
      "be "
      "repeated; default: 3% of all joules")("confidence",
                                             po::value<double>()->default_value(0.95, "0.95"),
                                             "of a verdict, of all values together")(
      "repeats", po::value<std::string>()->default_value("5..20"), "MIN..MAX: runs that count")(
      "warmup", po::value<int>(), "runs before them that do not; default: as the baseline, or 1")(
      "budget", po::value<std::string>(),
      "no run is begun that would end after this time; waiting for the machine is in it")(
      "strict", "what is not clear in the end has failed")(
      "metric", po::value<std::vector<std::string>>(),
      "NAME=REGEX: reads a value from the command's output; may be repeated")(
      "maximize", po::value<std::vector<std::string>>(),
      "of this reported value, more is better; may be repeated")(
      "phase", po::value<std::string>(), "of the command, whose joules count; default: total")(
      "trial", po::value<std::int64_t>(), "of the study; default: the baseline's, or the knee")(
      "study", po::value<std::string>(), "which study, if the store has several")(
      "markdown", po::value<std::string>(), "also write the report as Markdown, to this file")(
      "junit", po::value<std::string>(), "as JUnit XML")("json", po::value<std::string>(),
                                                         "as JSON")("quiet,q", "no progress");
  AddMeteringFlags(options);
}

Result<GateSettings> ReadGateSettings(const VerbOptions& options) {
  GateSettings settings{.update = options.Has("update-baseline"),
                        .confidence = *options.Get<double>("confidence"),
                        .warmup = options.Get<int>("warmup"),
                        .strict = options.Has("strict")};
  settings.baseline_path = options.Get("baseline").value_or("");
  settings.against = options.Get("against").value_or("");
  if (settings.baseline_path.empty() == settings.against.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "name a --baseline FILE, or --against FOLDER");
  }
  std::error_code error;
  if (!settings.against.empty() && !std::filesystem::is_directory(settings.against, error)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--against: '{}' is no folder", settings.against));
  }
  if (!settings.against.empty() && settings.update) {
    return Fail(ErrorCode::kInvalidArgument, "--update-baseline is for a --baseline FILE");
  }
  if (!(settings.confidence >= 0.5 && settings.confidence < 1.0)) {
    return Fail(ErrorCode::kInvalidArgument, "--confidence is from 0.5 to below 1");
  }
  if (settings.warmup && (*settings.warmup < 0 || *settings.warmup > kMostGateRepeats)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--warmup is from 0 to {}", kMostGateRepeats));
  }
  auto repeats = ParseRepeats(*options.Get("repeats"));
  if (!repeats) return Pass(repeats);
  std::tie(settings.plan.least, settings.plan.most) = *repeats;
  if (const auto text = options.Get("budget")) {
    auto budget = ParseSeconds(*text);
    if (!budget) return Pass(budget, "--budget");
    settings.budget = *budget;
  }
  auto limits = ReadPairs(options, "max-regress");
  if (!limits) return Pass(limits);
  for (const auto& [name, text] : *limits) {
    auto limit = ParseGateLimit(text);
    if (!limit) return Pass(limit, "--max-regress " + name);
    settings.limits[name] = *limit;
  }
  return settings;
}

Result<GateWork> ReadGateWork(const VerbOptions& options, const std::vector<std::string>& command,
                              const std::optional<GateBaseline>& baseline, GateSettings& settings,
                              std::vector<std::string>& notes) {
  auto work = command.empty() ? WorkOfStudy(options, baseline, settings)
                              : WorkOfCommand(options, command, settings);
  if (!work) return Pass(work);
  if (baseline && !settings.update) {
    JF_TRY(RequireSameSubject(baseline->subject, work->subject, settings.baseline_path, notes));
  }
  if (settings.limits.empty()) {
    for (const Objective& objective : work->study.objectives) {
      if (objective.phase) settings.limits[objective.name] = kDefaultLimit;
    }
  }
  if (settings.limits.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "nothing of it is metered: say what may not get worse by --max-regress NAME=LIMIT");
  }
  settings.plan.alpha = (1.0 - settings.confidence) / static_cast<double>(settings.limits.size());
  if (settings.budget) {
    auto& timeout = work->study.workers.timeout;
    timeout = timeout ? std::min(*timeout, *settings.budget) : *settings.budget;
  }
  return work;
}

}  // namespace joulefront
