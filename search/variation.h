// Variation of configurations: crossover and mutation of mixed and conditional spaces, on keys.
// Private to search/.
#pragma once

#include "base/random.h"
#include "search/space.h"

namespace joulefront {

/// A child of a and b. Parameter by parameter: a numeric one that is active in both is blended
/// [Eshelman1993, BLX] or taken from either, a choice taken from either; one that is active in one
/// parent only is inherited from it, in neither drawn anew. Of what is taken over from parents,
/// about one parameter a child then mutates: numbers by a step of one of several scales, choices to
/// another. The child may equal a parent; a == b makes a mutant.
Configuration Cross(const SearchSpace& space, const Configuration& a, const Configuration& b,
                    Random& random);

}  // namespace joulefront
