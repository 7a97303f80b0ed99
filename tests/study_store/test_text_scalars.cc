#include <catch2/catch.hpp>

#include "study_store/text_scalars.h"

namespace joulefront {
namespace {

constexpr TextFormat kYaml = TextFormat::kYaml, kJson = TextFormat::kJson,
                     kToml = TextFormat::kToml;

std::string Replace(const std::string& text, TextFormat format,
                    const std::vector<std::pair<std::string, Value>>& values) {
  std::vector<ScalarChange> changes;
  for (const auto& [path, value] : values) changes.push_back({*ParseKeyPath(path), value});
  const auto replaced = ReplaceScalars(text, format, changes);
  return replaced ? *replaced : "error: " + replaced.error().message;
}

std::string Texts(const std::string& text, TextFormat format) {
  const auto scalars = ScalarsOf(text, format);
  if (!scalars) return "error: " + scalars.error().message;
  std::string all;
  for (const TextScalar& scalar : *scalars) {
    all += KeyPathText(scalar.path) + "=" + scalar.text + "@" +
           text.substr(scalar.begin, scalar.end - scalar.begin) + ";";
  }
  return all;
}

}  // namespace

TEST_CASE("Paths of keys are read, and written as they are read") {
  for (const std::string text : {"lr", "optimizer.lr", "layers.0.width", "a-b._", "\"a.b\".c",
                                 "x.\"with blank\"", "'he said \"no\"'", "\"\""}) {
    const auto path = ParseKeyPath(text);
    REQUIRE(path);
    CHECK(KeyPathText(*path) == text);
  }
  CHECK(*ParseKeyPath("a.'b.c'") == KeyPath{"a", "b.c"});
  for (const std::string text :
       {"", ".", "a.", ".a", "a..b", "a b", "\"a", "\"a\"b", "a[0]", "é"}) {
    CHECK_FALSE(ParseKeyPath(text));
  }
}

TEST_CASE("Scalars of YAML are found where they stand") {
  CHECK(Texts("a: 1\nb: {c: x y, \"d\":'e'}\nl:\n- 1\n- k: v # w\n", kYaml) ==
        "a=1@1;b.c=x y@x y;b.d=e@'e';l.0=1@1;l.1.k=v@v;");
  CHECK(Texts("\xef\xbb\xbf"
              "é: ü\r\n# ö\r\nb: \"\\u00e9 x\"  # c\r\n",
              kYaml) == "\"é\"=ü@ü;b=é x@\"\\u00e9 x\";");
  CHECK(Texts("a: &x !!float 1.0\nb: *x\nc:\n", kYaml) == "a=1.0@1.0;b=*x@*x;c=@;");
  CHECK(Texts("? [a, b]\n: 1\n? {k: 2}\n: [3]\nz: 4\n", kYaml).ends_with("z=4@4;"));
  CHECK_THAT(Texts("a: [1\n", kYaml), Catch::Contains("error: line 2: "));
  CHECK_THAT(Texts(std::string(200, '['), kYaml), Catch::Contains("too deeply"));
}

TEST_CASE("Values in YAML change, and nothing else does") {
  const std::string head = "# The study's own\n";
  const std::string yaml =
      "lr: &lr 1e-3   # tuned\nopt: {name: 'sgd',betas: [0.9, 0.999]}\n"
      "layers:\n  - width: 64\n\n  - {width: 32, \"act.fn\": relu}\nnote: |\n  a: 1\nempty:\n"
      "again: *lr\n";
  CHECK(Replace(head + yaml, kYaml,
                {{"lr", 1e-5},
                 {"opt.name", std::string("adam")},
                 {"opt.betas.1", 0.99},
                 {"layers.1.width", std::int64_t{7}},
                 {"layers.1.\"act.fn\"", std::string("gelu")},
                 {"empty", true}}) ==
        head +
            "lr: &lr 1.0e-05   # tuned\nopt: {name: 'adam',betas: [0.9, 0.99]}\n"
            "layers:\n  - width: 64\n\n  - {width: 7, \"act.fn\": gelu}\nnote: |\n  a: 1\nempty: "
            "true\n"
            "again: *lr\n");
  CHECK(Replace("a: 1\r\nb: 2 # x\r\n", kYaml, {{"b", 1e20}}) == "a: 1\r\nb: 1.0e+20 # x\r\n");
  CHECK(Replace("a: 1", kYaml, {{"a", std::int64_t{2}}}) == "a: 2");
  CHECK(Replace("a: no", kYaml, {{"a", true}}) == "a: true");
  CHECK(Replace("a: no", kYaml, {{"a", false}}) == "a: false");
}

TEST_CASE("A text in YAML is in quotes wherever it would be taken for something else") {
  const auto text = [](const std::string& value) {
    return Replace("a: x", kYaml, {{"a", value}}).substr(3);
  };
  CHECK(text("adam") == "adam");
  CHECK(text("data/x_1.csv") == "data/x_1.csv");
  for (const std::string word : {"true", "No", "on", "null", "1", "1e3", ".5", "~", "", "a b", "-",
                                 "a: b", "#x", "[a]", "*x", "é", "2020-01-01", "0x1f", "a\nb"}) {
    CHECK(text(word).starts_with("\""));
  }
  CHECK(Replace("a: \"x\"", kYaml, {{"a", std::string("y")}}) == "a: \"y\"");
  CHECK(Replace("a: 'x'", kYaml, {{"a", std::string("it's")}}) == "a: \"it's\"");
}

TEST_CASE("Values in JSON change, with tabs, without blanks, and with escapes") {
  CHECK(Replace("{\t\"a\":1,\"b\":{\"c\":[true,\n\t\t\"x\\\"\\ud83d\\ude00\",null]}\n}", kJson,
                {{"a", 1e-5}, {"b.c.1", std::string("q\"\\\n")}, {"b.c.2", std::int64_t{3}}}) ==
        "{\t\"a\":1e-05,\"b\":{\"c\":[true,\n\t\t\"q\\\"\\\\\\n\",3]}\n}");
  CHECK(Replace("// note\n{\"a\": /* b */ -1.5e3, \"/\": \"//\"}", kJson, {{"a", false}}) ==
        "// note\n{\"a\": /* b */ false, \"/\": \"//\"}");
  CHECK(Texts("[[], {}, [1]]", kJson) == "2.0=1@1;");
  CHECK_THAT(Texts("{\"a\": }", kJson), Catch::Contains("error: "));
  CHECK_THAT(Texts("{\"a\": NaN}", kJson), Catch::Contains("error: "));
  CHECK_THAT(Texts(std::string(200, '[') + std::string(200, ']'), kJson),
             Catch::Contains("too deeply"));
}

TEST_CASE("Values in TOML change, and nothing else does") {
  const std::string text =
      "# é\r\nlr = 1e-3   # c\r\n\"é.k\" = 'x y' # d\r\n[a]\r\nb = [1, 0x1F , {c = true}]\r\n"
      "s=\"\"\"a\r\nb\"\"\"\r\n[[q]]\r\nz=+1_000\r\n[[q]]\r\nz=2";
  CHECK(Replace(text, kToml,
                {{"lr", 1e-5},
                 {"\"é.k\"", std::string("z")},
                 {"a.b.1", std::int64_t{4}},
                 {"a.b.2.c", false},
                 {"q.1.z", 2.5}}) ==
        "# é\r\nlr = 1e-05   # c\r\n\"é.k\" = 'z' # d\r\n[a]\r\nb = [1, 4 , {c = false}]\r\n"
        "s=\"\"\"a\r\nb\"\"\"\r\n[[q]]\r\nz=+1_000\r\n[[q]]\r\nz=2.5");
  CHECK_THAT(Texts("a = \n", kToml), Catch::Contains("error: line 1: "));
}

TEST_CASE("A path that names no value is refused, and says why") {
  const std::string yaml = "a: {b: 1, c: [2]}\nd: &d 1\ne: *d\nf: |\n  x\ng: 1\ng: 2\n";
  const auto fault = [&](const std::string& path) {
    return Replace(yaml, kYaml, {{path, std::int64_t{3}}});
  };
  CHECK(fault("x") == "error: x is not in it");
  CHECK(fault("a.x") == "error: a.x is not in it");
  CHECK(fault("a.b.x") == "error: a.b.x is not in it");
  CHECK(fault("a.c.1") == "error: a.c.1 is not in it");
  CHECK(fault("a") == "error: a is a list or a table; name a value in it");
  CHECK(fault("e") == "error: e stands for what *d is; name the path of that, &d");
  CHECK(fault("f") == "error: f is a text of several lines");
  CHECK(fault("g") == "error: g is there more than once");
}

}  // namespace joulefront
