// joulefront-train FAMILY --data FILE: trains one configuration and reports it by the trainer
// protocol. The only place of objectives/ that reads flags and the environment, catches and exits.
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "objectives/bad_input.h"
#include "objectives/family.h"
#include "objectives/flags.h"
#include "objectives/replay_table.h"

namespace joulefront::objectives {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::uint64_t ParseSeed(const std::string& source, const std::string& text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  errno = 0;
  const std::uint64_t seed = digits ? std::strtoull(text.c_str(), nullptr, 10) : 0;
  if (!digits || errno == ERANGE) {
    throw BadInput(source + ": expected a whole number from 0 to 2^64 - 1, got '" + text + "'");
  }
  return seed;
}

/// OMP_NUM_THREADS, which the worker sets; one thread without it, since more are slower here.
int ThreadCount() {
  const int threads = std::atoi(Environment("OMP_NUM_THREADS").c_str());
  return threads > 0 ? threads : 1;
}

struct Flags {
  bool help = false;
  std::string data, test, label;
  bool final = false;
  std::optional<std::uint64_t> seed;
  std::vector<Assignment> assignments;
};

Flags ParseFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  FlagReader reader(arguments);
  while (reader.Next()) {
    if (reader.Is("--help", false) || reader.Is("-h", false)) {
      flags.help = true;
    } else if (reader.Is("--final", false)) {
      flags.final = true;
    } else if (reader.Is("--data")) {
      flags.data = reader.value();
    } else if (reader.Is("--test")) {
      flags.test = reader.value();
    } else if (reader.Is("--label")) {
      flags.label = reader.value();
    } else if (reader.Is("--seed")) {
      flags.seed = ParseSeed("--seed", reader.value());
    } else if (reader.Is("--set")) {
      flags.assignments.push_back(reader.Assignment());
    } else {
      reader.Refuse();
    }
  }
  return flags;
}

void PrintFamilies(std::FILE* out, const std::vector<Family>& families) {
  std::fprintf(out, "Usage: joulefront-train FAMILY --data FILE.csv [flags]\n\nFamilies:\n");
  for (const Family& family : families) {
    std::fprintf(out, "  %-8s %s\n", family.name.c_str(), family.meaning.c_str());
  }
  std::fprintf(out, "  %-8s answers from a table of earlier results instead of training\n",
               "table");
  std::fprintf(out, "\njoulefront-train FAMILY --help lists the flags and parameters.\n");
}

void PrintHelp(const Family& family) {
  std::printf(
      "Usage: joulefront-train %s --data FILE.csv [flags]\n"
      "\n"
      "Trains %s, and reports it\n"
      "on standard output by joulefront's trainer protocol. 20 %% of the rows, the same for all\n"
      "configurations, are kept for validation. The configuration is the JSON object in the\n"
      "environment variable JOULEFRONT_CONFIGURATION; OMP_NUM_THREADS sets the threads (1).\n"
      "\n"
      "  --data FILE       CSV with a header, a label column and numbers\n"
      "  --label NAME      the label column (default: \"label\", or the last)\n"
      "  --set NAME=VALUE  one parameter; wins over the environment; may be repeated\n"
      "  --seed N          seed (default: JOULEFRONT_SEED, or 0)\n"
      "  --test FILE       CSV with test rows; not opened without --final\n"
      "  --final           evaluate on the test rows too, after training\n"
      "\n"
      "Parameters and their defaults:\n"
      "%s"
      "\n"
      "Example:\n"
      "  joulefront-train %s --data train.csv --set epochs=5 --set optimizer=sgd\n"
      "\n"
      "Exit codes: 0 done, 1 training failed or diverged, 2 bad input, 130 and 143 interrupted.\n",
      family.name.c_str(), family.meaning.c_str(), DescribeParameters(family.parameters).c_str(),
      family.name.c_str());
}

void Train(const Family& family, const Flags& flags) {
  if (flags.data.empty()) throw BadInput("--data FILE.csv is missing");
  if (flags.final && flags.test.empty()) throw BadInput("--final needs --test FILE.csv");
  const std::string seed = Environment("JOULEFRONT_SEED");
  Task task;
  task.family = family.name;
  task.data = flags.data;
  task.test = flags.test;
  task.final = flags.final;
  task.label = flags.label;
  task.seed = flags.seed ? *flags.seed : seed.empty() ? 0 : ParseSeed("JOULEFRONT_SEED", seed);
  task.threads = ThreadCount();
  task.configuration = Configuration::Read(
      family.parameters, Environment("JOULEFRONT_CONFIGURATION"), flags.assignments);
  TrainWithTorch(task);
}

int Main(const std::vector<std::string>& arguments) {
  const std::vector<Family> families = Families();
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
    PrintFamilies(arguments.empty() ? stderr : stdout, families);
    return arguments.empty() ? 2 : 0;
  }
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (arguments[0] == "table") {
    AnswerFromTable(rest, Environment("JOULEFRONT_CONFIGURATION"));
    return 0;
  }
  for (const Family& family : families) {
    if (family.name != arguments[0]) continue;
    const Flags flags = ParseFlags(rest);
    if (flags.help) {
      PrintHelp(family);
    } else {
      Train(family, flags);
    }
    return 0;
  }
  throw BadInput("unknown family '" + arguments[0] + "'; --help shows what there is");
}

/// Reported messages are out already and nothing else is to be saved: the handler may end at once.
extern "C" void Interrupted(int signal) { _exit(128 + signal); }

}  // namespace
}  // namespace joulefront::objectives

int main(int argc, char** argv) {
  std::signal(SIGTERM, joulefront::objectives::Interrupted);
  std::signal(SIGINT, joulefront::objectives::Interrupted);
  int code = 1;
  try {
    code = joulefront::objectives::Main({argv + 1, argv + argc});
  } catch (const joulefront::objectives::BadInput& error) {
    std::fprintf(stderr, "joulefront-train: %s\n", error.what());
    code = 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "joulefront-train: %s\n", error.what());
  }
  std::fflush(nullptr);
  // Not return: the destructors of the hundreds of libraries behind LibTorch take 70 ms, each
  // trial.
  _exit(code);
}
