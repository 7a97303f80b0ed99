// Stops trainings that will not reach the front, by the study's [stopping] section: looks at what
// a trial reports, and at how the others of the study went. Rules: search/stopping.h.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "search/stopping.h"
#include "study_store/store.h"

namespace joulefront {

/// Why an attempt should be stopped now.
struct StopVerdict {
  std::string reason;    // for people
  NamedValues foretold;  // kForetold + objective, where its end was foretold
};

class EarlyStopping {
 public:
  /// `store` and `study` outlive the object.
  EarlyStopping(StudyStore& store, StudyId id, const Study& study)
      : store_(store), id_(id), study_(study) {}

  /// Whether the attempt should be stopped after `report`, whose values hold the joules so far of
  /// metered objectives under their names; `provenance` is those joules' (empty: none metered).
  /// Reports of an attempt come in order, each once. Attempts that go on with another trial are
  /// never stopped. `now` is monotonic time: trials that finished meanwhile are looked for at an
  /// attempt's first report, and then once a second. Errors: the store's.
  Result<std::optional<StopVerdict>> Judge(const Claim& claim, const ProgressReport& report,
                                           const std::optional<Provenance>& provenance,
                                           Seconds now);

 private:
  struct Finished {
    TrialNumber trial;
    std::optional<double> fidelity;
    std::optional<Provenance> provenance;
    FinishedCurve curve;
  };

  Result<void> Refresh();
  Result<std::optional<StopVerdict>> JudgeDominated(const Claim& claim,
                                                    const ProgressReport& report,
                                                    const std::optional<Provenance>& provenance,
                                                    Seconds now);
  Result<std::optional<StopVerdict>> JudgeRungs(const Claim& claim, const ProgressReport& report);
  std::optional<double> RungOf(const ProgressReport& report) const;

  StudyStore& store_;
  StudyId id_;
  const Study& study_;
  std::int64_t revision_ = 0;
  std::optional<Seconds> next_refresh_;
  std::vector<Finished> finished_;
  std::map<TrialNumber, std::vector<ProgressReport>> ended_;  // whatever became of them; for rungs
  std::set<TrialNumber> running_;
  TrialNumber judged_trial_ = -1;  // the attempt of the last report, and
  int judged_attempt_ = 0;
  double rung_ = 0.0;  // the highest rung that it has come to
};

}  // namespace joulefront
