// A calibration in the files that keep one. Private to the .cc files of workers/meters.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "workers/meters/meter.h"

namespace joulefront {

inline nlohmann::json CalibrationToJson(const Calibration& fit) {
  return {{"id", fit.id},         {"offset_w", fit.offset.value()},
          {"slope", fit.slope},   {"residual", fit.residual},
          {"source", fit.source}, {"boundary", fit.boundary}};
}

/// Throws a std::exception for an object that is none, and for a fit that no machine has.
inline Calibration CalibrationFromJson(const nlohmann::json& object) {
  const Calibration fit{object.at("id"),       Watts(object.at("offset_w")), object.at("slope"),
                        object.at("residual"), object.at("source"),          object.at("boundary")};
  if (!IsPlausible(fit)) throw std::invalid_argument("it holds a calibration that no machine has");
  return fit;
}

}  // namespace joulefront
