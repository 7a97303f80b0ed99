// The problems of the search benchmark: ZDT and DTLZ2 (continuous), M1 (mixed) and M2
// (conditional), two objectives to minimise, with a strict reference point and the hypervolume of
// the true front.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "search/hypervolume.h"
#include "search/space.h"
#include "tests/search/spaces.h"

namespace joulefront {

struct SearchProblem {
  std::string name;
  SearchSpace space;
  std::function<std::vector<double>(const SearchSpace&, const Configuration&)> evaluate;
  std::vector<double> reference;
  double true_hypervolume;
  bool second_is_log_joules = false;
};

inline double MeanOfRest(const Configuration& x) {
  double sum = 0.0;
  for (std::size_t i = 1; i < x.size(); ++i) sum += *x[i];
  return sum / static_cast<double>(x.size() - 1);
}

inline SearchProblem Zdt(int which) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 10; ++i) parameters.push_back(Float("x" + std::to_string(i), 0.0, 1.0));
  const auto evaluate = [which](const SearchSpace&, const Configuration& x) {
    const double a = *x[0], g = 1.0 + 9.0 * MeanOfRest(x);
    double shape = 1.0 - std::sqrt(a / g);
    if (which == 2) shape = 1.0 - (a / g) * (a / g);
    if (which == 3) shape -= a / g * std::sin(10.0 * std::numbers::pi * a);
    return std::vector<double>{a, g * shape};
  };
  const std::array<double, 3> volumes = {0.876667, 0.543333, 1.331761};
  return {"zdt" + std::to_string(which),
          MakeSpace(parameters),
          evaluate,
          {1.1, 1.1},
          volumes[static_cast<std::size_t>(which - 1)]};
}

inline SearchProblem Dtlz2(std::size_t objectives = 2) {
  std::vector<Parameter> parameters;
  for (std::size_t i = 0; i < objectives + 6; ++i) {
    parameters.push_back(Float("x" + std::to_string(i), 0.0, 1.0));
  }
  const auto evaluate = [objectives](const SearchSpace&, const Configuration& x) {
    double g = 0.0;
    for (std::size_t i = objectives - 1; i < x.size(); ++i) g += (*x[i] - 0.5) * (*x[i] - 0.5);
    std::vector<double> values;
    for (std::size_t k = 0; k < objectives; ++k) {
      double value = 1.0 + g;
      for (std::size_t i = 0; i + k + 1 < objectives; ++i) {
        value *= std::cos(*x[i] * std::numbers::pi / 2.0);
      }
      if (k > 0) value *= std::sin(*x[objectives - 1 - k] * std::numbers::pi / 2.0);
      values.push_back(value);
    }
    return values;
  };
  const double volume =
      objectives == 2 ? 1.21 - std::numbers::pi / 4.0 : 1.331 - std::numbers::pi / 6.0;
  return {objectives == 2 ? "dtlz2" : "dtlz2x3", MakeSpace(parameters), evaluate,
          std::vector<double>(objectives, 1.1), volume};
}

inline double Bump(double z) { return 1.0 - std::exp(-0.5 * z * z); }

inline SearchProblem M1() {
  auto space = MakeSpace({
      Float("lr", 1e-5, 1.0, true),
      Float("wd", 1e-6, 1e-1, true),
      Float("drop", 0.0, 0.6),
      Int("layers", 1, 5),
      Int("width", 16, 1024, true),
      Int("bpow", 4, 9),
      Choice("act", {Text("relu"), Text("tanh"), Text("gelu"), Text("silu")}),
      Choice("opt", {Text("sgd"), Text("adam"), Text("rmsprop")}),
  });
  const auto evaluate = [](const SearchSpace&, const Configuration& x) {
    const double layers = *x[3], width = *x[4], b = *x[5];
    const auto act = static_cast<std::size_t>(*x[6]), opt = static_cast<std::size_t>(*x[7]);
    constexpr std::array kActError = {0.02, 0.03, 0.0, 0.005}, kActJoules = {1.0, 1.1, 1.25, 1.15};
    constexpr std::array kOptError = {0.01, 0.0, 0.005}, kOptJoules = {1.0, 1.2, 1.1};
    constexpr std::array kOptRate = {-1.0, -3.0, -3.3};
    const double weights = 74.0 * width + (layers - 1.0) * width * width;
    const double c = std::log10(weights);
    const double rate =
        kOptRate[opt] + 0.5 * (b - 6.0) * std::log10(2.0) - 0.2 * (std::log10(width) - 2.0);
    double error = 0.03 + 0.35 * std::exp(-1.1 * (c - 3.0)) + 0.01 * std::pow(layers - 3.0, 2) +
                   0.004 * (b - 4.0) + kActError[act] + kOptError[opt];
    error += 0.4 * Bump(std::log10(*x[0]) - rate);
    error += 0.05 * Bump(std::log10(*x[1]) - (-4.0 + 0.5 * (c - 5.0)));
    error += 0.3 * std::pow(*x[2] - std::clamp(0.1 * (c - 3.5), 0.0, 0.6), 2);
    const double batch = std::pow(2.0, b);
    const double joules = 1e-3 * 600000.0 / batch * kOptJoules[opt] +
                          3.6e-3 * weights * kActJoules[act] * (1.0 + 32.0 / batch);
    return std::vector<double>{error, std::log10(joules)};
  };
  return {"m1", std::move(space), evaluate, {0.3, 4.0}, 0.543877, true};
}

inline SearchSpace M2Space() {
  const auto is = [](Parameter p, const char* arch) {
    return When(std::move(p), "arch", {Text(arch)});
  };
  std::vector<Parameter> parameters = {
      Choice("arch", {Text("linear"), Text("forest"), Text("mlp"), Text("conv")}),
      Float("sub", 0.1, 1.0),
      is(Float("reg", 1e-6, 1e2, true), "linear"),
      is(Int("trees", 8, 2048, true), "forest"),
      is(Int("depth", 2, 16), "forest"),
      is(Float("feat", 0.1, 1.0), "forest"),
      is(Int("layers", 1, 4), "mlp")};
  for (int i = 1; i <= 4; ++i) {
    parameters.push_back(WhenAtLeast(Int("w" + std::to_string(i), 8, 512, true), "layers", i));
  }
  parameters.push_back(is(Float("mlp_lr", 1e-5, 1e-1, true), "mlp"));
  parameters.push_back(is(Float("mlp_drop", 0.0, 0.5), "mlp"));
  parameters.push_back(is(Int("blocks", 1, 4), "conv"));
  parameters.push_back(is(Int("ch", 4, 128, true), "conv"));
  parameters.push_back(
      is(Choice("kern", {std::int64_t{3}, std::int64_t{5}, std::int64_t{7}}), "conv"));
  parameters.push_back(is(Choice("pool", {Text("max"), Text("avg")}), "conv"));
  parameters.push_back(is(Float("conv_lr", 1e-5, 1e-1, true), "conv"));
  return MakeSpace(parameters);
}

inline std::array<double, 2> M2Network(const SearchSpace& space, const Configuration& x) {
  const auto at = [&](const std::string& name) { return *x[*space.IndexOf(name)]; };
  std::vector<double> w;
  for (int i = 1; i <= static_cast<int>(at("layers")); ++i)
    w.push_back(at("w" + std::to_string(i)));
  double weights = 64.0 * w.front() + 10.0 * w.back(), taper = 0.0;
  for (std::size_t i = 1; i < w.size(); ++i) {
    weights += w[i - 1] * w[i];
    taper += std::pow(std::log2(w[i - 1] / w[i]) - 1.0, 2);
  }
  const double c = std::log10(weights), depth = static_cast<double>(w.size());
  const double error = 0.07 + 0.3 * std::exp(-(c - 2.7)) + 0.008 * std::pow(depth - 3.0, 2) +
                       0.006 * taper +
                       0.25 * Bump(std::log10(at("mlp_lr")) + 2.5 + 0.3 * (c - 4.0)) +
                       0.2 * std::pow(at("mlp_drop") - 0.08 * depth, 2);
  return {error, 3.0 + 2e-4 * weights};
}

inline SearchProblem M2() {
  const auto evaluate = [](const SearchSpace& space, const Configuration& x) {
    const auto at = [&](const char* name) { return *x[*space.IndexOf(name)]; };
    const double share = at("sub");
    double error = 0.0, joules = 0.0;
    switch (static_cast<int>(at("arch"))) {
      case 0:
        error = 0.25 + 0.08 * Bump((std::log10(at("reg")) + 1.0) / 1.5);
        joules = 2.0;
        break;
      case 1:
        error = 0.13 + 0.2 * std::exp(-(at("depth") - 2.0) / 3.0) +
                0.08 / std::sqrt(at("trees") / 8.0) + 0.15 * std::pow(at("feat") - 0.4, 2);
        joules = 1.0 + 0.004 * at("trees") * at("depth") * (0.3 + at("feat"));
        break;
      case 2: {
        const auto network = M2Network(space, x);
        error = network[0];
        joules = network[1];
        break;
      }
      default: {
        constexpr std::array kSides = {3.0, 5.0, 7.0}, kKernelError = {0.004, 0.0, 0.008};
        const auto kernel = static_cast<std::size_t>(at("kern"));
        const double channels = at("ch"), blocks = at("blocks");
        const double weights = kSides[kernel] * kSides[kernel] *
                               (3.0 * channels + (blocks - 1.0) * channels * channels);
        const double c = std::log10(weights);
        error = 0.02 + 0.28 * std::exp(-0.9 * (c - 2.0)) + 0.012 * std::pow(blocks - 3.0, 2) +
                kKernelError[kernel] + 0.006 * at("pool") +
                0.3 * Bump(std::log10(at("conv_lr")) + 3.0 + 0.25 * (c - 4.0));
        joules = 10.0 + 1.5e-3 * weights;
      }
    }
    error += 0.1 * (1.0 - share) * (1.0 - share);
    return std::vector<double>{error, std::log10(share * joules)};
  };
  return {"m2", M2Space(), evaluate, {0.3, 3.0}, 0.710709, true};
}

inline std::vector<SearchProblem> SearchProblems() {
  std::vector<SearchProblem> problems;
  for (const int which : {1, 2, 3}) problems.push_back(Zdt(which));
  problems.push_back(Dtlz2());
  problems.push_back(M1());
  problems.push_back(M2());
  problems.push_back(Dtlz2(3));
  return problems;
}

}  // namespace joulefront
