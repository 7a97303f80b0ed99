// The faults of metering.md, section 4.2, as traces in the form of the reading log, each with the
// microjoules that a package truly used in the time that could be seen.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <sstream>

#include "tests/workers/meters/shown_sources.h"
#include "workers/meters/reading_log.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

struct Trace {
  std::string name;
  std::string readings;  // of each second from 0 on, separated by blanks
  std::uint64_t microjoules;
  double coverage;
  std::optional<std::uint64_t> range = kIntelRange;
};

/// A log of one exclusive package, read once a second.
std::string LogOf(const Trace& trace) {
  ShownDomains machine({DomainOf("package-0", Boundary::kPackage, trace.range)});
  std::string log = FormatLogHeader(machine.MakeMeter(Exclusive()));
  std::istringstream words(trace.readings);
  std::vector<std::string> readings;
  for (std::string word; words >> word;) readings.push_back(word);
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const bool last = i + 1 == readings.size();
    log += fmt::format("{} {} 0 0 - {}\n", i == 0 ? "|" : last ? "$" : ".", i, readings[i]);
  }
  return log;
}

const std::vector<Trace>& Traces() {
  // Range R = 262143328850.
  static const std::vector<Trace> traces = {
      {"no fault", "100 150 300 1100", 1000, 1.0},
      {"wrap once", "262143328800 262143328850 30 130", 180, 1.0},
      {"wrap to zero", "262143328800 0 100", 150, 1.0},
      {"value at the maximum, then a wrap", "262143328840 262143328850 10 20", 30, 1.0},
      {"wrap at the first reading", "262143328850 5 10", 10, 1.0},
      {"an error at the start", "e13 e13 100 150", 50, 1.0 / 3.0},
      {"an error once", "100 e5 300 400", 300, 1.0},
      {"no data once", "100 e61 300 400", 300, 1.0},
      {"permission lost for good", "100 200 e13 e13 e13", 100, 0.25},
      {"a value beyond the range once", "100 262143328851 300", 200, 1.0},
      {"an empty or garbled file once", "100 e0 300", 200, 1.0},
      {"a wrap behind an error", "262143328800 e5 150 200", 250, 1.0},
      {"a reset to zero", "130000000000 130000000100 0 50 70", 170, 0.75},
      {"a reset to zero without a range", "5000 6000 0 50 70", 1070, 0.75, std::nullopt},
      {"a zone removed and made again", "100 200 e2 e2 7 57", 150, 0.4, std::nullopt},
      {"a leap beyond what a package can draw", "100 200 90000000000 90000000050", 150, 2.0 / 3.0},
      {"a counter that is stuck", "100 200 200 200 200", 100, 0.25},
      {"a counter that stood still for a while", "100 200 200 200 500", 400, 1.0},
      {"no range to be had", "100 200 300", 200, 1.0, std::nullopt}};
  return traces;
}

}  // namespace

TEST_CASE("every fault trace gives the microjoules that were seen, and no others") {
  for (const Trace& trace : Traces()) {
    CAPTURE(trace.name);
    const auto phases = ReplayReadings(LogOf(trace));
    if (!phases) FAIL(phases.error().message);
    const auto& figure = phases->back().figure;
    REQUIRE(figure);
    CHECK(std::llround(figure->joules.value() * 1e6) ==
          static_cast<std::int64_t>(trace.microjoules));
    CHECK(figure->coverage == Approx(trace.coverage));
    CHECK(figure->provenance.energy_class == EnergyClass::kMeasured);
  }
}

TEST_CASE("a package that can never be read has no figure, and not one of zero") {
  for (const std::string readings : {"e13 e13 e13", "e13 e13 100", "7 7 7 7"}) {
    CAPTURE(readings);
    const auto phases = ReplayReadings(LogOf({"", readings, 0, 0.0}));
    REQUIRE(phases);
    CHECK_FALSE(phases->back().figure);
  }
}

TEST_CASE("a stall of thirty seconds is counted through; a minute in which it may wrap is not") {
  ShownDomains machine({DomainOf("package-0", Boundary::kPackage, 65'532'610'987)});
  const std::string header = FormatLogHeader(machine.MakeMeter(Exclusive()));
  const auto stalled = ReplayReadings(header + "| 0 0 0 - 0\n. 1 0 0 - 200\n$ 31 0 0 - 6000\n");
  CHECK(std::llround(stalled->back().figure->joules.value() * 1e6) == 6000);
  const auto lost =
      ReplayReadings(header + "| 0 0 0 - 0\n. 1 0 0 - 200\n. 61 0 0 - 9000\n$ 62 0 0 - 9100\n");
  CHECK(std::llround(lost->back().figure->joules.value() * 1e6) == 300);
  CHECK(lost->back().figure->coverage == Approx(2.0 / 62.0));
}

TEST_CASE("the order of zones changes no figure") {
  const auto play = [](bool swapped) {
    std::vector<Domain> domains = {DomainOf("package-0"),
                                   DomainOf("package-1", Boundary::kPackage, 65'532'610'987)};
    std::vector<std::pair<std::uint64_t, std::uint64_t>> values = {
        {kIntelRange - 5, 65'532'610'000}, {10, 13}, {500, 900}};
    if (swapped) std::swap(domains[0], domains[1]);
    ShownDomains machine(domains);
    const auto show = [&](std::size_t i) {
      machine.shown = {Energy(values[i].first), Energy(values[i].second)};
      if (swapped) std::swap(machine.shown[0], machine.shown[1]);
    };
    show(0);
    PhaseLedger ledger = machine.Ledger(Exclusive());
    show(1);
    ledger.Enter("train", Seconds(1), {});
    show(2);
    return ledger.Read(Seconds(2), {}, Look::kLast);
  };
  const auto a = play(false), b = play(true);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i].figure->joules == b[i].figure->joules);
}
