// Runs one attempt: starts the trainer, reads its messages, meters it, keeps its limits, and leaves
// nothing of it behind. Knows no store; `worker` and `try` give it callbacks.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "study_store/study.h"
#include "study_store/trial.h"
#include "workers/metered_child.h"
#include "workers/metered_report.h"
#include "workers/metric_patterns.h"
#include "workers/process.h"
#include "workers/trainer_command.h"
#include "workers/trainer_output.h"

namespace joulefront {

struct AttemptCallbacks {
  /// Intermediate reports in their order, those that ReportThinning picks. False stops the attempt:
  /// going on would be a waste.
  std::function<bool(const std::vector<MeteredReport>&)> on_progress;
  /// About once a second, more often at first, with the joules so far. False stops the attempt:
  /// the lease is lost.
  std::function<bool(const std::vector<PhaseEnergy>&)> on_heartbeat;
  /// Every line of stdout that is no message, and all of stderr's bytes, as they come.
  std::function<void(std::string_view)> on_log;
};

/// What an attempt may use.
enum class AttemptLimit { kTime, kEnergy, kMemory, kSilence };

/// How a trainer came to its end, before judging it.
struct AttemptEnd {
  std::optional<Error> not_started;  // everything below is empty then; see IsOfCommand()
  std::optional<int> exit_status;    // or the signal:
  std::optional<int> signal;
  std::optional<AttemptLimit> crossed;  // the limit that we stopped it for
  bool pruned = false;                  // we asked it to stop: on_progress said so
  bool stopped = false;                 // we asked it to stop: a signal to us
  bool lease_lost = false;              // we asked it to stop: the attempt is not ours any more
  bool ran_out_of_memory = false;
  bool reported_result = false;
  std::optional<std::string> anew;            // it did not go on from where it was to; why
  NamedValues values;                         // of the result, and of the metrics' expressions
  std::map<std::string, std::string> unread;  // metrics whose last match gave no number: why
  std::string remark;                         // the first thing that was wrong with its messages
  std::vector<PhaseEnergy> energy;
  std::string meter_faults;               // Meter::Faults()
  std::string last_line;                  // of the log
  std::vector<std::string> left_running;  // Measurement::left_running
};

/// Whether an attempt was not started since its command cannot be executed (kNotFound,
/// kNotExecutable), and not since this machine cannot start or meter any now.
bool IsOfCommand(const Error& not_started);

/// Runs to the end. Uses `signals` for SIGCHLD and requests to stop: the first sends TERM to the
/// trainer's group and, after the grace period, KILL; the second sends KILL at once. Not started,
/// with the error kNoMeter, if what is demanded of the meter is not there.
/// Its raw readings are kept in readings.log in its folder (workers/meters/reading_log.h).
AttemptEnd RunAttempt(const Study& study, const TrainerCommand& command,
                      const MetricPatterns& patterns, const Metering& metering,
                      SignalWatch& signals, const AttemptCallbacks& callbacks);

/// What the end means for the trial: complete with all values that the study asks for, interrupted,
/// or failed with its class and a message for people.
AttemptResult Judge(const Study& study, const AttemptEnd& end);

/// What is wrong with the figures where the attempt had more CPU time than its host: its share of a
/// counter is not to be trusted then. Empty where nothing is.
std::string ResidualWarning(const std::vector<PhaseEnergy>& energy);

/// What an attempt went on with: a shorter trial, or interrupted attempts of its own trial.
struct Origin {
  TrialNumber trial = 0;  // and the attempt whose folder it reads
  int attempt = 1;
  std::string named;  // for people: "trial 4", "attempt 2 of this trial"
  NamedValues values;
  std::vector<PhaseEnergy> energy;
};

/// Adds what `origin` took to a complete result that went on with it: joules of metered values, and
/// kResumedJoules. Joules of another comparability key cannot be added: then it has failed.
void AddOrigin(const Study& study, const Origin& origin, AttemptResult& result);

}  // namespace joulefront
