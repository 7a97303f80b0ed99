#include <catch2/catch.hpp>
#include <memory>
#include <thread>

#include "base/random.h"
#include "cli/report_records.h"
#include "cli/topics.h"
#include "study_store/open_store.h"
#include "tests/cli/sample_store.h"

namespace joulefront {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<PhaseEnergy> Joules(double total) {
  return {{.phase = std::string(kTotalPhase),
           .wall = Seconds(1.0),
           .cpu = Seconds(1.0),
           .figure = EnergyFigure{.joules = joulefront::Joules(total),
                                  .provenance = {.source = "s", .boundary = "cpu"}}}};
}

/// A study on which workers do, at random, what workers do.
class BusyStudy {
 public:
  explicit BusyStudy(std::uint64_t seed) : random_(seed, 0), store_(NewMemoryStore()) {
    id_ = store_->CreateStudy(DigitsStudy(), now_).value();
  }

  void Step() {
    now_ += seconds(1);
    const double dice = random_.Uniform();
    if (dice < 0.3) {
      store_->AddTrial(id_, {.configuration = R"({"width":8,"optimizer":"adam"})"}, {}, now_)
          .value();
    } else if (dice < 0.55) {
      auto claim = store_->ClaimTrial(id_, kWorker, now_ + seconds(60), now_).value();
      if (claim) claims_.push_back(*claim);
    } else if (dice < 0.6) {
      auto claim = store_->ClaimConfirmation(id_, 0, 1, kWorker, now_ + seconds(60), now_);
      if (claim) claims_.push_back(*claim);
    } else if (dice < 0.7 && !claims_.empty()) {
      CHECK(store_->RenewLease(claims_.back(), now_ + seconds(60), Joules(dice)).has_value());
    } else if (!claims_.empty()) {
      const AttemptState states[] = {AttemptState::kComplete, AttemptState::kFailed,
                                     AttemptState::kInterrupted};
      const AttemptResult result{.state = states[static_cast<int>(3.0 * random_.Uniform())],
                                 .values = {{"error", dice}, {"energy", 10.0 * dice}},
                                 .energy = Joules(20.0 * dice)};
      CHECK(store_->FinishAttempt(claims_.back(), result, {}, now_).has_value());
      claims_.pop_back();
    }
  }

  StudyStore& store() { return *store_; }
  StudyId id() const { return id_; }

 private:
  const WorkerIdentity kWorker{.name = "w", .host = "h", .boot_id = "b", .pid = 1};
  Random random_;
  std::unique_ptr<StudyStore> store_;
  StudyId id_ = 0;
  TimePoint now_{seconds(1'700'000'000)};
  std::vector<Claim> claims_;
};

/// All that a report is made of, as text.
std::string Told(const ReportRecords& report) {
  std::string text;
  for (const Trial& trial : report.records.trials) {
    text += std::to_string(trial.number) + std::string(Name(trial.state)) +
            std::to_string(trial.attempts) + std::to_string(trial.revision) + " ";
    for (const auto& [name, value] : trial.values) text += name + std::to_string(value);
  }
  for (const Attempt& attempt : report.records.attempts) {
    text += "\n" + std::to_string(attempt.trial) + "." + std::to_string(attempt.number) +
            std::string(Name(attempt.kind)) + std::string(Name(attempt.state)) +
            (attempt.ended ? "ended" : "");
    for (const PhaseEnergy& phase : attempt.energy) {
      text += std::to_string(phase.figure->joules.value());
    }
  }
  return text + "\n" + std::to_string(report.records.spent.joules.value());
}

TEST_CASE("records that are brought up to date are those that are read anew") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    BusyStudy busy(seed);
    auto report = LoadReportRecords(busy.store(), busy.id(), DigitsStudy()).value();
    for (int look = 0; look < 25; ++look) {
      for (int step = 0; step < look % 5; ++step) busy.Step();
      const std::string before = Told(report);
      const bool changed = RefreshReportRecords(busy.store(), busy.id(), report).value();
      const auto anew = LoadReportRecords(busy.store(), busy.id(), DigitsStudy()).value();
      REQUIRE(Told(report) == Told(anew));
      if (!changed) REQUIRE(Told(report) == before);
      if (look % 5 == 0) CHECK_FALSE(RefreshReportRecords(busy.store(), busy.id(), report).value());
    }
  }
}

TEST_CASE("whoever waits for a topic gets its newest text once, and each news after that") {
  Topics topics;
  topics.Publish("a", "one");
  topics.Publish("a", "two");
  Topics::Seen seen = {{"a", 0}, {"b", 0}};
  CHECK(topics.Wait(seen, milliseconds(0)) == Topics::News{{"a", "two"}});
  topics.Publish("a", "two");
  CHECK(topics.Wait(seen, milliseconds(0)).empty());
  std::thread other([&] { topics.Publish("b", "three"); });
  CHECK(topics.Wait(seen, milliseconds(60'000)) == Topics::News{{"b", "three"}});
  other.join();
}

TEST_CASE("only what is waited for is wanted, and closing ends all waits") {
  Topics topics;
  topics.Publish("a", "one");
  CHECK(topics.Wanted(milliseconds(60'000)).empty());
  std::thread viewer([&] {
    Topics::Seen seen = {{"b", 0}};
    CHECK(topics.Wait(seen, milliseconds(60'000)).empty());
  });
  topics.WaitForWish(milliseconds(60'000));
  CHECK(topics.Wanted(milliseconds(60'000)) == std::set<std::string>{"b"});
  topics.Close();
  viewer.join();
  CHECK(topics.closed());
  topics.WaitForWish(milliseconds(60'000));
}

}  // namespace
}  // namespace joulefront
