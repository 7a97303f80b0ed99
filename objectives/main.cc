#include "objectives/trainer_main.h"

int main(int argc, char** argv) { joulefront::objectives::TrainerMain(argc, argv); }
