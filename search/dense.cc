#include "search/dense.h"

namespace joulefront {

extern const DenseKernels kPlainKernels;
#ifdef JOULEFRONT_AVX2
extern const DenseKernels kAvx2Kernels;
#endif

const DenseKernels& Dense() {
#ifdef JOULEFRONT_AVX2
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_avx2) return kAvx2Kernels;
#endif
  return kPlainKernels;
}

}  // namespace joulefront
