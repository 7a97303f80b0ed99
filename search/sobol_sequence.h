// Scrambled Sobol points. Private to search/.
#pragma once

#include <cstdint>
#include <vector>

namespace joulefront {

/// Point `index` (from 0, below 2^32 - 1) of a Sobol sequence [Joe2008] in Gray-code order, each
/// dimension scrambled by its own nested uniform permutation [Owen1998], hashed from the seed
/// [Burley2020]. Keys in (0, 1). The first 2^k points have one in each interval of length 2^-k of
/// every dimension. At most 3,667 dimensions.
std::vector<double> ScrambledSobolPoint(std::uint64_t index, std::size_t dimensions,
                                        std::uint64_t seed);

}  // namespace joulefront
