// What a machine lacks for a while: file descriptors, processes, memory, space on a disk.
#pragma once

#include "base/result.h"

namespace joulefront {

/// Whether this errno of a failed call says so. What was asked for may be right, and trying it
/// again later may work.
bool IsShortage(int reason);

/// kShortage for such an errno, else kUnavailable.
ErrorCode CodeOf(int reason);

/// The errno why no `count` more files can be opened now; 0 if they can be. Where libraries and
/// directories are read, a lack of descriptors looks as if nothing were there.
int DescriptorShortage(int count);

}  // namespace joulefront
