#include <catch2/catch.hpp>

#include "study_store/placeholders.h"

namespace joulefront {
namespace {

std::string Replace(const std::string& text) {
  return ReplacePlaceholders(text, [](const std::string& name) { return "<" + name + ">"; });
}

TEST_CASE("Each {name} is replaced, wherever it stands") {
  CHECK(Replace("--lr={learning_rate}") == "--lr=<learning_rate>");
  CHECK(Replace("{a}{b.c}x{d-2}") == "<a><b.c>x<d-2>");
  CHECK(Replace("") == "");
  CHECK(Replace("none") == "none");
}

TEST_CASE("A brace that begins no name stays as it is") {
  CHECK(Replace("{") == "{");
  CHECK(Replace("{}") == "{}");
  CHECK(Replace("a{b") == "a{b");
  CHECK(Replace("{a b}") == "{a b}");
  CHECK(Replace(R"({"json": {"x": 1}})") == R"({"json": {"x": 1}})");
  CHECK(Replace("}") == "}");
}

TEST_CASE("Two braces stand for one, and nothing is replaced behind them") {
  CHECK(Replace("{{a}") == "{a}");
  CHECK(Replace("{{{a}") == "{<a>");
  CHECK(Replace("{{{{") == "{{");
  CHECK(Replace("${{HOME}") == "${HOME}");
}

TEST_CASE("A value is not searched for placeholders again") {
  CHECK(ReplacePlaceholders("{a}", [](const std::string&) { return "{b}"; }) == "{b}");
}

TEST_CASE("Names come in the order in which they stand, repetitions too") {
  CHECK(PlaceholderNames("{b}{{c}{a}{b}") == std::vector<std::string>{"b", "a", "b"});
}

}  // namespace
}  // namespace joulefront
