// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/io/archive.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "almagest/core/errors.hpp"
#include "core/sentence.hpp"
#include "support/folder.hpp"
#include "support/catch.hpp"

using namespace almagest;
using compiled::Archive;
using compiled::decode_archive;
using compiled::encode_archive;

namespace {

template <typename Scalar>
compiled::Tensor tensor(const std::string& dtype, std::vector<std::int64_t> shape,
                        const std::vector<Scalar>& values) {
  return {
      dtype, std::move(shape),
      std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Scalar))};
}

Archive example() {
  Archive archive;
  archive.kind = "example";
  archive.architecture = {
      {"degree", -3}, {"bias", 1}, {"tenth", 0.1}, {"vast", 1e300}, {"tiny", 5e-324}};
  archive.training.dimension = 2;
  archive.training.samples = 100;
  archive.training.window = 10;
  archive.training.step = 1.0 / 3;
  archive.training.quietest = 5e-324;
  archive.training.names = {"x", "ÿ"};
  archive.training.lower = {-1e300, -0.1};
  archive.training.upper = {1e-300, 2.0 / 3};
  archive.training.grid = {{2, 0.7, -1.0 / 3}};
  archive.warnings = {"one", "two, \"three\""};
  archive.tensors["a"] = tensor<double>("F64", {2, 3}, {1, -0.0, 5e-324, 1e308, 0.1, -3});
  archive.tensors["b"] = tensor<float>("F32", {3, 1, 1}, {1.5f, -0.1f, 1e-45f});
  archive.tensors["c"] =
      tensor<std::int64_t>("I64", {2}, {std::numeric_limits<std::int64_t>::min(), 7});
  archive.tensors["none"] = tensor<double>("F64", {0, 4}, {});
  archive.tensors["scalar"] = tensor<double>("F64", {}, {4.5});
  return archive;
}

void check_same(const Archive& a, const Archive& b) {
  CHECK(a.kind == b.kind);
  CHECK(a.architecture == b.architecture);
  CHECK(a.warnings == b.warnings);
  CHECK(a.training.dimension == b.training.dimension);
  CHECK(a.training.samples == b.training.samples);
  CHECK(a.training.window == b.training.window);
  CHECK(a.training.step == b.training.step);
  CHECK(a.training.quietest == b.training.quietest);
  CHECK(a.training.names == b.training.names);
  CHECK(a.training.lower == b.training.lower);
  CHECK(a.training.upper == b.training.upper);
  REQUIRE(a.training.grid.size() == b.training.grid.size());
  for (std::size_t i = 0; i < a.training.grid.size(); ++i) {
    CHECK(a.training.grid[i].count == b.training.grid[i].count);
    CHECK(a.training.grid[i].length == b.training.grid[i].length);
    CHECK(a.training.grid[i].lower == b.training.grid[i].lower);
  }
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    CHECK(tensor.dtype == b.tensors.at(name).dtype);
    CHECK(tensor.shape == b.tensors.at(name).shape);
    CHECK(tensor.bytes == b.tensors.at(name).bytes);
  }
}

/// A file in the layout of safetensors with any header and data.
std::string file(const std::string& header, const std::string& data = "") {
  std::string bytes(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

std::string refused(const std::string& bytes) {
  return sentence<IoError>([&] { decode_archive(bytes, "m.almagest"); });
}

const std::string metadata =
    R"("__metadata__":{"format":"almagest-model","format_version":"1","library_version":"0.1.0","kind":"k","checksum":"0","architecture":"{}","training":"{}","warnings":"[]"})";

std::string tensor_refused(const std::string& tensors,
                           const std::string& data = std::string(16, '\0')) {
  return refused(file("{" + metadata + "," + tensors + "}", data));
}

}  // namespace

TEST_CASE("An archive comes back bit for bit") {
  const Archive archive = example();
  const Folder folder;
  compiled::write_archive(folder.file("a"), archive);
  const Archive back = compiled::read_archive(folder.file("a"));
  check_same(back, archive);
  CHECK(back.origin == folder.file("a"));
  CHECK(back.library_version == ALMAGEST_VERSION);
  CHECK(encode_archive(back) == content(folder.file("a")));
  CHECK(folder.names().size() == 1);

  Archive sparse;
  sparse.kind = "sparse";
  check_same(decode_archive(encode_archive(sparse), ""), sparse);
}

TEST_CASE("The layout is that of safetensors") {
  const std::string bytes = encode_archive(example());
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  CHECK(length % 8 == 0);
  CHECK(bytes[8] == '{');
  const std::string header = bytes.substr(8, length);
  CHECK_THAT(header,
             ContainsSubstring(R"("a":{"data_offsets":[0,48],"dtype":"F64","shape":[2,3]})"));
  CHECK_THAT(header,
             ContainsSubstring(R"("c":{"data_offsets":[48,64],"dtype":"I64","shape":[2]})"));
  CHECK_THAT(header,
             ContainsSubstring(R"("b":{"data_offsets":[72,84],"dtype":"F32","shape":[3,1,1]})"));
  CHECK_THAT(header, ContainsSubstring(
                         R"("format":"almagest-model","format_version":"1","kind":"example")"));
  CHECK(bytes.size() == 8 + length + 84);
  double first[2];
  std::memcpy(first, bytes.data() + 8 + length, 16);
  CHECK(first[0] == 1);
  CHECK(std::signbit(first[1]));
}

TEST_CASE("Any truncation is refused") {
  const std::string whole = encode_archive(example());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string text = refused(whole.substr(0, length));
    if (text.find("m.almagest") == std::string::npos) FAIL("length " << length << ": " << text);
  }
  CHECK_THAT(refused(whole.substr(0, 4)),
             ContainsSubstring("4 bytes") && ContainsSubstring("at least 8"));
  CHECK_THAT(refused(whole.substr(0, 100)),
             ContainsSubstring("truncated") && ContainsSubstring("92 follow"));
  CHECK_THAT(refused(whole.substr(0, whole.size() - 1)),
             ContainsSubstring("truncated") && ContainsSubstring("copy the file again"));
  CHECK_THAT(refused(whole + "x"), ContainsSubstring("damaged"));
}

TEST_CASE("Any flipped bit is refused, save in the blanks behind the header") {
  const std::string whole = encode_archive(example());
  const std::size_t header_end = whole.rfind('}') + 1;
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string broken = whole;
      broken[at] = char(broken[at] ^ (1 << bit));
      const std::string text = refused(broken);
      const bool blank = at >= header_end && whole[at] == ' ';
      if (!blank && text.find("m.almagest") == std::string::npos)
        FAIL("byte " << at << ", bit " << bit << ": " << text);
    }
}

TEST_CASE("Any byte may be anything") {
  const std::string whole = encode_archive(example());
  std::uint64_t state = 1;
  const auto next = [&] {
    return state = state * 6364136223846793005u + 1442695040888963407u, state >> 33;
  };
  for (int repeat = 0; repeat < 2000; ++repeat) {
    std::string broken = whole;
    for (auto k = next() % 20 + 1; k > 0; --k) broken[next() % broken.size()] = char(next());
    if (next() % 2) broken.resize(next() % broken.size());
    try {
      const Archive archive = decode_archive(broken, "");
      if (encode_archive(archive) != whole)
        FAIL("repeat " << repeat << " changes the content unseen");
    } catch (const IoError&) {
    }
  }
}

TEST_CASE("Foreign files are told from damaged ones") {
  CHECK_THAT(refused(""), ContainsSubstring("\"m.almagest\" is no almagest model file") &&
                              ContainsSubstring("0 bytes"));
  CHECK_THAT(refused("import numpy as np\n"), ContainsSubstring("no almagest model file") &&
                                                  ContainsSubstring("that almagest saved"));
  CHECK_THAT(refused(file("{}")), ContainsSubstring("__metadata__"));
  CHECK_THAT(refused(file(R"({"__metadata__":{"format":"pt"}})")),
             ContainsSubstring("format is \"pt\"") && ContainsSubstring("almagest-model"));
  CHECK_THAT(refused(file(R"({"__metadata__":{}})")), ContainsSubstring("format is \"\""));
  CHECK_THAT(refused(file(R"({"__metadata__":[]})")), ContainsSubstring("__metadata__"));
  CHECK_THAT(refused(file(R"({"__metadata__":{"format":1}})")), ContainsSubstring("\"format\""));
  CHECK_THAT(refused(file("{not json}")), ContainsSubstring("JSON"));
  CHECK_THAT(refused(file(std::string(100'000, '['))), ContainsSubstring("layout"));
  CHECK_THAT(refused(file("{\"a\":" + std::string(100'000, '['))), ContainsSubstring("JSON"));
  std::string absurd = file("{}");
  absurd[7] = char(0x7f);
  CHECK_THAT(refused(absurd),
             ContainsSubstring("9151314442816847874 bytes") && ContainsSubstring("100000000"));
}

TEST_CASE("A newer format asks for a newer library") {
  CHECK_THAT(
      refused(file(
          R"({"__metadata__":{"format":"almagest-model","format_version":"2","library_version":"9.8.7"}})")),
      ContainsSubstring("format version 2") && ContainsSubstring("almagest 9.8.7") &&
          ContainsSubstring("reads versions up to 1") && ContainsSubstring("update almagest"));
  for (const char* version : {"0", "-1", "1.5", "", "one", "99999999999999999999"})
    CHECK_THAT(refused(file(R"({"__metadata__":{"format":"almagest-model","format_version":")" +
                            std::string(version) + "\"}}")),
               ContainsSubstring("format version is \"" + std::string(version) + "\""));
}

TEST_CASE("Tensors must lie in the data, side by side, as their shapes say") {
  const auto entry = [](const std::string& type, const std::string& shape,
                        const std::string& offsets) {
    return R"("t":{"dtype":")" + type + R"(","shape":[)" + shape + R"(],"data_offsets":[)" +
           offsets + "]}";
  };
  CHECK_THAT(tensor_refused(entry("F64", "2", "0,16")),
             ContainsSubstring("checksum"));  // all but that is well
  CHECK_THAT(tensor_refused(entry("F64", "3", "0,24")), ContainsSubstring("truncated") &&
                                                            ContainsSubstring("24") &&
                                                            ContainsSubstring("16 are there"));
  CHECK_THAT(tensor_refused(entry("F64", "2", "16,0")), ContainsSubstring("ends before"));
  CHECK_THAT(tensor_refused(entry("F64", "1", "8,16")),
             ContainsSubstring("begins at byte 8") && ContainsSubstring("0 is expected"));
  CHECK_THAT(tensor_refused(entry("F64", "1", "0,8")),
             ContainsSubstring("end at byte 8") && ContainsSubstring("at 16"));
  CHECK_THAT(tensor_refused(entry("F64", "2", "0,16") +
                            R"(,"u":{"dtype":"F64","shape":[1],"data_offsets":[8,16]})"),
             ContainsSubstring("begins at byte 8") && ContainsSubstring("16 is expected"));
  CHECK_THAT(tensor_refused(entry("F64", "3", "0,16")),
             ContainsSubstring("shape [3]") && ContainsSubstring("16 bytes"));
  CHECK_THAT(tensor_refused(entry("F32", "2", "0,16")),
             ContainsSubstring("F32") && ContainsSubstring("does not fit"));
  CHECK_THAT(tensor_refused(entry("BF16", "8", "0,16")),
             ContainsSubstring("BF16") && ContainsSubstring("F64, F32 or I64"));
  CHECK_THAT(tensor_refused(entry("F64", "4611686018427387904,4611686018427387904", "0,16")),
             ContainsSubstring("does not fit"));
  CHECK_THAT(tensor_refused(entry("F64", "2305843009213693954", "0,16")),
             ContainsSubstring("does not fit"));  // 16 modulo 2^64
  for (const char* count : {"-1", "1.5", "1e3", "\"2\"", "null", "18446744073709551615"})
    CHECK_THAT(tensor_refused(entry("F64", count, "0,16")), ContainsSubstring("no count"));
  CHECK_THAT(tensor_refused(entry("F64", "2", "0,16,32")), ContainsSubstring("no pair"));
  CHECK_THAT(tensor_refused(entry("F64", "2", "\"0\",16")), ContainsSubstring("no count"));
  CHECK_THAT(tensor_refused(R"("t":[1,2])"), ContainsSubstring("\"t\" has no data_offsets"));
  CHECK_THAT(tensor_refused(R"("t":{"data_offsets":[0,16],"dtype":"F64"})"),
             ContainsSubstring("no shape"));
  CHECK_THAT(tensor_refused(R"("t":{"data_offsets":[0,16],"shape":[2]})"),
             ContainsSubstring("no dtype"));
}

TEST_CASE("Facts of the training must fit together") {
  const auto with = [](auto change) {
    Archive archive = example();
    change(archive.training);
    return refused(encode_archive(archive));
  };
  using Training = compiled::Training;
  CHECK_THAT(with([](Training& t) { t.names.pop_back(); }),
             ContainsSubstring("dimension 2") && ContainsSubstring("1 names"));
  CHECK_THAT(with([](Training& t) { t.lower.clear(); }), ContainsSubstring("0 lower"));
  CHECK_THAT(with([](Training& t) { t.upper.push_back(1); }), ContainsSubstring("3 upper"));
  CHECK_THAT(with([](Training& t) { t.dimension = -2; }), ContainsSubstring("no count"));
  CHECK_THAT(with([](Training& t) { t.step = 0; }), ContainsSubstring("step 0"));
  CHECK_THAT(with([](Training& t) { t.window = 0; }), ContainsSubstring("window 0"));
  CHECK_THAT(with([](Training& t) { t.quietest = -1; }), ContainsSubstring("quietest -1"));
}

TEST_CASE("What no file can hold is not written") {
  const Folder folder;
  const auto writing = [&](auto change, auto error) {
    Archive archive = example();
    change(archive);
    return sentence<decltype(error)>([&] { compiled::write_archive(folder.file("a"), archive); });
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const NonFiniteData not_finite("");
  const InvalidArgument invalid("");
  CHECK_THAT(writing(
                 [&](Archive& a) {
                   a.tensors["a"] = tensor<double>("F64", {2}, {1, nan});
                 },
                 not_finite),
             ContainsSubstring("\"a\"") && ContainsSubstring("position 1") &&
                 ContainsSubstring("train it again"));
  CHECK_THAT(writing([&](Archive& a) { a.training.step = nan; }, not_finite),
             ContainsSubstring("\"step\""));
  CHECK_THAT(writing([&](Archive& a) { a.training.upper[0] = 1 / 0.0; }, not_finite),
             ContainsSubstring("\"upper\" of the model is inf"));
  CHECK_THAT(writing([&](Archive& a) { a.architecture["energy"] = nan; }, not_finite),
             ContainsSubstring("\"energy\""));
  CHECK_THAT(writing(
                 [](Archive& a) {
                   a.tensors["a"] = tensor<float>("F32", {3}, {1, 2});
                 },
                 invalid),
             ContainsSubstring("shape [3]") && ContainsSubstring("8 bytes"));
  CHECK_THAT(writing([](Archive& a) { a.tensors["a"].dtype = "F16"; }, invalid),
             ContainsSubstring("\"F16\"") && ContainsSubstring("F64, F32 or I64"));
  CHECK_THAT(writing([](Archive& a) { a.training.names[0] = "\xff"; }, invalid),
             ContainsSubstring("UTF-8") && ContainsSubstring("rename"));
  CHECK(folder.names().empty());
  CHECK_THAT(sentence<IoError>([&] { compiled::write_archive(folder.file("no/a"), example()); }),
             ContainsSubstring("No such file"));
  CHECK_THAT(sentence<IoError>([&] { compiled::read_archive(folder.file("a")); }),
             ContainsSubstring(folder.file("a")));
}
