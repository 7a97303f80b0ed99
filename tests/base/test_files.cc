#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "base/files.h"

using namespace joulefront;

namespace {

/// A file of the temporary folder with this text, gone with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    close(mkstemp(path_.data()));
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/joulefront-files-XXXXXX";
};

}  // namespace

TEST_CASE("a file is read whole, whatever its bytes, or up to so many of them") {
  std::string text("a\0\r\n\xff", 5);
  for (int doubled = 0; doubled < 14; ++doubled) text += text;
  const TemporaryFile file(text);
  CHECK(ReadFile(file.path()) == text);
  CHECK(ReadFile(file.path(), 5) == text.substr(0, 5));
  CHECK(ReadFile(file.path(), text.size() + 1) == text);
  CHECK(ReadFile(TemporaryFile("").path()) == std::string());
}

TEST_CASE("what cannot be read is an error that says why") {
  const auto none = ReadFile("/none/such");
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::kNotFound);
  CHECK(none.error().message == "cannot read '/none/such': No such file or directory");
  const auto folder = ReadFile("/");
  REQUIRE_FALSE(folder);
  CHECK(folder.error().code == ErrorCode::kNotFound);
  CHECK(folder.error().message == "cannot read '/': Is a directory");
  const auto closed = ReadFile(-1, "stdin");
  REQUIRE_FALSE(closed);
  CHECK(closed.error().code == ErrorCode::kUnavailable);
  CHECK(closed.error().message == "cannot read 'stdin': Bad file descriptor");
}

TEST_CASE("a file of a process that ends before it is read is an error, and no exception") {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  const int status = open(fmt::format("/proc/{}/cmdline", child).c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(status >= 0);
  kill(child, SIGKILL);
  REQUIRE(waitpid(child, nullptr, 0) == child);
  const auto text = ReadFile(status, "cmdline");
  CHECK((!text || text->empty()));
  close(status);
}
