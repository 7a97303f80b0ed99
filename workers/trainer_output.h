// The trainer protocol, reading side: lines of a trainer's stdout in, messages out. A line that is
// a JSON object with the key "joulefront", or ends with one, is a message; every other line is log.
//
//   {"joulefront": "phase", "name": "train"}
//   {"joulefront": "progress", "step": 3, "values": {"error": 0.12}}
//   {"joulefront": "result", "values": {"error": 0.08, "parameters": 20312}}
//   {"joulefront": "energy", "joules": 41.5}
//   {"joulefront": "anew", "reason": "the checkpoint is damaged"}
// The fourth tells joules of the attempt so far, for studies with [metering] sources = ["trainer"];
// the last that a trainer that was to go on from JOULEFRONT_RESUME_DIR does not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "study_store/trial.h"

namespace joulefront {

struct PhaseMessage {
  std::string name;
};
struct ProgressMessage {
  std::int64_t step = 0;
  NamedValues values;
};
struct ResultMessage {
  NamedValues values;
};
struct EnergyMessage {
  double joules = 0.0;  // of the attempt so far
};
struct AnewMessage {
  std::string reason;
};
/// A line that says it is a message and is not one; `reason` tells what is wrong with it.
struct BadMessage {
  std::string reason;
};
using TrainerMessage = std::variant<std::monostate, PhaseMessage, ProgressMessage, ResultMessage,
                                    EnergyMessage, AnewMessage, BadMessage>;

/// What one line says; monostate if it is log. A message may stand behind other output on its line,
/// such as a progress bar that was not ended. NaN and Infinity, which Python's json writes though
/// JSON has neither, are read as the numbers they mean; null is NaN.
TrainerMessage ParseTrainerLine(std::string_view line);

}  // namespace joulefront
