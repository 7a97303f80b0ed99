#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/workers/meters/shown_sources.h"
#include "workers/meters/probe.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

/// 42 W and 10.5 W, the second seen by two sources of which one reads 0.2 % more; updated every
/// 5 ms. The fourth domain fails all the time.
class QuietMachine {
 public:
  QuietMachine() {
    clock = {.now = [this] { return now_; },
             .sleep =
                 [this](Seconds time) {
                   now_ += time;
                   Show();
                 }};
    Show();
  }

  EnergySources Sources() const { return domains_.Sources(); }

  ProbeClock clock;

 private:
  static Domain Memory(const std::string& source) {
    Domain domain = DomainOf("dram", Boundary::kDram);
    domain.source = source;
    return domain;
  }
  void Show() {
    const auto updates = static_cast<std::uint64_t>(now_.value() / 0.005 + 1e-6);
    domains_.shown = {Energy(updates * 210'000), Energy(updates * 52'500), Energy(updates * 52'605),
                      Failure(EIO)};
  }

  Seconds now_{100.0};
  ShownDomains domains_{{DomainOf("package-0"), Memory("rapl-powercap"), Memory("rapl-perf"),
                         DomainOf("gpu A", Boundary::kGpu, {})}};
};

std::vector<WallReading> Levels(double offset, double slope, double noise) {
  std::vector<WallReading> readings;
  double sign = 1.0;
  for (const double watts : {20.0, 60.0, 100.0, 140.0, 180.0, 220.0, 260.0, 300.0}) {
    const double wall = (offset + slope * watts) * (1.0 + sign * noise);
    readings.push_back({Seconds(900), Joules(900 * watts), Joules(900 * wall)});
    sign = -sign;
  }
  return readings;
}

}  // namespace

TEST_CASE("a probe finds idle power, update periods and what two sources differ by") {
  QuietMachine machine;
  const ProbeReport report = Probe(machine.Sources(), Seconds(60), machine.clock);
  REQUIRE(report.domains.size() == 4);
  REQUIRE(report.domains[0].idle);
  CHECK(report.domains[0].idle->power.value() == Approx(42.0).epsilon(0.001));
  CHECK(report.domains[0].idle->variation < 0.01);
  CHECK(report.domains[0].idle->update_period.value() == Approx(0.005).epsilon(0.01));
  CHECK(report.domains[1].idle->power.value() == Approx(10.5).epsilon(0.001));
  CHECK_FALSE(report.domains[3].idle);
  REQUIRE(report.checks.size() == 1);
  CHECK(report.checks[0].ratio == Approx(1.0 / 1.002).epsilon(0.0005));
}

TEST_CASE("a probe finds two packages that are one counter") {
  ShownDomains machine({DomainOf("package-0"), DomainOf("package-1"), DomainOf("package-2")});
  Seconds now(5);
  const auto show = [&] {
    const auto joules = static_cast<std::uint64_t>(now.value() * 80e6);
    machine.shown = {Energy(joules), Energy(joules + 100'000), Energy(joules / 2)};
  };
  show();
  const ProbeClock clock{.now = [&] { return now; },
                         .sleep =
                             [&](Seconds time) {
                               now += time;
                               show();
                             }};
  const ProbeReport report = Probe(machine.Sources(), Seconds(20), clock);
  REQUIRE(report.mirrors.size() == 1);
  CHECK(report.mirrors[0].first == "package-0");
  CHECK(report.mirrors[0].second == "package-1");
}

TEST_CASE("a calibration recovers the line, and its residual is that of readings held out") {
  const auto exact = FitCalibration(Levels(40.0, 1.2, 0.0), "today");
  REQUIRE(exact);
  CHECK(exact->offset.value() == Approx(40.0));
  CHECK(exact->slope == Approx(1.2));
  CHECK(exact->residual == 0.01);  // never surer than a wall meter is
  const auto noisy = FitCalibration(Levels(40.0, 1.2, 0.02), "today");
  REQUIRE(noisy);
  // The fitted levels read 2 % high, those held out 2 % low.
  CHECK(noisy->residual == Approx(1.96 * 0.04).epsilon(0.1));
}

TEST_CASE("readings that no machine gives are not fitted") {
  auto few = Levels(40.0, 1.2, 0.0);
  few.resize(5);
  CHECK_THAT(FitCalibration(few, "x").error().message, Catch::Contains("6 load levels"));
  std::vector<WallReading> same(8, WallReading{Seconds(900), Joules(9e4), Joules(1.2e5)});
  CHECK_THAT(FitCalibration(same, "x").error().message, Catch::Contains("near each other"));
  CHECK_THAT(FitCalibration(Levels(40.0, 0.2, 0.0), "x").error().message,
             Catch::Contains("no machine has"));
  CHECK_THAT(FitCalibration(Levels(-9.0, 1.2, 0.0), "x").error().message,
             Catch::Contains("no machine has"));
}

TEST_CASE("wall readings are three positive numbers a line, or an error with its line") {
  const auto good = ParseWallReadings("seconds,tool_joules,wall_joules\n900,18000,5.76e4\r\n\n");
  REQUIRE(good);
  REQUIRE(good->size() == 1);
  CHECK(good->front().wall == Joules(57600));
  for (const std::string line : {"900,18000", "900,18000,-1", "900,18000,nan", "900,18000,1,2",
                                 "900 18000 1", "a,b,c", "0,1,1", "1e999,1,1"}) {
    CAPTURE(line);
    const auto bad = ParseWallReadings("seconds,tool_joules,wall_joules\n" + line + "\n");
    REQUIRE_FALSE(bad);
    CHECK_THAT(bad.error().message, Catch::Contains("line 2"));
  }
  CHECK_FALSE(ParseWallReadings("900,18000,57600\n"));
}
