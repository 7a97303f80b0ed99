#include "workers/meters/slurm_source.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "workers/meters/user_source.h"

namespace joulefront {
namespace {

// Slurm's nodes gather every 30 s or so (AcctGatherNodeFreq); asking costs a request to the node's
// own daemon.
constexpr Seconds kPeriod(10.0);

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// Of a job's id, which goes into a shell's command: digits.
bool IsNumber(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

FoundSources Unusable(std::string why, std::string remedy) {
  SourceListing listing;
  listing.domain.source = kSlurm;
  listing.domain.name = "node";
  listing.domain.boundary = Boundary::kNode;
  listing.detail = std::move(why);
  listing.remedy = std::move(remedy);
  FoundSources found;
  found.listings.push_back(std::move(listing));
  return found;
}

}  // namespace

FoundSources FindSlurm(Seconds patience) {
  const std::string job = Environment("SLURM_JOB_ID");
  if (!IsNumber(job)) return {};
  const std::string ours = Environment("SLURM_CPUS_ON_NODE");
  const std::string all = std::to_string(sysconf(_SC_NPROCESSORS_ONLN));
  if (ours != all) {
    return Unusable(fmt::format("the job has {} of the node's {} CPUs, and Slurm counts the joules "
                                "of the whole node",
                                ours.empty() ? "some" : ours, all),
                    "[launch.slurm] exclusive = true");
  }
  // The joules of the step that the worker runs in: of a batch job the step "batch".
  const std::string ask = fmt::format(
      "while :; do sstat --noheader --parsable2 --jobs={}.batch --format=ConsumedEnergyRaw; "
      "sleep {:.0f}; done",
      job, kPeriod.value());
  UserSource source{.name = std::string(kSlurm),
                    .file = {},
                    .command = {"sh", "-c", ask},
                    .gives_power = false,
                    .boundary = Boundary::kNode,
                    .period = kPeriod};
  FoundSources found = FindUserSources({source}, patience);
  for (SourceListing& listing : found.listings) {
    listing.detail = listing.readable
                         ? fmt::format("the joules that Slurm counts for job {} (sstat)", job)
                         : fmt::format("sstat gives no joules of job {}", job);
    if (!listing.readable) {
      listing.remedy = "the cluster needs an AcctGatherEnergyType in its slurm.conf";
    }
  }
  return found;
}

}  // namespace joulefront
