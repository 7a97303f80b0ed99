#include "workers/meters/trainer_cgroup.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "workers/meters/kernel_file.h"

namespace joulefront {
namespace {

/// The group of this process in a hierarchy, from /proc/self/cgroup: "0::/user.slice" for version
/// 2, "2:cpu,cpuacct:/docker/12" for version 1. Empty if there is none.
std::optional<std::string> OwnGroup(std::string_view text, std::string_view controller) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first == std::string_view::npos ? first : first + 1);
    at = end + 1;
    if (second == std::string_view::npos) continue;
    const std::string controllers = fmt::format(",{},", line.substr(first + 1, second - first - 1));
    const bool is_it = controller.empty()
                           ? line.starts_with("0::")
                           : controllers.find(fmt::format(",{},", controller)) != std::string::npos;
    if (is_it) return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

struct Hierarchy {
  std::string_view folder, controller;
  bool version_1;
};

constexpr std::array<Hierarchy, 3> kHierarchies = {{{"/fs/cgroup", "", false},
                                                    {"/fs/cgroup/unified", "", false},
                                                    {"/fs/cgroup/cpuacct", "cpuacct", true}}};

/// Removes the groups of workers that were killed. The kernel refuses where a process is left.
void RemoveStale(const SystemRoots& roots, const std::string& parent, std::string_view prefix) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(parent, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const std::string pid = name.substr(prefix.size());
    std::error_code none;
    if (ParseCount(pid) && !std::filesystem::exists(roots.proc + "/" + pid, none)) {
      rmdir(entry->path().c_str());
    }
  }
}

bool IsFile(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

std::optional<TrainerCgroup> TrainerCgroup::Create(const SystemRoots& roots,
                                                   const std::string& name) {
  const std::string own = ReadFile(roots.proc + "/self/cgroup").value_or("");
  for (const Hierarchy& hierarchy : kHierarchies) {
    const auto group = OwnGroup(own, hierarchy.controller);
    if (!group) continue;
    const std::string parent = fmt::format("{}{}{}", roots.sys, hierarchy.folder, *group);
    if (!IsFile(parent + "/cgroup.procs")) continue;
    RemoveStale(roots, parent, name.substr(0, name.rfind('-') + 1));
    const std::string path = fmt::format("{}/{}", parent, name);
    rmdir(path.c_str());  // of a process that was killed, and whose pid came round again
    if (mkdir(path.c_str(), 0755) != 0) continue;
    TrainerCgroup made(path, hierarchy.version_1);
    if (made.CpuTime()) return made;
  }
  return std::nullopt;
}

TrainerCgroup::TrainerCgroup(TrainerCgroup&& other) noexcept
    : path_(std::exchange(other.path_, "")), version_1_(other.version_1_) {}

TrainerCgroup::~TrainerCgroup() {
  if (path_.empty()) return;
  std::istringstream pids(ReadFile(path_ + "/cgroup.procs").value_or(""));
  const std::string parent = path_.substr(0, path_.rfind('/'));
  for (std::string pid; pids >> pid;) std::ofstream(parent + "/cgroup.procs") << pid;
  rmdir(path_.c_str());
}

bool TrainerCgroup::Holds(int pid) const {
  const std::string text = "\n" + ReadFile(path_ + "/cgroup.procs").value_or("");
  return text.find(fmt::format("\n{}\n", pid)) != std::string::npos;
}

std::optional<Seconds> TrainerCgroup::CpuTime() const {
  constexpr std::string_view kUsage = "usage_usec ";
  if (version_1_) {
    const auto text = ReadKernelLine(path_ + "/cpuacct.usage");
    const auto nanoseconds = text ? ParseCount(*text) : std::nullopt;
    if (!nanoseconds) return std::nullopt;
    return Seconds(static_cast<double>(*nanoseconds) * 1e-9);
  }
  const auto text = ReadFile(path_ + "/cpu.stat");
  if (!text) return std::nullopt;
  const std::size_t at = text->find(kUsage);
  if (at == std::string::npos || (at > 0 && (*text)[at - 1] != '\n')) return std::nullopt;
  const std::size_t begin = at + kUsage.size();
  const auto microseconds = ParseCount(text->substr(begin, text->find('\n', begin) - begin));
  if (!microseconds) return std::nullopt;
  return Seconds(static_cast<double>(*microseconds) * 1e-6);
}

}  // namespace joulefront
