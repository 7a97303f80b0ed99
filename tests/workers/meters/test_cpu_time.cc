#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/workers/meters/fake_machine.h"
#include "workers/meters/cpu_time.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

/// Uses CPU time until this process has used that much in its life.
void BurnTo(double seconds) {
  timespec used{};
  do {
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  } while (static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9 < seconds);
}

template <typename Body>
pid_t Fork(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  return child;
}

void WaitFor(pid_t child) { REQUIRE(waitpid(child, nullptr, 0) == child); }

/// A pid that no process of the kernel can have, so that only the fake files tell of it.
constexpr pid_t kFake = 5'000'000;

std::string StatLine(pid_t pid, const std::string& name, pid_t parent, int user, int system,
                     int waited, int start) {
  return fmt::format("{} ({}) S {} 1 1 0 -1 4194560 1 2 3 4 {} {} {} {} 20 0 1 0 {} 1 2 3\n", pid,
                     name, parent, user, system, waited, 0, start);
}

void AddProcess(FakeMachine& machine, pid_t pid, const std::string& line) {
  machine.Write(fmt::format("proc/{}/stat", pid), line);
}

}  // namespace

namespace {

/// What the kernel says that the calling process and those of its children that it waited for have
/// used: the truth that a follower from outside is held against.
double UsedByMeAndMine() {
  double seconds = 0.0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    }
  }
  return seconds;
}

/// A busy loop of about 2 s with 8 longer and 100 very short children, followed from outside.
/// `join`: a control group's file, or empty.
void FollowBusyLoops(CpuTimeFollower& follower, const std::string& join) {
  int pipe_ends[2];
  REQUIRE(pipe(pipe_ends) == 0);
  const pid_t child = Fork([&] {
    if (!join.empty()) {
      const int group = open(join.c_str(), O_WRONLY);
      if (write(group, "0", 1) != 1) _exit(1);
    }
    for (int i = 0; i < 8; ++i) waitpid(Fork([] { BurnTo(0.06); }), nullptr, 0);
    for (int i = 0; i < 100; ++i) waitpid(Fork([] { BurnTo(0.002); }), nullptr, 0);
    BurnTo(1.3);
    const double used = UsedByMeAndMine();
    if (write(pipe_ends[1], &used, sizeof used) != sizeof used) _exit(1);
    pause();
  });
  double truth = 0.0;
  REQUIRE(read(pipe_ends[0], &truth, sizeof truth) == sizeof truth);
  REQUIRE(truth > 1.9);
  const double alive = follower.Read().trainer.value();
  // Outside of a group, the time of a hundred children that have ended is known to a tick while
  // their parent lives.
  CHECK(alive == Approx(truth).epsilon(0.005).margin(join.empty() ? 0.02 : 0.0));
  kill(child, SIGKILL);
  siginfo_t ended{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) == 0);
  const double unwaited = follower.Read().trainer.value();
  CHECK(unwaited >= alive);
  WaitFor(child);
  const double waited = follower.Read().trainer.value();
  CHECK(waited >= unwaited);
  // Ending takes the kernel some time, which is the child's as well.
  CHECK(waited == Approx(truth).epsilon(0.005).margin(0.01));
  CHECK(follower.Read().trainer.value() == waited);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

}  // namespace

TEST_CASE("CPU time of a tree with short-lived children is right within half a percent") {
  REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  CpuTimeFollower follower{SystemRoots{}};
  FollowBusyLoops(follower, "");
}

TEST_CASE("CPU time of a control group is right within half a percent") {
  const auto cgroup = TrainerCgroup::Create(SystemRoots{}, fmt::format("test-{}", getpid()));
  if (!cgroup) {
    WARN("skipped: this machine lets nobody here make a control group");
    return;
  }
  CpuTimeFollower follower{SystemRoots{}, &*cgroup};
  FollowBusyLoops(follower, cgroup->JoinFile());
}

TEST_CASE("a control group is made below this process's own, whatever the version") {
  FakeMachine machine;
  std::string parent, usage, text;
  SECTION("version 2") {
    machine.Write("proc/self/cgroup", "0::/user.slice/me\n");
    parent = "sys/fs/cgroup/user.slice/me";
    usage = "cpu.stat";
    text = "usage_usec 1500000\nuser_usec 1\n";
  }
  SECTION("version 2 beside version 1") {
    machine.Write("proc/self/cgroup", "3:cpuset:/\n2:cpuacct:/\n0::/me\n");
    parent = "sys/fs/cgroup/unified/me";
    usage = "cpu.stat";
    text = "usage_usec 1500000\n";
  }
  SECTION("version 1") {
    machine.Write("proc/self/cgroup", "4:cpu,cpuacct:/docker/7\n3:memory:/\n");
    parent = "sys/fs/cgroup/cpuacct/docker/7";
    usage = "cpuacct.usage";
    text = "1500000000\n";
  }
  machine.Write(parent + "/cgroup.procs", "1\n");
  // The kernel fills a new group with files; here they are there before it.
  machine.Write(parent + "/trial/" + usage, text);
  machine.Write(parent + "/trial/cgroup.procs", "12\n345\n");
  const auto cgroup = TrainerCgroup::Create(machine.roots(), "trial");
  CHECK_FALSE(cgroup);  // it exists, and is not empty
  std::filesystem::remove_all(machine.path(parent + "/trial"));
  CHECK_FALSE(TrainerCgroup::Create(machine.roots(), "trial"));  // without the kernel's files
}

TEST_CASE("control groups of workers that were killed are removed, and those of live ones kept") {
  FakeMachine machine;
  machine.Write("proc/self/cgroup", "0::/me\n");
  machine.Write("proc/77/stat", "x");
  const std::string parent = "sys/fs/cgroup/me";
  machine.Write(parent + "/cgroup.procs", "1\n");
  for (const char* group : {"joulefront-76", "joulefront-77", "other-76", "joulefront-x"}) {
    std::filesystem::create_directories(machine.path(parent + "/" + group));
  }
  CHECK_FALSE(TrainerCgroup::Create(machine.roots(), "joulefront-78"));  // no kernel fills it
  CHECK_FALSE(std::filesystem::exists(machine.path(parent + "/joulefront-76")));
  for (const char* group : {"joulefront-77", "other-76", "joulefront-x"}) {
    CHECK(std::filesystem::exists(machine.path(parent + "/" + group)));
  }
}

TEST_CASE("where no control group can be made there is none") {
  FakeMachine machine;
  CHECK_FALSE(TrainerCgroup::Create(machine.roots(), "trial"));
  machine.Write("proc/self/cgroup", "garbage\n::\n0:\n\n");
  CHECK_FALSE(TrainerCgroup::Create(machine.roots(), "trial"));
}

TEST_CASE("orphans stay in the tree") {
  REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  CpuTimeFollower follower{SystemRoots{}};
  int pipe_ends[2];
  REQUIRE(pipe(pipe_ends) == 0);
  const pid_t child = Fork([&] {
    Fork([&] {
      BurnTo(0.1);
      if (write(pipe_ends[1], "x", 1) != 1) _exit(1);
      pause();
    });
  });
  WaitFor(child);
  char ready = 0;
  REQUIRE(read(pipe_ends[0], &ready, 1) == 1);
  CHECK(follower.Read().trainer.value() == Approx(0.1).margin(0.01));
  const auto orphans = Descendants({}, getpid());
  REQUIRE(orphans.size() == 1);
  CHECK(StartTicks({}, orphans.front()));
  kill(orphans.front(), SIGKILL);
  WaitFor(orphans.front());
  CHECK(Descendants({}, getpid()).empty());
  CHECK_FALSE(StartTicks({}, orphans.front()));
  CHECK(follower.Read().trainer.value() == Approx(0.1).margin(0.01));
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST_CASE("a command's name may hold brackets and blanks") {
  FakeMachine machine;
  AddProcess(machine, kFake, StatLine(kFake, "a) b (", getpid(), 100, 50, 25, 777));
  CHECK(StartTicks(machine.roots(), kFake) == 777);
  CHECK(Descendants(machine.roots(), getpid()) == std::vector<pid_t>{kFake});
}

TEST_CASE("the tree is told by parents, whatever the order of pids") {
  FakeMachine machine;
  AddProcess(machine, kFake + 1, StatLine(kFake + 1, "x", 0, 0, 0, 0, 1));
  AddProcess(machine, kFake + 2, StatLine(kFake + 2, "x", kFake + 7, 0, 0, 0, 1));
  AddProcess(machine, kFake + 7, StatLine(kFake + 7, "x", kFake + 5, 0, 0, 0, 1));
  AddProcess(machine, kFake + 5, StatLine(kFake + 5, "x", kFake + 1, 0, 0, 0, 1));
  AddProcess(machine, kFake + 8, StatLine(kFake + 8, "x", kFake + 3, 0, 0, 0, 1));
  AddProcess(machine, kFake + 9, StatLine(kFake + 9, "x", kFake + 9, 0, 0, 0, 1));
  AddProcess(machine, kFake + 6, "garbage");
  CHECK(Descendants(machine.roots(), kFake + 5) == std::vector<pid_t>{kFake + 2, kFake + 7});
  CHECK(Descendants(machine.roots(), kFake + 2).empty());
}

TEST_CASE("CPU time never falls, and a process met while its parent ended is found later") {
  FakeMachine machine;
  machine.Write("proc/stat", "cpu  100 10 50 9999 77 5 5 1000 30 0\ncpu0 1 1 1 1\n");
  AddProcess(machine, kFake, StatLine(kFake, "x", 0, 0, 0, 0, 1));
  CpuTimeFollower follower(machine.roots());
  CHECK(follower.Read().trainer == Seconds(0));

  AddProcess(machine, kFake + 1, StatLine(kFake + 1, "x", getpid(), 100, 50, 25, 1));
  AddProcess(machine, kFake + 2, StatLine(kFake + 2, "x", kFake + 9, 100, 0, 0, 1));
  machine.Write("proc/stat", "cpu  300 10 150 99999 770 10 10 5000 300 0\n");
  const CpuUsage usage = follower.Read();
  CHECK(usage.trainer.value() == Approx(1.75));
  CHECK(usage.host_busy.value() == Approx(3.1));  // idle, I/O wait and steal do not count

  AddProcess(machine, kFake + 2, StatLine(kFake + 2, "x", getpid(), 100, 0, 0, 1));
  CHECK(follower.Read().trainer.value() == Approx(2.75));
  std::filesystem::remove_all(machine.path(fmt::format("proc/{}", kFake + 1)));
  machine.Write("proc/stat", "garbage\n");
  CHECK(follower.Read().trainer.value() == Approx(2.75));
  CHECK(follower.Read().host_busy.value() == Approx(3.1));
}

TEST_CASE("host CPU time that cannot be read is unknown, not idle") {
  FakeMachine machine;
  CpuTimeFollower follower(machine.roots());
  machine.Write("proc/stat", "cpu  300 10 150 99999 770 10 10 5000 300 0\n");
  CHECK(follower.Read().host_busy == Seconds(0));
}
