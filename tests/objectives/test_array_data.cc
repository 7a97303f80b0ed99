#include <unistd.h>
#include <zlib.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>

#include "objectives/bad_input.h"
#include "objectives/dataset.h"

using namespace joulefront::objectives;
using Catch::Matchers::Contains;

namespace {

/// A folder of files that goes away with the test.
class Files {
 public:
  Files() {
    char path[] = "/tmp/joulefront_arrays_XXXXXX";
    REQUIRE(mkdtemp(path) != nullptr);
    folder_ = path;
  }
  ~Files() { std::filesystem::remove_all(folder_); }
  std::string Write(const std::string& name, const std::string& content, bool compressed = false) {
    const std::string path = folder_ + "/" + name;
    gzFile file = gzopen(path.c_str(), compressed ? "wb" : "wbT");
    if (!content.empty()) gzwrite(file, content.data(), static_cast<unsigned>(content.size()));
    gzclose(file);
    return path;
  }

 private:
  std::string folder_;
};

/// An IDX file of bytes.
std::string Idx(const std::vector<unsigned char>& sizes, const std::string& body) {
  std::string bytes{'\0', '\0', '\x08', static_cast<char>(sizes.size())};
  for (const unsigned char size : sizes) bytes += std::string(3, '\0') + static_cast<char>(size);
  return bytes + body;
}

std::string Npy(const std::string& type, const std::string& shape, const std::string& body,
                const std::string& fortran = "False") {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\x01\0", 8) + static_cast<char>(header.size()) + '\0' + header +
         body;
}

std::string Floats(const std::vector<float>& numbers) {
  std::string bytes(numbers.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

std::string Problem(const DataFiles& files) {
  try {
    ReadDataset(files);
  } catch (const BadInput& error) {
    return error.what();
  }
  return "no problem";
}

}  // namespace

TEST_CASE("IDX files are images and their labels, compressed or not", "[objectives]") {
  Files files;
  const std::string images = files.Write("i", Idx({2, 1, 2}, "\x01\x02\x03\xff"), true);
  const std::string labels = files.Write("l", Idx({2}, std::string("\x02\0", 2)));
  const Dataset data = ReadDataset({{images}, labels, ""});
  CHECK(data.shape == std::vector<std::int64_t>{1, 1, 2});
  CHECK(data.features == std::vector<float>{1, 2, 3, 255});
  CHECK(data.labels == std::vector<std::int64_t>{2, 0});
  CHECK(data.classes == std::vector<std::string>{"0", "1", "2"});
}

TEST_CASE("NPY files are tables, sequences or images by their dimensions", "[objectives]") {
  Files files;
  const std::string labels = files.Write("l", Npy("|u1", "(2,)", std::string("\0\1", 2)));
  const std::string table =
      files.Write("t", Npy("<f4", "(2, 2)", Floats({1.5F, NAN, -2.0F, 4.0F})));
  const Dataset data = ReadDataset({{table}, labels, ""});
  CHECK(data.shape == std::vector<std::int64_t>{2});
  CHECK(std::isnan(data.features[1]));
  CHECK(data.features[2] == -2.0F);
  const std::string sequence = files.Write("s", Npy("|i1", "(2, 3, 1)", "\1\2\3\4\5\6"));
  CHECK(ReadDataset({{sequence}, labels, ""}).shape == std::vector<std::int64_t>{3, 1});
}

TEST_CASE("CIFAR-10's records are read as one from several files", "[objectives]") {
  Files files;
  const std::string a = files.Write("a.bin", "\x03" + std::string(3072, '\x07'));
  const std::string b = files.Write("b.bin.gz", "\x09" + std::string(3072, '\x01'), true);
  const Dataset data = ReadDataset({{a, b}, "", ""});
  CHECK(data.shape == std::vector<std::int64_t>{3, 32, 32});
  CHECK(data.labels == std::vector<std::int64_t>{3, 9});
  CHECK(data.features[3072] == 1.0F);
}

TEST_CASE("what is wrong with arrays and their labels is said", "[objectives]") {
  Files files;
  const std::string labels = files.Write("l", Idx({2}, "\1\2"));
  const auto idx = [&](const std::string& bytes) {
    return Problem({{files.Write("x", bytes)}, labels, ""});
  };
  CHECK_THAT(idx(Idx({2, 1, 2}, "abc")), Contains("cut short"));
  CHECK_THAT(idx(Idx({2, 1, 1}, "abc")), Contains("1 bytes follow"));
  CHECK_THAT(idx(Idx({2, 0, 2}, "")), Contains("holds no numbers"));
  CHECK_THAT(idx(Idx({3, 1, 1}, "abc")), Contains("2 labels for the 3 examples"));
  CHECK_THAT(idx(std::string("\0\0\x08\x03\0", 5)), Contains("cut short within its header"));
  CHECK_THAT(idx(std::string("\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16)),
             Contains("cut short"));
  CHECK_THAT(idx(Npy("<c8", "(2, 2)", "")), Contains("type '<c8'"));
  CHECK_THAT(idx(Npy("<f4", "(2, 1)", Floats({1, 2}), "True")), Contains("column by column"));
  CHECK_THAT(idx(Npy("<f4", "(2, 1)", Floats({1, INFINITY}))), Contains("infinite"));
  CHECK_THAT(Problem({{files.Write("y", Idx({2, 1, 1}, "ab"))}, "", ""}),
             Contains("--labels FILE"));
  CHECK_THAT(Problem({{files.Write("z.bin", "abc")}, "", ""}), Contains("records of 3073 bytes"));
  CHECK_THAT(Problem({{files.Write("v.bin", "\x0a" + std::string(3072, 'a'))}, "", ""}),
             Contains("has the label 10"));
  CHECK_THAT(Problem({{files.Write("c", "a,label\n1,x\n")}, labels, ""}), Contains("read as CSV"));
}

TEST_CASE("a text is numbers of its characters, and others must have the same", "[objectives]") {
  Files files;
  const Text text = ReadText(files.Write("a.txt", "abba\n"));
  CHECK(text.alphabet == "\nab");
  CHECK(text.tokens == std::vector<std::uint8_t>{1, 2, 2, 1, 0});
  CHECK(ReadTextLike(text, files.Write("b.txt", "b\n", true)).tokens ==
        std::vector<std::uint8_t>{2, 0});
  CHECK_THROWS_WITH(ReadTextLike(text, files.Write("c.txt", "a\nx")),
                    Contains("c.txt:2: the byte 120"));
  CHECK_THROWS_WITH(ReadText(files.Write("d.txt", "")), Contains("empty"));
  CHECK_THROWS_WITH(ReadText(files.Write("e.txt", "aaa")), Contains("over and over"));
}
