// Counter-based random numbers: the n-th number of a stream is a function of (seed, stream, n)
// alone, so that a resumed study draws the same numbers. SplitMix64 output function [Steele2014].
#pragma once

#include <cstdint>

namespace joulefront {

/// A well-mixed 64-bit hash of the argument [Steele2014, Fig. 17].
constexpr std::uint64_t Mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

class Random {
 public:
  using result_type = std::uint64_t;

  constexpr Random(std::uint64_t seed, std::uint64_t stream) : key_(Mix64(Mix64(seed) ^ stream)) {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  constexpr result_type operator()() { return Mix64(key_ + 0x9e3779b97f4a7c15ULL * counter_++); }

  /// Uniform in [0, 1), 53 bits.
  constexpr double Uniform() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

  /// Uniform in {0, ..., n - 1}; n >= 1. The bias for n below 2^32 is under 2^-32.
  constexpr std::uint64_t Below(std::uint64_t n) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>((*this)()) * n) >> 64);
  }

 private:
  std::uint64_t key_;
  std::uint64_t counter_ = 0;
};

}  // namespace joulefront
