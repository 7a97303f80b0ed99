#include "objectives/protocol.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace joulefront::objectives {
namespace {

using nlohmann::ordered_json;

/// Of a line for people or of a message, without its line break.
void SendLine(const std::string& text) {
  const std::string line = text + "\n";
  // One write a line: a signal between two writes would leave half a message behind.
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fflush(stdout) != 0) {
    throw std::runtime_error("cannot write to standard output");
  }
}

void Send(const ordered_json& message) { SendLine(message.dump()); }

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

/// Waits until the worker has read what was sent, but not for long: the joules of a phase are those
/// from when its mark is read, and a worker that waits for a CPU reads it late.
void AwaitReader() {
  constexpr int kMostWaits = 500;
  constexpr timespec kWait{.tv_sec = 0, .tv_nsec = 200'000};
  int unread = 0;
  for (int wait = 0; wait < kMostWaits; ++wait) {
    if (ioctl(STDOUT_FILENO, FIONREAD, &unread) != 0 || unread == 0) return;
    nanosleep(&kWait, nullptr);
  }
}

}  // namespace

void ReportPhase(const std::string& name) {
  Send({{"joulefront", "phase"}, {"name", name}});
  struct stat status {};
  if (fstat(STDOUT_FILENO, &status) == 0 && S_ISFIFO(status.st_mode)) AwaitReader();
}

void ReportAnew(const std::string& reason) { Send({{"joulefront", "anew"}, {"reason", reason}}); }

void ReportProgress(std::int64_t step, const ReportedValues& values) {
  Send({{"joulefront", "progress"}, {"step", step}, {"values", ToJson(values)}});
}

void ReportEnergy(double joules) {
  if (!std::isfinite(joules) || joules < 0 || joules > kMostJoules) {
    throw std::runtime_error("joules are no number from 0 to 10^15");
  }
  Send({{"joulefront", "energy"}, {"joules", joules}});
}

void ReportResult(const ReportedValues& values) {
  Send({{"joulefront", "result"}, {"values", ToJson(values)}});
}

void PrintLog(const std::string& line) { SendLine(line); }

void PrintValues(const ReportedValues& values) { Send(ToJson(values)); }

}  // namespace joulefront::objectives
