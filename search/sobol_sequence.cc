#include "search/sobol_sequence.h"

#include <boost/random/sobol.hpp>
#include <limits>

#include "base/check.h"
#include "base/random.h"

namespace joulefront {

namespace {

std::uint32_t ReverseBits(std::uint32_t x) {
  x = ((x >> 1) & 0x55555555U) | ((x & 0x55555555U) << 1);
  x = ((x >> 2) & 0x33333333U) | ((x & 0x33333333U) << 2);
  x = ((x >> 4) & 0x0f0f0f0fU) | ((x & 0x0f0f0f0fU) << 4);
  x = ((x >> 8) & 0x00ff00ffU) | ((x & 0x00ff00ffU) << 8);
  return (x >> 16) | (x << 16);
}

// On reversed bits, each step lets a bit be flipped by lower ones only: a bit of the coordinate by
// those above it, which is what a nested permutation is [Burley2020, Listing 1 and Sec. 3].
std::uint32_t OwenScramble(std::uint32_t x, std::uint32_t seed) {
  x = ReverseBits(x);
  x += seed;
  x ^= x * 0x6c50b47cU;
  x ^= x * 0xb82f1e52U;
  x ^= x * 0xc7afe638U;
  x ^= x * 0x8d22f6e6U;
  return ReverseBits(x);
}

}  // namespace

std::vector<double> ScrambledSobolPoint(std::uint64_t index, std::size_t dimensions,
                                        std::uint64_t seed) {
  JF_CHECK(index < std::numeric_limits<std::uint32_t>::max());
  boost::random::sobol_engine<std::uint32_t, 32> engine(dimensions);
  // The engine leaves out the point 0 of the sequence, without which its start is unbalanced.
  if (index > 0) engine.seed(static_cast<std::uint32_t>(index - 1));
  std::vector<double> keys(dimensions);
  for (std::size_t d = 0; d < dimensions; ++d) {
    const std::uint32_t plain = index > 0 ? engine() : 0;
    const auto dimension_seed = static_cast<std::uint32_t>(Mix64(Mix64(seed) + d));
    keys[d] = (OwenScramble(plain, dimension_seed) + 0.5) * 0x1.0p-32;
  }
  return keys;
}

}  // namespace joulefront
