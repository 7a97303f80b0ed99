// CRC-32 of what is written and read again: LibTorch's archives check nothing, and a number that
// has changed on a disk is a number.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace joulefront::objectives {

std::uint32_t ChecksumOf(const std::string& bytes);
/// Of the numbers of all of them, wherever they are.
std::uint32_t ChecksumOf(const std::vector<at::Tensor>& tensors);

}  // namespace joulefront::objectives
