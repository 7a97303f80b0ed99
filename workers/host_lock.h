// Who may use the machine's counters now, or those of a GPU. An exclusive attempt has the machine
// to itself: it waits for those that share it, and they for it, over all studies and users of the
// machine. A lock goes with its process, however that ends.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "workers/process.h"

namespace joulefront {

class HostLock {
 public:
  /// `name`: what is locked, the whole machine by default. `folder`: where the lock file is; empty:
  /// /run/lock, or /tmp where there is none.
  explicit HostLock(const std::string& name = "machine", std::string folder = "");

  /// The name for GPUs that an attempt uses; that of all of them for none.
  static std::string NameOfGpus(const std::vector<std::string>& gpus);

  /// Takes the lock, or gives false if others stand in the way. True as well where no lock file can
  /// be made: see problem().
  bool TryAcquire(bool exclusive);
  void Release() { file_.Close(); }

  /// Why attempts are not kept apart here; empty if they are.
  const std::string& problem() const { return problem_; }

 private:
  std::string path_, problem_;
  FileDescriptor file_;
};

}  // namespace joulefront
