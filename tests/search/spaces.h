// Spaces that the tests of search/ share, from the plainest to random conditional ones.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "search/space.h"

namespace joulefront {

inline Parameter Float(std::string name, double low, double high, bool log = false) {
  Parameter p;
  p.name = std::move(name);
  p.low = low;
  p.high = high;
  p.log = log;
  return p;
}

inline Parameter Int(std::string name, double low, double high, bool log = false) {
  Parameter p = Float(std::move(name), low, high, log);
  p.type = ParameterType::kInt;
  return p;
}

inline Parameter Stepped(Parameter p, double step) {
  p.step = step;
  return p;
}

inline Parameter Choice(std::string name, std::vector<Value> choices) {
  Parameter p;
  p.name = std::move(name);
  p.type = ParameterType::kCategorical;
  p.choices = std::move(choices);
  return p;
}

inline Parameter Ordinal(std::string name, std::vector<Value> choices) {
  Parameter p = Choice(std::move(name), std::move(choices));
  p.type = ParameterType::kOrdinal;
  return p;
}

/// A text value; a literal alone would become a bool.
inline Value Text(const char* text) { return std::string(text); }

inline Parameter When(Parameter p, std::string parent, std::vector<Value> values) {
  p.when.push_back({std::move(parent), std::move(values), {}, {}});
  return p;
}

inline Parameter WhenAtLeast(Parameter p, std::string parent, double min) {
  p.when.push_back({std::move(parent), {}, min, {}});
  return p;
}

inline SearchSpace MakeSpace(std::vector<Parameter> parameters) {
  auto space = SearchSpace::Create(std::move(parameters));
  JF_CHECK(space.has_value());
  return *std::move(space);
}

/// Every type of parameter, branches two deep, conditions of both kinds; continuous.
inline SearchSpace ConditionalSpace() {
  return MakeSpace({
      Choice("arch", {Text("linear"), Text("mlp"), Text("conv")}),
      Float("rate", 1e-5, 1e-1, true),
      When(Int("layers", 1, 4), "arch", {Text("mlp")}),
      When(Int("width", 8, 512, true), "arch", {Text("mlp"), Text("conv")}),
      WhenAtLeast(Int("width2", 8, 512, true), "layers", 2),
      When(Ordinal("kernel", {std::int64_t{3}, std::int64_t{5}, std::int64_t{7}}), "arch",
           {Text("conv")}),
      WhenAtLeast(Choice("pool", {true, false}), "kernel", 5),
      Stepped(Float("dropout", 0.0, 0.5), 0.1),
  });
}

/// Finite and conditional: a in {0, 1}, b in {0, 1, 2} where a is 1, c of two: 8 configurations.
inline SearchSpace FiniteSpace() {
  return MakeSpace(
      {Int("a", 0, 1), WhenAtLeast(Int("b", 0, 2), "a", 1), Choice("c", {Text("x"), Text("y")})});
}

/// 1 to 6 parameters of any type, each perhaps conditional on an earlier one that has levels.
inline std::vector<Parameter> RandomParameters(Random& random, bool finite) {
  std::vector<Parameter> parameters;
  const std::uint64_t count = 1 + random.Below(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string name = "p" + std::to_string(i);
    Parameter p;
    switch (random.Below(finite ? 4 : 6)) {
      case 0:
        p = Int(name, -1.0, static_cast<double>(random.Below(3)));
        break;
      case 1:
        p = Choice(name, {Text("x"), true, 0.5});
        break;
      case 2:
        p = Ordinal(name, {std::int64_t{16}, std::int64_t{32}});
        break;
      case 3:
        p = Stepped(Float(name, 0.1, 0.1 * static_cast<double>(1 + random.Below(3))), 0.1);
        break;
      case 4:
        p = Float(name, 1e-3, 1e2, random.Below(2) == 0);
        break;
      default:
        p = Int(name, 1.0, 1000.0, random.Below(2) == 0);
    }
    if (!parameters.empty() && random.Below(2) == 0) {
      const Parameter& parent = parameters[random.Below(parameters.size())];
      if (parent.type == ParameterType::kCategorical) {
        p = When(p, parent.name, {parent.choices[random.Below(3)]});
      } else if (parent.type == ParameterType::kOrdinal) {
        p = WhenAtLeast(p, parent.name, 20.0);
      } else {
        p = WhenAtLeast(p, parent.name, parent.low + 0.4 * (parent.high - parent.low));
      }
    }
    parameters.push_back(p);
  }
  return parameters;
}

inline Configuration RandomConfiguration(const SearchSpace& space, Random& random) {
  std::vector<double> keys(space.size());
  for (double& key : keys) key = random.Uniform();
  return space.Decode(keys);
}

}  // namespace joulefront
