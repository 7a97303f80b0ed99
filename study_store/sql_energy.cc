// Joules of a store in a database.
#include "study_store/sql_energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "study_store/attempt_rules.h"
#include "study_store/sql_store.h"

namespace joulefront {
namespace {

using nlohmann::json;

std::optional<Division> ReadDivision(const Query& row) {
  if (row.IsNull(7)) return std::nullopt;
  return Division{.measured = Joules(row.Real(7)),
                  .idle = Joules(row.Real(8)),
                  .others = Joules(row.Real(9)),
                  .idle_of_others = Joules(row.Real(10)),
                  .residual = Joules(row.Real(11))};
}

std::vector<DomainEnergy> ReadDomains(const Query& row) {
  std::vector<DomainEnergy> domains;
  if (row.IsNull(12)) return domains;
  const json list = json::parse(row.Text(12), nullptr, false);
  for (const json& entry : list) {
    // Our own text, unless the file was tampered with.
    const bool good = entry.is_array() && entry.size() == 4 && entry[0].is_string() &&
                      entry[1].is_string() && entry[2].is_number() && entry[3].is_number();
    if (!good) continue;
    domains.push_back({entry[0], entry[1], Joules(entry[2]), entry[3]});
  }
  return domains;
}

std::optional<double> Part(const std::optional<Division>& division, Joules Division::*part) {
  if (!division) return std::nullopt;
  return ((*division).*part).value();
}

std::optional<std::string> DomainsText(const std::vector<DomainEnergy>& domains) {
  if (domains.empty()) return std::nullopt;
  json list = json::array();
  for (const DomainEnergy& entry : domains) {
    list.push_back({entry.domain, entry.boundary, entry.joules.value(), entry.coverage});
  }
  return list.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

Result<Provenances> ReadProvenances(SqlConnection& connection) {
  auto query = connection.Prepare(
      "SELECT id, class, source, boundary, attribution, idle_policy, host, common_uncertainty"
      " FROM provenance");
  if (!query) return Pass(query);
  Provenances provenances;
  while (true) {
    auto row = query->Step();
    if (!row) return Pass(row);
    if (!*row) return provenances;
    const auto energy_class = EnergyClassFromName(query->Text(1));
    if (!energy_class) return Damaged(connection, "a class of joules is none that there is");
    provenances[query->Int(0)] = {.energy_class = *energy_class,
                                  .source = query->String(2),
                                  .boundary = query->String(3),
                                  .attribution = query->String(4),
                                  .idle_policy = query->String(5),
                                  .host = query->String(6),
                                  .common_uncertainty = query->Real(7)};
  }
}

Result<PhaseEnergy> ReadPhase(const SqlConnection& store, const Query& row,
                              const Provenances& provenances) {
  PhaseEnergy phase{.phase = row.String(0),
                    .wall = Seconds(row.Real(1)),
                    .cpu = Seconds(row.Real(2)),
                    .figure = std::nullopt};
  if (row.IsNull(3)) return phase;
  const auto provenance = provenances.find(row.Int(6));
  // A foreign key leads here, so it is there unless the file was tampered with.
  if (provenance == provenances.end()) return phase;
  phase.figure = EnergyFigure{.joules = Joules(row.Real(3)),
                              .coverage = row.Real(4),
                              .own_uncertainty = row.Real(5),
                              .provenance = provenance->second,
                              .division = ReadDivision(row),
                              .domains = ReadDomains(row)};
  if (!CheckEnergy({phase})) {
    return Damaged(store, fmt::format("the joules of a phase '{}' are impossible", phase.phase));
  }
  return phase;
}

Result<void> SqlStore::RecordEnergy(const Claim& claim, const std::vector<PhaseEnergy>& energy,
                                    bool running) {
  if (energy.empty()) return {};
  auto recorded = connection_->Prepare(
      "SELECT a.state, e.joules FROM attempt AS a"
      " LEFT JOIN energy AS e ON e.study = a.study AND e.trial = a.trial"
      " AND e.attempt = a.number AND e.phase = 'total'"
      " WHERE a.study = ?1 AND a.trial = ?2 AND a.number = ?3 AND a.worker = ?4");
  if (!recorded) return Pass(recorded);
  auto row = recorded->Bind(claim.study, claim.trial, claim.attempt, claim.worker).Step();
  if (!row) return Pass(row);
  if (!*row) return {};  // There never was such an attempt.
  const auto state =
      running ? AttemptState::kRunning
              : AttemptStateFromName(recorded->Text(0)).value_or(AttemptState::kComplete);
  const auto total = recorded->IsNull(1) ? std::nullopt : std::optional(Joules(recorded->Real(1)));
  if (!ReplacesRecorded(energy, total, state)) return {};
  auto remove =
      connection_->Prepare("DELETE FROM energy WHERE study = ?1 AND trial = ?2 AND attempt = ?3");
  if (!remove) return Pass(remove);
  JF_TRY(remove->Bind(claim.study, claim.trial, claim.attempt).Run());
  return InsertEnergy(claim, energy);
}

Result<void> SqlStore::InsertEnergy(const Claim& claim, const std::vector<PhaseEnergy>& energy) {
  for (std::size_t position = 0; position < energy.size(); ++position) {
    const PhaseEnergy& phase = energy[position];
    std::optional<std::int64_t> provenance;
    std::optional<double> joules, coverage, uncertainty;
    std::optional<Division> division;
    std::optional<std::string> domains;
    if (phase.figure) {
      auto id = ProvenanceId(phase.figure->provenance);
      if (!id) return Pass(id);
      provenance = *id;
      joules = phase.figure->joules.value();
      coverage = phase.figure->coverage;
      uncertainty = phase.figure->own_uncertainty;
      division = phase.figure->division;
      domains = DomainsText(phase.figure->domains);
    }
    auto insert = connection_->Prepare(
        "INSERT INTO energy (study, trial, attempt, position, phase, wall_s, cpu_s, joules,"
        " coverage, own_uncertainty, provenance, measured_j, idle_j, others_j, idle_of_others_j,"
        " residual_j, domains)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)");
    if (!insert) return Pass(insert);
    JF_TRY(insert
               ->Bind(claim.study, claim.trial, claim.attempt, position, phase.phase,
                      phase.wall.value(), phase.cpu.value(), joules, coverage, uncertainty,
                      provenance, Part(division, &Division::measured),
                      Part(division, &Division::idle), Part(division, &Division::others),
                      Part(division, &Division::idle_of_others),
                      Part(division, &Division::residual), domains)
               .Run());
  }
  return {};
}

Result<std::int64_t> SqlStore::ProvenanceId(const Provenance& p) {
  // Not kept in memory between calls: an id of a transaction that was rolled back may come to mean
  // something else.
  auto found = FindProvenance(p);
  if (!found) return Pass(found);
  if (*found) return **found;
  auto insert = connection_->Prepare(
      "INSERT INTO provenance (class, source, boundary, attribution, idle_policy, host,"
      " common_uncertainty) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING");
  if (!insert) return Pass(insert);
  JF_TRY(insert
             ->Bind(Name(p.energy_class), p.source, p.boundary, p.attribution, p.idle_policy,
                    p.host, p.common_uncertainty)
             .Run());
  auto made = FindProvenance(p);  // ours, or that of a transaction that was faster
  if (!made) return Pass(made);
  JF_CHECK(made->has_value());
  return **made;
}

Result<std::optional<std::int64_t>> SqlStore::FindProvenance(const Provenance& p) {
  auto find = connection_->Prepare(
      "SELECT id FROM provenance WHERE class = ?1 AND source = ?2 AND boundary = ?3"
      " AND attribution = ?4 AND idle_policy = ?5 AND host = ?6 AND common_uncertainty = ?7");
  if (!find) return Pass(find);
  find->Bind(Name(p.energy_class), p.source, p.boundary, p.attribution, p.idle_policy, p.host,
             p.common_uncertainty);
  auto row = find->Step();
  if (!row) return Pass(row);
  return *row ? std::optional(find->Int(0)) : std::nullopt;
}

Result<StudyStore::Spent> SqlStore::EnergySpent(StudyId study) {
  return connection_->Read([&]() -> Result<Spent> {
    JF_TRY(RequireStudy(study));
    return ReadSpent(study);
  });
}

Result<StudyStore::Spent> SqlStore::ReadSpent(StudyId study) {
  auto query = connection_->Prepare(
      "SELECT sum(e.joules), count(*), max(p.class) FROM energy AS e INDEXED BY energy_total"
      " JOIN provenance AS p ON p.id = e.provenance"
      " WHERE e.study = ?1 AND e.phase = 'total' AND e.joules IS NOT NULL"
      " GROUP BY e.provenance");
  if (!query) return Pass(query);
  query->Bind(study);
  Spent spent;
  std::int64_t metered = 0;
  while (true) {
    auto row = query->Step();
    if (!row) return Pass(row);
    if (!*row) break;
    spent.joules += Joules(query->Real(0));
    metered += query->Int(1);
    const auto energy_class = EnergyClassFromName(query->Text(2));
    if (!spent.weakest || energy_class > spent.weakest) spent.weakest = energy_class;
  }
  auto attempts = connection_->Prepare("SELECT count(*) FROM attempt WHERE study = ?1");
  if (!attempts) return Pass(attempts);
  JF_TRY(attempts->Bind(study).Step());
  spent.attempts_without = attempts->Int(0) - metered;
  auto running = connection_->Prepare(
      "SELECT coalesce(sum(e.joules), 0.0), count(e.joules) FROM attempt AS a INDEXED BY "
      "attempt_running"
      " JOIN energy AS e ON e.study = a.study AND e.trial = a.trial AND e.attempt = a.number"
      " WHERE a.study = ?1 AND a.state = 'running' AND e.phase = 'total'");
  if (!running) return Pass(running);
  JF_TRY(running->Bind(study).Step());
  if (const std::int64_t ended = metered - running->Int(1); ended > 0) {
    spent.mean = (spent.joules - Joules(running->Real(0))) / static_cast<double>(ended);
  }
  JF_TRY(AddSearch(study, spent));
  JF_TRY(AddReserved(study, spent));
  return spent;
}

Result<void> SqlStore::AddSearch(StudyId study, Spent& spent) {
  auto search = connection_->Prepare(
      "SELECT s.joules, p.class FROM search_energy AS s JOIN provenance AS p ON p.id = s.provenance"
      " WHERE s.study = ?1");
  if (!search) return Pass(search);
  search->Bind(study);
  while (true) {
    auto row = search->Step();
    if (!row) return Pass(row);
    if (!*row) break;
    spent.search += Joules(search->Real(0));
    const auto energy_class = EnergyClassFromName(search->Text(1));
    if (!spent.weakest || energy_class > spent.weakest) spent.weakest = energy_class;
  }
  spent.joules += spent.search;
  return {};
}

Result<void> SqlStore::AddReserved(StudyId study, Spent& spent) {
  auto query = connection_->Prepare(
      "SELECT state, foreseen_j, (SELECT joules FROM energy AS e WHERE e.study = ?1"
      "  AND e.trial = trial.number AND e.attempt = trial.attempts AND e.phase = 'total')"
      " FROM trial INDEXED BY trial_by_state"
      " WHERE study = ?1 AND state IN ('waiting', 'running')");
  if (!query) return Pass(query);
  query->Bind(study);
  while (true) {
    auto row = query->Step();
    if (!row) return Pass(row);
    if (!*row) return {};
    const Joules foreseen =
        query->IsNull(1) ? spent.mean.value_or(Joules()) : Joules(query->Real(1));
    if (query->Text(0) == Name(TrialState::kWaiting)) {
      spent.reserved_waiting += foreseen;
    } else {
      const Joules so_far = query->IsNull(2) ? Joules() : Joules(query->Real(2));
      spent.reserved_running += std::max(Joules(), foreseen - so_far);
    }
  }
}

Result<void> SqlStore::AddSearchEnergy(StudyId study, const PhaseEnergy& taken) {
  JF_TRY(CheckSearchEnergy(taken));
  return connection_->Write(Survives::kProcess, study, [&]() -> Result<void> {
    JF_TRY(RequireStudy(study));
    auto provenance = ProvenanceId(taken.figure->provenance);
    if (!provenance) return Pass(provenance);
    auto add = connection_->Prepare(
        "INSERT INTO search_energy AS s (study, provenance, wall_s, cpu_s, joules, coverage,"
        " own_uncertainty) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
        " ON CONFLICT (study, provenance) DO UPDATE SET wall_s = s.wall_s + excluded.wall_s,"
        " cpu_s = s.cpu_s + excluded.cpu_s, joules = s.joules + excluded.joules,"
        " coverage = CASE WHEN excluded.coverage < s.coverage THEN excluded.coverage"
        "  ELSE s.coverage END,"
        " own_uncertainty = CASE WHEN excluded.own_uncertainty > s.own_uncertainty"
        "  THEN excluded.own_uncertainty ELSE s.own_uncertainty END");
    if (!add) return Pass(add);
    const EnergyFigure& figure = *taken.figure;
    JF_TRY(add->Bind(study, *provenance, taken.wall.value(), taken.cpu.value(),
                     figure.joules.value(), figure.coverage, figure.own_uncertainty)
               .Run());
    return {};
  });
}

Result<std::vector<PhaseEnergy>> SqlStore::SearchEnergy(StudyId study) {
  return connection_->Read([&]() -> Result<std::vector<PhaseEnergy>> {
    JF_TRY(RequireStudy(study));
    auto provenances = ReadProvenances(*connection_);
    if (!provenances) return Pass(provenances);
    auto query = connection_->Prepare(
        "SELECT 'search', wall_s, cpu_s, joules, coverage, own_uncertainty, provenance,"
        " NULL, NULL, NULL, NULL, NULL, NULL FROM search_energy WHERE study = ?1");
    if (!query) return Pass(query);
    query->Bind(study);
    std::map<Provenance, PhaseEnergy> sums;
    while (true) {
      auto row = query->Step();
      if (!row) return Pass(row);
      if (!*row) break;
      auto phase = ReadPhase(*connection_, *query, *provenances);
      if (!phase) return Pass(phase);
      if (phase->figure) sums.emplace(phase->figure->provenance, *phase);
    }
    std::vector<PhaseEnergy> all;
    for (auto& [provenance, phase] : sums) all.push_back(std::move(phase));
    return all;
  });
}

}  // namespace joulefront
