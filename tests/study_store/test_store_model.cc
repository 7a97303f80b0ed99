// Random operations on the stores in databases and on the one in memory, compared throughout.
#include <sstream>

#include "base/random.h"
#include "tests/study_store/store_contract.h"

using namespace joulefront;

namespace {

template <typename T>
std::string Outcome(const Result<T>& result) {
  return result ? "ok" : fmt::format("error {}", static_cast<int>(result.error().code));
}

/// Two stores that must not be told apart.
class Pair {
 public:
  Pair(std::uint64_t seed, const Implementation& other)
      : random_(seed, 0), other_(other.make(folder_)) {
    for (const char* name : {"one", "two"}) {
      Both([&](StudyStore& store) { return Outcome(store.CreateStudy(SampleStudy(name), now_)); });
    }
  }

  /// One random operation on both.
  void Operate();
  void Compare() {
    Both([](StudyStore& store) { return Show(store); });
  }
  void Reopen() {
    if (other_->IsShared()) return;  // its connection has nothing that a new one has not
    other_.reset();
    other_ = OpenFile(folder_ / "store.db");
  }

 private:
  /// Does the same to both, which must answer the same; a failure shows the first line that
  /// differs.
  void Both(const std::function<std::string(StudyStore&)>& operation) {
    std::istringstream expected(operation(*model_)), found(operation(*other_));
    std::string model_line, other_line;
    bool more = true;
    while (more) {
      const bool in_model = static_cast<bool>(std::getline(expected, model_line));
      const bool in_other = static_cast<bool>(std::getline(found, other_line));
      more = in_model || in_other;
      if (in_model != in_other || (more && model_line != other_line)) {
        FAIL("model:  " << (in_model ? model_line : "(nothing)")
                        << "\n  other:  " << (in_other ? other_line : "(nothing)"));
      }
    }
  }
  std::uint64_t Below(std::uint64_t n) { return random_.Below(n); }
  StudyId AnyStudy() { return static_cast<StudyId>(Below(20) == 0 ? 99 : 1 + Below(2)); }
  Claim AnyClaim();
  std::vector<PhaseEnergy> AnyEnergy();
  AttemptResult AnyResult();

  void Claim_();
  void Finish();
  void ChangeStudy();
  void Look();

  Random random_;
  TestFolder folder_;
  std::unique_ptr<StudyStore> model_ = NewMemoryStore();
  std::unique_ptr<StudyStore> other_;
  std::vector<Claim> claims_;  // all there ever were: most are lost or finished
  TimePoint now_ = At(1);
};

Claim Pair::AnyClaim() {
  if (claims_.empty() || Below(30) == 0) return {.study = 1, .trial = 3, .worker = "nobody"};
  // Mostly a recent one, so that many are still held.
  const std::size_t back = Below(4) != 0 ? Below(4) : Below(claims_.size());
  return claims_[claims_.size() - 1 - std::min<std::size_t>(back, claims_.size() - 1)];
}

std::vector<PhaseEnergy> Pair::AnyEnergy() {
  std::vector<PhaseEnergy> energy;
  for (const char* name : {"train", "data", "total"}) {
    if (Below(4) == 0) continue;
    Provenance provenance = Estimate();
    provenance.energy_class = static_cast<EnergyClass>(Below(4));
    provenance.host = fmt::format("host {}", Below(2));
    std::optional<double> joules;
    if (Below(5) != 0) joules = static_cast<double>(Below(40));
    energy.push_back(Phase(name, joules, provenance));
  }
  return energy;
}

AttemptResult Pair::AnyResult() {
  AttemptResult result = Ended(static_cast<AttemptState>(1 + Below(5)), AnyEnergy());
  if (result.state == AttemptState::kComplete) {
    result.values = {{"error", random_.Uniform()}, {"energy", random_.Uniform()}};
    if (Below(20) == 0) result.values["bad"] = std::nan("");
  }
  return result;
}

void Pair::Claim_() {
  const StudyId study = AnyStudy();
  // Other kernels are refused where the store is one machine's.
  const bool foreign = Below(10) == 0 && !other_->IsShared();
  const auto worker = Worker(fmt::format("w{}", Below(3)), foreign ? "another boot" : "boot-1");
  std::optional<TrialNumber> trial;
  if (Below(3) == 0) trial = static_cast<TrialNumber>(Below(10));
  const TimePoint until = now_ + std::chrono::seconds(Below(30));
  std::optional<Joules> energy;
  if (Below(4) == 0) energy = Joules(static_cast<double>(Below(500)));
  const bool again = trial && Below(2) == 0;
  std::optional<Claim> claimed;
  Both([&](StudyStore& store) {
    if (again) {
      const auto claim = store.ClaimConfirmation(study, *trial, 7, worker, until, now_);
      if (!claim) return Outcome(claim);
      claimed = *claim;
    } else {
      const auto claim = store.ClaimTrial(study, worker, until, now_, trial, energy);
      if (!claim || !*claim) return Outcome(claim);
      claimed = **claim;
    }
    return fmt::format("{} {} {} {}", claimed->trial, claimed->attempt, claimed->configuration,
                       claimed->seed);
  });
  if (claimed) claims_.push_back(*claimed);
}

void Pair::Finish() {
  const Claim claim = AnyClaim();
  const AttemptResult result = AnyResult();
  const RetryLimits limits{.attempts = 2, .interruptions = 2};
  Both([&](StudyStore& s) { return Outcome(s.FinishAttempt(claim, result, limits, now_)); });
}

void Pair::ChangeStudy() {
  const StudyId study = AnyStudy();
  switch (Below(5)) {
    case 0: {
      const bool open = Below(3) != 0;
      return Both([&](StudyStore& s) { return Outcome(s.SetOpen(study, open)); });
    }
    case 1:
      return Both([&](StudyStore& s) { return Outcome(s.AddElapsed(study, Seconds(0.5))); });
    case 2: {
      Study changed = SampleStudy();
      changed.workers.count = static_cast<int>(Below(9));
      return Both([&](StudyStore& s) { return Outcome(s.UpdateSettings(study, changed)); });
    }
    case 3: {
      const auto joules = static_cast<double>(Below(9));
      Provenance provenance = Estimate();
      provenance.host = fmt::format("host {}", Below(3));
      PhaseEnergy taken = Phase("search", joules, provenance);
      if (Below(5) == 0) taken.figure.reset();
      return Both([&](StudyStore& s) { return Outcome(s.AddSearchEnergy(study, taken)); });
    }
    default:
      return Both([&](StudyStore& s) { return Outcome(s.AddEvent(study, "kind", "what", now_)); });
  }
}

void Pair::Look() {
  const StudyId study = AnyStudy();
  const auto revision = static_cast<std::int64_t>(Below(80));
  Both([&](StudyStore& store) {
    const auto trials = store.LoadTrials(study, revision);
    std::string text = Outcome(trials);
    if (trials) {
      for (const Trial& trial : *trials) text += Show(trial);
    }
    return text;
  });
}

void Pair::Operate() {
  now_ += std::chrono::milliseconds(Below(2000));
  const std::uint64_t kind = Below(100);
  if (kind < 20) {
    const StudyId study = AnyStudy();
    NewTrial trial = SampleTrial(static_cast<int>(Below(1000)));
    if (Below(2) == 0) trial.foreseen = Joules(static_cast<double>(1 + Below(20)));
    if (Below(2) == 0) trial.basis = "{}";
    Limits limits;
    if (Below(2) == 0) limits.trials = static_cast<std::int64_t>(Below(40));
    if (Below(2) == 0) limits.energy = Joules(static_cast<double>(Below(500)));
    Both([&](StudyStore& s) { return Outcome(s.AddTrial(study, trial, limits, now_)); });
  } else if (kind < 45) {
    Claim_();
  } else if (kind < 65) {
    Finish();
  } else if (kind < 75) {
    const Claim claim = AnyClaim();
    const auto energy = AnyEnergy();
    const TimePoint until = now_ + std::chrono::seconds(20);
    Both([&](StudyStore& s) { return Outcome(s.RenewLease(claim, until, energy)); });
  } else if (kind < 80) {
    const Claim claim = AnyClaim();
    const auto step = static_cast<std::int64_t>(Below(5));
    Both([&](StudyStore& s) { return Outcome(s.AddProgress(claim, step, {{"e", 1.0}}, now_)); });
  } else if (kind < 90) {
    ChangeStudy();
  } else {
    Look();
  }
}

}  // namespace

TEST_CASE("random operations on a store in a database and on the model cannot be told apart") {
  const auto seed = GENERATE(range(1, 7));
  const auto which = GENERATE(range(std::size_t{1}, Implementations().size()));
  INFO("seed " << seed << ", " << Implementations()[which].name);
  Pair pair(static_cast<std::uint64_t>(seed), Implementations()[which]);
  for (int k = 0; k < 400; ++k) {
    CAPTURE(k);
    pair.Operate();
    if (k % 20 == 19) pair.Compare();
    if (k % 100 == 99) {
      pair.Reopen();
      pair.Compare();
    }
  }
}
