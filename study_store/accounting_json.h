// The accounting settings as JSON, within a study's settings. Private to study_store.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "study_store/study.h"

namespace joulefront {

/// Adds what is set; a study without any adds nothing.
void PutAccounting(const Study& study, nlohmann::json& settings);

/// Throws what nlohmann throws where the JSON is of another shape.
void GetAccounting(const nlohmann::json& settings, Study& study);

}  // namespace joulefront
