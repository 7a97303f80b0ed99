#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/workers/meters/shown_sources.h"
#include "workers/meters/reading_log.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

constexpr const char* kLog =
    "joulefront-readings 1\n"
    R"({"host":"h","exclusive":true,"reserved":1.0,"gpu_users":1,"idle_w":{},"domains":[)"
    R"({"source":"rapl-powercap","name":"package-0","boundary":"package","most_w":2000.0,)"
    R"("update_period_s":0.002,"common_uncertainty":0.05,"range_uj":65532610987}]})"
    "\n"
    "| 10 0 0 - 65532609987\n"
    ". 11 1 1 - 4000000\n"
    "| 12 2 2 \"train \\\" a\" e5\n"
    "| 13 3 3 null 9000000\n"
    "$ 13.5 3 3 - 11000000\n";

}  // namespace

TEST_CASE("the figures of an attempt can be computed again from its readings") {
  const auto phases = ReplayReadings(kLog);
  REQUIRE(phases);
  REQUIRE(phases->size() == 3);
  // To 11 s: 1000 to the end of the range and 4,000,000; the 5 J of 11 s to 13 s are evenly split.
  CHECK((*phases)[0].figure->joules.value() == Approx(6.501).epsilon(1e-12));
  CHECK((*phases)[1].phase == "train \" a");
  CHECK((*phases)[1].figure->joules.value() == Approx(2.5).epsilon(1e-12));
  CHECK((*phases)[2].figure->joules.value() == Approx(9.001).epsilon(1e-12));
  CHECK((*phases)[2].wall == Seconds(3));
  CHECK((*phases)[2].figure->coverage == 1.0);
}

TEST_CASE("a log that was cut in the midst of a line is read up to there") {
  const std::string log = kLog;
  const auto phases = ReplayReadings(log.substr(0, log.size() - 3));
  REQUIRE(phases);
  const auto whole = ReplayReadings(log.substr(0, log.find("$ 13.5")));
  REQUIRE(whole);
  CHECK(*phases == *whole);
}

TEST_CASE("what is no reading log is told with its line") {
  const std::string log = kLog;
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"", "line 1"},
           {"hello\n", "line 1"},
           {"joulefront-readings 1\n", "line 1"},
           {"joulefront-readings 1\n{}\n| 1 0 0 - 1\n", "line 2"},
           {"joulefront-readings 1\n[1]\n| 1 0 0 - 1\n", "line 2"},
           {log + "? 14 3 3 - 1\n", "line 8"},
           {log + ". 14 3 3 -\n", "line 8"},
           {log + ". 14 3 3 - 12x\n", "line 8"},
           {log + ". 14 3 3 train 12\n", "line 8"},
           {log + ". 12 3 3 - 12000000\n", "goes back"}}) {
    CAPTURE(text);
    const auto phases = ReplayReadings(text);
    REQUIRE_FALSE(phases);
    CHECK_THAT(phases.error().message, Catch::Contains(message));
  }
}

TEST_CASE("replaying the log of any attempt gives its figures, to the last bit") {
  CHECK(rc::check([] {
    ShownDomains machine({DomainOf("package-0"),
                          DomainOf("gpu A", Boundary::kGpu, {}, Seconds(0.1)),
                          DomainOf("plug", Boundary::kGpu, {}, Seconds(1))});
    MeterSetup setup{.host = "h\"ost", .exclusive = *rc::gen::arbitrary<bool>(), .reserved = 0.3};
    if (*rc::gen::arbitrary<bool>()) setup.idle["package-0"] = Watts(12.345);
    if (*rc::gen::arbitrary<bool>()) {
      setup.calibration = Calibration{"c", Watts(1.1), 1.3, 0.01, "rapl-powercap", "package+gpu"};
    }
    std::string log;
    machine.shown = {Energy(5), Energy(7), Power(100'000'000)};
    PhaseLedger ledger = machine.Ledger(setup, Seconds(0.1), [&](auto line) { log += line; });
    Seconds now(0.1);
    CpuUsage usage;
    std::uint64_t used = 5;
    std::vector<PhaseEnergy> phases;
    const auto steps = *rc::gen::inRange(1, 20);
    for (int i = 0; i < steps; ++i) {
      now += Seconds(*rc::gen::element(0.0, 0.0101, 0.33333, 1.0 / 3.0, 2.5));
      used += *rc::gen::inRange<std::uint64_t>(0, 3'000'000);
      usage.trainer += Seconds(*rc::gen::inRange(0, 1000) * 1e-3);
      usage.host_busy += Seconds(*rc::gen::inRange(0, 2000) * 1e-3);
      machine.shown = {Energy(used), Energy(used * 2), Power(used)};
      if (*rc::gen::inRange(0, 4) == 0) machine.shown[1] = Failure(EIO);
      if (*rc::gen::arbitrary<bool>()) {
        ledger.Enter(*rc::gen::element<std::string>("a b", "\"", "total", "\xff\n"), now, usage);
      } else {
        phases = ledger.Read(now, usage);
      }
    }
    ledger.End(now, usage);
    phases = ledger.Read(now, usage, Look::kLast);
    const auto again = ReplayReadings(log);
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->size() == phases.size());
    for (std::size_t i = 0; i < phases.size(); ++i) {
      PhaseEnergy same = (*again)[i];
      same.phase = phases[i].phase;  // bytes that are no text are replaced in the log
      RC_ASSERT(same == phases[i]);
    }
  }));
}

TEST_CASE("whatever text is replayed, it ends well") {
  const std::string log = kLog;
  CHECK(rc::check([&] {
    std::string text = log;
    const auto changes = *rc::gen::inRange(1, 6);
    for (int i = 0; i < changes; ++i) {
      text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
    }
    const auto phases = ReplayReadings(text);
    if (!phases) RC_ASSERT(!phases.error().message.empty());
  }));
}
