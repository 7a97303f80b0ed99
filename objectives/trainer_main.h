// joulefront-train FAMILY --data FILE: trains one configuration and reports it by the trainer
// protocol; joulefront-train --evaluate MODEL: evaluates a model that was kept.
#pragma once

namespace joulefront::objectives {

/// The program, from its command line and its environment to its exit code.
[[noreturn]] void TrainerMain(int argc, char** argv);

}  // namespace joulefront::objectives
