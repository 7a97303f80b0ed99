// What the tests of the stores share: the implementations that keep the contract, sample values,
// and stores as text, so that a failure shows both sides.
#pragma once

#include <fmt/format.h>
#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "study_store/open_store.h"

namespace joulefront {

/// A folder that lives as long as the object.
class TestFolder {
 public:
  TestFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "joulefront-store-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// An implementation of StudyStore. Every test of the contract runs over all of them.
struct Implementation {
  const char* name;
  std::function<std::unique_ptr<StudyStore>(const TestFolder&)> make;
};

inline std::unique_ptr<StudyStore> OpenFile(const std::string& path,
                                            OpenMode mode = OpenMode::kCreate) {
  auto store = OpenSqliteStore(path, mode);
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

/// Those that this program was built with; a PostgreSQL server is started by ctest
/// (examples/07_cluster/postgres_server.py), and where none runs its tests fail.
const std::vector<Implementation>& Implementations();

inline TimePoint At(double seconds) {
  return TimePoint(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1e3)));
}

inline Study SampleStudy(const std::string& name = "digits") {
  Study study;
  study.name = name;
  study.seed = 0xfedcba9876543210ULL;
  study.objectives = {{.name = "error", .direction = Direction::kMinimize},
                      {.name = "energy", .phase = "train", .unit = "J"}};
  study.constraints = {{.name = "parameters", .max = 1000.0}};
  study.space = SearchSpace::Create({{.name = "x", .low = 0.0, .high = 1.0}}).value();
  study.trainer.command = {"train", "--x={x}"};
  study.budget.trials = 10;
  return study;
}

inline NewTrial SampleTrial(int k = 0) {
  return {.configuration = fmt::format("{{\"x\":{}}}", 0.5 + k),
          .proposed_by = "sobol",
          .reason = "start",
          .seed = 0x8000000000000001ULL + static_cast<std::uint64_t>(k)};
}

inline WorkerIdentity Worker(const std::string& name, const std::string& boot_id = "boot-1") {
  return {.name = name, .host = "here", .boot_id = boot_id, .pid = 17, .start_ticks = 4711};
}

inline Provenance Estimate() {
  return {.energy_class = EnergyClass::kEstimated,
          .source = "cpu-time",
          .boundary = "cpu",
          .attribution = "process-tree",
          .idle_policy = "excluded",
          .host = "a machine",
          .common_uncertainty = 0.3};
}

inline PhaseEnergy Phase(const std::string& name, std::optional<double> joules,
                         const Provenance& provenance = Estimate()) {
  PhaseEnergy phase{.phase = name, .wall = Seconds(2.0), .cpu = Seconds(1.5)};
  if (joules) {
    phase.figure = EnergyFigure{.joules = Joules(*joules),
                                .coverage = 0.75,
                                .own_uncertainty = 0.1,
                                .provenance = provenance};
    if (name == "train") {
      phase.figure->division =
          Division{Joules(9.5), Joules(1.5), Joules(2.5), Joules(0.5), Joules(0.25)};
      phase.figure->domains = {{"package-0", "package", Joules(2.5), 1.0},
                               {"gpu \"A\"", "gpu", Joules(*joules), 0.75}};
    }
  }
  return phase;
}

/// Phases in an order that is not alphabetic.
inline std::vector<PhaseEnergy> Energy(double total) {
  return {Phase("setup", 0.25 * total), Phase("train", 0.75 * total), Phase("data", std::nullopt),
          Phase("total", total)};
}

inline AttemptResult Completed(NamedValues values, double total) {
  return {.state = AttemptState::kComplete, .values = std::move(values), .energy = Energy(total)};
}

inline AttemptResult Ended(AttemptState state, std::vector<PhaseEnergy> energy = {}) {
  AttemptResult result{.state = state, .energy = std::move(energy), .message = "it ended"};
  if (state == AttemptState::kFailed) result.failure = FailureClass::kExitCode;
  return result;
}

template <typename T>
const T& Require(const Result<T>& result) {
  if (!result) FAIL(result.error().message);
  return *result;
}
template <typename T>
T Require(Result<T>&& result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}
inline void Require(Result<void>&& result) {
  if (!result) FAIL(result.error().message);
}

/// Claims the next trial, which must be there.
inline Claim ClaimNext(StudyStore& store, StudyId study, const std::string& worker, TimePoint now) {
  const auto claim = store.ClaimTrial(study, Worker(worker), now + std::chrono::seconds(60), now);
  REQUIRE(Require(claim).has_value());
  return **claim;
}

std::string Show(const std::vector<PhaseEnergy>& energy);
std::string Show(const Trial& trial);
std::string Show(const Attempt& attempt);

/// All that can be read from the store, as text.
std::string Show(StudyStore& store);

}  // namespace joulefront
