// Optuna's RDB storage in SQLite, read: its tables are those of optuna_schema.cc.
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "base/printable.h"
#include "study_store/past_trials.h"
#include "study_store/sqlite_connection.h"
#include "study_store/sqlite_open.h"
#include "study_store/value_json.h"

namespace joulefront {
namespace {

using nlohmann::json;

constexpr std::string_view kValuePrefix = "value.";  // as WriteOptunaFile() calls them

struct OptunaStudy {
  std::int64_t id = 0;
  std::string name;
  std::vector<std::string> directions;  // "MINIMIZE", by objective
  std::vector<std::string> metrics;     // their names; empty: they have none
};

class OptunaReader {
 public:
  OptunaReader(SqliteConnection& connection, const Study& study, const PastNames& names)
      : connection_(connection), study_(study), names_(names) {}

  Result<PastRecord> Read() {
    JF_TRY(CheckSchema());
    auto chosen = Choose();
    if (!chosen) return Pass(chosen);
    JF_TRY(LoadNames(*chosen));
    JF_TRY(CheckNames(*chosen));
    PastRecord past{.source = fmt::format("study '{}' in {}", chosen->name, connection_.name()),
                    .trials = {}};
    JF_TRY(LoadTrials(*chosen, past));
    JF_TRY(LoadParameters(*chosen, past));
    JF_TRY(LoadValues(*chosen, past));
    JF_TRY(LoadAttributes(*chosen, past));
    JF_TRY(LoadConstraints(*chosen, past));
    return past;
  }

 private:
  /// Runs a statement, with the study's id as ?1 where it has one, and shows `take` every row.
  template <typename Take>
  Result<void> ForEachRow(const char* sql, std::optional<std::int64_t> id, Take take) {
    auto query = connection_.Prepare(sql);
    if (!query) return Pass(query);
    if (id) query->Bind(*id);
    while (true) {
      auto row = query->Step();
      if (!row) return Pass(row);
      if (!*row) return {};
      take(*query);
    }
  }

  /// The same of rows that begin with the id of a trial.
  template <typename Take>
  Result<void> ForEachOfTrials(const char* sql, const OptunaStudy& chosen, PastRecord& past,
                               Take take) {
    return ForEachRow(sql, chosen.id, [&](const Query& row) {
      const auto found = places_.find(row.Int(0));
      if (found != places_.end()) take(row, past.trials[found->second]);
    });
  }

  Result<void> CheckSchema() {
    auto known = connection_.SelectInt(
        "SELECT COUNT(*) FROM pragma_table_info('trial_values')"
        " WHERE name = 'value_type'");
    if (!known) return Pass(known);
    if (*known == 1) return {};
    return Fail(ErrorCode::kCorrupt,
                fmt::format("{0} is not a file of Optuna 3 or later; an older one is brought up to "
                            "date by: optuna storage upgrade --storage sqlite:///{0}. Of a "
                            "joulefront store: joulefront run --warm-start",
                            connection_.name()));
  }

  Result<OptunaStudy> Choose() {
    std::vector<OptunaStudy> all;
    JF_TRY(ForEachRow("SELECT study_id, study_name FROM studies ORDER BY study_id", {},
                      [&](const Query& row) {
                        all.push_back({.id = row.Int(0), .name = Printable(row.Text(1))});
                      }));
    std::vector<std::string> others;
    for (OptunaStudy& one : all) {
      if (names_.study ? one.name == *names_.study : all.size() == 1) return std::move(one);
      others.push_back(one.name);
    }
    if (names_.study) {
      return Fail(ErrorCode::kNotFound,
                  fmt::format("{} holds no study '{}'; it has: {}", connection_.name(),
                              *names_.study, fmt::join(others, ", ")));
    }
    return Fail(ErrorCode::kInvalidArgument,
                all.empty() ? fmt::format("{} holds no study", connection_.name())
                            : fmt::format("{} holds several studies; choose one with --study: {}",
                                          connection_.name(), fmt::join(others, ", ")));
  }

  Result<void> LoadNames(OptunaStudy& chosen) {
    JF_TRY(ForEachRow(
        "SELECT direction FROM study_directions WHERE study_id = ?1 ORDER BY objective", chosen.id,
        [&](const Query& row) { chosen.directions.push_back(row.String(0)); }));
    JF_TRY(ForEachRow(
        "SELECT value_json FROM study_system_attributes"
        " WHERE study_id = ?1 AND \"key\" = 'study:metric_names'",
        chosen.id, [&](const Query& row) {
          const auto named = json::parse(row.Text(0), nullptr, false);
          for (const json& name : named) {
            chosen.metrics.push_back(name.is_string() ? Printable(name.get<std::string>()) : "");
          }
        }));
    if (!names_.values.empty()) chosen.metrics = names_.values;
    return {};
  }

  Result<void> CheckNames(const OptunaStudy& chosen) const {
    const auto refuse = [&](const std::string& message) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("study '{}' in {}: {}", chosen.name, connection_.name(), message));
    };
    if (chosen.metrics.size() < chosen.directions.size()) {
      return refuse(fmt::format(
          "it has {} values and {} names for them; say what they are, in "
          "their order, such as --values {}",
          chosen.directions.size(), chosen.metrics.size(), study_.objectives.front().name));
    }
    for (std::size_t k = 0; k < chosen.directions.size(); ++k) {
      for (const Objective& objective : study_.objectives) {
        const bool minimized = chosen.directions[k] == "MINIMIZE";
        if (objective.name != chosen.metrics[k]) continue;
        if (minimized == (objective.direction == Direction::kMinimize)) continue;
        return refuse(fmt::format("'{}' is {} there and {} here: they are not the same",
                                  objective.name, minimized ? "minimized" : "maximized",
                                  minimized ? "maximized" : "minimized"));
      }
    }
    return {};
  }

  Result<void> LoadTrials(const OptunaStudy& chosen, PastRecord& past) {
    static const std::map<std::string_view, TrialState> kStates = {
        {"RUNNING", TrialState::kRunning},
        {"COMPLETE", TrialState::kComplete},
        {"PRUNED", TrialState::kPruned},
        {"FAIL", TrialState::kFailed}};
    return ForEachRow(
        "SELECT trial_id, number, state FROM trials WHERE study_id = ?1 ORDER BY number", chosen.id,
        [&](const Query& row) {
          const auto state = kStates.find(row.Text(2));
          places_[row.Int(0)] = past.trials.size();
          past.trials.push_back(
              {.place = fmt::format("trial {}", row.Int(1)),
               .state = state == kStates.end() ? TrialState::kWaiting : state->second});
        });
  }

  /// The number that Optuna keeps is the value, or the place among the distribution's choices.
  Result<void> LoadParameters(const OptunaStudy& chosen, PastRecord& past) {
    return ForEachOfTrials(
        "SELECT p.trial_id, p.param_name, p.param_value, p.distribution_json FROM trial_params p"
        " JOIN trials t ON t.trial_id = p.trial_id WHERE t.study_id = ?1 ORDER BY p.param_id",
        chosen, past, [](const Query& row, PastTrial& trial) {
          const auto distribution = json::parse(row.Text(3), nullptr, false);
          const double number = row.Real(2);
          std::optional<Value> value = number;
          bool is_null = false;
          const auto choices = json::json_pointer("/attributes/choices");
          if (distribution.is_object() && distribution.contains(choices)) {
            const json& all = distribution[choices];
            const bool there =
                all.is_array() && number >= 0.0 && number < static_cast<double>(all.size());
            const json chosen_value = there ? all[static_cast<std::size_t>(number)] : json();
            is_null = there && chosen_value.is_null();
            value = ValueFromJson(chosen_value);
            if (is_null && std::find(all.begin(), all.end(), json(kNullChoice)) != all.end()) {
              trial.fault =
                  fmt::format("parameter '{}' is null, and \"{}\" is another choice there",
                              row.String(1), kNullChoice);
            }
          }
          if (is_null) trial.nulls.push_back(row.String(1));
          if (value) trial.parameters.emplace_back(row.String(1), std::move(*value));
        });
  }

  Result<void> LoadValues(const OptunaStudy& chosen, PastRecord& past) {
    return ForEachOfTrials(
        "SELECT v.trial_id, v.objective, v.value, v.value_type FROM trial_values v"
        " JOIN trials t ON t.trial_id = v.trial_id WHERE t.study_id = ?1",
        chosen, past, [&](const Query& row, PastTrial& trial) {
          constexpr double kInfinite = std::numeric_limits<double>::infinity();
          const auto k = static_cast<std::size_t>(row.Int(1));
          if (k >= chosen.directions.size()) return;
          const std::string_view type = row.Text(3);
          trial.values[chosen.metrics[k]] = type == "INF_POS"   ? kInfinite
                                            : type == "INF_NEG" ? -kInfinite
                                                                : row.Real(2);
        });
  }

  Result<void> LoadAttributes(const OptunaStudy& chosen, PastRecord& past) {
    return ForEachOfTrials(
        "SELECT a.trial_id, a.\"key\", a.value_json FROM trial_user_attributes a"
        " JOIN trials t ON t.trial_id = a.trial_id WHERE t.study_id = ?1",
        chosen, past, [&](const Query& row, PastTrial& trial) {
          const std::string key = row.String(1);
          const auto held = json::parse(row.Text(2), nullptr, false);
          if (held.is_number() && key.starts_with(kValuePrefix)) {
            trial.values.emplace(key.substr(kValuePrefix.size()), held.get<double>());
          } else if (held.is_number() && IsNeeded(study_, key)) {
            trial.values.emplace(key, held.get<double>());
          } else if (held.is_string() && key == "failure") {
            trial.failure = FailureClassFromName(held.get<std::string>());
          } else if (held.is_string() && key == "message") {
            trial.message = held.get<std::string>();
          }
        });
  }

  /// Optuna keeps how far each is broken. Names beyond those of the values say which they are.
  Result<void> LoadConstraints(const OptunaStudy& chosen, PastRecord& past) {
    const std::size_t first = chosen.directions.size();
    return ForEachOfTrials(
        "SELECT a.trial_id, a.value_json FROM trial_system_attributes a"
        " JOIN trials t ON t.trial_id = a.trial_id"
        " WHERE t.study_id = ?1 AND a.\"key\" = 'constraints'",
        chosen, past, [&](const Query& row, PastTrial& trial) {
          const auto held = json::parse(row.Text(1), nullptr, false);
          if (!held.is_array()) return;
          for (const json& excess : held) {
            trial.excesses.push_back(excess.is_number() ? excess.get<double>() : std::nan(""));
          }
          if (chosen.metrics.size() - first != trial.excesses.size()) return;
          for (std::size_t k = 0; k < trial.excesses.size(); ++k) {
            trial.values.emplace(chosen.metrics[first + k], trial.excesses[k]);
          }
        });
  }

  SqliteConnection& connection_;
  const Study& study_;
  const PastNames& names_;
  std::map<std::int64_t, std::size_t> places_;  // of trials, by their id
};

}  // namespace

Result<PastRecord> ReadOptunaTrials(const std::string& path, const Study& study,
                                    const PastNames& names) {
  auto connection = SqliteConnection::Open(path, path, SQLITE_OPEN_READONLY, kBusyWait);
  if (!connection) return Pass(connection);
  return (*connection)->Read([&] { return OptunaReader(**connection, study, names).Read(); });
}

}  // namespace joulefront
