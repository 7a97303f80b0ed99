#include "cli/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace joulefront {
namespace {

std::size_t TerminalWidth(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

/// The line without its middle where it is longer than the terminal is wide.
std::string Elide(const std::string& line, std::size_t width) {
  if (line.size() <= width || width < 10) return line.substr(0, std::max<std::size_t>(width, 10));
  const std::size_t kept = width - 3;
  return line.substr(0, kept - kept / 2) + "..." + line.substr(line.size() - kept / 2);
}

class TerminalConsole : public Console {
 public:
  bool WantsProgress(Seconds now) override {
    if (now < next_) return false;
    next_ = now + Seconds(0.1);
    return true;
  }
  void ShowProgress(const std::string& line) override {
    PrintNote(fmt::format("\r{}\033[K", Elide(line, TerminalWidth(STDERR_FILENO) - 1)));
    shown_ = true;
  }
  void Say(const std::string& line) override {
    PrintNote((shown_ ? "\r\033[K" : "") + line + "\n");
    shown_ = false;
  }
  void EndProgress() override {
    if (shown_) PrintNote("\n");
    shown_ = false;
  }

 private:
  Seconds next_{-1e300};
  bool shown_ = false;
};

class PlainConsole : public Console {
 public:
  explicit PlainConsole(bool quiet) : quiet_(quiet) {}
  bool WantsProgress(Seconds now) override {
    if (quiet_ || now < next_) return false;
    next_ = now + Seconds(10.0);
    return true;
  }
  void ShowProgress(const std::string& line) override { Say(line); }
  void Say(const std::string& line) override { PrintNote(line + "\n"); }
  void EndProgress() override {}

 private:
  bool quiet_;
  Seconds next_{-1e300};
};

}  // namespace

std::unique_ptr<Console> MakeConsole(bool quiet) {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  if (!quiet && !dumb && isatty(STDERR_FILENO) != 0) return std::make_unique<TerminalConsole>();
  return std::make_unique<PlainConsole>(quiet);
}

std::optional<std::size_t> WidthOfStdout() {
  if (isatty(STDOUT_FILENO) == 0) return std::nullopt;
  return TerminalWidth(STDOUT_FILENO);
}

bool PrintData(const std::string& data) {
  if (std::fwrite(data.data(), 1, data.size(), stdout) == data.size() && std::fflush(stdout) == 0) {
    return true;
  }
  PrintNote(fmt::format("joulefront: cannot write to stdout: {}\n", std::strerror(errno)));
  return false;
}

void PrintNote(std::string_view text) {
  // fmt::print() would throw where stderr is full or closed.
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace joulefront
