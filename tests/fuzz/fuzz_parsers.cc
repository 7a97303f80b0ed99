// libFuzzer: whatever text others write, reading it ends well. The first byte says which reader.
// CONTRIBUTING.md has the command.
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "base/files.h"
#include "study_store/accounting.h"
#include "study_store/open_store.h"
#include "study_store/optuna_file.h"
#include "study_store/past_trials.h"
#include "study_store/study_file.h"
#include "study_store/text_scalars.h"
#include "workers/meters/cpu_time.h"
#include "workers/meters/host.h"
#include "workers/meters/ipmi_source.h"
#include "workers/meters/kernel_file.h"
#include "workers/meters/perf_source.h"
#include "workers/meters/powercap_source.h"
#include "workers/meters/probe.h"
#include "workers/meters/reading_log.h"
#include "workers/meters/user_source.h"
#include "workers/trainer_output.h"

namespace joulefront {
namespace {

/// A machine whose files hold one text.
class FuzzedMachine {
 public:
  FuzzedMachine() {
    std::string folder =
        (std::filesystem::temp_directory_path() / "joulefront-fuzz-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) std::abort();
    root_ = folder;
    roots_.proc = folder + "/proc";
    roots_.sys = folder + "/sys";
  }
  ~FuzzedMachine() { std::filesystem::remove_all(root_); }
  FuzzedMachine(const FuzzedMachine&) = delete;
  FuzzedMachine& operator=(const FuzzedMachine&) = delete;

  std::string Write(const std::string& name, std::string_view text) const {
    const auto path = root_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  const SystemRoots& roots() const { return roots_; }

 private:
  std::filesystem::path root_;
  SystemRoots roots_;
};

void ReadAsTrainerFile(std::string_view text) {
  static_cast<void>(ParseKeyPath(text));
  for (const TextFormat format : {TextFormat::kYaml, TextFormat::kJson, TextFormat::kToml}) {
    const auto scalars = ScalarsOf(text, format);
    if (!scalars || scalars->empty()) continue;
    static_cast<void>(ReplaceScalars(text, format, {{scalars->back().path, Value(1e-5)}}));
  }
}

void ReadAsProc(std::string_view text) {
  static const FuzzedMachine machine;
  machine.Write("proc/1/stat", text);
  machine.Write("proc/stat", text);
  machine.Write("proc/cpuinfo", text);
  StartTicks(machine.roots(), 1);
  HostFingerprint(machine.roots());
  IsVirtualMachine(machine.roots());
}

void ReadAsSys(std::string_view text) {
  static const FuzzedMachine machine;
  for (const char* file : {"name", "energy_uj", "max_energy_range_uj"}) {
    machine.Write(std::string("sys/class/powercap/intel-rapl:0/") + file, text);
  }
  FindPowercap(machine.roots());
  ParseCount(text);
  ParsePerfConfig(text);
  ParseCpuList(text);
  ParseMillionths(text);
}

/// In ASCII: toml++ 3.3 calls letters beyond it, where none may stand, unreachable.
void ReadAsStudyFile(std::string text) {
  for (char& c : text) c = static_cast<char>(c & 0x7f);
  static_cast<void>(ParseStudyFile(text, "study.toml"));
}

void ReadAsRecord(std::string_view text) {
  static const FuzzedMachine machine;
  static_cast<void>(LoadHostRecord(machine.Write("host.json", text), "host"));
}

/// A store with a study that has a bit of everything.
std::string MakeStore(const std::string& path) {
  const auto file = ParseStudyFile(
      "[study]\nname='s'\n[objectives]\ne={direction='minimize'}\n[space]\n"
      "x={type='float',low=0,high=1}\n[trainer]\ncommand=['t']\n",
      "study.toml");
  const auto store = OpenSqliteStore(path, OpenMode::kCreate);
  if (!file || !store) std::abort();
  const TimePoint now{};
  const auto id = (*store)->CreateStudy(file->study, now);
  for (int k = 0; k < 3; ++k) {
    static_cast<void>((*store)->AddTrial(
        *id, {.configuration = "{\"x\":0.5}", .proposed_by = "sobol", .reason = "r"}, {}, now));
  }
  const auto claim = (*store)->ClaimTrial(*id, {.name = "w"}, now, now);
  static_cast<void>((*store)->AddProgress(**claim, 1, {{"e", 0.5}}, now));
  PhaseEnergy total{.phase = "total"};
  total.figure = EnergyFigure{.joules = Joules(1)};
  static_cast<void>((*store)->FinishAttempt(
      **claim, {.state = AttemptState::kComplete, .values = {{"e", 1.0}}, .energy = {total}}, {},
      now));
  return path;
}

/// A good file with some bytes changed: places and what to put there, 4 bytes each.
std::string Damage(const std::string& good, std::span<const std::uint8_t> changes) {
  std::string damaged = good;
  for (std::size_t i = 0; i + 4 <= changes.size() && i < 64; i += 4) {
    const std::size_t place = changes[i] + 256U * changes[i + 1] + 65536U * changes[i + 2];
    damaged[place % damaged.size()] = static_cast<char>(changes[i + 3]);
  }
  return damaged;
}

/// The study of MakeStore() takes in what Optuna or a table has.
void ReadAsPastTrials(std::string_view text) {
  static const FuzzedMachine machine;
  static const auto store =
      OpenSqliteStore(MakeStore(machine.Write("none", "") + ".db"), OpenMode::kRead);
  static const auto study = (*store)->LoadStudy(1);
  static_cast<void>(
      ReadPastTrials(machine.Write("past", text), *study, {.study = {}, .values = {"e"}}));
}

void ReadAsOptunaFile(std::span<const std::uint8_t> changes) {
  static const FuzzedMachine machine;
  static const std::string path = machine.Write("none", "");
  static const bool written = [] {
    const auto store = OpenSqliteStore(MakeStore(path + ".db"), OpenMode::kRead);
    return WriteOptunaFile(**store, 1, path + ".optuna").has_value();
  }();
  if (!written) std::abort();
  static const std::string good = ReadFile(path + ".optuna").value_or("");
  ReadAsPastTrials(Damage(good, changes));
}

void ReadAsStore(std::span<const std::uint8_t> changes) {
  static const FuzzedMachine machine;
  static const std::string good =
      ReadFile(MakeStore(machine.Write("none", "") + ".db")).value_or("");
  const auto store =
      OpenSqliteStore(machine.Write("damaged.db", Damage(good, changes)), OpenMode::kRead);
  if (!store) return;
  static_cast<void>((*store)->ListStudies());
  static_cast<void>((*store)->LoadStudy(1));
  static_cast<void>((*store)->LoadTrials(1));
  static_cast<void>((*store)->LoadTrial(1, 0));
  static_cast<void>((*store)->LoadAttempts(1));
  static_cast<void>((*store)->EnergySpent(1));
  static_cast<void>((*store)->FindDamage());
}

constexpr int kReaders = 12;

/// JOULEFRONT_READER, to try one reader alone; else the first byte says which.
int ReaderOf(std::uint8_t first) {
  static const char* const chosen = std::getenv("JOULEFRONT_READER");
  return chosen != nullptr ? std::atoi(chosen) : first % kReaders;
}

}  // namespace
}  // namespace joulefront

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace joulefront;
  if (size == 0) return 0;
  const std::span<const std::uint8_t> rest(bytes + 1, size - 1);
  const std::string text(rest.begin(), rest.end());
  switch (ReaderOf(bytes[0])) {
    case 0:
      static_cast<void>(ParseTrainerLine(text));
      break;
    case 1:
      static_cast<void>(ReplayReadings(text));
      break;
    case 2:
      ReadAsStudyFile(text);
      break;
    case 3:
      static_cast<void>(ParseIntensities(text));
      static_cast<void>(ParseIntensity(text));
      static_cast<void>(ParseTariff(text));
      static_cast<void>(ParseWallReadings(text));
      break;
    case 4:
      ParseDcmiPower(rest);
      break;
    case 5:
      ReadAsProc(text);
      break;
    case 6:
      ReadAsSys(text);
      break;
    case 7:
      ReadAsRecord(text);
      break;
    case 8:
      ReadAsStore(rest);
      break;
    case 9:
      ReadAsPastTrials(text);
      break;
    case 10:
      ReadAsOptunaFile(rest);
      break;
    case 11:
      ReadAsTrainerFile(text);
      break;
  }
  return 0;
}
