#include "objectives/protocol.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace joulefront::objectives {
namespace {

using nlohmann::ordered_json;

void Send(const ordered_json& message) {
  const std::string line = message.dump() + "\n";
  // One write a line: a signal between two writes would leave half a message behind.
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fflush(stdout) != 0) {
    throw std::runtime_error("cannot write to standard output");
  }
}

ordered_json ToJson(const ReportedValues& values) {
  ordered_json object = ordered_json::object();
  for (const auto& [name, value] : values) {
    if (!std::isfinite(value)) throw std::runtime_error(name + " is not finite");
    // Counts read better as 4810 than as 4810.0.
    const bool whole = value == std::floor(value) && std::abs(value) < 1e15;
    if (whole) {
      object[name] = static_cast<std::int64_t>(value);
    } else {
      object[name] = value;
    }
  }
  return object;
}

}  // namespace

void ReportPhase(const std::string& name) { Send({{"joulefront", "phase"}, {"name", name}}); }

void ReportProgress(std::int64_t step, const ReportedValues& values) {
  Send({{"joulefront", "progress"}, {"step", step}, {"values", ToJson(values)}});
}

void ReportEnergy(double joules) {
  if (!std::isfinite(joules) || joules < 0)
    throw std::runtime_error("joules are no number from 0 on");
  Send({{"joulefront", "energy"}, {"joules", joules}});
}

void ReportResult(const ReportedValues& values) {
  Send({{"joulefront", "result"}, {"values", ToJson(values)}});
}

void PrintValues(const ReportedValues& values) { Send(ToJson(values)); }

}  // namespace joulefront::objectives
