#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>

#include "cli/console.h"
#include "cli/energy_json.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "cli/table.h"
#include "cli/trial_run.h"
#include "study_store/configuration_json.h"
#include "workers/attempt_runner.h"
#include "workers/progress_patterns.h"
#include "workers/trainer_files.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Trains one configuration in the foreground and shows what the study would record: values, "
    "phases\n"
    "and joules. Nothing is stored. Parameters that are not set are those of the study file's "
    "default,\n"
    "or else take the centre of their range, or their first choice. The trainer's own output goes "
    "to\nstderr.\n\n"
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

Result<Configuration> Configure(const Study& study, const std::vector<std::string>& settings) {
  const SearchSpace& space = study.space;
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
  Configuration configuration = CompleteConfiguration(space, set, study.default_configuration);
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (!set[i] || configuration[i]) continue;
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--set {}: it is inactive here, since its `when` does not hold",
                            space.parameters()[i].name));
  }
  return configuration;
}

/// "energy = 1.5 J (estimated)" where the value is metered, else "error = 0.12".
std::string ValueLine(const Study& study, const AttemptResult& result, const std::string& name,
                      double value) {
  for (const Objective& objective : study.objectives) {
    if (objective.name != name || !objective.phase || objective.per) continue;
    const EnergyFigure* figure = FindFigure(result.energy, *objective.phase);
    if (figure == nullptr) continue;
    return fmt::format("{} = {} ({})\n", name, FormatJoules(Joules(value)),
                       Name(figure->provenance.energy_class));
  }
  return fmt::format("{} = {}\n", name, FormatNumber(value, 6));
}

std::string MakeText(const Study& study, const AttemptResult& result,
                     const std::string& configuration) {
  std::string text = fmt::format("configuration {}\n", configuration);
  for (const auto& [name, value] : result.values) text += ValueLine(study, result, name, value);
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

}  // namespace

int TryVerb(const Arguments& arguments) {
  VerbOptions options("try STUDY.toml [flags]", kAbout);
  options.options().add_options()("set", po::value<std::vector<std::string>>(),
                                  "PARAMETER=VALUE; may be repeated")(
      "format", po::value<std::string>()->default_value("table"), "table or json");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  if (options.positional().empty()) return options.Refuse("name a study file");
  const auto format = options.OneOf("format", {"table", "json"});
  if (!format) return options.Refuse(format.error().message);
  auto file = ReadStudyFile(options.positional()[0]);
  if (!file) return Complain("try", file.error());
  const Study& study = file->study;
  if (study.trainer.command.empty()) {
    return Complain("try", {ErrorCode::kInvalidArgument,
                            options.positional()[0] + ": no trainer; add [trainer] with command"});
  }
  auto configuration = Configure(study, options.All("set"));
  if (!configuration) return Complain("try", configuration.error());
  if (auto good = CheckTrainerFiles(study); !good) return Complain("try", good.error());
  auto patterns = MetricPatterns::Create(study.trainer.metrics);
  if (!patterns) return Complain("try", patterns.error());
  if (auto progress = ProgressPatterns::Create(study); !progress) {
    return Complain("try", progress.error());
  }

  SignalWatch signals;
  auto end = RunOnce(study, *configuration, *patterns, signals, {});
  if (!end) return Complain("try", end.error());
  const AttemptResult result = Judge(study, *end);
  const std::string tried = ConfigurationToJson(study.space, *configuration);
  const std::string data =
      *format == "json" ? MakeJson(result, tried) : MakeText(study, result, tried);
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
