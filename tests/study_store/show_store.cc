#include "tests/study_store/store_contract.h"

namespace joulefront {
namespace {

std::int64_t Ms(TimePoint at) { return at.time_since_epoch().count(); }

std::string_view NameOrNone(std::optional<FailureClass> failure) {
  return failure ? Name(*failure) : "none";
}

std::string ShowStudy(StudyStore& store, const StudyEntry& entry) {
  std::string text =
      fmt::format("study {} '{}' created {}\n", entry.id, entry.name, Ms(entry.created));
  const auto study = store.LoadStudy(entry.id);
  text += fmt::format(" {}\n {}\n open {} elapsed {}\n", DefinitionJson(Require(study)),
                      SettingsJson(*study), Require(store.IsOpen(entry.id)),
                      Require(store.Elapsed(entry.id)).value());
  const auto counts = Require(store.CountTrials(entry.id));
  text += fmt::format(" waiting {} running {} complete {} pruned {} failed {}\n", counts.waiting,
                      counts.running, counts.complete, counts.pruned, counts.failed);
  const auto spent = Require(store.EnergySpent(entry.id));
  text += fmt::format(
      " spent {:.9g} J, {}, {} without; reserved {:.9g} and {:.9g} J; search {:.9g}\n",
      spent.joules.value(), spent.weakest ? Name(*spent.weakest) : "none", spent.attempts_without,
      spent.reserved_running.value(), spent.reserved_waiting.value(), spent.search.value());
  text += Show(Require(store.SearchEnergy(entry.id)));
  for (const Trial& trial : Require(store.LoadTrials(entry.id))) text += Show(trial);
  for (const Attempt& attempt : Require(store.LoadAttempts(entry.id))) text += Show(attempt);
  for (const Attempt& attempt : Require(store.LoadRunningAttempts(entry.id))) {
    text += " now:" + Show(attempt);
  }
  for (const Event& event : Require(store.LoadEvents(entry.id))) {
    text += fmt::format(" event {} {}: {}\n", Ms(event.at), event.kind, event.message);
  }
  return text;
}

const std::vector<DomainEnergy> kNoDomains;

}  // namespace

std::string Show(const std::vector<PhaseEnergy>& energy) {
  std::string text;
  for (const PhaseEnergy& phase : energy) {
    text += fmt::format("  {}: {} s, cpu {} s", phase.phase, phase.wall.value(), phase.cpu.value());
    if (phase.figure) {
      const Provenance& p = phase.figure->provenance;
      text += fmt::format(", {} J, coverage {}, own {}, {} {} {} {} {} {} {}",
                          phase.figure->joules.value(), phase.figure->coverage,
                          phase.figure->own_uncertainty, Name(p.energy_class), p.source, p.boundary,
                          p.attribution, p.idle_policy, p.host, p.common_uncertainty);
    }
    if (phase.figure && phase.figure->division) {
      const Division& parts = *phase.figure->division;
      text += fmt::format(", of {} J: idle {}, others {}, idle of others {}, residual {}",
                          parts.measured.value(), parts.idle.value(), parts.others.value(),
                          parts.idle_of_others.value(), parts.residual.value());
    }
    for (const DomainEnergy& part : phase.figure ? phase.figure->domains : kNoDomains) {
      text += fmt::format(", {} ({}) {} J coverage {}", part.domain, part.boundary,
                          part.joules.value(), part.coverage);
    }
    text += "\n";
  }
  return text;
}

std::string Show(const Trial& trial) {
  std::string text = fmt::format(
      " trial {} {} {} by {} ({}) seed {} attempts {} failure {} '{}' revision {} values",
      trial.number, Name(trial.state), trial.configuration, trial.proposed_by, trial.reason,
      trial.seed, trial.attempts, NameOrNone(trial.failure), trial.message, trial.revision);
  for (const auto& [name, value] : trial.values) text += fmt::format(" {}={}", name, value);
  if (trial.continues) text += fmt::format(" continues {}", *trial.continues);
  if (trial.foreseen) text += fmt::format(" foreseen {}", trial.foreseen->value());
  text += " " + trial.basis;
  return text + "\n" + Show(trial.energy);
}

std::string Show(const Attempt& attempt) {
  const WorkerIdentity& worker = attempt.worker;
  std::string values;
  for (const auto& [name, value] : attempt.values) values += fmt::format(" {}={}", name, value);
  return fmt::format(
             " {} {} of trial {} {} by {} on {} {} pid {} ticks {} started {} lease {} ended "
             "{} failure {} '{}'{}\n",
             attempt.kind == AttemptKind::kTrial ? "attempt" : "confirmation", attempt.number,
             attempt.trial, Name(attempt.state), worker.name, worker.host, worker.boot_id,
             worker.pid, worker.start_ticks, Ms(attempt.started), Ms(attempt.lease_until),
             attempt.ended ? Ms(*attempt.ended) : -1, NameOrNone(attempt.failure), attempt.message,
             values) +
         Show(attempt.energy);
}

std::string Show(StudyStore& store) {
  std::string text;
  for (const StudyEntry& entry : Require(store.ListStudies())) text += ShowStudy(store, entry);
  return text;
}

}  // namespace joulefront
