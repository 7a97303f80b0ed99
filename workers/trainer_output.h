// The trainer protocol, reading side: bytes of a trainer's stdout in, messages and log lines out. A
// line that is a JSON object with the key "joulefront" is a message; every other line is log.
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
#include <functional>
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

/// What one line says; monostate if it is log. NaN and Infinity, which Python's json writes though
/// JSON has neither, are read as the numbers they mean; null is NaN.
TrainerMessage ParseTrainerLine(std::string_view line);

/// Cuts a stream of bytes into lines of at most kLongestLine bytes; what is longer is cut there,
/// and the rest up to the line's end is dropped.
class LineCutter {
 public:
  static constexpr std::size_t kLongestLine = 1 << 20;

  void Feed(std::string_view bytes, const std::function<void(std::string_view)>& on_line);
  /// Gives the last line, if it had no newline.
  void Finish(const std::function<void(std::string_view)>& on_line);

 private:
  std::string partial_;
  bool dropping_ = false;
};

}  // namespace joulefront
