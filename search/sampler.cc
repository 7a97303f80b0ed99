#include "search/sampler.h"

#include "search/nsga2_sampler.h"
#include "search/random_sampler.h"
#include "search/sobol_sampler.h"

namespace joulefront {

std::unique_ptr<Sampler> MakeSampler(std::string_view name) {
  if (name == "random") return std::make_unique<RandomSampler>();
  if (name == "sobol") return std::make_unique<SobolSampler>();
  if (name == "nsga2" || name == "auto") return std::make_unique<Nsga2Sampler>();
  return nullptr;
}

}  // namespace joulefront
