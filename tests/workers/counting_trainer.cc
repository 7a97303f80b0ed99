// A trainer that workers keep loaded (counting-trainer.so): tells how often it was loaded and
// called in its process, what files it has, and does what the word after its name says.
#include <dirent.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

extern "C" const char* joulefront_preload();
extern "C" int joulefront_main(int argc, char** argv);

namespace {

int loads = 0;
int calls = 0;

/// Open files beyond 0, 1 and 2, without the one that looks.
int OtherFiles() {
  DIR* folder = opendir("/proc/self/fd");
  int count = -1;
  while (const dirent* entry = readdir(folder)) {
    if (std::atoi(entry->d_name) > 2) ++count;
  }
  closedir(folder);
  return count;
}

}  // namespace

const char* joulefront_preload() {
  ++loads;
  return std::getenv("TEST_PRELOAD_FAILS") != nullptr ? "its disk is on fire" : nullptr;
}

int joulefront_main(int argc, char** argv) {
  ++calls;
  const std::string what = argc > 1 ? argv[1] : "";
  const char* trial = std::getenv("JOULEFRONT_TRIAL");
  if (what == "crash-at-3" && std::string(trial) == "3") std::raise(SIGSEGV);
  if (what == "wait") {
    for (;;) pause();
  }
  const char* work_dir = std::getenv("JOULEFRONT_WORK_DIR");
  char* here = getcwd(nullptr, 0);
  const bool at_home = work_dir != nullptr && here != nullptr && std::string(work_dir) == here;
  std::printf(
      "{\"joulefront\": \"result\", \"values\": {\"error\": 0.%s, \"loads\": %d, \"calls\": %d, "
      "\"files\": %d, \"at_home\": %d, \"arguments\": %d}}\n",
      trial, loads, calls, OtherFiles(), at_home ? 1 : 0, argc);
  std::fflush(stdout);
  return 0;
}
