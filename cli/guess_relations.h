// What the values of two parameters must keep between them, as far as their names tell: heads
// divide the width of a model, a minimum is below its maximum, a warm-up is shorter than the
// training.
#pragma once

#include <string>
#include <vector>

#include "cli/value_guess.h"

namespace joulefront {

/// Narrows ranges so that every configuration keeps these relations, if the given values do.
/// Returns the names of parameters that had better not vary.
std::vector<std::string> Relate(std::vector<GuessedParameter>& parameters);

}  // namespace joulefront
