#include "base/shortage.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <vector>

namespace joulefront {

bool IsShortage(int reason) {
  // ETXTBSY: the program is being written, as by a compiler.
  constexpr int kShortages[] = {EMFILE, ENFILE, EAGAIN, ENOMEM, ENOBUFS, ENOSPC, EDQUOT, ETXTBSY};
  return std::find(std::begin(kShortages), std::end(kShortages), reason) != std::end(kShortages);
}

ErrorCode CodeOf(int reason) {
  return IsShortage(reason) ? ErrorCode::kShortage : ErrorCode::kUnavailable;
}

int DescriptorShortage(int count) {
  std::vector<int> opened;
  int reason = 0;
  while (reason == 0 && static_cast<int>(opened.size()) < count) {
    const int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) opened.push_back(descriptor);
    if (descriptor < 0) reason = errno;
  }
  for (const int descriptor : opened) close(descriptor);
  return IsShortage(reason) ? reason : 0;
}

}  // namespace joulefront
