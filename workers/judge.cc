#include <fmt/format.h>
#include <signal.h>
#include <string.h>

#include <algorithm>
#include <cmath>

#include "study_store/attempt_rules.h"
#include "study_store/comparability.h"
#include "workers/attempt_runner.h"

namespace joulefront {
namespace {

constexpr int kInterruptedStatuses[] = {130, 143};  // 128 + SIGINT, 128 + SIGTERM

AttemptResult Failed(FailureClass failure, std::string message, const AttemptEnd& end) {
  if (!end.remark.empty() && message.find(end.remark) == std::string::npos) {
    message += fmt::format(" ({})", end.remark);
  }
  if (!end.last_line.empty()) message += fmt::format("; its last line: {}", end.last_line);
  return {.state = AttemptState::kFailed,
          .energy = end.energy,
          .failure = failure,
          .message = std::move(message)};
}

bool WasInterrupted(const AttemptEnd& end) {
  if (end.signal) return end.signal == SIGTERM || end.signal == SIGINT;
  return end.exit_status == kInterruptedStatuses[0] || end.exit_status == kInterruptedStatuses[1];
}

std::optional<AttemptResult> CheckReported(const Study& study, const std::string& name,
                                           const AttemptEnd& end);

/// The entry of a phase that the study asks for, or the failure: the trainer never began it.
const PhaseEnergy* PhaseFor(const std::string& name, const std::string& phase,
                            std::string_view what, const AttemptEnd& end,
                            std::optional<AttemptResult>& failure) {
  const PhaseEnergy* entry = FindPhase(end.energy, phase);
  if (entry == nullptr) {
    failure =
        Failed(FailureClass::kNoResult,
               fmt::format("'{}' is the {} of phase '{}', which the trainer never began: it "
                           "should print {{\"joulefront\": \"phase\", \"name\": \"{}\"}}, or the "
                           "study file say phase = \"total\"",
                           name, what, phase, phase),
               end);
  }
  return entry;
}

/// `value`, over the reported value `per` if there is one, becomes the value `name`.
std::optional<AttemptResult> TakeMetered(const Study& study, const std::string& name,
                                         std::string_view what, double value,
                                         const std::optional<std::string>& per,
                                         const AttemptEnd& end, NamedValues& values) {
  if (per) {
    if (auto failure = CheckReported(study, *per, end)) return failure;
    const double work = end.values.at(*per);
    if (work <= 0.0) {
      return Failed(FailureClass::kNoResult,
                    fmt::format("'{}' is {} per \"{}\", which is {}", name, what, *per, work), end);
    }
    value /= work;
    if (!std::isfinite(value)) {
      return Failed(FailureClass::kNonFinite,
                    fmt::format("'{}' is {} per \"{}\", which is {}: too small to divide by", name,
                                what, *per, work),
                    end);
    }
  }
  values[name] = value;
  return std::nullopt;
}

/// Joules of a phase become the value that is wanted; the failure if there are none.
template <typename Wanted>
std::optional<AttemptResult> TakeJoules(const Study& study, const Wanted& wanted,
                                        const AttemptEnd& end, NamedValues& values) {
  std::optional<AttemptResult> failure;
  const PhaseEnergy* entry = PhaseFor(wanted.name, *wanted.phase, "joules", end, failure);
  if (entry == nullptr) return failure;
  if (!entry->figure) {
    return Failed(
        FailureClass::kNoResult,
        fmt::format("the joules of phase '{}' could not be metered: {}", *wanted.phase,
                    end.meter_faults.empty() ? "no source of joules showed any in its time"
                                             : "faults of the meter: " + end.meter_faults),
        end);
  }
  return TakeMetered(study, wanted.name, "joules", CountedJoules(*entry->figure).value(),
                     wanted.per, end, values);
}

/// Seconds of a phase, by the worker's clock.
template <typename Wanted>
std::optional<AttemptResult> TakeSeconds(const Study& study, const Wanted& wanted,
                                         const AttemptEnd& end, NamedValues& values) {
  std::optional<AttemptResult> failure;
  const PhaseEnergy* entry = PhaseFor(wanted.name, *wanted.timed, "seconds", end, failure);
  if (entry == nullptr) return failure;
  return TakeMetered(study, wanted.name, "seconds", entry->wall.value(), wanted.per, end, values);
}

/// A reported value that the study needs must be there and finite.
std::optional<AttemptResult> CheckReported(const Study& study, const std::string& name,
                                           const AttemptEnd& end) {
  const auto found = end.values.find(name);
  if (const auto unread = end.unread.find(name); unread != end.unread.end()) {
    return Failed(FailureClass::kNoResult,
                  fmt::format("the expression for \"{}\" {}", name, unread->second), end);
  }
  if (found == end.values.end()) {
    const auto expression = study.trainer.metrics.find(name);
    std::string message =
        expression != study.trainer.metrics.end()
            ? fmt::format(
                  "the trainer ended well, but none of its lines matched the expression for "
                  "\"{}\": {}",
                  name, expression->second)
        : end.reported_result
            ? fmt::format("the trainer's result has no value \"{}\"", name)
            : fmt::format(
                  "the trainer ended well but reported no \"{0}\": it should print "
                  "{{\"joulefront\": \"result\", \"values\": {{\"{0}\": ...}}}}",
                  name);
    return Failed(FailureClass::kNoResult, std::move(message), end);
  }
  if (!std::isfinite(found->second)) {
    return Failed(FailureClass::kNonFinite, fmt::format("\"{}\" is {}", name, found->second), end);
  }
  return std::nullopt;
}

AttemptResult JudgeLimit(const Study& study, AttemptLimit crossed, const AttemptEnd& end) {
  const LimitSettings& limits = study.limits;
  switch (crossed) {
    case AttemptLimit::kTime:
      break;
    case AttemptLimit::kEnergy: {
      const auto used = TotalJoules(end.energy);
      return Failed(FailureClass::kEnergyLimit,
                    fmt::format("it used {}, and [limits] attempt_energy is {}",
                                used ? FormatJoules(*used) : "? J",
                                FormatJoules(limits.attempt_energy.value_or(Joules()))),
                    end);
    }
    case AttemptLimit::kMemory:
      return Failed(FailureClass::kOutOfMemory,
                    fmt::format("it used more memory than [limits] attempt_memory, {}",
                                FormatBytes(limits.attempt_memory.value_or(Bytes()))),
                    end);
    case AttemptLimit::kSilence:
      return Failed(FailureClass::kStalled,
                    fmt::format("it printed nothing for [limits] attempt_silence, {}",
                                FormatSeconds(limits.attempt_silence.value_or(Seconds()))),
                    end);
  }
  return Failed(FailureClass::kTimeout, "it ran into [workers] timeout", end);
}

AttemptResult JudgeExit(const Study& study, const AttemptEnd& end) {
  if (end.crossed) return JudgeLimit(study, *end.crossed, end);
  if (end.stopped || end.lease_lost || WasInterrupted(end)) {
    return {.state = AttemptState::kInterrupted,
            .energy = end.energy,
            .message = end.stopped ? "stopped with its worker" : "it was interrupted"};
  }
  if (end.ran_out_of_memory) return Failed(FailureClass::kOutOfMemory, "out of memory", end);
  if (end.signal) {
    const char* name = sigabbrev_np(*end.signal);
    return Failed(FailureClass::kSignal,
                  fmt::format("killed by signal {} (SIG{})", *end.signal, name ? name : "?"), end);
  }
  return Failed(FailureClass::kExitCode,
                fmt::format("exit status {}", end.exit_status.value_or(-1)), end);
}

/// Complete with all values that the study asks for, or failed.
AttemptResult JudgeResult(const Study& study, const AttemptEnd& end) {
  NamedValues values;
  for (const auto& [name, value] : end.values) {
    if (std::isfinite(value)) values[name] = value;
  }
  const auto take = [&](const auto& wanted) -> std::optional<AttemptResult> {
    if (wanted.phase) return TakeJoules(study, wanted, end, values);
    if (wanted.timed) return TakeSeconds(study, wanted, end, values);
    return CheckReported(study, wanted.name, end);
  };
  for (const Objective& objective : study.objectives) {
    if (auto failure = take(objective)) return *failure;
  }
  for (const Constraint& constraint : study.constraints) {
    if (auto failure = take(constraint)) return *failure;
  }
  return {.state = AttemptState::kComplete,
          .values = std::move(values),
          .energy = end.energy,
          .message = end.remark};
}

}  // namespace

AttemptResult Judge(const Study& study, const AttemptEnd& end) {
  if (end.not_started) {
    return Failed(FailureClass::kNotStarted, end.not_started->message, end);
  }
  // Its caller knows what it had reached, and why that was not enough.
  if (end.pruned && !end.lease_lost) {
    return {.state = AttemptState::kPruned, .values = {}, .energy = end.energy, .message = {}};
  }
  // A trainer that finished just as it was told to stop has finished.
  if (end.exit_status != 0) return JudgeExit(study, end);
  return JudgeResult(study, end);
}

void AddOrigin(const Study& study, const Origin& origin, AttemptResult& result) {
  if (result.state != AttemptState::kComplete) return;
  bool comparable = true;
  const auto add = [&](const auto& wanted) {
    if (wanted.per) return;  // the whole work is done again
    if (wanted.timed) {
      const auto seconds = origin.values.find(wanted.name);
      if (seconds != origin.values.end()) result.values[wanted.name] += seconds->second;
    }
    if (!wanted.phase) return;
    const PhaseEnergy *own = FindPhase(result.energy, *wanted.phase),
                      *before = FindPhase(origin.energy, *wanted.phase);
    const auto value = origin.values.find(wanted.name);
    comparable = comparable && own != nullptr && own->figure && before != nullptr &&
                 before->figure && value != origin.values.end() &&
                 ShareKey(own->figure->provenance, before->figure->provenance);
    if (comparable) result.values[wanted.name] += value->second;
  };
  for (const Objective& objective : study.objectives) add(objective);
  for (const Constraint& constraint : study.constraints) {
    const bool is_objective =
        std::any_of(study.objectives.begin(), study.objectives.end(),
                    [&](const Objective& objective) { return objective.name == constraint.name; });
    if (!is_objective) add(constraint);
  }
  if (!comparable) {
    result.state = AttemptState::kFailed;
    result.failure = FailureClass::kNoResult;
    result.values.clear();
    result.message = fmt::format(
        "it went on with {}, whose joules were obtained otherwise, so that they cannot be added",
        origin.named);
    return;
  }
  const auto earlier = origin.values.find(std::string(kResumedJoules));
  const auto total = TotalJoules(origin.energy);
  result.values[std::string(kResumedJoules)] =
      (earlier == origin.values.end() ? 0.0 : earlier->second) + (total ? total->value() : 0.0);
}

std::string ResidualWarning(const std::vector<PhaseEnergy>& energy) {
  const PhaseEnergy* total = FindPhase(energy, kTotalPhase);
  if (total == nullptr || !total->figure || !total->figure->division) return "";
  const Division& parts = *total->figure->division;
  if (parts.residual <= parts.measured * kMostResidual) return "";
  return fmt::format(
      "its CPU time exceeds the host's by {:.2g} % of {}; its share of the counter is not to be "
      "trusted",
      100.0 * (parts.residual / parts.measured), FormatJoules(parts.measured));
}

}  // namespace joulefront
