#include "workers/measure.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <utility>

#include "workers/output_lines.h"
#include "workers/trainer_output.h"

namespace joulefront {
namespace {

constexpr Seconds kInterval(1.0);

/// 0, or the errno why the bytes could not be written.
int PassOn(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return 0;
}

class CommandMeter {
 public:
  CommandMeter(MeteredChild metered, SignalWatch& signals)
      : metered_(std::move(metered)), signals_(signals), last_peak_(metered_.begin()) {}

  Measurement Run() {
    Seconds next = metered_.begin() + kInterval;
    while (!exited_) {
      Wait(next);
      ReadOutput();
      if (signals_.Drain()) Reap();
      for (const int signal : signals_.TakeSent()) kill(metered_.process().pid, signal);
      if (const Seconds now = MonotonicNow(); now >= next) {
        next = now + kInterval;
        NotePeak(now, metered_.Look());
      } else if (const auto look = metered_.WantsNext(); look && now >= *look) {
        metered_.Look();
      }
    }
    ReadOutput();
    const Seconds end = MonotonicNow();
    result_.energy = metered_.Settle();
    result_.meter_faults = metered_.MeterFaults();
    // What is left of a second is one if it is half of it at least.
    if (end - last_peak_ >= kInterval / 2.0) NotePeak(end, result_.energy);
    ForgetLowPeak();
    Reap();
    result_.left_running = NamesOfChildren(metered_.others());
    return std::move(result_);
  }

 private:
  void Wait(Seconds next) {
    if (const auto look = metered_.WantsNext()) next = std::min(next, *look);
    const double ms = std::ceil(std::max(0.0, (next - MonotonicNow()).value()) * 1e3);
    std::array<pollfd, 2> fds = {
        {{metered_.process().out.get(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}}};
    poll(fds.data(), fds.size(), static_cast<int>(ms));
  }

  void ReadOutput() {
    FileDescriptor& out = metered_.process().out;
    std::array<char, 65536> buffer;
    while (out.open()) {
      const ssize_t size = read(out.get(), buffer.data(), buffer.size());
      if (size < 0 && errno == EINTR) continue;
      if (size == 0) out.Close();
      if (size <= 0) return;
      const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
      result_.output_error = PassOn(bytes);
      lines_.Feed(bytes, /*now=*/0, [this](const OutputLine& line) {
        const TrainerMessage message = ParseTrainerLine(line.text);
        if (const auto* phase = std::get_if<PhaseMessage>(&message)) {
          metered_.EnterPhase(phase->name);
        }
      });
      // The command learns it as it would from a pipe of its own: by SIGPIPE.
      if (result_.output_error != 0) out.Close();
    }
  }

  void Reap() {
    ReapChildren(metered_.others(), [this](pid_t pid, int status) {
      if (pid != metered_.process().pid) return;
      exited_ = true;
      result_.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    });
  }

  /// Joules that came late would make a peak of nothing: only what is covered by now counts.
  void NotePeak(Seconds now, const std::vector<PhaseEnergy>& energy) {
    const auto& figure = energy.back().figure;
    if (!figure || figure->coverage < 0.999) return;
    const Watts power = (figure->joules - joules_) / (now - last_peak_);
    if (!result_.peak || power > *result_.peak) result_.peak = power;
    joules_ = figure->joules;
    last_peak_ = now;
  }

  /// A peak below the mean missed the dearest second: of a short run, part of which was not looked
  /// at by itself.
  void ForgetLowPeak() {
    const PhaseEnergy& total = result_.energy.back();
    if (!total.figure || !result_.peak) return;
    if (*result_.peak < total.figure->joules / (total.wall * total.figure->coverage)) {
      result_.peak.reset();
    }
  }

  MeteredChild metered_;
  SignalWatch& signals_;
  LineCutter lines_;
  Measurement result_;
  Seconds last_peak_;
  Joules joules_;
  bool exited_ = false;
};

}  // namespace

Result<Measurement> Measure(const MeasureOptions& options, SignalWatch& signals) {
  BecomeSubreaper();
  SpawnOptions spawn{.arguments = options.command, .environment = OwnEnvironment(), .folder = {}};
  spawn.stdio = options.phases ? Stdio::kPipeOut : Stdio::kInherit;
  auto metered = MeteredChild::Start(options.metering, std::move(spawn), {});
  if (!metered) return Pass(metered);
  return CommandMeter(std::move(*metered), signals).Run();
}

}  // namespace joulefront
