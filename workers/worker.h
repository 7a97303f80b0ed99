// A worker: claims trials from the store and runs them, one at a time, until the study is closed or
// it is told to stop. One poll loop, no threads.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "study_store/store.h"
#include "workers/process.h"

namespace joulefront {

struct WorkerOptions {
  std::string store_path;                     // for the attempts' folders
  std::optional<Seconds> lease;               // default: 30 s, of a shared store 120 s
  std::map<std::string, std::string> labels;  // what it has: {"gpu", "h100"}
  std::optional<Seconds> idle;                // it ends once nothing has waited for so long
  int slot = 0;  // which worker of this machine: picks the GPU, stands in the name
  std::function<void(const std::string&)> on_line;  // what a person may want to read; one line each
};

/// This process as a worker.
WorkerIdentity ThisWorker(int slot);

/// Works until the study is closed and nothing is left to claim, until it has been idle for as long
/// as `options` say, or until `signals` has a request
/// to stop: then the trainer is stopped and its trial waits again. A store that is busy or full is
/// asked again until it takes the result; what the machine lacks for a while is waited for. Errors:
/// the store's, at claiming; kShortage if that lasts; kInvalidArgument for a
/// study that cannot be worked on (no command, a bad expression, labels that this worker lacks).
Result<void> Work(StudyStore& store, StudyId id, const WorkerOptions& options,
                  SignalWatch& signals);

/// Works on every study of the store in turn, those that are made later too, until told to stop.
/// Studies that this worker cannot work on are told and left alone, those that fail on this machine
/// for some minutes. Errors: the store's.
Result<void> WorkOnAll(StudyStore& store, const WorkerOptions& options, SignalWatch& signals);

/// Trains a complete trial again, alone among all attempts of this machine (which is waited for)
/// and without stopping it early, and keeps what comes of it as a confirmation. Errors: as for
/// Work(), and those of ClaimConfirmation().
Result<AttemptResult> ConfirmOnce(StudyStore& store, StudyId id, TrialNumber trial,
                                  std::uint64_t seed, const WorkerOptions& options,
                                  SignalWatch& signals);

/// Ends the running attempts whose worker is gone: its lease has expired, or it ran under this
/// kernel and its process is no more. Kills what is left of their trainers; their trials wait again
/// or fail (StateAfter). Returns how many.
Result<int> ReclaimLostAttempts(StudyStore& store, StudyId id, const Study& study,
                                const std::string& store_path);

}  // namespace joulefront
