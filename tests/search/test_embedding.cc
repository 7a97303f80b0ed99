#include <Eigen/Eigenvalues>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "search/embedding.h"
#include "tests/search/spaces.h"

namespace joulefront {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

constexpr double kFar = Embedding::kAbsence * Embedding::kAbsence;

double DistanceOf(const SearchSpace& space, std::size_t d, const Configuration& a,
                  const Configuration& b) {
  const Embedding embedding(space);
  const std::vector<Configuration> both = {a, b};
  const Placement points = embedding.Place(both);
  Eigen::ArrayXd from_a(2), from_b(2);
  embedding.Distances(points, d, points, 0, from_a);
  embedding.Distances(points, d, points, 1, from_b);
  REQUIRE(from_a[0] == 0.0);
  REQUIRE(from_b[1] == 0.0);
  REQUIRE(from_a[1] == from_b[0]);
  REQUIRE(PairDistances(embedding, points)(0, static_cast<Index>(d)) == from_a[1]);
  return from_a[1];
}

TEST_CASE("distances are those of embedding.h for every kind of parameter", "[embedding]") {
  // on: two levels, keys 1/4 and 3/4. The others are there where it is 1.
  const SearchSpace space = MakeSpace({
      Int("on", 0, 1),
      WhenAtLeast(Float("number", 1.0, 100.0, true), "on", 1),
      WhenAtLeast(Int("level", 0, 3), "on", 1),  // keys 1/8, 3/8, 5/8, 7/8
      WhenAtLeast(Choice("choice", {Text("x"), Text("y"), Text("z")}), "on", 1),
  });
  const Configuration off = {0.0, {}, {}, {}};
  const Configuration a = {1.0, 1.0, 0.0, 0.0}, b = {1.0, 10.0, 3.0, 2.0},
                      c = {1.0, 100.0, 1.0, 1.0};

  REQUIRE(DistanceOf(space, 0, off, a) == Approx(0.25));
  for (const std::size_t d : {1U, 2U, 3U}) {
    REQUIRE(DistanceOf(space, d, off, off) == 0.0);
    REQUIRE(DistanceOf(space, d, a, a) == 0.0);
  }
  REQUIRE(DistanceOf(space, 1, a, b) == Approx(0.25));
  REQUIRE(DistanceOf(space, 1, a, c) == Approx(1.0));
  REQUIRE(DistanceOf(space, 1, a, off) == Approx(0.25 + kFar));
  REQUIRE(DistanceOf(space, 1, b, off) == Approx(kFar));

  REQUIRE(DistanceOf(space, 2, a, b) == Approx(0.75 * 0.75));
  REQUIRE(DistanceOf(space, 2, a, c) == Approx(0.25 * 0.25));
  REQUIRE(DistanceOf(space, 2, a, off) == Approx(0.375 * 0.375 + kFar));

  REQUIRE(DistanceOf(space, 3, a, b) == 1.0);
  REQUIRE(DistanceOf(space, 3, b, c) == 1.0);
  REQUIRE(DistanceOf(space, 3, a, off) == Approx(0.5 + kFar));
  REQUIRE(DistanceOf(space, 3, c, off) == Approx(0.5 + kFar));
}

TEST_CASE("parameters of one level have no dimension; only plain numbers have slopes",
          "[embedding]") {
  const SearchSpace space =
      MakeSpace({Int("fixed", 2, 2), Float("number", 0, 1), Stepped(Float("stepped", 0, 1), 0.25),
                 Choice("one", {Text("x")}), Choice("two", {true, false})});
  const Embedding embedding(space);
  REQUIRE(embedding.dimensions() == 3);
  REQUIRE(embedding.parameter(0) == 1);
  REQUIRE(embedding.parameter(2) == 4);
  REQUIRE(embedding.IsContinuous(0));
  REQUIRE_FALSE(embedding.IsContinuous(1));
  REQUIRE_FALSE(embedding.IsContinuous(2));
}

TEST_CASE("what keys inactive parameters were drawn with does not matter", "[embedding]") {
  const SearchSpace space = ConditionalSpace();
  const Embedding embedding(space);
  Random random(5, 0);
  for (int i = 0; i < 200; ++i) {
    std::vector<double> keys(space.size());
    for (double& key : keys) key = random.Uniform();
    const Configuration configuration = space.Decode(keys);
    std::vector<double> others = keys;
    for (std::size_t k = 0; k < keys.size(); ++k) {
      if (!configuration[k]) others[k] = random.Uniform();
    }
    const std::vector<Configuration> both = {configuration, space.Decode(others)};
    const MatrixXd pairs = PairDistances(embedding, embedding.Place(both));
    REQUIRE(pairs.isZero(0.0));
  }
}

// n x n from the pairs of one column.
MatrixXd Square(const MatrixXd& pairs, Index n, Index d) {
  MatrixXd square = MatrixXd::Zero(n, n);
  Index pair = 0;
  for (Index j = 0; j < n; ++j) {
    for (Index i = j + 1; i < n; ++i) square(i, j) = square(j, i) = pairs(pair++, d);
  }
  return square;
}

double LeastEigenvalue(const MatrixXd& matrix) {
  return Eigen::SelfAdjointEigenSolver<MatrixXd>(matrix, Eigen::EigenvaluesOnly)
      .eigenvalues()
      .minCoeff();
}

// Squared distances are Euclidean if -1/2 of them, centred, is positive semidefinite; kernels of
// such distances then are too.
void RequireEuclidean(const SearchSpace& space, Random& random) {
  const Index n = 24;
  std::vector<Configuration> configurations;
  for (Index i = 0; i < n; ++i) configurations.push_back(RandomConfiguration(space, random));
  const Embedding embedding(space);
  const MatrixXd pairs = PairDistances(embedding, embedding.Place(configurations));
  const MatrixXd centred =
      MatrixXd::Identity(n, n) - MatrixXd::Constant(n, n, 1.0 / static_cast<double>(n));
  MatrixXd squares = MatrixXd::Zero(n, n);
  for (Index d = 0; d < pairs.cols(); ++d) {
    const MatrixXd square = Square(pairs, n, d);
    CAPTURE(d);
    REQUIRE(LeastEigenvalue(-0.5 * centred * square * centred) > -1e-12);
    const double weight = std::exp(6.0 * random.Uniform() - 3.0);
    squares += weight * square;
    const MatrixXd quadratic = (1.0 + weight * square.array()).inverse();
    REQUIRE(LeastEigenvalue(quadratic) > -1e-12);
  }
  const Eigen::ArrayXXd r = (5.0 * squares.array()).sqrt();
  const MatrixXd matern = (1.0 + r + r.square() / 3.0) * (-r).exp();
  REQUIRE(LeastEigenvalue(matern) > -1e-12);
}

TEST_CASE("distances are Euclidean, so that kernels are positive definite, in any space",
          "[embedding]") {
  Random random(11, 0);
  for (int i = 0; i < 10; ++i) RequireEuclidean(ConditionalSpace(), random);
  for (int i = 0; i < 60; ++i) {
    const auto space = SearchSpace::Create(RandomParameters(random, i % 2 == 0));
    if (space) RequireEuclidean(*space, random);
  }
}

TEST_CASE("pairs come column by column of the lower triangle", "[embedding]") {
  const SearchSpace space = MakeSpace({Float("x", 0, 1)});
  const Embedding embedding(space);
  const std::vector<Configuration> configurations = {{0.0}, {0.1}, {0.3}, {0.7}};
  const MatrixXd pairs = PairDistances(embedding, embedding.Place(configurations));
  REQUIRE(pairs.rows() == 6);
  const double expected[] = {0.01, 0.09, 0.49, 0.04, 0.36, 0.16};
  for (Index i = 0; i < 6; ++i) REQUIRE(pairs(i, 0) == Approx(expected[i]));
  REQUIRE(PairDistances(embedding, embedding.Place(std::vector<Configuration>{{0.5}})).rows() == 0);
}

}  // namespace
}  // namespace joulefront
