#include "tests/cli/sample_store.h"

#include <catch2/catch.hpp>
#include <memory>
#include <type_traits>

#include "study_store/open_store.h"

namespace joulefront {
namespace {

constexpr TimePoint kStart{std::chrono::seconds(1'700'000'000)};

PhaseEnergy Phase(const std::string& name, double joules) {
  return {.phase = name,
          .wall = Seconds(2.0),
          .cpu = Seconds(1.5),
          .figure = EnergyFigure{.joules = Joules(joules),
                                 .provenance = {.source = "cpu-time",
                                                .boundary = "cpu",
                                                .attribution = "process-tree",
                                                .idle_policy = "excluded",
                                                .host = "a machine",
                                                .common_uncertainty = 0.5}}};
}

struct Sample {
  const char* configuration;
  double error, joules;
};

constexpr Sample kComplete[] = {
    {R"({"width":8,"optimizer":"adam"})", 0.3, 10.0},
    {R"({"width":16,"optimizer":"sgd","momentum":0.5})", 0.1, 50.0},
    {R"({"width":64,"optimizer":"adam"})", 0.05, 90.0},
    {R"({"width":32,"optimizer":"adam"})", 0.3, 20.0},
};

template <typename T>
T Take(Result<T> result) {
  if (!result) FAIL(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

Claim AddAndClaim(StudyStore& store, StudyId id, const std::string& configuration) {
  Take(store.AddTrial(
      id, {.configuration = configuration, .proposed_by = "sobol", .reason = "start"}, {}, kStart));
  const WorkerIdentity worker{.name = "here-1", .host = "here", .boot_id = "boot", .pid = 1};
  return *Take(store.ClaimTrial(id, worker, kStart + std::chrono::seconds(60), kStart));
}

std::unique_ptr<StudyStore> Create(const std::string& path, const Study& study, StudyId& id) {
  auto store = Take(OpenSqliteStore(path, OpenMode::kCreate));
  id = Take(store->CreateStudy(study, kStart));
  return store;
}

}  // namespace

const std::string kTwoReported = R"([study]
name = "told"
seed = 7
[objectives]
error = { direction = "minimize" }
accuracy = { direction = "maximize" }
[space]
width = { type = "int", low = 8, high = 64 }
optimizer = { type = "categorical", choices = ["sgd", "adam"] }
momentum = { type = "float", low = 0.5, high = 0.9, when = { optimizer = "sgd" } }
)";

Study DigitsStudy(const std::string& name) {
  Study study;
  study.name = name;
  study.objectives = {{.name = "error"}, {.name = "energy", .phase = "train", .unit = "J"}};
  study.space =
      SearchSpace::Create({{.name = "width", .type = ParameterType::kInt, .low = 8, .high = 64},
                           {.name = "optimizer",
                            .type = ParameterType::kCategorical,
                            .choices = {std::string("sgd"), std::string("adam")}},
                           {.name = "momentum",
                            .low = 0.0,
                            .high = 0.99,
                            .when = {{.parent = "optimizer", .values = {std::string("sgd")}}}}})
          .value();
  study.trainer.command = {"train"};
  study.budget.trials = 60;
  return study;
}

void MakeEmptyStore(const std::string& path, const Study& study) {
  StudyId id = 0;
  Create(path, study, id);
}

void MakeDeployedStore(const std::string& path) {
  struct Deployed {
    double error, training, inference;
  };
  StudyId id = 0;
  const auto store = Create(path, DigitsStudy("deployed"), id);
  std::size_t i = 0;
  for (const Deployed& model : {Deployed{0.3, 10, 1}, {0.1, 50, 4}, {0.1, 80, 2}, {0.05, 90, 20}}) {
    const Claim claim = AddAndClaim(*store, id, kComplete[i++].configuration);
    const AttemptResult result{
        .state = AttemptState::kComplete,
        .values = {{"error", model.error}, {"energy", model.training}, {"inferences", 1000}},
        .energy = {Phase("train", model.training), Phase("inference", model.inference),
                   Phase("total", model.training + model.inference)}};
    Take(store->FinishAttempt(claim, result, {}, kStart));
  }
}

void MakeDigitsStore(const std::string& path, const Study& study, double beside) {
  StudyId id = 0;
  const auto store = Create(path, study, id);
  for (const Sample& sample : kComplete) {
    const Claim claim = AddAndClaim(*store, id, sample.configuration);
    const AttemptResult result{
        .state = AttemptState::kComplete,
        .values = {{"error", sample.error}, {"energy", sample.joules}},
        .energy = {Phase("train", sample.joules), Phase("total", sample.joules + beside)}};
    Take(store->FinishAttempt(claim, result, {}, kStart));
  }
  const Claim failing = AddAndClaim(*store, id, kComplete[0].configuration);
  const AttemptResult failed{.state = AttemptState::kFailed,
                             .energy = {Phase("total", 2.5)},
                             .failure = FailureClass::kExitCode,
                             .message = "exit status 1; its last line: \"no\",\n\x1b[2Jgone"};
  Take(store->FinishAttempt(failing, failed, {}, kStart));
  Take(store->AddTrial(
      id, {.configuration = kComplete[1].configuration, .proposed_by = "nsga2", .reason = "bred"},
      {}, kStart));
  Take(store->AddElapsed(id, Seconds(75.0)));
}

}  // namespace joulefront
