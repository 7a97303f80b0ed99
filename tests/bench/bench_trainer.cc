// A trainer that works for a time and writes down when it began and ended, on which worker, and the
// CPU time it used:  bench_trainer FILE SECONDS
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

double Now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double CpuTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  const double begin = Now();
  if (argc != 3) return 2;
  const double seconds = std::atof(argv[2]);
  std::puts(R"({"joulefront": "phase", "name": "train"})");
  std::fflush(stdout);
  int step = 0;
  for (double next = begin + 0.5; Now() < begin + seconds;) {
    if (Now() < next) continue;
    next += 0.5;
    std::printf(R"({"joulefront": "progress", "step": %d, "values": {"error": 0.5}})"
                "\n",
                ++step);
    std::fflush(stdout);
  }
  std::puts(R"({"joulefront": "phase", "name": "evaluate"})");
  std::puts(R"({"joulefront": "result", "values": {"error": 0.5}})");
  std::fflush(stdout);
  char line[200];
  const int size =
      std::snprintf(line, sizeof line, "%d %.6f %.6f %.6f\n", getppid(), begin, Now(), CpuTime());
  const int file = open(argv[1], O_WRONLY | O_APPEND | O_CREAT, 0666);
  return write(file, line, static_cast<size_t>(size)) == size ? 0 : 1;
}
