// A machine in a temporary folder: RAPL zones and process files as the kernel would show them.
// Tests change its files and read it through SystemRoots.
#pragma once

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "workers/meters/meter.h"

namespace joulefront::testing {

/// 32 bits of 2^-14 J, as the kernel gives it on most Intel processors.
inline constexpr std::uint64_t kRange = 262'143'328'850;

class FakeMachine {
 public:
  FakeMachine() {
    std::string name = (std::filesystem::temp_directory_path() / "joulefront-XXXXXX").string();
    root_ = mkdtemp(name.data());
    std::filesystem::create_directories(root_ / "proc/sys/kernel");
    std::filesystem::create_directories(root_ / "sys/class/powercap");
    Write("proc/cpuinfo",
          "processor\t: 0\nmodel name\t: Example CPU 9\n\nprocessor\t: 1\n"
          "model name\t: Example CPU 9\n");
    Write("proc/sys/kernel/osrelease", "6.1.0-test\n");
  }
  ~FakeMachine() { std::filesystem::remove_all(root_); }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;

  SystemRoots roots() const {
    return {(root_ / "sys").string(), (root_ / "proc").string(), (root_ / "dev").string(),
            "no-nvml-here.so"};
  }
  std::filesystem::path path(const std::string& file) const { return root_ / file; }

  /// Keeps the file's inode, as sysfs does, so that an open descriptor sees the new text.
  void Write(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  void AddZone(const std::string& id, const std::string& name, std::uint64_t microjoules,
               std::uint64_t range = kRange) {
    Write(Zone(id) + "/name", name + "\n");
    Write(Zone(id) + "/max_energy_range_uj", std::to_string(range) + "\n");
    SetCounterText(id, std::to_string(microjoules) + "\n");
  }
  /// For a zone that was added. Overwrites in place and in one width: cutting the file short first
  /// would make the file system write it to the disk each time.
  void SetCounter(const std::string& id, std::uint64_t microjoules) {
    std::fstream(CounterPath(id), std::ios::in | std::ios::out)
        << fmt::format("{:>20}\n", microjoules);
  }
  void SetCounterText(const std::string& id, const std::string& text) {
    std::ofstream(CounterPath(id)) << text;
  }
  /// Root may read any file, so "no permission" is a counter that is a folder (EISDIR).
  void MakeUnreadable(const std::string& id) {
    std::filesystem::remove(root_ / Zone(id) / "energy_uj");
    std::filesystem::create_directories(root_ / Zone(id) / "energy_uj");
  }
  static std::string Zone(const std::string& id) { return "sys/class/powercap/" + id; }

 private:
  std::filesystem::path CounterPath(const std::string& id) const {
    return root_ / Zone(id) / "energy_uj";
  }

  std::filesystem::path root_;
};

}  // namespace joulefront::testing
