#include <catch2/catch.hpp>
#include <cerrno>
#include <random>

#include "tests/workers/meters/fake_machine.h"
#include "workers/meters/hwmon_source.h"
#include "workers/meters/ipmi_source.h"
#include "workers/meters/perf_source.h"
#include "workers/meters/powercap_source.h"
#include "workers/meters/user_source.h"

using namespace joulefront;
using namespace joulefront::testing;

TEST_CASE("a graphics card is read by its energy, or else its power, and known by its device") {
  FakeMachine machine;
  const std::string chip = "sys/class/hwmon/hwmon3/";
  machine.Write(chip + "name", "amdgpu\n");
  machine.Write("devices/0000:03:00.0/x", "");
  std::filesystem::create_symlink(machine.path("devices/0000:03:00.0"),
                                  machine.path(chip + "device"));
  machine.Write(chip + "power1_average", "41000000\n");
  machine.Write(chip + "power1_input", "99000000\n");
  auto found = FindHwmon(machine.roots());
  REQUIRE(found.sources.size() == 1);
  CHECK(found.sources[0]->domain().name == "gpu 0000:03:00.0");
  CHECK(found.sources[0]->domain().boundary == Boundary::kGpu);
  CHECK(found.sources[0]->Read().microwatts == 41'000'000U);
  machine.Write(chip + "energy1_input", "12345\n");
  found = FindHwmon(machine.roots());
  REQUIRE(found.sources.size() == 1);
  CHECK(found.sources[0]->Read().microjoules == 12345U);
}

TEST_CASE("a sensor whose reach is not known is listed and not used") {
  FakeMachine machine;
  machine.Write("sys/class/hwmon/hwmon0/name", "ina3221\n");
  machine.Write("sys/class/hwmon/hwmon0/power1_input", "5000000\n");
  machine.Write("sys/class/hwmon/hwmon0/power1_label", "VDD_CPU\n");
  machine.Write("sys/class/hwmon/hwmon1/name", "power_meter\n");
  machine.Write("sys/class/hwmon/hwmon1/power1_average", "150000000\n");
  machine.Write("sys/class/hwmon/hwmon2/name", "coretemp\n");
  const auto found = FindHwmon(machine.roots());
  REQUIRE(found.listings.size() == 2);
  CHECK_FALSE(found.listings[0].readable);
  CHECK_THAT(found.listings[0].detail, Catch::Contains("VDD_CPU") && Catch::Contains("not known"));
  REQUIRE(found.sources.size() == 1);
  CHECK(found.sources[0]->domain().boundary == Boundary::kNode);
}

TEST_CASE("a battery is a meter only while it discharges") {
  FakeMachine machine;
  const std::string battery = "sys/class/power_supply/BAT0/";
  machine.Write(battery + "type", "Battery\n");
  machine.Write("sys/class/power_supply/AC/type", "Mains\n");
  machine.Write(battery + "status", "Discharging\n");
  machine.Write(battery + "current_now", "1500000\n");
  machine.Write(battery + "voltage_now", "12000000\n");
  const auto found = FindBatteries(machine.roots());
  REQUIRE(found.sources.size() == 1);
  CHECK(found.sources[0]->Read().microwatts == 18'000'000U);
  machine.Write(battery + "power_now", "17500000\n");
  CHECK(found.sources[0]->Read().microwatts == 17'500'000U);
  machine.Write(battery + "status", "Charging\n");
  CHECK_FALSE(found.sources[0]->Read().microwatts);
  CHECK(found.sources[0]->Read().error == ENODATA);
  CHECK_THAT(FindBatteries(machine.roots()).listings[0].remedy, Catch::Contains("unplug"));
}

TEST_CASE("a controller's answer is watts, or none if it is not that answer") {
  std::vector<std::uint8_t> answer(19, 0);
  answer[1] = 0xdc;
  answer[2] = 0x2c;
  answer[3] = 0x01;
  answer[18] = 0x40;
  CHECK(ParseDcmiPower(answer) == 300U);
  auto bad = answer;
  bad[0] = 0xc1;  // no such command
  CHECK_FALSE(ParseDcmiPower(bad));
  bad = answer;
  bad[1] = 0x00;
  CHECK_FALSE(ParseDcmiPower(bad));
  bad = answer;
  bad[18] = 0x00;  // it does not measure now
  CHECK_FALSE(ParseDcmiPower(bad));
  bad.resize(18);
  CHECK_FALSE(ParseDcmiPower(bad));
  CHECK_FALSE(ParseDcmiPower({}));
}

TEST_CASE("without a controller there is no listing, and one without permission is told") {
  FakeMachine machine;
  CHECK(FindIpmi(machine.roots()).listings.empty());
  std::filesystem::create_directories(machine.path("dev/ipmi0"));  // cannot be opened for writing
  const auto found = FindIpmi(machine.roots());
  REQUIRE(found.listings.size() == 1);
  CHECK_FALSE(found.listings[0].readable);
  CHECK_THAT(found.listings[0].detail, Catch::Contains("cannot be opened"));
}

TEST_CASE("whatever bytes the files of a machine hold, looking at it ends well") {
  std::mt19937 random(11);
  const std::string alphabet = "0123456789-+.exnaf:,= \n\tevent=0x";
  const auto noise = [&] {
    std::string text(random() % 40, ' ');
    for (char& c : text) {
      c = random() % 5 == 0 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
    }
    return text;
  };
  FakeMachine machine;
  const std::string files[] = {"sys/class/powercap/intel-rapl:0/name",
                               "sys/class/powercap/intel-rapl:0/energy_uj",
                               "sys/class/powercap/intel-rapl:0/max_energy_range_uj",
                               "sys/bus/event_source/devices/power/type",
                               "sys/bus/event_source/devices/power/cpumask",
                               "sys/bus/event_source/devices/power/events/energy-pkg",
                               "sys/bus/event_source/devices/power/events/energy-pkg.scale",
                               "sys/class/hwmon/hwmon0/power1_average",
                               "sys/class/power_supply/BAT0/power_now",
                               "plug"};
  machine.Write("sys/bus/event_source/devices/power/events/energy-pkg.unit", "Joules\n");
  machine.Write("sys/class/hwmon/hwmon0/name", "amdgpu\n");
  machine.Write("sys/class/power_supply/BAT0/type", "Battery\n");
  machine.Write("sys/class/power_supply/BAT0/status", "Discharging\n");
  for (int i = 0; i < 300; ++i) {
    machine.Write(files[random() % std::size(files)], noise());
    for (auto& found :
         {FindPowercap(machine.roots()).listings,
          FindPerf(machine.roots(), [](auto, auto, auto) { return -ENOENT; }).listings,
          FindHwmon(machine.roots()).listings, FindBatteries(machine.roots()).listings,
          FindUserSources({{.name = "p", .file = machine.path("plug").string(), .command = {}}})
              .listings}) {
      for (const SourceListing& listing : found) CHECK_FALSE(listing.detail.empty());
    }
    const std::string text = noise();
    if (const auto millionths = ParseMillionths(text))
      CHECK(*millionths <= 10'000'000'000'000'000'000U);
    static_cast<void>(ParseCpuList(text));
    static_cast<void>(ParsePerfConfig(text));
  }
}
