#include "workers/meters/cpu_time.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>

#include "base/files.h"
#include "workers/meters/kernel_file.h"

namespace joulefront {
namespace {

/// What /proc/PID/stat tells, times in clock ticks.
struct ProcessStat {
  pid_t pid = 0;
  pid_t parent = 0;
  std::int64_t own = 0;     // CPU time of all its threads
  std::int64_t waited = 0;  // of children that have ended and were waited for, and of theirs
  std::int64_t start = 0;   // since boot
};

Seconds FromTicks(std::int64_t ticks) {
  static const double kTicksPerSecond = static_cast<double>(sysconf(_SC_CLK_TCK));
  return Seconds(static_cast<double>(ticks) / kTicksPerSecond);
}

Seconds FromTimeval(const timeval& time) {
  return Seconds(static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6);
}

/// Numbers of the fields `first` to `first + N - 1` of a stat line; fields count from 1, and field
/// 3 follows the command's name, which may hold blanks and brackets.
template <std::size_t N>
std::optional<std::array<std::int64_t, N>> StatFields(std::string_view text, int first) {
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  std::array<std::int64_t, N> fields;
  const char* at = text.data() + name_end + 1;
  const char* end = text.data() + text.size();
  for (int field = 3; field < first + static_cast<int>(N); ++field) {
    while (at != end && *at == ' ') ++at;
    if (field < first) {
      at = std::find(at, end, ' ');
      continue;
    }
    const auto [next, error] =
        std::from_chars(at, end, fields[static_cast<std::size_t>(field - first)]);
    if (error != std::errc{}) return std::nullopt;
    at = next;
  }
  return fields;
}

std::optional<ProcessStat> ParseStat(pid_t pid, std::string_view text) {
  const auto parent = StatFields<1>(text, 4);
  const auto times = StatFields<4>(text, 14);
  const auto start = StatFields<1>(text, 22);
  if (!parent || !times || !start) return std::nullopt;
  const auto& [user, system, waited_user, waited_system] = *times;
  return ProcessStat{pid, static_cast<pid_t>(parent->front()), user + system,
                     waited_user + waited_system, start->front()};
}

std::optional<ProcessStat> ReadStat(const SystemRoots& roots, pid_t pid) {
  const auto text = ReadFile(roots.proc + "/" + std::to_string(pid) + "/stat");
  if (!text) return std::nullopt;
  return ParseStat(pid, *text);
}

std::vector<pid_t> ListProcesses(const SystemRoots& roots) {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(roots.proc.c_str()), &closedir);
  if (!folder) return pids;
  while (const dirent* entry = readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc{} && end == name.data() + name.size()) pids.push_back(pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

enum class Kin { kOurs, kStranger, kUnknown };

/// Follows the parents of `process` up to `root`, to a stranger or to the top of the machine. The
/// list is ordered by pid. Unknown: a parent ended while the list was made.
Kin KinOf(ProcessStat process, const std::vector<ProcessStat>& all, pid_t root,
          const std::vector<pid_t>& strangers) {
  for (std::size_t step = 0; step <= all.size(); ++step) {
    if (process.parent == root) return Kin::kOurs;
    if (process.parent == 0) return Kin::kStranger;
    if (std::binary_search(strangers.begin(), strangers.end(), process.parent)) {
      return Kin::kStranger;
    }
    const auto parent =
        std::lower_bound(all.begin(), all.end(), process.parent,
                         [](const ProcessStat& entry, pid_t pid) { return entry.pid < pid; });
    if (parent == all.end() || parent->pid != process.parent) return Kin::kUnknown;
    process = *parent;
  }
  return Kin::kUnknown;  // a circle: a pid was used again while the list was made
}

/// The descendants of `root`. `strangers` are processes that need not be looked at; those found now
/// are added, those that have ended are dropped. A stranger stays one: orphans go to an ancestor of
/// theirs, and a pid is used again only after all others were.
std::vector<ProcessStat> FindTree(const SystemRoots& roots, pid_t root,
                                  std::vector<pid_t>& strangers) {
  const std::vector<pid_t> pids = ListProcesses(roots);
  std::vector<pid_t> known;
  std::vector<ProcessStat> looked_at, tree;
  for (const pid_t pid : pids) {
    if (std::binary_search(strangers.begin(), strangers.end(), pid)) {
      known.push_back(pid);
    } else if (const auto stat = ReadStat(roots, pid); stat && pid != root) {
      looked_at.push_back(*stat);
    }
  }
  const std::size_t old = known.size();
  for (const ProcessStat& process : looked_at) {
    const Kin kin = KinOf(process, looked_at, root, strangers);
    if (kin == Kin::kOurs) tree.push_back(process);
    if (kin == Kin::kStranger) known.push_back(process.pid);
  }
  std::inplace_merge(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(old), known.end());
  strangers = std::move(known);
  return tree;
}

/// CPU time of a live process (or of one not yet waited for), to the nanosecond; empty once it is
/// gone. The clock, rather than what `stat` said: had the process been waited for since, its time
/// would be counted twice, here and with its parent.
std::optional<Seconds> OwnTime(const SystemRoots& roots, pid_t pid) {
  clockid_t clock = 0;
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &time) == 0) {
    return Seconds(static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9);
  }
  const auto stat = ReadStat(roots, pid);
  if (!stat) return std::nullopt;
  return FromTicks(stat->own);
}

std::vector<pid_t> OrderedDescendants(const SystemRoots& roots) {
  std::vector<pid_t> pids = Descendants(roots, getpid());
  std::sort(pids.begin(), pids.end());
  return pids;
}

}  // namespace

// Guests are inside user and nice; idle, I/O wait and what another machine stole are not busy.
std::optional<Seconds> HostBusyTime(const SystemRoots& roots) {
  const auto text = ReadKernelLine(roots.proc + "/stat");
  if (!text || !text->starts_with("cpu ")) return std::nullopt;
  std::array<std::int64_t, 7> fields{};  // user nice system idle iowait irq softirq
  const char* at = text->data() + 4;
  const char* end = text->data() + text->size();
  for (std::int64_t& field : fields) {
    while (at != end && *at == ' ') ++at;
    const auto [next, error] = std::from_chars(at, end, field);
    if (error != std::errc{}) return std::nullopt;
    at = next;
  }
  return FromTicks(fields[0] + fields[1] + fields[2] + fields[5] + fields[6]);
}

CpuTimeFollower::CpuTimeFollower(const SystemRoots& roots, const TrainerCgroup* cgroup)
    : roots_(roots),
      cgroup_(cgroup),
      strangers_(OrderedDescendants(roots)),
      trainer_at_start_(TrainerNow()),
      host_at_start_(HostBusyTime(roots)) {}

void CpuTimeFollower::Exclude(const std::vector<pid_t>& pids) {
  strangers_.insert(strangers_.end(), pids.begin(), pids.end());
  std::sort(strangers_.begin(), strangers_.end());
}

CpuUsage CpuTimeFollower::Read() {
  last_.trainer = std::max(last_.trainer, TrainerNow() - trainer_at_start_);
  const auto host = HostBusyTime(roots_);
  if (host && host_at_start_) last_.host_busy = std::max(last_.host_busy, *host - *host_at_start_);
  return last_;
}

/// A group that cannot be read any more stands still: the tree is not put in its place.
Seconds CpuTimeFollower::TrainerNow() {
  return cgroup_ != nullptr ? cgroup_->CpuTime().value_or(Seconds(0)) : TreeNow();
}

// What has been waited for is read before what is alive, at every level: a process that ends
// between the two is missed until the next look, never counted twice.
Seconds CpuTimeFollower::TreeNow() {
  rusage waited{};
  getrusage(RUSAGE_CHILDREN, &waited);
  Seconds sum = FromTimeval(waited.ru_utime) + FromTimeval(waited.ru_stime);
  for (const ProcessStat& process : FindTree(roots_, getpid(), strangers_)) {
    sum += FromTicks(process.waited) + OwnTime(roots_, process.pid).value_or(Seconds(0));
  }
  return sum;
}

std::vector<pid_t> Descendants(const SystemRoots& roots, pid_t pid) {
  std::vector<pid_t> strangers, pids;
  for (const ProcessStat& process : FindTree(roots, pid, strangers)) pids.push_back(process.pid);
  return pids;
}

Bytes DescendantMemory(const SystemRoots& roots, pid_t pid, const std::vector<pid_t>& without) {
  double kibibytes = 0.0;
  for (const pid_t descendant : Descendants(roots, pid)) {
    if (std::find(without.begin(), without.end(), descendant) != without.end()) continue;
    std::istringstream status(
        ReadFile(roots.proc + "/" + std::to_string(descendant) + "/status").value_or(""));
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("RssAnon:") || line.starts_with("RssShmem:")) {
        kibibytes += std::atof(line.c_str() + line.find(':') + 1);
      }
    }
  }
  return Bytes(1024.0 * kibibytes);
}

std::optional<std::int64_t> StartTicks(const SystemRoots& roots, pid_t pid) {
  const auto stat = ReadStat(roots, pid);
  if (!stat) return std::nullopt;
  return stat->start;
}

}  // namespace joulefront
