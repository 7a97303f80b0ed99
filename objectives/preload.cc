// joulefront-train.so: the same trainers for a worker that loads LibTorch once and forks a process
// an attempt, as [trainer] preload = true asks for. The two doors are those of docs/trainers.md.
#include <exception>
#include <string>

#include "objectives/family.h"
#include "objectives/trainer_main.h"

extern "C" const char* joulefront_preload();
extern "C" int joulefront_main(int argc, char** argv);

const char* joulefront_preload() {
  static std::string problem;
  try {
    joulefront::objectives::PreloadTorch();
    return nullptr;
  } catch (const std::exception& error) {
    problem = error.what();
    return problem.c_str();
  }
}

int joulefront_main(int argc, char** argv) { joulefront::objectives::TrainerMain(argc, argv); }
