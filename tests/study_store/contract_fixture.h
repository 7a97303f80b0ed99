// What every test of the contract of StudyStore begins with.
#pragma once

#include "tests/study_store/store_contract.h"

namespace joulefront {

/// One implementation with one study in it.
struct Fixture {
  Implementation implementation = GENERATE(from_range(Implementations()));
  Catch::ScopedMessage told{
      Catch::MessageBuilder("INFO", CATCH_INTERNAL_LINEINFO, Catch::ResultWas::Info)
      << "store: " << implementation.name};
  TestFolder folder;
  std::unique_ptr<StudyStore> store = implementation.make(folder);
  StudyId study = Require(store->CreateStudy(SampleStudy(), At(1)));

  TrialNumber Add(int k = 0) { return Require(store->AddTrial(study, SampleTrial(k), {}, At(2))); }
  Trial Load(TrialNumber number) {
    return Require(store->LoadTrials(study)).at(static_cast<std::size_t>(number));
  }
  Attempt LoadAttempt(TrialNumber trial, std::size_t number) {
    return Require(store->LoadAttempts(study, trial)).at(number - 1);
  }
  ErrorCode Finish(const Claim& claim, const AttemptResult& result) {
    const auto finished = store->FinishAttempt(claim, result, RetryLimits{}, At(50));
    return finished ? ErrorCode{-1} : finished.error().code;
  }
};

inline constexpr ErrorCode kNone{-1};

}  // namespace joulefront
