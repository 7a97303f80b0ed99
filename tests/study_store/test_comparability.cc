#include <catch2/catch.hpp>

#include "study_store/comparability.h"
#include "study_store/front.h"
#include "study_store/study_file.h"

using namespace joulefront;

namespace {

const Study& TwoObjectives() {
  static const Study study =
      ParseStudyFile(
          "[study]\nname = \"s\"\n[objectives]\nerror = { direction = \"minimize\" }\n"
          "energy = { direction = \"minimize\", phase = \"train\" }\n"
          "[space]\nx = { type = \"float\", low = 0.0, high = 1.0 }\n",
          "/s.toml")
          ->study;
  return study;
}

Provenance Measured(const std::string& host = "a") {
  return {.energy_class = EnergyClass::kMeasured,
          .source = "rapl-powercap",
          .boundary = "package",
          .attribution = "exclusive",
          .idle_policy = "included",
          .host = host,
          .common_uncertainty = 0.05};
}

Provenance Estimated() {
  return {.energy_class = EnergyClass::kEstimated,
          .source = "cpu-time",
          .boundary = "cpu",
          .attribution = "process-tree",
          .idle_policy = "excluded",
          .host = "a",
          .common_uncertainty = 0.4};
}

Trial MakeTrial(double error, double joules, const std::optional<Provenance>& from,
                double coverage = 1.0, double own = 0.0) {
  Trial trial;
  trial.state = TrialState::kComplete;
  trial.configuration = "{}";
  trial.values = {{"error", error}, {"energy", joules}};
  if (from) {
    trial.energy = {{.phase = "train",
                     .wall = Seconds(1),
                     .cpu = Seconds(1),
                     .figure = EnergyFigure{.joules = Joules(joules),
                                            .coverage = coverage,
                                            .own_uncertainty = own,
                                            .provenance = *from,
                                            .division = {},
                                            .domains = {}}}};
  }
  return trial;
}

std::vector<std::size_t> TrialsOf(const Front& front) {
  std::vector<std::size_t> trials;
  for (const FrontPoint& point : front.points) trials.push_back(point.trial);
  return trials;
}

using Trials = std::vector<std::size_t>;

}  // namespace

TEST_CASE("seconds that were told share no front with seconds that were metered") {
  Study study;
  study.objectives = {{.name = "error"}, {.name = "time", .timed = "train", .unit = "s"}};
  std::vector<Trial> trials;
  for (int i = 0; i < 4; ++i) {
    trials.push_back(
        MakeTrial(0.5 - 0.1 * i, 1.0, i < 3 ? std::optional(Measured()) : std::nullopt));
    trials.back().number = i;
    trials.back().values["time"] = 1.0 + i;
  }
  trials[3].values["time"] = 0.001;  // it would dominate all
  const auto groups = GroupByKey(study, trials, {0, 1, 2, 3});
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].trials == Trials{0, 1, 2});
  CHECK(groups[1].key == "seconds: told");
}

TEST_CASE("figures that were obtained differently never share a front unknowingly") {
  // The estimates would dominate everything that was measured.
  std::vector<Trial> trials;
  for (int i = 0; i < 6; ++i) trials.push_back(MakeTrial(0.5 - 0.05 * i, 100 + i, Measured()));
  for (int i = 0; i < 5; ++i) trials.push_back(MakeTrial(0.5 - 0.05 * i, 10 + i, Estimated()));
  const Front front = ComputeFront(TwoObjectives(), trials);
  CHECK(TrialsOf(front) == Trials{0, 1, 2, 3, 4, 5});
  CHECK_FALSE(front.mixed);
  CHECK_THAT(front.key, Catch::StartsWith("measured: rapl-powercap of package"));
  REQUIRE(front.left_out.size() == 1);
  CHECK_THAT(front.left_out[0].first, Catch::StartsWith("estimated: cpu-time"));
  CHECK(front.left_out[0].second == 5);
}

TEST_CASE("the front is that of the key with most trials, and of equals the stronger class") {
  const std::vector<Trial> trials = {MakeTrial(0.1, 5, Estimated()), MakeTrial(0.2, 50, Measured()),
                                     MakeTrial(0.3, 60, Measured("b"))};
  CHECK(TrialsOf(ComputeFront(TwoObjectives(), trials)) == Trials{1});
  auto more = trials;
  more.push_back(MakeTrial(0.05, 6, Estimated()));
  CHECK(TrialsOf(ComputeFront(TwoObjectives(), more)) == Trials{0, 3});
}

TEST_CASE("another host is another key, and so are figures that were told") {
  const std::vector<Trial> trials = {
      MakeTrial(0.1, 5, Measured("a")), MakeTrial(0.2, 4, Measured("a")),
      MakeTrial(0.1, 3, Measured("b")), MakeTrial(0.1, 1, std::nullopt)};
  const Front front = ComputeFront(TwoObjectives(), trials);
  CHECK(TrialsOf(front) == Trials{1, 0});
  CHECK(front.left_out.size() == 2);
}

TEST_CASE("a partial figure, which is too low, is on no front") {
  const std::vector<Trial> trials = {MakeTrial(0.1, 50, Measured()),
                                     MakeTrial(0.1, 1, Measured(), 0.5),
                                     MakeTrial(0.1, 2, Measured(), 0.5)};
  const Front front = ComputeFront(TwoObjectives(), trials);
  CHECK(TrialsOf(front) == Trials{0});
  REQUIRE(front.left_out.size() == 1);
  CHECK_THAT(front.left_out[0].first, Catch::Contains("partial"));
}

TEST_CASE("a mixed front is asked for, and leaves out only what is surely dominated") {
  const std::vector<Trial> trials = {
      MakeTrial(0.10, 100, Measured()),
      MakeTrial(0.20, 104, Measured()),  // 4 % more: within the error that keys share
      MakeTrial(0.20, 150, Measured()),  // surely more
      MakeTrial(0.30, 75, Estimated()),  // +-40 %
      MakeTrial(0.30, 900, Estimated())};
  const Front front = ComputeFront(TwoObjectives(), trials, {.mix = Mix::kYes});
  CHECK(front.mixed);
  CHECK(front.key.empty());
  CHECK(front.left_out.empty());
  CHECK(TrialsOf(front) == Trials{3, 0, 1});
}

TEST_CASE("a partial figure on a mixed front is no knee, has no price, and adds no hypervolume") {
  std::vector<Trial> trials = {MakeTrial(0.9, 10, Measured()), MakeTrial(0.5, 12, Measured()),
                               MakeTrial(0.1, 100, Measured()),
                               MakeTrial(0.2, 11, Measured(), 0.5)};
  const Front front = ComputeFront(TwoObjectives(), trials, {.mix = Mix::kYes});
  REQUIRE(TrialsOf(front) == Trials{0, 3, 1, 2});
  CHECK(front.points[1].partial);
  // As it is shown it would lie farthest below the line; of the whole ones trial 1 does.
  for (const FrontPoint& point : front.points) CHECK(point.knee == (point.trial == 1));
  CHECK_FALSE(PricesAlong(front)[1]);
  CHECK_FALSE(PricesAlong(front)[2]);
  trials.pop_back();
  const Front whole = ComputeFront(TwoObjectives(), trials);
  CHECK(*front.hypervolume == Approx(*whole.hypervolume));
}

TEST_CASE("mixing what is of one key changes nothing") {
  const std::vector<Trial> trials = {MakeTrial(0.10, 100, Measured()),
                                     MakeTrial(0.20, 104, Measured())};
  const Front front = ComputeFront(TwoObjectives(), trials, {.mix = Mix::kYes});
  CHECK_FALSE(front.mixed);
  CHECK(TrialsOf(front) == Trials{0});
}

TEST_CASE("dominance is sure from 95 % on") {
  const UncertainValue exact{1.0, 0.0}, better{0.9, 0.0};
  CHECK(SurelyDominates({better}, {exact}));
  CHECK_FALSE(SurelyDominates({exact}, {exact}));
  CHECK_FALSE(SurelyDominates({exact}, {better}));
  CHECK(SurelyDominates({better, {10.0, 1.0}}, {exact, {12.4, 1.0}}));        // z = 1.70
  CHECK_FALSE(SurelyDominates({better, {10.0, 1.0}}, {exact, {12.2, 1.0}}));  // z = 1.56
  CHECK_FALSE(SurelyDominates({exact, {10.0, 1.0}}, {better, {99.0, 1.0}}));
}
