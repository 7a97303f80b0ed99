#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/workers/meters/shown_sources.h"
#include "workers/meters/accumulator.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

using Credits = std::vector<Credit>;

/// What the accumulator of a package credits for one second from `before` to `after`.
std::optional<std::uint64_t> AfterOneSecond(std::uint64_t before, const RawReading& after,
                                            std::optional<std::uint64_t> range = kIntelRange) {
  Accumulator accumulator(DomainOf("package-0", Boundary::kPackage, range), Seconds(0),
                          Energy(before));
  const Credits credits = accumulator.Take(Seconds(1), after);
  if (credits.empty()) return std::nullopt;
  CHECK(credits.size() == 1);
  CHECK(credits[0].begin == Seconds(0));
  CHECK(credits[0].end == Seconds(1));
  return credits[0].microjoules;
}

}  // namespace

TEST_CASE("a counter that advances gives its joules, to the microjoule") {
  CHECK(AfterOneSecond(1'000'000, Energy(51'000'001)) == 50'000'001U);
}

TEST_CASE("a counter that wraps gives what it advanced by") {
  CHECK(AfterOneSecond(kIntelRange - 30'000'000, Energy(20'000'000)) == 50'000'000U);
  CHECK(AfterOneSecond(kIntelRange - 30'000'000, Energy(0)) == 30'000'000U);
  CHECK(AfterOneSecond(kIntelRange, Energy(7'000'000)) == 7'000'000U);
}

TEST_CASE("a counter at its largest value is read") {
  CHECK(AfterOneSecond(kIntelRange - 30'000'000, Energy(kIntelRange)) == 30'000'000U);
}

TEST_CASE("several wraps are all counted when the counter is read in time") {
  Accumulator accumulator(DomainOf("package-0"), Seconds(0), Energy(0));
  std::uint64_t used = 0, credited = 0;
  for (int second = 1; second <= 3000; ++second) {
    used += 300'000'000;  // 300 W: the counter wraps every 874 s
    for (const Credit& credit : accumulator.Take(Seconds(second), Energy(used % kIntelRange))) {
      credited += credit.microjoules;
    }
  }
  CHECK(credited == used);
  CHECK(accumulator.Count(ReadingState::kWrapped) == 3);
}

TEST_CASE("a reset is a gap, not a wrap") {
  CHECK_FALSE(AfterOneSecond(kIntelRange / 2, Energy(0)));
  CHECK_FALSE(AfterOneSecond(5'000'000'000, Energy(4'999'999'999)));
  Accumulator accumulator(DomainOf("package-0"), Seconds(0), Energy(kIntelRange / 2));
  CHECK(accumulator.Take(Seconds(1), Energy(0)).empty());
  CHECK(accumulator.state() == ReadingState::kReset);
  CHECK(accumulator.HasRestarted());
  CHECK(accumulator.Take(Seconds(2), Energy(5)) == Credits{{Seconds(1), Seconds(2), 5}});
}

TEST_CASE("a leap beyond what a package can draw is a gap") {
  CHECK_FALSE(AfterOneSecond(0, Energy(3'000'000'000)));
  CHECK(AfterOneSecond(0, Energy(2'000'000'000)) == 2'000'000'000U);
}

TEST_CASE("a single value beyond the range is made up for by the next good one") {
  Accumulator accumulator(DomainOf("package-0"), Seconds(0), Energy(0));
  CHECK(accumulator.Take(Seconds(1), Energy(kIntelRange + 1)).empty());
  CHECK(accumulator.state() == ReadingState::kImplausible);
  CHECK(accumulator.Take(Seconds(2), Energy(30'000'000)) ==
        Credits{{Seconds(0), Seconds(2), 30'000'000}});
}

TEST_CASE("a reading that fails is made up for by the next good one") {
  Accumulator accumulator(DomainOf("package-0"), Seconds(0), Energy(kIntelRange - 10));
  CHECK(accumulator.Take(Seconds(1), Failure(EIO)).empty());
  CHECK(accumulator.state() == ReadingState::kGap);
  CHECK(accumulator.Take(Seconds(2), Energy(20)) == Credits{{Seconds(0), Seconds(2), 30}});
}

TEST_CASE("so long a time that the counter may have wrapped twice is a gap") {
  const Domain domain = DomainOf("package-0");
  CHECK(EnergySince(domain, 0, 1'000'000'000, Seconds(100)) == 1'000'000'000U);
  CHECK_FALSE(EnergySince(domain, 0, 1'000'000'000, Seconds(132)));
  CHECK(EnergySince(DomainOf("p", Boundary::kPackage, 65'532'610'987), 65'532'610'000, 13,
                    Seconds(1)) == 1000U);
}

TEST_CASE("without a range a counter is read until it falls") {
  CHECK(AfterOneSecond(1'000'000, Energy(6'000'000), std::nullopt) == 5'000'000U);
  CHECK_FALSE(AfterOneSecond(6'000'000, Energy(1'000'000), std::nullopt));
}

TEST_CASE("a counter that stands still is no zero: it credits when it moves again") {
  Accumulator accumulator(DomainOf("package-0"), Seconds(0), Energy(7));
  for (int second = 1; second <= 12; ++second) {
    CHECK(accumulator.Take(Seconds(second), Energy(7)).empty());
    CHECK((accumulator.state() == ReadingState::kStale) == (second > 10));
  }
  CHECK(accumulator.Take(Seconds(13), Energy(20)) == Credits{{Seconds(0), Seconds(13), 13}});
}

TEST_CASE("energy begins with the first reading that can be had") {
  Accumulator accumulator(DomainOf("package-0"), Seconds(0), Failure(EACCES));
  CHECK(accumulator.Take(Seconds(1), Energy(1000)).empty());
  CHECK(accumulator.Take(Seconds(2), Energy(1500)) == Credits{{Seconds(1), Seconds(2), 500}});
}

TEST_CASE("power is integrated between samples that are near each other") {
  Accumulator accumulator(DomainOf("gpu", Boundary::kGpu, std::nullopt, Seconds(0.1)), Seconds(0),
                          Power(100'000'000));
  CHECK(accumulator.Take(Seconds(1), Power(200'000'000)) ==
        Credits{{Seconds(0), Seconds(1), 150'000'000}});
  CHECK(accumulator.Take(Seconds(5), Power(200'000'000)).empty());  // who knows what was between
  CHECK(accumulator.state() == ReadingState::kGap);
  CHECK(accumulator.Take(Seconds(6), Power(100'000'000)) ==
        Credits{{Seconds(5), Seconds(6), 150'000'000}});
  CHECK(accumulator.Take(Seconds(7), Power(3'000'000'000)).empty());  // 3 kW: nonsense
  CHECK(accumulator.Take(Seconds(8), Power(100'000'000)) ==
        Credits{{Seconds(6), Seconds(8), 200'000'000}});
}
