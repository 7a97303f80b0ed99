#include "workers/undelivered.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/shortage.h"
#include "workers/process.h"

namespace joulefront {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = 64 << 20;

std::string FileIn(const std::string& work_dir) { return work_dir + "/undelivered.json"; }

json ToJson(const PhaseEnergy& phase) {
  json object = {
      {"phase", phase.phase}, {"wall_s", phase.wall.value()}, {"cpu_s", phase.cpu.value()}};
  if (!phase.figure) return object;
  const EnergyFigure& figure = *phase.figure;
  const Provenance& from = figure.provenance;
  object["figure"] = {{"joules", figure.joules.value()},
                      {"coverage", figure.coverage},
                      {"own_uncertainty", figure.own_uncertainty},
                      {"class", Name(from.energy_class)},
                      {"source", from.source},
                      {"boundary", from.boundary},
                      {"attribution", from.attribution},
                      {"idle_policy", from.idle_policy},
                      {"host", from.host},
                      {"common_uncertainty", from.common_uncertainty}};
  if (const auto& parts = figure.division) {
    object["figure"]["division"] = {parts->measured.value(), parts->idle.value(),
                                    parts->others.value(), parts->idle_of_others.value(),
                                    parts->residual.value()};
  }
  json domains = json::array();
  for (const DomainEnergy& part : figure.domains) {
    domains.push_back({part.domain, part.boundary, part.joules.value(), part.coverage});
  }
  object["figure"]["domains"] = std::move(domains);
  return object;
}

PhaseEnergy PhaseFrom(const json& object) {
  PhaseEnergy phase{.phase = object.at("phase"),
                    .wall = Seconds(object.at("wall_s").get<double>()),
                    .cpu = Seconds(object.at("cpu_s").get<double>()),
                    .figure = {}};
  if (!object.contains("figure")) return phase;
  const json& from = object.at("figure");
  EnergyFigure figure;
  figure.joules = Joules(from.at("joules").get<double>());
  figure.coverage = from.at("coverage");
  figure.own_uncertainty = from.at("own_uncertainty");
  figure.provenance = {.energy_class = EnergyClassFromName(from.at("class").get<std::string>())
                                           .value_or(EnergyClass::kEstimated),
                       .source = from.at("source"),
                       .boundary = from.at("boundary"),
                       .attribution = from.at("attribution"),
                       .idle_policy = from.at("idle_policy"),
                       .host = from.at("host"),
                       .common_uncertainty = from.at("common_uncertainty")};
  if (from.contains("division")) {
    const auto parts = from.at("division").get<std::vector<double>>();
    figure.division = Division{Joules(parts.at(0)), Joules(parts.at(1)), Joules(parts.at(2)),
                               Joules(parts.at(3)), Joules(parts.at(4))};
  }
  for (const json& part : from.at("domains")) {
    figure.domains.push_back(
        {part.at(0), part.at(1), Joules(part.at(2).get<double>()), part.at(3)});
  }
  phase.figure = std::move(figure);
  return phase;
}

AttemptResult ResultFrom(const json& object) {
  AttemptResult result;
  result.state = AttemptStateFromName(object.at("state").get<std::string>()).value();
  result.values = object.at("values").get<NamedValues>();
  for (const json& phase : object.at("energy")) result.energy.push_back(PhaseFrom(phase));
  if (object.contains("failure")) {
    result.failure = FailureClassFromName(object.at("failure").get<std::string>());
  }
  result.message = object.at("message");
  return result;
}

}  // namespace

Result<void> KeepUndelivered(const std::string& work_dir, const Claim& claim,
                             const AttemptResult& result) {
  json object = {{"worker", claim.worker},
                 {"state", Name(result.state)},
                 {"values", result.values},
                 {"energy", json::array()},
                 {"message", result.message}};
  if (result.failure) object["failure"] = Name(*result.failure);
  for (const PhaseEnergy& phase : result.energy) object["energy"].push_back(ToJson(phase));
  const std::string text = object.dump(-1, ' ', false, json::error_handler_t::replace);
  const std::string partial = FileIn(work_dir) + ".partial";
  const FileDescriptor file(OpenOwnFile(partial, OwnFile::kNew));
  const bool written =
      file.open() &&
      write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(file.get()) == 0 && rename(partial.c_str(), FileIn(work_dir).c_str()) == 0;
  if (written) return {};
  return Fail(CodeOf(errno),
              fmt::format("cannot keep a result in '{}': {}", work_dir, std::strerror(errno)));
}

Result<std::optional<AttemptResult>> FindUndelivered(const std::string& work_dir,
                                                     const std::string& worker) {
  auto text = ReadRegularFile(FileIn(work_dir), kMostBytes);
  if (!text && text.error().code == ErrorCode::kShortage) return Pass(text);
  if (!text) return std::nullopt;
  try {
    const json object = json::parse(*text);
    if (object.at("worker") != worker) return std::nullopt;
    return ResultFrom(object);
  } catch (const std::exception&) {  // the trainer wrote it, or a disk that was full
    return std::nullopt;
  }
}

bool HoldsUndelivered(const std::string& work_dir) {
  std::error_code ignored;
  return std::filesystem::exists(FileIn(work_dir), ignored);
}

void ForgetUndelivered(const std::string& work_dir) {
  std::error_code ignored;
  std::filesystem::remove(FileIn(work_dir), ignored);
}

}  // namespace joulefront
