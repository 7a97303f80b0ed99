// The trainer's side of the protocol: messages to the worker, one JSON object a line on standard
// output, each flushed at once so that it counts even if the trainer is killed after it. Values
// must be finite; a trainer that meets another stops instead of reporting it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace joulefront::objectives {

using ReportedValues = std::vector<std::pair<std::string, double>>;

/// From here on the trainer is in phase `name`: setup, data, train or evaluate. Waits, a tenth of a
/// second at most, until a worker on the other end of a pipe has read it.
void ReportPhase(const std::string& name);

/// The values reached after `step` steps (epochs, from 1).
void ReportProgress(std::int64_t step, const ReportedValues& values);

/// That it was to go on from a checkpoint, and begins anew: earlier joules are not part of it.
void ReportAnew(const std::string& reason);

/// More joules than this no study takes for true.
inline constexpr double kMostJoules = 1e15;

/// Joules of the attempt so far, from a record, up to kMostJoules. Only studies that ask for them
/// heed it.
void ReportEnergy(double joules);

/// The outcome of the attempt; sent once, last.
void ReportResult(const ReportedValues& values);

/// Not of the protocol: a line for people, which the worker keeps as log.
void PrintLog(const std::string& line);

/// Not of the protocol: the values as a JSON object on a line, for people and scripts.
void PrintValues(const ReportedValues& values);

}  // namespace joulefront::objectives
