// Child processes and signals, for the one poll loop of a worker.
//
// A trainer runs in a process group and a folder of its own, dies with its worker (parent-death
// signal), and everything that it leaves behind is found and killed: the worker is a child
// subreaper, so that orphans become its children, and each of them carries JOULEFRONT_WORK_DIR in
// its environment.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "base/units.h"

namespace joulefront {

/// A file descriptor that closes itself. -1: none.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void Close();

 private:
  int fd_ = -1;
};

/// Monotonic time, from an arbitrary zero.
Seconds MonotonicNow();
/// Calendar time.
TimePoint CalendarNow();

/// Blocks SIGINT, SIGTERM, SIGHUP (unless it is ignored, as under nohup) and SIGCHLD in this
/// process for its life and turns them into something to poll. Ignores SIGPIPE and SIGXFSZ, so that
/// a full disk is an error and no death. Opens those of the files 0 to 2 that are closed. One
/// object a process. Throws std::system_error where no descriptor is left: nothing can be done
/// then.
class SignalWatch {
 public:
  SignalWatch();
  /// To poll for reading. Read with Drain().
  int fd() const { return fd_.get(); }
  /// Takes in what has arrived; true if a child changed state.
  bool Drain();
  /// How often SIGINT, SIGTERM or SIGHUP came: 1 asks for a clean stop, 2 for one at once.
  int stop_requests() const { return stop_requests_; }
  /// The first of them.
  int stop_signal() const { return stop_signal_; }
  /// Those of them that came since the last call from a process, and not from the terminal, which
  /// sends them to every process of its foreground group by itself.
  std::vector<int> TakeSent() { return std::exchange(sent_, {}); }
  /// Asks for a stop as if the signal had come.
  void RequestStop(int signal);

 private:
  FileDescriptor fd_;
  int stop_requests_ = 0;
  int stop_signal_ = 0;
  std::vector<int> sent_;
};

void SleepFor(Seconds time);  // takes no signal in
/// Sleeps until the time is over or a signal comes, and takes it in.
void PauseFor(SignalWatch& signals, Seconds time);

struct ChildProcess {
  pid_t pid = -1;           // also the process group
  FileDescriptor out, err;  // reading ends, non-blocking; not open if not asked for
};

/// What a child has for stdin, stdout and stderr.
enum class Stdio {
  kPipes,    // /dev/null, a pipe, a pipe
  kLog,      // /dev/null, and a file that both are appended to
  kInherit,  // this process's own, and its process group: the terminal's signals reach both
  kPipeOut,  // as kInherit, but stdout is a pipe
};

class ForkServer;

struct SpawnOptions {
  std::vector<std::string> arguments;    // arguments[0] is sought in PATH if it has no '/'
  std::vector<std::string> environment;  // "NAME=value"
  std::string folder;                    // working folder; empty: this one
  Stdio stdio = Stdio::kPipes;
  std::string log;       // for kLog; a symbolic link is not followed; empty: /dev/null
  std::string input;     // for kLog: what stdin holds, instead of nothing
  int death_signal = 9;  // sent to the child when this process dies
  std::string join;      // a control group's file to join it by; empty: none
  /// Called in the child, which ends with what it gives, instead of executing arguments[0]: code of
  /// a library that this process has loaded. The child has no file of this process's but 0 to 2.
  int (*entry)(int argc, char** argv) = nullptr;
  int kept_file = -1;                 // a file of this process that the child keeps open
  ForkServer* fork_server = nullptr;  // what MeteredChild starts the child by, instead of Spawn()
};

/// Starts a child in a process group of its own (but see Stdio), with no signal blocked.
/// Errors: of the program, kNotFound and kNotExecutable; of this machine, kShortage and
/// kUnavailable.
Result<ChildProcess> Spawn(const SpawnOptions& options);

/// Makes this process adopt orphaned descendants.
void BecomeSubreaper();

/// Sends a signal to a whole process group; a group that is gone is no error.
void SignalGroup(pid_t group, int signal);

/// Kills with SIGKILL, again and again until none is found or a second has passed, every process of
/// this user that carries JOULEFRONT_WORK_DIR=`work_dir` in its environment. Returns how many.
int KillLeftovers(const std::string& work_dir);

/// A child that stays for the life of this process: it is none of an attempt's.
void KeepHelper(pid_t pid);
void ForgetHelper(pid_t pid);
const std::vector<pid_t>& Helpers();

/// Kills and reaps every descendant of this process but helpers, for at most a second.
void KillDescendants();

/// The children of this process, orphans that it adopted among them.
std::vector<pid_t> Children();

/// Takes in those children that have ended, but for `kept`, and gives each with its status.
void ReapChildren(const std::vector<pid_t>& kept, const std::function<void(pid_t, int)>& take);

/// Kills every child of this process but `kept`: orphans that it adopted.
void KillStrayChildren(const std::vector<pid_t>& kept);

/// "sleep (1234)" of every live child but `others`.
std::vector<std::string> NamesOfChildren(const std::vector<pid_t>& others);

/// The kernel's boot id; empty if it has none.
std::string BootId();
std::string HostName();

/// Whether the process is there, is no zombie, and began at `start_ticks` (see StartTicks in
/// cpu_time.h; 0: not known). Also true where it cannot be looked at for want of descriptors.
bool IsAlive(pid_t pid, std::int64_t start_ticks);

}  // namespace joulefront
