#include "objectives/torch/checksum.h"

#include <zlib.h>

namespace joulefront::objectives {
namespace {

uLong Add(uLong sum, const void* bytes, std::size_t size) {
  return crc32_z(sum, static_cast<const Bytef*>(bytes), size);
}

}  // namespace

std::uint32_t ChecksumOf(const std::string& bytes) {
  return static_cast<std::uint32_t>(Add(0, bytes.data(), bytes.size()));
}

std::uint32_t ChecksumOf(const std::vector<at::Tensor>& tensors) {
  uLong sum = 0;
  for (const at::Tensor& tensor : tensors) {
    const at::Tensor numbers = tensor.detach().cpu().contiguous();
    sum = Add(sum, numbers.data_ptr(), numbers.nbytes());
  }
  return static_cast<std::uint32_t>(sum);
}

}  // namespace joulefront::objectives
