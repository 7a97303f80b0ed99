#include <catch2/catch.hpp>

#include "study_store/accounting.h"
#include "study_store/study_file.h"

using namespace joulefront;

namespace {

TimePoint At(int hour, int minute = 0) {
  using namespace std::chrono;
  return TimePoint(sys_days(year(2026) / 11 / 26).time_since_epoch() + hours(hour) +
                   minutes(minute));
}

Result<StudyFile> Parse(const std::string& sections) {
  return ParseStudyFile(
      "[study]\nname = \"s\"\n[objectives]\nerror = { direction = \"minimize\" }\n"
      "[space]\nx = { type = \"float\", low = 0.0, high = 1.0 }\n" +
          sections,
      "/studies/s.toml");
}

void CheckRefused(const std::string& sections, const std::string& message) {
  CAPTURE(sections);
  const auto file = Parse(sections);
  REQUIRE_FALSE(file);
  CHECK_THAT(file.error().message, Catch::Contains(message));
  CHECK_THAT(file.error().message, Catch::Contains("/studies/s.toml:"));
}

constexpr const char* kSeries =
    "time,gCO2e/kWh\n2026-11-26T10:00Z,100\n2026-11-26T11:00:00Z,300\r\n\n";

}  // namespace

TEST_CASE("an intensity has a unit, or is refused") {
  CHECK(*ParseIntensity("475 gCO2e/kWh") == 475.0);
  CHECK(*ParseIntensity("0.475kgCO2e/kWh") == Approx(475.0));
  CHECK(*ParseIntensity("0 gCO2/kWh") == 0.0);
  for (const char* text :
       {"", "475", "475 g", "-1 gCO2e/kWh", "nan gCO2e/kWh", "1e9 gCO2e/kWh", "475 gCO2e/MWh"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseIntensity(text));
  }
}

TEST_CASE("a tariff is money for each kWh") {
  CHECK(ParseTariff("0.30 EUR/kWh")->price == 0.30);
  CHECK(ParseTariff("0.30 EUR/kWh")->currency == "EUR");
  for (const char* text : {"", "0.3", "0.3 EUR", "/kWh", "0.3 /kWh", "-1 EUR/kWh"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseTariff(text));
  }
}

TEST_CASE("grams are kWh times intensity, and PUE only where there is one") {
  const CarbonSettings plain{.intensity = 475.0, .series = "", .kind = "", .source = "", .pue = {}};
  CHECK(*GramsOf(Joules(3.6e6), At(10), At(11), plain, {}) == Approx(475.0));
  CarbonSettings building = plain;
  building.pue = 1.5;
  CHECK(*GramsOf(Joules(3.6e6), At(10), At(11), building, {}) == Approx(712.5));
  CHECK(PriceOf(Joules(7.2e6), {0.3, "EUR"}, plain) == Approx(0.6));
  CHECK_FALSE(GramsOf(Joules(1), At(10), At(11), {}, {}));  // no intensity is no figure, not zero
}

TEST_CASE("a series of intensities is weighed by the time in which each held") {
  const auto series = ParseIntensities(kSeries);
  REQUIRE(series);
  const CarbonSettings carbon;
  CHECK(*GramsOf(Joules(3.6e6), At(10, 10), At(10, 20), carbon, *series) == Approx(100.0));
  CHECK(*GramsOf(Joules(3.6e6), At(10, 30), At(11, 30), carbon, *series) == Approx(200.0));
  CHECK(*GramsOf(Joules(3.6e6), At(12), At(12), carbon, *series) == Approx(300.0));
  CHECK_FALSE(GramsOf(Joules(3.6e6), At(9), At(11), carbon, *series));  // before it begins
  const auto late = At(12) + std::chrono::hours(72);                    // long after its end
  CHECK_FALSE(GramsOf(Joules(3.6e6), late, late, carbon, *series));
}

TEST_CASE("a series may begin with its first value, or with the names of its columns") {
  const auto values = [](const std::string& csv) {
    const auto series = ParseIntensities(csv);
    return series ? series->size() : 0;
  };
  CHECK(values("2026-11-26T10:00Z,312.5\n") == 1);
  CHECK(values("2026-11-26T10:00Z,312.5\n2026-11-26T11:00Z,300\n") == 2);
  CHECK(values("time,intensity\n2026-11-26T10:00Z,312.5\n") == 1);
  CHECK(values("time,intensity\n") == 0);
}

TEST_CASE("a series that is nonsense is told with its line") {
  for (const char* line : {"2026-11-26T10:00Z", "2026-11-26 10:00,1", "2026-13-26T10:00Z,1",
                           "2026-11-26T25:00Z,1", "2026-11-26T10:00Z,-1", "2026-11-26T10:00Z,x",
                           "2026-11-26T10:00Zjunk,1", "2026-11-26T10:00,1"}) {
    CAPTURE(line);
    const auto series = ParseIntensities(std::string("time,gCO2e\n") + line + "\n");
    REQUIRE_FALSE(series);
    CHECK_THAT(series.error().message, Catch::Contains("line 2"));
  }
  CHECK_FALSE(ParseIntensities("time,gCO2e\n"));
}

TEST_CASE("accounting is read from the study file, and survives the store") {
  const auto file = Parse(
      "[budget]\nenergy = \"1 kJ\"\n"
      "[metering]\ndemand = \"measured\"\nsources = [\"plug\"]\n"
      "[metering.own]\nplug = { file = \"plug.txt\", gives = \"watts\", period = \"2 s\" }\n"
      "[carbon]\nregion = \"DE\"\npue = 1.2\n[tariff]\nprice = \"0.3 EUR/kWh\"\n"
      "[limits]\nattempt_energy = \"10 J\"\nwarn_at = [0.9, 0.5]\non_alert = [\"mail\", \"me\"]\n");
  if (!file) FAIL(file.error().message);
  for (const Study& study :
       {file->study, *StudyFromJson(DefinitionJson(file->study), SettingsJson(file->study))}) {
    CHECK(study.metering.demand == EnergyClass::kMeasured);
    CHECK(study.metering.sources == std::vector<std::string>{"plug"});
    REQUIRE(study.metering.own.size() == 1);
    CHECK(study.metering.own[0].file == "/studies/plug.txt");
    CHECK(study.metering.own[0].gives_power);
    CHECK(study.metering.own[0].boundary == "wall");
    CHECK(study.metering.own[0].period == Seconds(2));
    CHECK(Describe(study.carbon) ==
          "381 gCO2e/kWh, life-cycle, from Ember, by Our World in Data, average of 2023; PUE 1.2");
    CHECK(study.tariff->currency == "EUR");
    CHECK(study.limits.attempt_energy == Joules(10));
    CHECK(study.limits.warn_at == std::vector<double>{0.5, 0.9});
    CHECK(study.limits.on_alert == std::vector<std::string>{"mail", "me"});
  }
}

TEST_CASE("accounting that cannot be meant is refused with its place") {
  CheckRefused("[metering]\ndemand = \"sure\"\n", "no class 'sure'");
  CheckRefused("[metering]\nsources = [\"magic\"]\n", "no source 'magic'");
  CheckRefused("[metering.own]\nnvml = { file = \"x\", gives = \"joules\" }\n", "choose another");
  CheckRefused("[metering.own]\nplug = { gives = \"joules\" }\n", "a file or a command");
  CheckRefused("[metering.own]\nplug = { file = \"x\" }\n", "counted since some time");
  CheckRefused("[metering.own]\nplug = { file = \"x\", gives = \"watts\", boundary = \"moon\" }\n",
               "no boundary 'moon'");
  CheckRefused("[carbon]\nintensity = \"475\"\n", "no carbon intensity");
  CheckRefused("[carbon]\nregion = \"XX\"\n", "no default is known");
  CheckRefused("[carbon]\nregion = \"DE\"\nintensity = \"1 gCO2e/kWh\"\n", "one of");
  CheckRefused("[carbon]\nkind = \"green\"\n", "life-cycle");
  CheckRefused("[carbon]\npue = 0.5\n", "1 or more");
  CheckRefused("[tariff]\nprice = \"cheap\"\n", "no tariff");
  CheckRefused("[limits]\nwarn_at = [0.5]\n", "add [budget] energy");
  CheckRefused("[budget]\nenergy = \"1 J\"\n[limits]\nwarn_at = [1.5]\n", "above 0 and up to 1");
  CheckRefused("[carbon]\nregion = \"DE\"\nkind = \"direct\"\n", "has a kind of its own");
  CheckRefused("[metering]\nsources = []\n", "sources names none");
  CheckRefused("[limits]\nattempt_enrgy = \"1 J\"\n", "attempt_energy");
}
