#include "study_store/optuna_file.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "study_store/configuration_json.h"
#include "study_store/optuna_schema.h"
#include "study_store/sqlite_connection.h"
#include "study_store/value_json.h"

namespace joulefront {
namespace {

using nlohmann::ordered_json;

constexpr std::chrono::milliseconds kNoWait{0};  // nobody else knows the file
constexpr std::int64_t kOnlyStudy = 1;

std::string Text(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

const char* StateOf(TrialState state) {
  switch (state) {
    case TrialState::kWaiting:
      return "WAITING";
    case TrialState::kRunning:
      return "RUNNING";
    case TrialState::kComplete:
      return "COMPLETE";
    case TrialState::kPruned:
      return "PRUNED";
    case TrialState::kFailed:
      break;
  }
  return "FAIL";
}

/// Optuna keeps local times without their zone.
std::string LocalTime(TimePoint at) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(at);
  const std::time_t seconds = whole.time_since_epoch().count();
  std::tm local = {};
  localtime_r(&seconds, &local);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03}000", local, (at - whole).count());
}

/// Choices have no order for Optuna, so ordinals are categorical there.
std::string DistributionOf(const Parameter& p) {
  ordered_json attributes;
  const char* name = "CategoricalDistribution";
  if (!p.choices.empty()) {
    attributes["choices"] = ordered_json::array();
    for (const Value& choice : p.choices) {
      std::visit([&](const auto& held) { attributes["choices"].push_back(held); }, choice);
    }
  } else if (p.type == ParameterType::kInt) {
    name = "IntDistribution";
    const auto whole = [](double number) { return static_cast<std::int64_t>(number); };
    attributes = {{"log", p.log},
                  {"step", whole(p.step.value_or(1.0))},
                  {"low", whole(p.low)},
                  {"high", whole(p.high)}};
  } else {
    name = "FloatDistribution";
    attributes = {{"step", nullptr}, {"low", p.low}, {"high", p.high}, {"log", p.log}};
    if (p.step) attributes["step"] = *p.step;
  }
  return Text({{"name", name}, {"attributes", attributes}});
}

/// How far values are beyond each limit, in the order of ConstraintTexts(), at most 0 where it is
/// kept; empty if a constrained value is missing.
std::vector<double> ExcessesOf(const Study& study, const NamedValues& values) {
  constexpr double kMost = std::numeric_limits<double>::max();  // JSON knows no infinity
  std::vector<double> excesses;
  for (const Constraint& constraint : study.constraints) {
    const auto found = values.find(constraint.name);
    if (found == values.end()) return {};
    const auto add = [&](double excess) { excesses.push_back(std::clamp(excess, -kMost, kMost)); };
    if (constraint.max) add(found->second - *constraint.max);
    if (constraint.min) add(*constraint.min - found->second);
  }
  return excesses;
}

std::vector<std::string> ConstraintTexts(const Study& study) {
  std::vector<std::string> texts;
  for (const Constraint& constraint : study.constraints) {
    if (constraint.max) texts.push_back(fmt::format("{} <= {}", constraint.name, *constraint.max));
    if (constraint.min) texts.push_back(fmt::format("{} >= {}", constraint.name, *constraint.min));
  }
  return texts;
}

/// The objective whose progress Optuna shows: it knows one value a step.
const std::string* ReportedObjective(const Study& study) {
  for (const Objective& objective : study.objectives) {
    if (!objective.phase) return &objective.name;
  }
  return nullptr;
}

/// Where the joules of a metered objective come from.
std::string_view ClassOf(const Objective& objective, const Trial& trial) {
  const EnergyFigure* figure = FindFigure(trial.energy, *objective.phase);
  return figure != nullptr ? Name(figure->provenance.energy_class) : "told";
}

/// Values, energy and the story of a trial, under the names that its columns have in CSV.
/// `in_values`: its objectives stand in Optuna's own place.
ordered_json AttributesOf(const Study& study, const Trial& trial, bool in_values) {
  ordered_json attributes = ordered_json::object();
  for (const auto& [name, value] : trial.values) attributes["value." + name] = value;
  for (const Objective& objective : study.objectives) {
    if (in_values) attributes.erase("value." + objective.name);
    if (in_values && objective.phase) {
      attributes["class." + objective.name] = ClassOf(objective, trial);
    }
  }
  for (const PhaseEnergy& phase : trial.energy) {
    if (!phase.figure) continue;
    const std::string name = "energy." + phase.phase;
    attributes[name + "_j"] = phase.figure->joules.value();
    attributes[name + "_class"] = Name(phase.figure->provenance.energy_class);
    attributes[name + "_coverage"] = phase.figure->coverage;
  }
  attributes["attempts"] = trial.attempts;
  if (trial.failure) attributes["failure"] = Name(*trial.failure);
  for (const auto& [name, text] : {std::pair("proposed_by", &trial.proposed_by),
                                   {"reason", &trial.reason},
                                   {"message", &trial.message}}) {
    if (!text->empty()) attributes[name] = *text;
  }
  return attributes;
}

/// When a trial's last attempt, or the one that finished it, began and ended.
std::map<TrialNumber, Attempt> LastAttempts(std::vector<Attempt> attempts) {
  std::map<TrialNumber, Attempt> last;
  for (Attempt& attempt : attempts) {
    if (attempt.kind == AttemptKind::kTrial) last[attempt.trial] = std::move(attempt);
  }
  return last;
}

class OptunaWriter {
 public:
  OptunaWriter(SqlConnection& connection, const Study& study)
      : connection_(connection), study_(study) {
    for (const Parameter& parameter : study.space.parameters()) {
      distributions_.push_back(DistributionOf(parameter));
    }
  }

  Result<void> WriteStudy() {
    JF_TRY(Insert("INSERT INTO studies VALUES (?1, ?2)", kOnlyStudy, study_.name));
    ordered_json names = ordered_json::array();
    for (std::size_t k = 0; k < study_.objectives.size(); ++k) {
      const bool minimize = study_.objectives[k].direction == Direction::kMinimize;
      JF_TRY(
          Insert("INSERT INTO study_directions (direction, study_id, objective)"
                 " VALUES (?1, ?2, ?3)",
                 minimize ? "MINIMIZE" : "MAXIMIZE", kOnlyStudy, k));
      names.push_back(study_.objectives[k].name);
    }
    JF_TRY(
        Insert("INSERT INTO study_system_attributes (study_id, \"key\", value_json)"
               " VALUES (?1, ?2, ?3)",
               kOnlyStudy, "study:metric_names", Text(names)));
    ordered_json attributes = ordered_json::object();
    for (const Objective& objective : study_.objectives) {
      if (!objective.unit.empty()) attributes["unit." + objective.name] = objective.unit;
    }
    if (!study_.constraints.empty()) attributes["constraints"] = ConstraintTexts(study_);
    if (const auto* name = ReportedObjective(study_)) attributes["intermediate_values"] = *name;
    for (const auto& [key, value] : attributes.items()) {
      JF_TRY(
          Insert("INSERT INTO study_user_attributes (study_id, \"key\", value_json)"
                 " VALUES (?1, ?2, ?3)",
                 kOnlyStudy, key, Text(value)));
    }
    return {};
  }

  /// `attempt`: its last one, if it has begun.
  Result<void> WriteTrial(const Trial& trial, const Attempt* attempt,
                          const std::vector<ProgressReport>& progress) {
    const std::int64_t id = trial.number + 1;
    std::optional<std::string> started, ended;
    if (attempt != nullptr && trial.state != TrialState::kWaiting) {
      started = LocalTime(attempt->started);
    }
    if (attempt != nullptr && attempt->ended && IsFinished(trial.state)) {
      ended = LocalTime(*attempt->ended);
    }
    JF_TRY(Insert("INSERT INTO trials VALUES (?1, ?2, ?3, ?4, ?5, ?6)", id, trial.number,
                  kOnlyStudy, StateOf(trial.state), started, ended));
    JF_TRY(WriteParameters(id, trial));
    const bool in_values = std::all_of(
        study_.objectives.begin(), study_.objectives.end(),
        [&](const Objective& objective) { return trial.values.contains(objective.name); });
    if (in_values) JF_TRY(WriteValues(id, trial));
    ordered_json attributes = AttributesOf(study_, trial, in_values);
    JF_TRY(WriteProgress(id, trial, progress, attributes));
    for (const auto& [key, value] : attributes.items()) {
      JF_TRY(
          Insert("INSERT INTO trial_user_attributes (trial_id, \"key\", value_json)"
                 " VALUES (?1, ?2, ?3)",
                 id, key, Text(value)));
    }
    return {};
  }

 private:
  template <typename... Args>
  Result<void> Insert(const char* sql, const Args&... args) {
    auto query = connection_.Prepare(sql);
    if (!query) return Pass(query);
    JF_TRY(query->Bind(args...).Run());
    return {};
  }

  /// Optuna's numbers are our coordinates: the value, or the place among the choices.
  Result<void> WriteParameters(std::int64_t id, const Trial& trial) {
    auto configuration = ConfigurationFromJson(study_.space, trial.configuration);
    if (!configuration) {
      return Fail(ErrorCode::kCorrupt,
                  fmt::format("trial {} in the store does not fit the study: {}", trial.number,
                              configuration.error().message));
    }
    for (std::size_t i = 0; i < study_.space.size(); ++i) {
      if (!(*configuration)[i]) continue;
      JF_TRY(
          Insert("INSERT INTO trial_params (trial_id, param_name, param_value,"
                 " distribution_json) VALUES (?1, ?2, ?3, ?4)",
                 id, study_.space.parameters()[i].name, *(*configuration)[i], distributions_[i]));
    }
    return {};
  }

  Result<void> WriteValues(std::int64_t id, const Trial& trial) {
    for (std::size_t k = 0; k < study_.objectives.size(); ++k) {
      JF_TRY(
          Insert("INSERT INTO trial_values (trial_id, objective, value, value_type)"
                 " VALUES (?1, ?2, ?3, 'FINITE')",
                 id, k, trial.values.at(study_.objectives[k].name)));
    }
    const auto excesses = ExcessesOf(study_, trial.values);
    if (excesses.empty()) return {};
    return Insert(
        "INSERT INTO trial_system_attributes (trial_id, \"key\", value_json)"
        " VALUES (?1, 'constraints', ?2)",
        id, Text(excesses));
  }

  /// Optuna's samplers cannot go on with a study of several objectives that has a pruned trial with
  /// intermediate values, so those stand among its attributes.
  Result<void> WriteProgress(std::int64_t id, const Trial& trial,
                             const std::vector<ProgressReport>& progress,
                             ordered_json& attributes) {
    const std::string* name = ReportedObjective(study_);
    if (name == nullptr) return {};
    const bool apart = trial.state == TrialState::kPruned && study_.objectives.size() > 1;
    ordered_json steps = ordered_json::object();
    for (const ProgressReport& report : progress) {
      const auto found = report.values.find(*name);
      if (found == report.values.end()) continue;
      if (apart) {
        steps[std::to_string(report.step)] = found->second;
        continue;
      }
      JF_TRY(
          Insert("INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value,"
                 " intermediate_value_type) VALUES (?1, ?2, ?3, 'FINITE')",
                 id, report.step, found->second));
    }
    if (!steps.empty()) attributes["progress." + *name] = std::move(steps);
    return {};
  }

  SqlConnection& connection_;
  const Study& study_;
  std::vector<std::string> distributions_;  // by parameter
};

}  // namespace

Result<void> WriteOptunaFile(StudyStore& store, StudyId id, const std::string& path) {
  auto study = store.LoadStudy(id);
  if (!study) return Pass(study);
  auto trials = store.LoadTrials(id);
  if (!trials) return Pass(trials);
  auto attempts = store.LoadAttempts(id);
  if (!attempts) return Pass(attempts);
  const auto last = LastAttempts(std::move(*attempts));
  auto connection =
      SqliteConnection::Open(path, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, kNoWait);
  if (!connection) return Pass(connection);
  JF_TRY((*connection)->Execute(kOptunaSchema));
  OptunaWriter writer(**connection, *study);
  return (*connection)->Write(Survives::kPowerCut, {}, [&]() -> Result<void> {
    JF_TRY(writer.WriteStudy());
    for (const Trial& trial : *trials) {
      auto progress = store.LoadProgress(id, trial.number);
      if (!progress) return Pass(progress);
      const auto attempt = last.find(trial.number);
      JF_TRY(
          writer.WriteTrial(trial, attempt == last.end() ? nullptr : &attempt->second, *progress));
    }
    return {};
  });
}

}  // namespace joulefront
