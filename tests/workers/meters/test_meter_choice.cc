#include <catch2/catch.hpp>

#include "tests/workers/meters/fake_machine.h"
#include "workers/meters/host.h"
#include "workers/meters/meter_choice.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

SourceListing Listing(const std::string& source, const std::string& name, Boundary boundary,
                      bool readable = true) {
  SourceListing listing;
  listing.domain.source = source;
  listing.domain.name = name;
  listing.domain.boundary = boundary;
  listing.readable = readable;
  if (!readable) listing.detail = "it is broken";
  if (!readable) listing.remedy = "mend it";
  return listing;
}

std::vector<SourceListing> Everything() {
  return {Listing("rapl-perf", "package-0", Boundary::kPackage),
          Listing("rapl-perf", "dram of package-0", Boundary::kDram),
          Listing("rapl-powercap", "package-0", Boundary::kPackage),
          Listing("rapl-powercap", "dram of package-0", Boundary::kDram),
          Listing("rapl-powercap", "psys", Boundary::kPlatform),
          Listing("nvml", "gpu A", Boundary::kGpu),
          Listing("ipmi", "node", Boundary::kNode),
          Listing("plug", "plug", Boundary::kWall)};
}

using Indices = std::vector<std::size_t>;

Indices Chosen(const std::vector<SourceListing>& listings,
               const std::vector<std::string>& sources = {}) {
  auto chosen = ChooseSources(listings, {.sources = sources});
  if (!chosen) FAIL(chosen.error().message);
  return *chosen;
}

}  // namespace

TEST_CASE("left to itself, the meter adds processors, memory and GPUs, each from one source") {
  auto listings = Everything();
  CHECK(Chosen(listings) == Indices{0, 1, 5});
  listings[0].readable = false;
  CHECK(Chosen(listings) == Indices{2, 3, 5});
  listings[2].readable = false;
  CHECK(Chosen(listings) == Indices{5});
}

TEST_CASE("the counter of a module is not added to that of its processor") {
  auto listings = Everything();
  listings[5].domain.boundary = Boundary::kModule;
  CHECK(Chosen(listings) == Indices{5});
}

TEST_CASE("a source that contains others is used where it is named, and alone") {
  const auto listings = Everything();
  CHECK(Chosen(listings, {"plug"}) == Indices{7});
  CHECK(Chosen(listings, {"ipmi"}) == Indices{6});
  CHECK(Chosen(listings, {"rapl-powercap"}) == Indices{2, 3});
  CHECK(Chosen(listings, {"rapl-powercap", "nvml"}) == Indices{2, 3, 5});
  CHECK(Chosen(listings, {"cpu-time"}).empty());
  const auto mixed = ChooseSources(listings, {.sources = {"rapl-powercap", "plug"}});
  REQUIRE_FALSE(mixed);
  CHECK(mixed.error().code == ErrorCode::kInvalidArgument);
  CHECK_THAT(mixed.error().message, Catch::Contains("contain one another"));
}

TEST_CASE("a source that is named and missing is an error that says what would mend it") {
  auto listings = Everything();
  listings[5].readable = false;
  listings[5].detail = "it is broken";
  listings[5].remedy = "mend it";
  const auto broken = ChooseSources(listings, {.sources = {"nvml"}});
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == ErrorCode::kNoMeter);
  CHECK_THAT(broken.error().message, Catch::Contains("it is broken; mend it"));
  const auto unknown = ChooseSources(listings, {.sources = {"magic"}});
  REQUIRE_FALSE(unknown);
  CHECK_THAT(unknown.error().message, Catch::Contains("no such source"));
}

TEST_CASE("the counter of the board never stands in for those of the packages") {
  auto listings = Everything();
  listings[2] = Listing("rapl-powercap", "package-0", Boundary::kPackage, false);
  const auto chosen = ChooseSources(listings, {.sources = {"rapl-powercap"}});
  REQUIRE_FALSE(chosen);
  CHECK(chosen.error().code == ErrorCode::kNoMeter);
  CHECK_THAT(chosen.error().message, Catch::Contains("it is broken; mend it"));
  listings.erase(listings.begin() + 2, listings.begin() + 4);
  CHECK_THAT(ChooseSources(listings, {.sources = {"rapl-powercap"}}).error().message,
             Catch::Contains("it shows only psys"));
}

TEST_CASE("a demand that the machine cannot meet is refused, not answered with less") {
  FakeMachine machine;
  MeterPlan plan{.weakest = EnergyClass::kMeasured, .exclusive = true};
  const auto none = MakeMeter(machine.roots(), plan, Seconds(0), {});
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::kNoMeter);
  CHECK_THAT(none.error().message, Catch::Contains("would be estimated"));
  machine.AddZone("intel-rapl:0", "package-0", 0);
  CHECK(MakeMeter(machine.roots(), plan, Seconds(0), {}));
  plan.exclusive = false;
  CHECK_FALSE(MakeMeter(machine.roots(), plan, Seconds(0), {}));
  plan.weakest = EnergyClass::kAttributed;
  CHECK(MakeMeter(machine.roots(), plan, Seconds(0), {}));
}

TEST_CASE("the record of a machine is kept for that machine alone") {
  FakeMachine machine;
  const std::string path = machine.path("state/joulefront/host.json").string();
  const std::string host = HostFingerprint(machine.roots());
  CHECK(LoadHostRecord(path, host)->idle.empty());
  HostRecord record;
  record.host = host;
  record.probed = "2026-11-26";
  record.idle["package-0"] = {Watts(41.5), 0.01, Seconds(60), Seconds(0.001)};
  record.calibration = Calibration{"2026-11-26", Watts(40), 1.25, 0.05, "rapl-powercap", "package"};
  REQUIRE(SaveHostRecord(path, record));
  const auto loaded = LoadHostRecord(path, host);
  REQUIRE(loaded);
  CHECK(loaded->idle.at("package-0").power == Watts(41.5));
  CHECK(loaded->idle.at("package-0").variation == 0.01);
  CHECK(loaded->calibration->slope == 1.25);
  CHECK(LoadHostRecord(path, "another machine")->idle.empty());
  CHECK_FALSE(LoadHostRecord(path, "another machine")->calibration);

  machine.AddZone("intel-rapl:0", "package-0", 0);
  const auto shared = MakeMeter(machine.roots(), {.record = path}, Seconds(0), {});
  CHECK(shared->provenance().idle_policy == "by-reserved-cpus");
  CHECK(shared->provenance().energy_class == EnergyClass::kAttributed);
  const auto own = MakeMeter(machine.roots(), {.exclusive = true, .record = path}, Seconds(0), {});
  CHECK(own->provenance().energy_class == EnergyClass::kCalibrated);

  for (const auto& [offset, slope, residual] : {std::tuple(-1000.0, 1.2, 0.01),
                                                {40.0, -2.0, 0.01},
                                                {1e308, 1.2, 0.01},
                                                {40.0, 1.2, -1.0}}) {
    HostRecord mad = record;
    mad.calibration->offset = Watts(offset);
    mad.calibration->slope = slope;
    mad.calibration->residual = residual;
    REQUIRE(SaveHostRecord(path, mad));
    const auto refused = LoadHostRecord(path, host);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kCorrupt);
    CHECK_THAT(refused.error().message, Catch::Contains("a calibration that no machine has"));
  }

  machine.Write("state/joulefront/host.json", "{\"host\": 3}");
  const auto broken = LoadHostRecord(path, host);
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == ErrorCode::kCorrupt);
}
