#include "tests/workers/trainers.h"
#include "workers/attempt_log.h"

using namespace joulefront;

namespace {

AttemptLog Open(const std::string& path) {
  auto log = AttemptLog::Create(path);
  if (!log) FAIL(log.error().message);
  return std::move(*log);
}

std::string LastLineOf(const std::string& text, std::size_t longest = 200) {
  ScratchFolder folder;
  AttemptLog log = Open(folder / "log");
  log.Append(text);
  return log.LastLine(longest);
}

}  // namespace

TEST_CASE("a log keeps every byte, and is begun anew") {
  ScratchFolder folder;
  WriteAll(folder / "log", "of the attempt before");
  AttemptLog log = Open(folder / "log");
  log.Append("one\n");
  log.Append(std::string("\0\xff", 2));
  log.Finish();
  CHECK(ReadAll(folder / "log") == std::string("one\n\0\xff", 6));
}

TEST_CASE("of a log beyond its limit the beginning and the end are kept, and the gap is told") {
  ScratchFolder folder;
  AttemptLog log = Open(folder / "log");
  const std::string line = std::string(999, 'x') + "\n";
  constexpr std::size_t kLines = 100'000;
  log.Append("first\n");
  for (std::size_t i = 0; i < kLines; ++i) log.Append(line);
  log.Append("last\n");
  log.Finish();
  const std::string text = ReadAll(folder / "log");
  CHECK(text.size() < AttemptLog::kMostBytes + AttemptLog::kTailBytes + 100);
  CHECK(text.starts_with("first\n"));
  CHECK(text.ends_with("x\nlast\n"));
  const std::size_t left_out = 11 + kLines * 1000 - AttemptLog::kMostBytes - AttemptLog::kTailBytes;
  CHECK(text.find(fmt::format("\n[joulefront: {} bytes left out here]\n", left_out)) ==
        AttemptLog::kMostBytes);
}

TEST_CASE("a log a little beyond its limit repeats nothing and leaves nothing out") {
  ScratchFolder folder;
  AttemptLog log = Open(folder / "log");
  const std::string text = std::string(AttemptLog::kMostBytes - 2, 'a') + "bcde\n";
  log.Append(text);
  log.Finish();
  CHECK(ReadAll(folder / "log") == text);
}

TEST_CASE("the last line is the last one that is not blank") {
  CHECK(LastLineOf("") == "");
  CHECK(LastLineOf("\n \t\r\n") == "");
  CHECK(LastLineOf("one\ntwo") == "two");
  CHECK(LastLineOf("one\ntwo\r\n\n  \n") == "two");
  CHECK(LastLineOf("abcdef", 4) == "abcd");
}

TEST_CASE("the last line is printable UTF-8, whatever the trainer printed") {
  CHECK(LastLineOf("a\x1b[31mred\x7f") == "a?[31mred?");
  CHECK(LastLineOf(std::string("a\0b", 3)) == "a?b");
  CHECK(LastLineOf("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x99\x82") ==
        "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x99\x82");
  CHECK(LastLineOf("\xff\xfe|\xC3|\xC0\x80|\xE2\x82|\x80") == "??|?|??|??|?");
  CHECK(LastLineOf("\xED\xA0\x80|\xE0\x80\x80|\xF4\x90\x80\x80") == "???|???|????");
  CHECK(LastLineOf("ab\xC3\xA9", 3) == "ab");  // never half a character
}

TEST_CASE("a log that cannot be made is an error that names it") {
  const auto log = AttemptLog::Create("/no/such/folder/log");
  REQUIRE(!log);
  CHECK(log.error().code == ErrorCode::kUnavailable);
  CHECK(log.error().message ==
        "cannot write the log '/no/such/folder/log': No such file or directory");
}
