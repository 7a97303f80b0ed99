#include <fmt/format.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/console.h"
#include "cli/energy_json.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "cli/table.h"
#include "study_store/configuration_json.h"
#include "workers/attempt_runner.h"
#include "workers/metering_plan.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Trains one configuration in the foreground and shows what the study would record: values, "
    "phases\n"
    "and joules. Nothing is stored. Parameters that are not set take the centre of their range, or "
    "their\n"
    "first choice. The trainer's own output goes to stderr.\n\n"
    "examples:\n"
    "  joulefront try study.toml\n"
    "  joulefront try study.toml --set learning_rate=0.01 --set optimizer=adam";

/// The value of --set NAME=TEXT: as JSON if it is some, else as a text.
Value ValueOfText(const std::string& text) {
  const auto json = ordered_json::parse(text, nullptr, false);
  if (json.is_boolean()) return json.get<bool>();
  // get<std::int64_t>() would let larger ones wrap round.
  const bool fits = !json.is_number_unsigned() || json.get<std::uint64_t>() <= INT64_MAX;
  if (json.is_number_integer() && fits) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  return text;
}

Result<Configuration> Configure(const SearchSpace& space,
                                const std::vector<std::string>& settings) {
  Configuration set(space.size());
  for (const std::string& setting : settings) {
    const auto equals = setting.find('=');
    const auto index = space.IndexOf(setting.substr(0, equals));
    if (equals == std::string::npos || !index) {
      return Fail(
          ErrorCode::kInvalidArgument,
          fmt::format("--set {}: write PARAMETER=VALUE with a parameter of the study", setting));
    }
    set[*index] = space.CoordinateOf(*index, ValueOfText(setting.substr(equals + 1)));
    if (!set[*index]) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("--set {}: the parameter cannot have this value", setting));
    }
  }
  Configuration configuration = CompleteConfiguration(space, set);
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (!set[i] || configuration[i]) continue;
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--set {}: it is inactive here, since its `when` does not hold",
                            space.parameters()[i].name));
  }
  return configuration;
}

std::string MakeText(const AttemptResult& result, const std::string& configuration) {
  std::string text = fmt::format("configuration {}\n", configuration);
  for (const auto& [name, value] : result.values) {
    text += fmt::format("{} = {}\n", name, FormatNumber(value, 6));
  }
  Table table{.header = {"phase", "joules", "class", "source", "wall", "cpu"},
              .rows = {},
              .left = {true, false, true, true}};
  for (const PhaseEnergy& phase : result.energy) {
    const auto& figure = phase.figure;
    table.rows.push_back({phase.phase, figure ? FormatJoules(figure->joules) : "?",
                          figure ? std::string(Name(figure->provenance.energy_class)) : "",
                          figure ? figure->provenance.source : "", FormatSeconds(phase.wall),
                          FormatSeconds(phase.cpu)});
  }
  return text + "\n" + FormatTable(table);
}

std::string MakeJson(const AttemptResult& result, const std::string& configuration) {
  return ordered_json({{"configuration", ordered_json::parse(configuration)},
                       {"state", Name(result.state)},
                       {"values", result.values},
                       {"energy", PhasesToJson(result.energy)},
                       {"message", result.message}})
             .dump(2) +
         "\n";
}

/// A folder of its own for the trial, gone with the object. No path if it could not be made.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code none;
    std::string pattern =
        (std::filesystem::temp_directory_path(none) / "joulefront-try-XXXXXX").string();
    if (!none && mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

int TryVerb(const Arguments& arguments) {
  VerbOptions options("try STUDY.toml [flags]", kAbout);
  options.options().add_options()("set", po::value<std::vector<std::string>>(),
                                  "PARAMETER=VALUE; may be repeated")(
      "format", po::value<std::string>()->default_value("table"), "table or json");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  if (options.positional().empty()) return options.Refuse("name a study file");
  const std::string format = *options.Get("format");
  if (format != "table" && format != "json") {
    return options.Refuse(fmt::format("--format is table or json, not '{}'", format));
  }
  auto file = ReadStudyFile(options.positional()[0]);
  if (!file) return Complain("try", file.error());
  const Study& study = file->study;
  if (study.trainer.command.empty()) {
    return Complain("try", {ErrorCode::kInvalidArgument,
                            options.positional()[0] + ": no trainer; add [trainer] with command"});
  }
  auto configuration = Configure(study.space, options.All("set"));
  if (!configuration) return Complain("try", configuration.error());
  auto patterns = MetricPatterns::Create(study.trainer.metrics);
  if (!patterns) return Complain("try", patterns.error());

  SignalWatch signals;
  BecomeSubreaper();
  const TemporaryFolder folder;
  if (folder.path().empty()) {
    return Complain("try", {ErrorCode::kUnavailable,
                            "cannot make a temporary folder; set TMPDIR to a writable one"});
  }
  const Claim claim{.configuration = ConfigurationToJson(study.space, *configuration),
                    .seed = study.seed};
  auto command = PrepareTrainer(study, claim, folder.path(), 0);
  if (!command) return Complain("try", command.error());
  const Metering metering{.machine = ThisMachine(), .plan = PlanOf(study, 0)};
  const AttemptCallbacks callbacks{.on_log = [](std::string_view text) { PrintNote(text); }};
  const AttemptEnd end = RunAttempt(study, *command, *patterns, metering, signals, callbacks);
  const AttemptResult result = Judge(study, end);
  const std::string data = format == "json" ? MakeJson(result, claim.configuration)
                                            : MakeText(result, claim.configuration);
  if (!PrintData(data)) return kRunTimeFailure;
  if (result.state == AttemptState::kComplete) {
    if (!result.message.empty()) PrintNote("joulefront try: note: " + result.message + "\n");
    return kDone;
  }
  PrintNote(fmt::format("joulefront try: {}{}: {}\n", Name(result.state),
                        result.failure ? fmt::format(" ({})", Name(*result.failure)) : "",
                        result.message));
  return signals.stop_requests() > 0 ? 128 + signals.stop_signal() : kRunTimeFailure;
}

}  // namespace joulefront
