#include "workers/meters/user_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/environment.h"
#include "base/shortage.h"
#include "workers/meters/kernel_file.h"

namespace joulefront {
namespace {

constexpr double kMostUnits = 1e13;
// Of the user's meter nothing is known; cheap plugs are within a few percent.
constexpr double kUncertainty = 0.05;
// A program that has printed nothing for so many periods is taken to have stopped.
constexpr double kStalePeriods = 3.0;
constexpr std::size_t kLongestLine = 4096;
// Of 4 KiB, taken at one reading.
constexpr int kMostBlocks = 64;

Domain DomainOf(const UserSource& from) {
  Domain domain;
  domain.source = domain.name = from.name;
  domain.boundary = from.boundary;
  domain.most = from.most;
  domain.update_period = from.period;
  domain.common_uncertainty = kUncertainty;
  return domain;
}

/// The reading that a line of text is.
RawReading ReadingOf(const UserSource& from, std::string_view line) {
  RawReading reading;
  const auto millionths = ParseMillionths(line);
  (from.gives_power ? reading.microwatts : reading.microjoules) = millionths;
  return reading;
}

class FileSource final : public EnergySource {
 public:
  explicit FileSource(const UserSource& from) : from_(from), domain_(DomainOf(from)) {}
  const Domain& domain() const override { return domain_; }
  RawReading Read() override {
    // A pipe or a device would be waited for, or have no end.
    struct stat status = {};
    if (stat(from_.file.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
      return {
          .microjoules = {}, .microwatts = {}, .error = S_ISDIR(status.st_mode) ? EISDIR : ESPIPE};
    }
    errno = 0;
    const auto line = ReadKernelLine(from_.file);
    if (line) return ReadingOf(from_, *line);
    return {.microjoules = {}, .microwatts = {}, .error = errno == 0 ? EIO : errno};
  }

 private:
  UserSource from_;
  Domain domain_;
};

double MonotonicSeconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// What a program writes to stderr, passed on to ours: the beginning at once, and the end of the
/// rest when the program is done with, so that a log stays short.
class Complaints {
 public:
  void Take(std::string_view bytes) {
    const std::string_view first = bytes.substr(0, kMostFirst - std::min(kMostFirst, passed_on_));
    PassOn(first);
    passed_on_ += first.size();
    bytes.remove_prefix(first.size());
    held_ += bytes.size();
    last_ += bytes;
    if (last_.size() > 2 * kMostLast) last_.erase(0, last_.size() - kMostLast);
  }

  void End() {
    const std::string_view all = last_;
    std::string_view last = all.substr(all.size() - std::min(all.size(), kMostLast));
    const auto line = held_ > last.size() ? last.find('\n') : last.npos;
    if (line != last.npos) last.remove_prefix(line + 1);  // whole lines
    if (held_ > last.size()) {
      PassOn(fmt::format("\n[joulefront: {} bytes of the meter's stderr left out here]\n",
                         held_ - last.size()));
    }
    PassOn(last);
  }

 private:
  static constexpr std::size_t kMostFirst = 2048, kMostLast = 2048;

  static void PassOn(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t size = write(STDERR_FILENO, bytes.data(), bytes.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
  }

  std::size_t passed_on_ = 0, held_ = 0;
  std::string last_;
};

class CommandSource final : public EnergySource {
 public:
  explicit CommandSource(const UserSource& from) : from_(from), domain_(DomainOf(from)) {
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
      error_ = errno;
    } else {
      // Our ends alone: programs expect to wait for a reader.
      fcntl(out[0], F_SETFL, O_NONBLOCK);
      fcntl(err[0], F_SETFL, O_NONBLOCK);
      error_ = Start(out[1], err[1]);
    }
    out_ = out[0];
    err_ = err[0];
    for (const int end : {out[1], err[1]}) {
      if (end >= 0) close(end);
    }
  }
  ~CommandSource() override {
    if (pid_ > 0) {
      kill(-pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);  // somebody else may have reaped it
    }
    ReadComplaints();
    complaints_.End();
    for (const int end : {out_, err_}) {
      if (end >= 0) close(end);
    }
  }
  CommandSource(const CommandSource&) = delete;

  const Domain& domain() const override { return domain_; }
  int start_error() const { return error_; }

  /// Waits for the first line. Whether it, if it came, is a reading.
  bool BeginsWell(Seconds patience) {
    const double end = MonotonicSeconds() + patience.value();
    for (double left = patience.value(); !last_ && left > 0.0; left = end - MonotonicSeconds()) {
      std::array<pollfd, 2> printed = {{{out_, POLLIN, 0}, {err_, POLLIN, 0}}};
      poll(printed.data(), printed.size(), static_cast<int>(left * 1e3) + 1);
      Read();
      if ((printed[0].revents & (POLLIN | POLLHUP)) == POLLHUP) break;  // it has closed its output
    }
    return !last_ || last_->microjoules || last_->microwatts;
  }

  RawReading Read() override {
    ReadComplaints();
    std::array<char, 4096> buffer;
    // A program may print without end.
    for (int blocks = 0; out_ >= 0 && blocks < kMostBlocks; ++blocks) {
      const ssize_t size = read(out_, buffer.data(), buffer.size());
      if (size <= 0) break;
      for (ssize_t i = 0; i < size; ++i) Take(buffer[static_cast<std::size_t>(i)]);
    }
    if (!last_) return {.microjoules = {}, .microwatts = {}, .error = ENODATA};
    if (MonotonicSeconds() - printed_ > from_.period.value() * kStalePeriods) {
      return {.microjoules = {}, .microwatts = {}, .error = ETIMEDOUT};
    }
    return *last_;
  }

 private:
  /// What it writes to stderr, some of it: one that writes without end waits for us.
  void ReadComplaints() {
    std::array<char, 4096> buffer;
    for (int blocks = 0; err_ >= 0 && blocks < kMostBlocks; ++blocks) {
      const ssize_t size = read(err_, buffer.data(), buffer.size());
      if (size == 0) close(std::exchange(err_, -1));
      if (size <= 0) break;
      complaints_.Take({buffer.data(), static_cast<std::size_t>(size)});
    }
  }

  int Start(int out, int err) {
    std::vector<char*> arguments;
    for (std::string& argument : from_.command) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_adddup2(&files, err, 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    std::vector<std::string> entries = EnvironmentWithoutSecrets();
    std::vector<char*> environment;
    for (std::string& entry : entries) environment.push_back(entry.data());
    environment.push_back(nullptr);
    const int error = posix_spawnp(&pid_, arguments[0], &files, &attributes, arguments.data(),
                                   environment.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (error != 0) pid_ = -1;
    return error;
  }

  void Take(char c) {
    if (c != '\n') {
      if (line_.size() < kLongestLine) line_ += c;
      return;
    }
    last_ = ReadingOf(from_, line_);
    printed_ = MonotonicSeconds();
    line_.clear();
  }

  UserSource from_;
  Domain domain_;
  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
  int error_ = 0;
  Complaints complaints_;
  std::string line_;
  std::optional<RawReading> last_;
  double printed_ = 0.0;
};

}  // namespace

std::optional<std::uint64_t> ParseMillionths(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(number) || number < 0.0 || number > kMostUnits) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(number * 1e6));
}

FoundSources FindUserSources(const std::vector<UserSource>& sources, Seconds patience) {
  FoundSources found;
  for (const UserSource& from : sources) {
    SourceListing listing;
    listing.domain = DomainOf(from);
    std::unique_ptr<EnergySource> source;
    if (from.command.empty()) {
      source = std::make_unique<FileSource>(from);
      const RawReading reading = source->Read();
      listing.readable = reading.microjoules || reading.microwatts;
      listing.shortage = IsShortage(reading.error);
      listing.detail =
          listing.readable          ? "the file " + from.file
          : reading.error == ESPIPE ? from.file + " is no plain file, and cannot be read anew"
          : reading.error != 0
              ? fmt::format("{} cannot be read: {}", from.file, std::strerror(reading.error))
              : from.file + " does not begin with a number";
    } else {
      auto command = std::make_unique<CommandSource>(from);
      listing.readable = command->start_error() == 0;
      listing.shortage = IsShortage(command->start_error());
      listing.detail = listing.readable ? "the program " + from.command[0]
                                        : fmt::format("'{}' cannot be started: {}", from.command[0],
                                                      std::strerror(command->start_error()));
      if (listing.readable && !command->BeginsWell(patience)) {
        listing.readable = false;
        listing.detail += " does not print a number a line";
      }
      source = std::move(command);
    }
    if (listing.readable) found.sources.push_back(std::move(source));
    found.listings.push_back(std::move(listing));
  }
  return found;
}

}  // namespace joulefront
