// Claiming a trial that asks for nothing that a worker lacks ([workers] requires).
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "study_store/store.h"

namespace joulefront {

/// Where all trials ask for the same, it is the store's claim. Else it follows the study's trials:
/// what waits is read once, and then what has changed. The references must outlive it.
class FittingTrials {
 public:
  FittingTrials(StudyStore& store, StudyId id, const Study& study,
                const std::map<std::string, std::string>& labels)
      : store_(store), id_(id), study_(study), labels_(labels) {}

  /// The waiting trial of the lowest number that a worker with these labels may take, within the
  /// study's budget of joules; as StudyStore::ClaimTrial().
  Result<std::optional<Claim>> ClaimNext(const WorkerIdentity& worker, TimePoint lease_until,
                                         TimePoint now);
  /// The store was lost meanwhile: reads all anew.
  void BeginAgain() { revision_ = 0; }

 private:
  Result<std::optional<TrialNumber>> Next();

  StudyStore& store_;
  StudyId id_;
  const Study& study_;
  const std::map<std::string, std::string>& labels_;
  std::map<TrialNumber, bool> waiting_;  // and whether it fits
  std::int64_t revision_ = 0;
};

}  // namespace joulefront
