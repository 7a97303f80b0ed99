#include "objectives/array_data.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>

#include "objectives/bad_input.h"

namespace joulefront::objectives {
namespace {

static_assert(std::endian::native == std::endian::little, "NPY files are read as they are");

constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr std::size_t kCifarImage = 3 * 32 * 32;

/// At most the first `most` bytes, and a block.
std::string Read(const std::string& path, std::size_t most) {
  struct Closer {
    void operator()(gzFile_s* file) const { gzclose(file); }
  };
  std::error_code none;
  const auto status = std::filesystem::status(path, none);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw BadInput(path + ": is no plain file");  // a pipe would be waited for
  }
  const std::unique_ptr<gzFile_s, Closer> file(gzopen(path.c_str(), "rb"));
  if (!file) throw BadInput(path + ": cannot open the file: " + std::strerror(errno));
  std::string bytes;
  while (bytes.size() < most) {
    const std::size_t block = std::min<std::size_t>(most, 1 << 20), size = bytes.size();
    bytes.resize(size + block);
    const int got = gzread(file.get(), bytes.data() + size, static_cast<unsigned>(block));
    bytes.resize(size + static_cast<std::size_t>(std::max(got, 0)));
    if (got > 0) continue;
    int error = Z_OK;
    const char* message = gzerror(file.get(), &error);
    if (error != Z_OK && error != Z_STREAM_END) {
      throw BadInput(path +
                     ": cannot be read: " + (error == Z_ERRNO ? std::strerror(errno) : message));
    }
    break;
  }
  return bytes;
}

/// The numbers of type T in `bytes`, in the given order of their bytes.
template <typename T>
std::vector<double> Numbers(std::string_view bytes, bool big_endian) {
  std::vector<double> numbers;
  numbers.reserve(bytes.size() / sizeof(T));
  for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
    char raw[sizeof(T)];
    std::copy_n(bytes.data() + at, sizeof(T), raw);
    if (big_endian) std::reverse(raw, raw + sizeof(T));
    T number;
    std::memcpy(&number, raw, sizeof(T));
    numbers.push_back(static_cast<double>(number));
  }
  return numbers;
}

struct NumberType {
  std::size_t size;
  std::vector<double> (*read)(std::string_view bytes, bool big_endian);
};

template <typename T>
constexpr NumberType Type() {
  return {sizeof(T), Numbers<T>};
}

std::optional<NumberType> IdxType(char code) {
  switch (code) {
    case 0x08:
      return Type<std::uint8_t>();
    case 0x09:
      return Type<std::int8_t>();
    case 0x0B:
      return Type<std::int16_t>();
    case 0x0C:
      return Type<std::int32_t>();
    case 0x0D:
      return Type<float>();
    case 0x0E:
      return Type<double>();
    default:
      return std::nullopt;
  }
}

std::optional<NumberType> NpyType(std::string_view name) {
  if (name == "|u1" || name == "|b1") return Type<std::uint8_t>();
  if (name == "|i1") return Type<std::int8_t>();
  if (name == "<u2") return Type<std::uint16_t>();
  if (name == "<i2") return Type<std::int16_t>();
  if (name == "<i4") return Type<std::int32_t>();
  if (name == "<u4") return Type<std::uint32_t>();
  if (name == "<i8") return Type<std::int64_t>();
  if (name == "<f4") return Type<float>();
  if (name == "<f8") return Type<double>();
  return std::nullopt;
}

std::string Show(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

/// Checks that `body` holds just the numbers that the header tells of, before it believes it.
Array MakeArray(const std::string& path, std::vector<std::int64_t> shape, const NumberType& type,
                std::string_view body, bool big_endian) {
  if (shape.empty() || shape.size() > 4) {
    throw BadInput(path + ": arrays of 1 to 4 dimensions are read; this one has " +
                   std::to_string(shape.size()));
  }
  std::size_t room = body.size() / type.size, needed = 1;
  if (*std::min_element(shape.begin(), shape.end()) <= 0) {
    throw BadInput(path + ": an array of " + Show(shape) + " holds no numbers");
  }
  for (const std::int64_t size : shape) {
    if (static_cast<std::size_t>(size) > room / needed) {
      throw BadInput(path + ": cut short: its header tells of " + Show(shape) +
                     " numbers, and there are " + std::to_string(room));
    }
    needed *= static_cast<std::size_t>(size);
  }
  if (body.size() != needed * type.size) {
    throw BadInput(path + ": its header tells of " + Show(shape) + " numbers, and " +
                   std::to_string(body.size() - needed * type.size) + " bytes follow them");
  }
  return {std::move(shape), type.read(body, big_endian)};
}

/// The text after 'key': in the dictionary of an NPY header.
std::string_view AfterKey(const std::string& path, std::string_view header, std::string_view key) {
  const std::size_t at = header.find("'" + std::string(key) + "':");
  if (at == std::string_view::npos) {
    throw BadInput(path + ": its header lacks '" + std::string(key) + "'");
  }
  std::string_view rest = header.substr(at + key.size() + 3);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return rest;
}

std::vector<std::int64_t> ParseShape(const std::string& path, std::string_view text) {
  std::vector<std::int64_t> shape;
  const std::size_t end = text.find(')');
  if (!text.starts_with('(') || end == std::string_view::npos) {
    throw BadInput(path + ": its header's shape cannot be read");
  }
  text = text.substr(1, end - 1);
  while (!text.empty()) {
    std::int64_t size = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc{}) throw BadInput(path + ": its header's shape cannot be read");
    shape.push_back(size);
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    text.remove_prefix(std::min(text.find_first_not_of(", "), text.size()));
  }
  return shape;
}

}  // namespace

bool IsIdx(std::string_view bytes) {
  return bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0 && IdxType(bytes[2]) &&
         bytes[3] >= 1 && bytes[3] <= 8;
}

bool IsNpy(std::string_view bytes) { return bytes.starts_with(kNpyMagic); }

std::string ReadBytes(const std::string& path) {
  return Read(path, std::numeric_limits<std::size_t>::max());
}

std::string ReadBeginning(const std::string& path) { return Read(path, 16); }

Array ParseIdx(const std::string& path, std::string_view bytes) {
  if (!IsIdx(bytes)) throw BadInput(path + ": is no IDX file");
  const auto dimensions = static_cast<std::size_t>(bytes[3]);
  if (bytes.size() < 4 + 4 * dimensions) throw BadInput(path + ": cut short within its header");
  std::vector<std::int64_t> shape;
  for (const double size : Numbers<std::uint32_t>(bytes.substr(4, 4 * dimensions), true)) {
    shape.push_back(static_cast<std::int64_t>(size));
  }
  return MakeArray(path, std::move(shape), *IdxType(bytes[2]), bytes.substr(4 + 4 * dimensions),
                   true);
}

Array ParseNpy(const std::string& path, std::string_view bytes) {
  if (!IsNpy(bytes) || bytes.size() < 12) throw BadInput(path + ": is no whole NPY file");
  const bool first_version = bytes[6] == 1;  // later ones have a longer length
  const std::size_t begin = first_version ? 10 : 12;
  const double length = first_version ? Numbers<std::uint16_t>(bytes.substr(8, 2), false).front()
                                      : Numbers<std::uint32_t>(bytes.substr(8, 4), false).front();
  if (length > static_cast<double>(bytes.size() - begin)) {
    throw BadInput(path + ": cut short within its header");
  }
  const std::string_view header = bytes.substr(begin, static_cast<std::size_t>(length));
  std::string_view name = AfterKey(path, header, "descr");
  name = name.substr(0, std::min(name.find('\'', 1), name.size()));
  name.remove_prefix(std::min<std::size_t>(1, name.size()));
  const auto type = NpyType(name);
  if (!type) {
    throw BadInput(path + ": numbers of type '" + std::string(name) +
                   "' are not read; save the array as float32 or int64");
  }
  if (AfterKey(path, header, "fortran_order").starts_with("True")) {
    throw BadInput(path + ": it is stored column by column; save numpy.ascontiguousarray(...)");
  }
  return MakeArray(path, ParseShape(path, AfterKey(path, header, "shape")), *type,
                   bytes.substr(begin + header.size()), false);
}

LabelledImages ParseCifar10(const std::string& path, std::string_view bytes) {
  constexpr std::size_t kRecord = 1 + kCifarImage;
  if (bytes.empty() || bytes.size() % kRecord != 0) {
    throw BadInput(path + ": CIFAR-10 files hold records of " + std::to_string(kRecord) +
                   " bytes, and this one of " + std::to_string(bytes.size()) +
                   " bytes is empty or cut");
  }
  LabelledImages read;
  for (; !bytes.empty(); bytes.remove_prefix(kRecord)) {
    const auto label = static_cast<unsigned char>(bytes.front());
    if (label > 9) {
      throw BadInput(path + ": image " + std::to_string(read.labels.size()) + " has the label " +
                     std::to_string(label) + "; CIFAR-10 has 0 to 9");
    }
    read.labels.push_back(label);
    const auto pixels = Numbers<std::uint8_t>(bytes.substr(1, kCifarImage), false);
    read.images.values.insert(read.images.values.end(), pixels.begin(), pixels.end());
  }
  read.images.shape = {static_cast<std::int64_t>(read.labels.size()), 3, 32, 32};
  return read;
}

}  // namespace joulefront::objectives
