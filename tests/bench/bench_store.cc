// Makes a store with a study of many finished trials, each with the energy of four phases:
//   bench_store STORE TRIALS
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "base/random.h"
#include "study_store/open_store.h"
#include "study_store/study_file.h"

namespace {

using namespace joulefront;

constexpr const char* kStudy =
    "[study]\nname = 'bench'\n[objectives]\nerror = { direction = 'minimize' }\n"
    "energy = { direction = 'minimize', phase = 'train' }\n"
    "[space]\nwidth = { type = 'int', low = 8, high = 512, log = true }\n"
    "learning_rate = { type = 'float', low = 1e-4, high = 1.0, log = true }\n"
    "optimizer = { type = 'categorical', choices = ['sgd', 'adam'] }\n";

/// Joules of setup, data, train and evaluate, and of all of them.
std::vector<PhaseEnergy> Energy(double joules) {
  std::vector<PhaseEnergy> phases;
  const auto add = [&](std::string_view phase, double share) {
    phases.push_back({std::string(phase), Seconds(share * 5.0), Seconds(share * 5.0),
                      EnergyFigure{.joules = Joules(share * joules),
                                   .coverage = 1.0,
                                   .own_uncertainty = 0.02,
                                   .provenance = {.energy_class = EnergyClass::kMeasured,
                                                  .source = "rapl-powercap",
                                                  .boundary = "package+dram",
                                                  .attribution = "cpu-time-share",
                                                  .idle_policy = "included",
                                                  .host = "bench"}}});
  };
  add(kFirstPhase, 0.05);
  add("data", 0.05);
  add("train", 0.8);
  add("evaluate", 0.1);
  add(kTotalPhase, 1.0);
  return phases;
}

Result<void> Fill(StudyStore& store, std::int64_t trials) {
  auto file = ParseStudyFile(kStudy, "bench.toml");
  if (!file) return Pass(file);
  const TimePoint now(std::chrono::milliseconds(1'700'000'000'000));
  auto id = store.CreateStudy(file->study, now);
  if (!id) return Pass(id);
  Random random(1, 0);
  for (std::int64_t k = 0; k < trials; ++k) {
    const double width = std::floor(8.0 * std::pow(64.0, random.Uniform()));
    const double rate = std::pow(10.0, -4.0 * random.Uniform());
    NewTrial trial{
        .configuration = fmt::format(R"({{"learning_rate":{},"optimizer":"{}","width":{}}})", rate,
                                     random.Uniform() < 0.5 ? "sgd" : "adam", width),
        .proposed_by = "random",
        .reason = "",
        .seed = static_cast<std::uint64_t>(k)};
    JF_TRY(store.AddTrial(*id, trial, {}, now));
    auto claim =
        store.ClaimTrial(*id, {.name = "w", .host = "bench", .boot_id = "b", .pid = 1}, now, now);
    if (!claim) return Pass(claim);
    const double joules = width * (0.5 + random.Uniform());
    const double error = 10.0 / width * (0.5 + random.Uniform());
    JF_TRY(store.FinishAttempt(**claim,
                               {.state = AttemptState::kComplete,
                                .values = {{"error", error}, {"energy", 0.8 * joules}},
                                .energy = Energy(joules)},
                               {}, now));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto store = OpenSqliteStore(argv[1], OpenMode::kCreate);
  const auto filled = store ? Fill(**store, std::atoll(argv[2])) : Pass(store);
  if (!filled) fmt::print(stderr, "{}\n", filled.error().message);
  return filled ? 0 : 1;
}
