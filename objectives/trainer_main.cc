// The only place of objectives/ that reads flags and the environment, catches and exits.
#include "objectives/trainer_main.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
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

/// "3x32x32".
std::vector<std::int64_t> ParseShape(const std::string& text) {
  std::vector<std::int64_t> shape;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (bool more = true; more;) {
    std::int64_t size = 0;
    const auto [stop, error] = std::from_chars(at, end, size);
    if (error != std::errc{} || size < 1 || (stop != end && *stop != 'x')) {
      throw BadInput("--shape: expected sizes like 1x28x28, got '" + text + "'");
    }
    shape.push_back(size);
    more = stop != end;
    at = stop + 1;
  }
  return shape;
}

struct Flags {
  bool help = false, space = false, final = false;
  DataFiles data, validation, test;
  std::vector<std::int64_t> shape;
  std::string save, device = "cpu";
  std::optional<std::uint64_t> seed;
  std::vector<Assignment> assignments;
};

/// Takes the flag that reader is at, if it names files of a part of the data.
bool TakeFiles(FlagReader& reader, const std::string& flag, const std::string& labels,
               DataFiles& files) {
  if (reader.Is(flag)) {
    files.data.push_back(reader.value());
  } else if (reader.Is(labels)) {
    files.labels = reader.value();
  } else {
    return false;
  }
  return true;
}

Flags ParseFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  FlagReader reader(arguments);
  while (reader.Next()) {
    if (TakeFiles(reader, "--data", "--labels", flags.data) ||
        TakeFiles(reader, "--validation", "--validation-labels", flags.validation) ||
        TakeFiles(reader, "--test", "--test-labels", flags.test)) {
      continue;
    }
    if (reader.Is("--help", false) || reader.Is("-h", false)) {
      flags.help = true;
    } else if (reader.Is("--space", false)) {
      flags.space = true;
    } else if (reader.Is("--final", false)) {
      flags.final = true;
    } else if (reader.Is("--label")) {
      flags.data.label = reader.value();
    } else if (reader.Is("--shape")) {
      flags.shape = ParseShape(reader.value());
    } else if (reader.Is("--save")) {
      flags.save = reader.value();
    } else if (reader.Is("--device")) {
      flags.device = reader.value();
    } else if (reader.Is("--seed")) {
      flags.seed = ParseSeed("--seed", reader.value());
    } else if (reader.Is("--set")) {
      flags.assignments.push_back(reader.Assignment());
    } else {
      reader.Refuse();
    }
  }
  flags.validation.label = flags.test.label = flags.data.label;
  return flags;
}

/// Where every report stands for a training that ended there, it must be the model that such a
/// training would have given.
void RefuseUnlikeAnytime(const Configuration& configuration) {
  const auto refuse = [](const std::string& what) {
    throw BadInput(what +
                   ": not with [trainer] anytime = true, where a training that is cut at an epoch "
                   "stands for one of so many epochs");
  };
  if (configuration.Choice("schedule") != "constant") refuse("schedule");
  if (configuration.Float("warmup") > 0) refuse("warmup");
  if (configuration.Float("prune") > 0) refuse("prune");
  if (configuration.Choice("quantize") != "none") refuse("quantize");
}

void PrintFamilies(std::FILE* out, const std::vector<Family>& families) {
  std::fprintf(out,
               "Usage: joulefront-train FAMILY --data FILE [flags]\n"
               "       joulefront-train --evaluate MODEL --data FILE\n"
               "\nFamilies:\n");
  for (const Family& family : families) {
    std::fprintf(out, "  %-12s %s\n", family.name.c_str(), family.meaning.c_str());
  }
  std::fprintf(out, "  %-12s answers from a table of earlier results instead of training\n",
               "table");
  std::fprintf(out,
               "\njoulefront-train FAMILY --help lists the flags and parameters;\n"
               "joulefront-train FAMILY --space prints a [space] section for a study file.\n");
}

constexpr const char* kFlagsHelp =
    "  --data FILE        CSV with a header and a label column, IDX, NPY, CIFAR-10 (.bin), or a\n"
    "                     text (.txt, of a transformer); each plain or compressed by gzip\n"
    "  --labels FILE      the labels of IDX and NPY\n"
    "  --label NAME       the label column of CSV (default: \"label\", or the last)\n"
    "  --shape CxHxW      rows of numbers are images of this shape\n"
    "  --validation FILE  validate on these examples, and train on all of --data\n"
    "  --test FILE        test examples; not opened without --final (also: --validation-labels,\n"
    "                     --test-labels)\n"
    "  --final            evaluate on the test examples too, after training\n"
    "  --save FILE        keep the trained model; joulefront-train --evaluate FILE reads it\n"
    "  --device DEVICE    cpu (default), cuda, cuda:1\n"
    "  --set NAME=VALUE   one parameter; wins over the environment; may be repeated\n"
    "  --seed N           seed (default: JOULEFRONT_SEED, or 0)\n"
    "  --space            print the parameters that are worth searching as a [space] section\n";

void PrintHelp(const Family& family) {
  std::printf(
      "Usage: joulefront-train %s --data FILE [flags]\n"
      "\n"
      "Trains %s,\n"
      "and reports it on standard output by joulefront's trainer protocol. 20 %% of the examples,\n"
      "the same for all configurations, are kept for validation. The configuration is the JSON\n"
      "object in the environment variable JOULEFRONT_CONFIGURATION; OMP_NUM_THREADS sets the\n"
      "threads (1).\n"
      "\n"
      "%s"
      "\n"
      "With JOULEFRONT_WORK_DIR in the environment, as under a study, checkpoints are kept there;\n"
      "training goes on from the one in JOULEFRONT_RESUME_DIR.\n"
      "\n"
      "Parameters and their defaults:\n"
      "%s"
      "\n"
      "Example:\n"
      "  joulefront-train %s --data train.csv --set epochs=5 --set optimizer=sgd\n"
      "\n"
      "Exit codes: 0 done, 1 training failed or diverged, 2 bad input, 130 and 143 interrupted.\n",
      family.name.c_str(), family.meaning.c_str(), kFlagsHelp,
      DescribeParameters(family.parameters).c_str(), family.name.c_str());
}

void Train(const Family& family, const Flags& flags) {
  if (flags.data.data.empty()) throw BadInput("--data FILE is missing");
  if (flags.final && flags.test.data.empty()) throw BadInput("--final needs --test FILE");
  const std::string seed = Environment("JOULEFRONT_SEED");
  Task task;
  task.family = family.name;
  task.data = flags.data;
  task.validation = flags.validation;
  task.test = flags.test;
  task.shape = flags.shape;
  task.final = flags.final;
  task.save = flags.save;
  task.work_dir = Environment("JOULEFRONT_WORK_DIR");
  task.resume_dir = Environment("JOULEFRONT_RESUME_DIR");
  task.device = flags.device;
  task.seed = flags.seed ? *flags.seed : seed.empty() ? 0 : ParseSeed("JOULEFRONT_SEED", seed);
  task.threads = ThreadCount();
  task.configuration = Configuration::Read(
      family.parameters, Environment("JOULEFRONT_CONFIGURATION"), flags.assignments);
  if (Environment("JOULEFRONT_ANYTIME") == "1") RefuseUnlikeAnytime(task.configuration);
  TrainWithTorch(task);
}

void Evaluate(const std::vector<std::string>& arguments) {
  Evaluation evaluation;
  FlagReader reader(arguments);
  while (reader.Next()) {
    if (TakeFiles(reader, "--data", "--labels", evaluation.data)) continue;
    if (reader.Is("--evaluate")) {
      evaluation.model = reader.value();
    } else if (reader.Is("--label")) {
      evaluation.data.label = reader.value();
    } else if (reader.Is("--device")) {
      evaluation.device = reader.value();
    } else {
      reader.Refuse();
    }
  }
  if (evaluation.data.data.empty()) throw BadInput("--data FILE is missing");
  evaluation.threads = ThreadCount();
  EvaluateWithTorch(evaluation);
}

int Main(const std::vector<std::string>& arguments) {
  const std::vector<Family> families = Families();
  const auto asks_for_help = [](const std::string& argument) {
    return argument == "--help" || argument == "-h";
  };
  if (arguments.empty() || asks_for_help(arguments[0])) {
    PrintFamilies(arguments.empty() ? stderr : stdout, families);
    return arguments.empty() ? 2 : 0;
  }
  if (arguments[0].starts_with("--evaluate")) {
    if (std::any_of(arguments.begin(), arguments.end(), asks_for_help)) {
      PrintFamilies(stdout, families);
    } else {
      Evaluate(arguments);
    }
    return 0;
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
    } else if (flags.space) {
      std::fputs(DescribeSpace(family.parameters).c_str(), stdout);
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

void TrainerMain(int argc, char** argv) {
  std::signal(SIGTERM, Interrupted);
  std::signal(SIGINT, Interrupted);
  int code = 1;
  try {
    code = Main({argv + 1, argv + argc});
  } catch (const BadInput& error) {
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

}  // namespace joulefront::objectives
