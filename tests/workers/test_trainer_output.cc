#include <fcntl.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <vector>

#include "workers/output_lines.h"
#include "workers/report_thinning.h"
#include "workers/trainer_output.h"

using namespace joulefront;

namespace {

template <typename Message>
Message Read(const std::string& line) {
  TrainerMessage message = ParseTrainerLine(line);
  INFO(line);
  if (const auto* bad = std::get_if<BadMessage>(&message)) INFO(bad->reason);
  REQUIRE(std::holds_alternative<Message>(message));
  return std::get<Message>(message);
}

bool IsLog(const std::string& line) {
  return std::holds_alternative<std::monostate>(ParseTrainerLine(line));
}

std::string ReasonOf(const std::string& line) { return Read<BadMessage>(line).reason; }

/// Lines with their ends.
std::vector<std::string> LinesOf(const std::vector<std::string>& chunks) {
  std::vector<std::string> lines;
  const auto keep = [&](const OutputLine& line) {
    lines.push_back(std::string(line.text) + std::string(line.end));
  };
  LineCutter cutter;
  for (const std::string& chunk : chunks) cutter.Feed(chunk, 0, keep);
  cutter.Finish(keep);
  return lines;
}

}  // namespace

TEST_CASE("the three messages of the protocol are read") {
  CHECK(Read<PhaseMessage>(R"({"joulefront": "phase", "name": "train"})").name == "train");
  const auto progress =
      Read<ProgressMessage>(R"({"joulefront": "progress", "step": 3, "values": {"error": 0.12}})");
  CHECK(progress.step == 3);
  CHECK(progress.values == NamedValues{{"error", 0.12}});
  const auto result = Read<ResultMessage>(
      R"({"joulefront": "result", "values": {"error": 8e-2, "parameters": 20312}})");
  CHECK(result.values == NamedValues{{"error", 0.08}, {"parameters", 20312.0}});
}

TEST_CASE("blanks around a message, other keys in it, and a carriage return do no harm") {
  CHECK(Read<PhaseMessage>("  \t{\"name\":\"data\",\"joulefront\":\"phase\"}  ").name == "data");
  CHECK(Read<PhaseMessage>("{\"joulefront\":\"phase\",\"name\":\"a\",\"more\":[{}]}\r").name ==
        "a");
  CHECK(Read<ResultMessage>(R"({"joulefront": "result", "values": {}})").values.empty());
}

TEST_CASE("every line that is no object with the key joulefront is log") {
  for (const char* line : {"", "   ", "epoch 3 error=0.1", "{", "{}", "[1, 2]", "null",
                           R"("joulefront")", R"({"name": "train"})",
                           R"({"text": "\"joulefront\""})", R"({"a": {"joulefront": "phase"}})",
                           R"([{"joulefront": "phase"}])", R"(say "joulefront": 3)"}) {
    INFO(line);
    CHECK(IsLog(line));
  }
}

TEST_CASE("a message behind other output on its line is read, or it is said that it cannot be") {
  CHECK(Read<PhaseMessage>(R"(step 2/3{"joulefront": "phase", "name": "train"})").name == "train");
  CHECK(Read<ResultMessage>(R"( 50%|##  | {5} {"joulefront": "result", "values": {"e": 1}} )")
            .values == NamedValues{{"e", 1.0}});
  CHECK(Read<PhaseMessage>(R"(rank0: { "joulefront": "phase", "name": "a"})").name == "a");
  for (const char* line : {R"(step 2/3{"joulefront": "phase", "name": "train"}step 3/3)",
                           R"(step 2/3{"joulefront": "phase", "name": "tr)"}) {
    CHECK(ReasonOf(line) ==
          "a message that shares its line with other output could not be read; print a line break "
          "before and after it");
  }
}

TEST_CASE("no phase can have the name of the whole attempt") {
  CHECK(ReasonOf(R"({"joulefront": "phase", "name": "total"})") ==
        "\"total\" is the name of the whole attempt, and no phase can have it");
  CHECK(Read<PhaseMessage>(R"({"joulefront": "phase", "name": "totals"})").name == "totals");
}

TEST_CASE("a trainer may say that it begins anew, and why") {
  const auto message = ParseTrainerLine(R"({"joulefront": "anew", "reason": "no checkpoint"})");
  REQUIRE(std::holds_alternative<AnewMessage>(message));
  CHECK(std::get<AnewMessage>(message).reason == "no checkpoint");
  CHECK(std::holds_alternative<AnewMessage>(ParseTrainerLine(R"({"joulefront": "anew"})")));
}

TEST_CASE("a message that cannot be understood says what is wrong with it") {
  CHECK(ReasonOf(R"({"joulefront": "phase", "name": "train")") == "it is not valid JSON");
  CHECK(ReasonOf(R"({"joulefront": "phase"})") == "a phase message needs a \"name\"");
  CHECK(ReasonOf(R"({"joulefront": "phase", "name": ""})") == "a phase message needs a \"name\"");
  CHECK(ReasonOf(R"({"joulefront": "phase", "name": 3})") == "a phase message needs a \"name\"");
  CHECK(ReasonOf(R"({"joulefront": "energy", "joules": 1e308})") ==
        "it tells 1e+308 J, which no training uses (more than 1e+15 J)");
  CHECK(Read<EnergyMessage>(R"({"joulefront": "energy", "joules": 1e15})").joules == 1e15);
  for (const std::string name : {"resumed_j", "foretold.error"}) {
    CHECK(ReasonOf(R"({"joulefront": "result", "values": {")" + name + R"(": 1}})") ==
          "\"" + name + "\" is a name of joulefront's own values");
  }
  CHECK(ReasonOf(R"({"joulefront": "results"})") ==
        "\"joulefront\" must be \"phase\", \"progress\", \"result\", \"energy\" or \"anew\"");
  CHECK(ReasonOf(R"({"joulefront": {"result": 1}})") ==
        "\"joulefront\" must be \"phase\", \"progress\", \"result\", \"energy\" or \"anew\"");
  CHECK(ReasonOf(R"({"joulefront": "result"})") == "it has no object \"values\"");
  CHECK(ReasonOf(R"({"joulefront": "result", "values": [1]})") == "it has no object \"values\"");
  CHECK(ReasonOf(R"({"joulefront": "result", "values": {"error": "0.1"}})") ==
        "value \"error\" is not a number");
  CHECK(ReasonOf(R"({"joulefront": "result", "values": {"error": true}})") ==
        "value \"error\" is not a number");
  CHECK(ReasonOf(R"({"joulefront": "progress", "step": 1.5, "values": {}})") ==
        "a progress message needs a whole number \"step\"");
  CHECK(ReasonOf(R"({"joulefront": "progress", "values": {}})") ==
        "a progress message needs a whole number \"step\"");
}

TEST_CASE("names of phases and values longer than 200 bytes are refused") {
  const std::string fits(200, 'n'), longer(201, 'n');
  CHECK(Read<PhaseMessage>(R"({"joulefront": "phase", "name": ")" + fits + "\"}").name == fits);
  CHECK(ReasonOf(R"({"joulefront": "phase", "name": ")" + longer + "\"}") ==
        "a phase's name is longer than 200 bytes");
  CHECK(ReasonOf(R"({"joulefront": "result", "values": {")" + longer + "\": 1}}") ==
        "a value's name is longer than 200 bytes");
}

TEST_CASE("NaN and Infinity, as Python writes them, and null are read as what they mean") {
  const auto values =
      Read<ResultMessage>(
          R"({"joulefront": "result", "values": {"a": NaN, "b": Infinity, "c": -Infinity, "d": null, "e": 1}})")
          .values;
  CHECK(std::isnan(values.at("a")));
  CHECK(values.at("b") == std::numeric_limits<double>::infinity());
  CHECK(values.at("c") == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(values.at("d")));
  CHECK(values.at("e") == 1.0);
}

TEST_CASE("the words NaN and Infinity inside of texts stay texts") {
  const auto phase = Read<PhaseMessage>(
      R"({"joulefront": "phase", "name": "a \"NaN\" of -Infinity", "note": NaN})");
  CHECK(phase.name == "a \"NaN\" of -Infinity");
  // A text that ends in a backslash, which JSON writes twice.
  const auto result = Read<ResultMessage>(
      R"({"joulefront": "result", "values": {"C:\\": NaN, "Infinity\\\"": 2}})");
  CHECK(std::isnan(result.values.at("C:\\")));
  CHECK(result.values.at("Infinity\\\"") == 2.0);
}

TEST_CASE("nesting a hundred thousand deep, and bytes that are no text, break nothing") {
  const std::string deep(100'000, '[');
  CHECK(ReasonOf(R"({"joulefront": "result", "values": )" + deep) == "it is not valid JSON");
  CHECK(ReasonOf(R"({"joulefront": "result", "values": )" + deep + std::string(100'000, ']') +
                 "}") == "it has no object \"values\"");
  CHECK(ReasonOf("{\"joulefront\": \"phase\", \"name\": \"\xff\xfe\"}") == "it is not valid JSON");
  CHECK(ReasonOf(std::string("{\"joulefront\": \"phase\", \"name\": \"\0\"}", 37)) ==
        "it is not valid JSON");
  CHECK(IsLog(std::string("\0\x01\xff{", 4)));
}

TEST_CASE("whatever bytes a line holds, reading it ends well") {
  CHECK(rc::check([](const std::string& bytes) {
    static_cast<void>(ParseTrainerLine(bytes));
    static_cast<void>(ParseTrainerLine("{\"joulefront\":" + bytes + "}"));
  }));
}

TEST_CASE("lines come out the same wherever the chunks of a stream are cut") {
  CHECK(rc::check([] {
    const auto text =
        *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab\n\r{}\"\xff")));
    std::vector<std::string> chunks;
    for (std::size_t at = 0; at < text.size();) {
      const auto size = *rc::gen::inRange<std::size_t>(1, 6);
      chunks.push_back(text.substr(at, size));
      at += size;
    }
    std::vector<std::string> expected;
    std::string line;
    for (std::size_t at = 0; at < text.size(); ++at) {
      line += text[at];
      const bool ends = text[at] == '\n' || (text[at] == '\r' && text.substr(at + 1, 1) != "\n");
      if (!ends) continue;
      expected.push_back(line);
      line.clear();
    }
    if (!line.empty()) expected.push_back(line);
    RC_ASSERT(LinesOf(chunks) == expected);
    RC_ASSERT(LinesOf({text}) == expected);
  }));
}

TEST_CASE("a line is cut at a megabyte, and the next line is whole again") {
  constexpr std::size_t kLongest = LineCutter::kLongestLine;
  const std::string whole(kLongest, 'x');
  for (const std::size_t extra : {0U, 1U, 5'000'000U}) {
    const std::string long_line = whole + std::string(extra, 'y');
    const std::vector<std::string> expected = {whole + "\n", "next"};
    CHECK(LinesOf({long_line + "\nnext"}) == expected);
    CHECK(LinesOf({long_line.substr(0, 1000), long_line.substr(1000), "\nne", "xt"}) == expected);
  }
  CHECK(LinesOf({whole + "tail without an end"}) == std::vector<std::string>{whole});
}

TEST_CASE("a line is as old as its last byte, and not as its end") {
  std::vector<std::pair<std::string, std::uint64_t>> lines;
  const auto keep = [&](const OutputLine& line) { lines.emplace_back(line.text, line.read_at); };
  LineCutter cutter;
  cutter.Feed("\r50% err=0.9", 1, keep);
  cutter.Feed("\r100% err", 2, keep);
  cutter.Feed("=0.7", 3, keep);
  cutter.Feed("\n", 9, keep);
  cutter.Finish(keep);
  CHECK(lines == std::vector<std::pair<std::string, std::uint64_t>>{
                     {"", 1}, {"50% err=0.9", 1}, {"100% err=0.7", 3}});
}

TEST_CASE("of what is readable at once on both pipes, stdout's is later") {
  int out[2], err[2];
  REQUIRE(pipe2(out, O_NONBLOCK) == 0);
  REQUIRE(pipe2(err, O_NONBLOCK) == 0);
  ChildProcess child{.pid = -1, .out = FileDescriptor(out[0]), .err = FileDescriptor(err[0])};
  for (const auto& [fd, text] : {std::pair(out[1], "first\nlast"), {err[1], "between\nopen"}}) {
    REQUIRE(write(fd, text, strlen(text)) == static_cast<ssize_t>(strlen(text)));
    close(fd);
  }
  std::map<std::string, std::uint64_t> read_at;
  const TakeOutputLine take = [&](const OutputLine& line) {
    read_at[std::string(line.text)] = line.read_at;
  };
  const OutputReader::Takers takers{.bytes = [](std::string_view) {},
                                    .err_bytes = [](std::string_view) {},
                                    .out_line = take,
                                    .err_line = take};
  OutputReader reader(child);
  CHECK(reader.Read(/*to_the_end=*/true, takers));
  reader.Finish(takers);
  REQUIRE(read_at.size() == 4);
  CHECK(read_at.at("between") < read_at.at("first"));
  CHECK(read_at.at("open") < read_at.at("last"));
}

TEST_CASE("the first hundred reports are recorded, then steps a hundredth apart, and the newest") {
  ReportThinning thinning;
  int recorded = 0;
  for (std::int64_t step = 1; step <= 1'000'000; ++step) {
    if (thinning.IsDue(step)) {
      thinning.NoteRecorded(step);
      ++recorded;
    } else {
      thinning.Keep(ProgressMessage{step, {}});
    }
    if (step == 100) CHECK(recorded == 100);
  }
  CHECK(recorded > 700);
  CHECK(recorded < 1100);
  const auto newest = thinning.TakeNewest();
  REQUIRE(newest);
  CHECK(newest->step == 1'000'000);
  CHECK(!thinning.TakeNewest());
}

TEST_CASE("the last values of a step that was recorded are recorded before the next step's") {
  ReportThinning thinning;
  for (int i = 0; i < ReportThinning::kAllRecorded; ++i) thinning.NoteRecorded(3);
  CHECK(!thinning.IsDue(3));
  thinning.Keep(3, R"({"joulefront": "progress", "step": 3, "values": {"error": 0.5}})");
  CHECK(!thinning.TakeUpdate(3));
  const auto update = thinning.TakeUpdate(4);
  REQUIRE(update);
  CHECK(update->values == NamedValues{{"error", 0.5}});
  CHECK(!thinning.TakeUpdate(4));
}

TEST_CASE(
    "the step of a report is read without the rest, where the line is as our modules write it") {
  CHECK(QuickStep(R"({"joulefront": "progress", "step": 12, "values": {}})") == 12);
  CHECK(QuickStep(R"({"joulefront":"progress","step":-3})") == -3);
  for (const char* line : {R"({"joulefront": "progress", "step": 1.5})", R"({"joulefront": "progr)",
                           R"({"joulefront": "result", "step": 1})", "", "step 12",
                           R"({"joulefront": "progress", "step": 12)",
                           R"({"joulefront": "progress", "values": {}, "step": 1})"}) {
    CHECK(!QuickStep(line));
  }
}
