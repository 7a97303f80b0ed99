// Which of the machine's sources an attempt is metered with.
//
// Automatic: the processors by perf events or else powercap, if every package can be read; their
// memory, if that of every package can be; the GPUs that the attempt may use. Sources that contain
// others (a board, a battery, a node, the wall) are used only where they are named, and then alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "workers/meters/meter.h"
#include "workers/meters/user_source.h"

namespace joulefront {

/// What a study or a user asks of the meter.
struct MeterPlan {
  std::optional<EnergyClass> weakest;  // figures of a weaker class are refused; empty: any will do
  std::vector<std::string> sources;    // Domain::source of those to use; empty: automatic
  bool exclusive = false;              // nobody else uses the machine
  double reserved = 1.0;               // share of the machine's CPUs that is set aside
  std::vector<std::string> gpus;       // those that the attempt uses; empty: all
  int gpu_users = 1;                   // attempts that use each of them at once
  std::vector<UserSource> own;         // the user's, to be named in `sources`
  std::string record;                  // file of the host record; empty: none
};

/// The source of joules that the trainer tells itself, from a record: it stands alone.
inline constexpr std::string_view kFromTrainer = "trainer";

/// Whether the plan's joules are the trainer's to tell; the meter then counts CPU time only.
bool IsFromTrainer(const MeterPlan& plan);

/// Which sources are looked for.
enum class Seek {
  kAll,     // whatever the machine has
  kNeeded,  // what the plan may use: looking for the others would cost each attempt time
};

/// Sources of the machine, in order of preference.
FoundSources FindSources(const SystemRoots& roots, const MeterPlan& plan, Seek seek = Seek::kAll);

/// Of `listings`, the indices of those that the plan uses; the same for every attempt, as long as
/// the machine does not change. Errors: kNoMeter, if a source that is named cannot be read.
Result<std::vector<std::size_t>> ChooseSources(const std::vector<SourceListing>& listings,
                                               const MeterPlan& plan);

/// A new meter for one attempt. Errors: kNoMeter, with what would mend it, if a named source is
/// missing or the figures would be of a weaker class than demanded; those of the host record.
Result<Meter> MakeMeter(const SystemRoots& roots, const MeterPlan& plan, Seconds now,
                        const CpuUsage& usage);

}  // namespace joulefront
