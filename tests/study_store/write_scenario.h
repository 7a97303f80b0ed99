// One of each kind of write to a store, for tests of what faults do to it.
#pragma once

#include <functional>

#include "tests/study_store/store_contract.h"

namespace joulefront {

using Step = std::function<Result<void>(StudyStore&)>;

template <typename T>
Result<void> Void(Result<T> result) {
  if (!result) return Pass(result);
  return {};
}

inline Claim HeldBy(TrialNumber trial, int attempt, const std::string& worker) {
  return {.study = 1, .trial = trial, .attempt = attempt, .worker = worker};
}

inline Step ClaimBy(const std::string& worker) {
  return [worker](StudyStore& s) { return Void(s.ClaimTrial(1, Worker(worker), At(60), At(3))); };
}

/// One of each kind of write.
inline std::vector<Step> Scenario() {
  return {
      [](StudyStore& s) { return Void(s.CreateStudy(SampleStudy(), At(1))); },
      [](StudyStore& s) { return Void(s.AddTrial(1, SampleTrial(0), {}, At(2))); },
      [](StudyStore& s) { return Void(s.AddTrial(1, SampleTrial(1), {}, At(2))); },
      ClaimBy("a"),
      [](StudyStore& s) { return s.RenewLease(HeldBy(0, 1, "a"), At(90), Energy(1.0)); },
      [](StudyStore& s) {
        return s.AddProgress(HeldBy(0, 1, "a"), 1, {{"error", 0.75}}, At(4));
      },
      ClaimBy("b"),
      [](StudyStore& s) {
        return s.FinishAttempt(HeldBy(0, 1, "a"), Completed({{"error", 0.5}}, 2.0), {}, At(5));
      },
      [](StudyStore& s) {
        return s.FinishAttempt(HeldBy(1, 1, "b"), Ended(AttemptState::kLost), {}, At(6));
      },
      ClaimBy("c"),
      [](StudyStore& s) {
        return s.FinishAttempt(HeldBy(1, 2, "c"), Ended(AttemptState::kFailed, Energy(3.0)), {},
                               At(7));
      },
      [](StudyStore& s) { return Void(s.ClaimConfirmation(1, 0, 7, Worker("d"), At(60), At(7))); },
      [](StudyStore& s) {
        return s.FinishAttempt(HeldBy(0, 2, "d"), Completed({{"error", 0.25}}, 2.0), {}, At(8));
      },
      [](StudyStore& s) { return s.AddSearchEnergy(1, Phase("search", 0.5)); },
      [](StudyStore& s) { return s.AddSearchEnergy(1, Phase("search", 0.25)); },
      [](StudyStore& s) { return s.AddEvent(1, "kind", "message", At(8)); },
      [](StudyStore& s) { return s.SetOpen(1, false); },
  };
}

inline std::vector<std::string> ModelAfterEachStep() {
  std::vector<std::string> after_step;
  const auto model = NewMemoryStore();
  for (const Step& step : Scenario()) {
    Require(step(*model));
    after_step.push_back(Show(*model));
  }
  return after_step;
}

/// Whether a step of the scenario ends an attempt.
inline bool IsFinish(std::size_t step) {
  return step == 7 || step == 8 || step == 10 || step == 12;
}

}  // namespace joulefront
