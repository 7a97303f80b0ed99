#include <nlohmann/json.hpp>

#include "study_store/open_store.h"
#include "tests/workers/attempts.h"
#include "tests/workers/whole_studies.h"
#include "workers/alerts.h"
#include "workers/host_lock.h"

namespace joulefront {
namespace {

using nlohmann::json;

/// A study with a budget of 100 J, whose alerts are appended to the file "alerts".
Study AlertStudy(const ScratchFolder& folder, const std::string& limits = "") {
  WriteAll(folder / "alert.sh", "cat >> alerts\n");
  return MakeStudy(StudyText({"true"}, "[budget]\nenergy = \"100 J\"\n[limits]\n" + limits +
                                           "on_alert = [\"sh\", \"alert.sh\"]\n"),
                   folder.path());
}

}  // namespace

TEST_CASE(
    "each share of the energy budget is told once, to the store, to people and to a program") {
  const ScratchFolder folder;
  const Study study = AlertStudy(folder, "warn_at = [0.5, 0.9]\n");
  auto store = OpenSqliteStore(folder / "s.db", OpenMode::kCreate);
  REQUIRE(store);
  const auto id = (*store)->CreateStudy(study, CalendarNow());
  REQUIRE(id);
  std::vector<std::string> said;
  for (int run = 0; run < 2; ++run) {  // a second run tells nothing again
    EnergyAlerts alerts(**store, *id, study,
                        [&](const std::string& line) { said.push_back(line); });
    for (const double joules : {10.0, 49.0, 51.0, 60.0, 95.0, 101.0}) {
      REQUIRE(alerts.Look(Joules(joules), CalendarNow()));
    }
  }
  CHECK(said == std::vector<std::string>{"51.0 J of the energy budget of 100 J are spent",
                                         "95.0 J of the energy budget of 100 J are spent",
                                         "101 J of the energy budget of 100 J are spent"});
  const auto events = (*store)->LoadEvents(*id);
  REQUIRE(events);
  REQUIRE(events->size() == 3);
  CHECK(events->at(0).kind == "energy at 50 % of 100 J");
  std::istringstream lines(ReadAll(folder / "alerts"));
  std::string line;
  REQUIRE(std::getline(lines, line));
  const json alert = json::parse(line);
  CHECK(alert["event"] == "energy at 50 % of 100 J");
  CHECK(alert["energy_j"] == 51.0);
  CHECK(alert["budget_j"] == 100.0);
}

TEST_CASE("a program that fails, or is not there, is told and harms nothing") {
  const ScratchFolder folder;
  Study study = AlertStudy(folder);
  const Alert alert{.kind = "k", .message = "m", .energy = Joules(1)};
  CHECK(RunAlertCommand(study, alert).empty());
  study.limits.on_alert = {"sh", "-c", "exit 3"};
  CHECK_THAT(RunAlertCommand(study, alert), Catch::Contains("failed"));
  study.limits.on_alert = {"/no/such/program"};
  CHECK_THAT(RunAlertCommand(study, alert), Catch::Contains("cannot be started"));
}

TEST_CASE("what an alert says never reaches a shell") {
  const ScratchFolder folder;
  const Study study = AlertStudy(folder);
  CHECK(RunAlertCommand(study, {.kind = "$(touch x)`touch x`\"", .message = "", .energy = {}})
            .empty());
  CHECK_FALSE(std::filesystem::exists(folder / "x"));
  CHECK(json::parse(ReadAll(folder / "alerts"))["event"] == "$(touch x)`touch x`\"");
}

TEST_CASE("an attempt that crosses its energy limit is stopped, and its joules are kept") {
  const ScratchFolder folder;
  const Outcome outcome =
      RunShell(folder, "while true; do :; done\n",
               "[limits]\nattempt_energy = \"1 J\"\n[workers]\ngrace = \"1 s\"\n");
  CheckFailure(outcome, FailureClass::kEnergyLimit, ", and [limits] attempt_energy is 1.00 J");
  CHECK_THAT(outcome.result.message, Catch::StartsWith("it used "));
  const PhaseEnergy* total = FindPhase(outcome.result.energy, kTotalPhase);
  REQUIRE(total);
  REQUIRE(total->figure);
  CHECK(total->figure->joules > Joules(1));
  CHECK(total->figure->joules < Joules(30));
}

TEST_CASE("an attempt whose source of joules is missing does not start") {
  const ScratchFolder folder;
  const Outcome outcome = RunShell(folder, kReport,
                                   "[metering]\nsources = [\"plug\"]\n[metering.own]\n"
                                   "plug = { file = \"none\", gives = \"joules\" }\n");
  REQUIRE(outcome.end.not_started);
  CHECK(outcome.end.not_started->code == ErrorCode::kNoMeter);
  CHECK_THAT(outcome.end.not_started->message, Catch::Contains("'plug'"));
}

TEST_CASE("an attempt can be metered by a file of the user's") {
  const ScratchFolder folder;
  WriteAll(folder / "plug", "0\n");
  const Outcome outcome =
      RunShell(folder, "sleep 0.3; echo 7.5 > ../plug; sleep 0.4\n" + std::string(kReport),
               "[metering]\nsources = [\"plug\"]\n[metering.own]\n"
               "plug = { file = \"plug\", gives = \"joules\", period = \"10 ms\" "
               "}\n[workers]\nexclusive = true\n");
  const PhaseEnergy* total = FindPhase(outcome.result.energy, kTotalPhase);
  REQUIRE(total);
  REQUIRE(total->figure);
  CHECK(total->figure->joules == Joules(7.5));
  CHECK(total->figure->provenance.source == "plug");
  CHECK(total->figure->provenance.boundary == "wall");
  CHECK(total->figure->provenance.energy_class == EnergyClass::kMeasured);
}

TEST_CASE("an exclusive attempt waits for shared ones, and they for it") {
  const ScratchFolder folder;
  HostLock a("machine", folder.path()), b("machine", folder.path()), c("machine", folder.path());
  HostLock gpu(HostLock::NameOfGpus({"GPU-1"}), folder.path());
  CHECK(gpu.TryAcquire(true));  // another thing
  CHECK(a.TryAcquire(false));
  CHECK(b.TryAcquire(false));
  CHECK_FALSE(c.TryAcquire(true));
  a.Release();
  CHECK_FALSE(c.TryAcquire(true));
  b.Release();
  CHECK(c.TryAcquire(true));
  CHECK_FALSE(a.TryAcquire(false));
  CHECK_FALSE(b.TryAcquire(true));
  c.Release();
  CHECK(a.TryAcquire(false));
}

TEST_CASE("where no lock can be made, attempts run and it is told") {
  HostLock lock("machine", "/nonexistent/folder");
  CHECK(lock.TryAcquire(true));
  CHECK_THAT(lock.problem(), Catch::Contains("/nonexistent/folder"));
}

}  // namespace joulefront
