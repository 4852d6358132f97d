#include "base/tensors/safetensors.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "base/error.h"
#include "tests/base/tensors/tensors.h"
#include "tests/temporary.h"

using namespace lacuna;
using lacuna::tests::floats;
using lacuna::tests::TemporaryFolder;
using lacuna::tests::tensor;

namespace {

std::string file_of(const std::string& header, size_t data_bytes) {
  const uint64_t size = header.size();
  std::string file(reinterpret_cast<const char*>(&size), 8);
  return file + header + std::string(data_bytes, '\x11');
}

// Empty if the file opens.
std::string refusal(const std::filesystem::path& path, const std::string& content) {
  write_file(path, content, Overwrite::yes);
  try {
    TensorFile::open(path);
  } catch (const InputError& error) { return error.what(); }
  return "";
}

}  // namespace

TEST_CASE("what is written is read back, types and metadata included") {
  TemporaryFolder folder;
  const std::vector<float> values = {0, -1.5f, 65504, 0.25f, -0.0f, 3};
  write_safetensors(
      folder / "a.safetensors",
      {tensor("b.weight", FileDType::f16, {2, 3}, values),
       tensor("a.weight", FileDType::f32, {6}, values),
       tensor("c", FileDType::bf16, {3, 1, 2}, values), tensor("d", FileDType::f64, {1, 6}, values),
       tensor("scalar", FileDType::f16, {}, {7}), tensor("none", FileDType::f32, {0, 4}, {})},
      {{"method", "esd"}, {"prompt", "\"rouge\" \xc3\xa9"}}, Overwrite::no);
  const TensorFile file = TensorFile::open(folder / "a.safetensors");
  CHECK(file.entries().size() == 6);
  for (const char* name : {"a.weight", "b.weight", "d"}) CHECK(floats(file, name) == values);
  CHECK(floats(file, "c") == std::vector<float>{0, -1.5f, 65536, 0.25f, -0.0f, 3});
  CHECK(floats(file, "scalar") == std::vector<float>{7});
  CHECK(file.at("scalar").shape.empty());
  CHECK(file.at("none").bytes.empty());
  CHECK(file.at("b.weight").shape == std::vector<int64_t>{2, 3});
  CHECK(file.metadata().at("prompt") == "\"rouge\" \xc3\xa9");
  CHECK(file.find("missing") == nullptr);
  CHECK_THROWS_AS(file.at("missing"), InputError);
  for (const auto& [name, entry] : file.entries()) {
    CHECK(reinterpret_cast<uintptr_t>(entry.bytes.data()) % size_of(entry.dtype) == 0);
  }
}

TEST_CASE("equal content gives equal files, whatever the order") {
  TemporaryFolder folder;
  const auto a = tensor("a", FileDType::f16, {2}, {1, 2}),
             b = tensor("b", FileDType::f16, {1}, {3});
  write_safetensors(folder / "1", {a, b}, {}, Overwrite::no);
  write_safetensors(folder / "2", {b, a}, {}, Overwrite::no);
  CHECK(read_file(folder / "1", 1000) == read_file(folder / "2", 1000));
}

TEST_CASE("pico's own weights are read") {
  const std::string pico = LACUNA_SOURCE_DIR "/assets/pico/";
  for (const char* part :
       {"unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model", "text_encoder/model"}) {
    const TensorFile file = TensorFile::open(pico + part + ".safetensors");
    CHECK(file.entries().size() > 10);
    for (const auto& [name, entry] : file.entries()) {
      std::vector<float> values(entry.count());
      file.to_float(entry, values);
      CHECK(std::isfinite(values.back()));
    }
  }
}

TEST_CASE("malformed files are refused with their name") {
  struct Case {
    const char* what;
    std::string content;
  };
  const std::string t = R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  const auto with = [](const std::string& shape, const std::string& offsets,
                       const char* dtype = "\"F32\"") {
    return R"({"t":{"dtype":)" + std::string(dtype) + R"(,"shape":)" + shape +
           R"(,"data_offsets":)" + offsets + "}}";
  };
  const std::string deep(100'000, '[');
  const std::string broad = "{\"t\":[" + std::string(9'000'000, '1') + "]}";
  std::string many = "{\"t\":[0";
  for (int i = 0; i < 4'100'000; i++) many += ",0";
  many += "]}";
  const Case cases[] = {
      {"empty", ""},
      {"shorter than the length", "\1\0\0"},
      {"length only", std::string(8, '\0')},
      {"header longer than the file", std::string("\xff\0\0\0\0\0\0\0{}", 10)},
      {"header beyond 2^63", std::string("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10)},
      {"header beyond the limit", std::string("\1\xe1\xf5\5\0\0\0\0{}", 10)},
      {"not an object", file_of("[1]", 0)},
      {"a leading space", file_of(" {}", 0)},
      {"a byte order mark", file_of("\xef\xbb\xbf{}", 0)},
      {"cut JSON", file_of(R"({"t":)", 0)},
      {"text after the JSON", file_of("{}x", 0)},
      {"not UTF-8", file_of("{\"\xff\":" + t + "}", 8)},
      {"a lone surrogate", file_of("{\"\\ud800\":" + t + "}", 8)},
      {"nested too deeply", file_of("{\"t\":" + deep, 0)},
      {"a number too long", file_of(broad, 0)},
      {"too many values", file_of(many, 0)},
      {"the same tensor twice", file_of("{\"t\":" + t + ",\"t\":" + t + "}", 8)},
      {"the same field twice",
       file_of(R"({"t":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8)},
      {"metadata is a list", file_of(R"({"__metadata__":["a"]})", 0)},
      {"metadata holds a number", file_of(R"({"__metadata__":{"a":1}})", 0)},
      {"a tensor that is a number", file_of(R"({"t":1})", 0)},
      {"no dtype", file_of(R"({"t":{"shape":[2],"data_offsets":[0,8]}})", 8)},
      {"no shape", file_of(R"({"t":{"dtype":"F32","data_offsets":[0,8]}})", 8)},
      {"no offsets", file_of(R"({"t":{"dtype":"F32","shape":[2]}})", 8)},
      {"unknown dtype", file_of(with("[2]", "[0,8]", "\"Q4\""), 8)},
      {"dtype is a number", file_of(with("[2]", "[0,8]", "4"), 8)},
      {"negative dimension", file_of(with("[-2]", "[0,8]"), 8)},
      {"two negative dimensions", file_of(with("[-1,-2]", "[0,8]"), 8)},
      {"dimension is a fraction", file_of(with("[2.0]", "[0,8]"), 8)},
      {"dimension is text", file_of(with("[\"2\"]", "[0,8]"), 8)},
      {"dimension beyond 64 bits", file_of(with("[99999999999999999999]", "[0,8]"), 8)},
      {"product overflows to the right size",
       file_of(with("[4611686018427387904,4,2]", "[0,0]"), 0)},
      {"product overflows", file_of(with("[9223372036854775807,9223372036854775807]", "[0,8]"), 8)},
      {"too many dimensions", file_of(with("[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8)},
      {"shape smaller than the bytes", file_of(with("[1]", "[0,8]"), 8)},
      {"shape larger than the bytes", file_of(with("[3]", "[0,8]"), 8)},
      {"empty shape with bytes", file_of(with("[0]", "[0,8]"), 8)},
      {"part of an element", file_of(with("[2]", "[0,9]"), 9)},
      {"one offset", file_of(with("[2]", "[8]"), 8)},
      {"three offsets", file_of(with("[2]", "[0,8,8]"), 8)},
      {"negative offset", file_of(with("[2]", "[-8,0]"), 8)},
      {"offsets swapped", file_of(with("[2]", "[8,0]"), 8)},
      {"offset beyond the file", file_of(with("[2]", "[8,16]"), 8)},
      {"offset beyond 64 bits", file_of(with("[2]", "[0,18446744073709551624]"), 8)},
      {"infinite offset", file_of(with("[2]", "[0,1e999]"), 8)},
      {"a gap at the start", file_of(with("[2]", "[4,12]"), 12)},
      {"bytes after the last tensor", file_of(with("[2]", "[0,8]"), 9)},
      {"a gap",
       file_of(R"({"a":)" + t + R"(,"b":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}})", 10)},
      {"an overlap",
       file_of(R"({"a":)" + t + R"(,"b":{"dtype":"U8","shape":[2],"data_offsets":[7,9]}})", 9)},
      {"the same bytes twice", file_of(R"({"a":)" + t + ",\"b\":" + t + "}", 8)},
      {"cut data", file_of("{\"t\":" + t + "}", 7)},
  };
  TemporaryFolder folder;
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const std::string message = refusal(folder / "bad.safetensors", c.content);
    CHECK(message.find("bad.safetensors") != std::string::npos);
    CHECK(message.size() < 500);
  }
  CHECK(refusal(folder / "good.safetensors", file_of("{\"t\":" + t + "}  ", 8)).empty());
  CHECK(refusal(folder / "empty.safetensors", file_of("{}", 0)).empty());
}

TEST_CASE("2,000 damaged copies of a good file are read or refused, never worse") {
  TemporaryFolder folder;
  write_safetensors(
      folder / "good",
      {tensor("a", FileDType::f32, {2, 2}, {1, 2, 3, 4}),
       tensor("b", FileDType::f16, {3}, {5, 6, 7}), tensor("c", FileDType::bf16, {}, {8})},
      {{"k", "v"}}, Overwrite::no);
  const std::string good = read_file(folder / "good", 10'000);
  std::mt19937 rng(7);
  const auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(rng); };
  int refused = 0;
  for (int i = 0; i < 2000; i++) {
    std::string bad = good;
    if (i % 4 == 0) bad.resize(below(bad.size()));
    for (size_t flips = i % 4 ? 1 + below(4) : 0; flips > 0; flips--) {
      bad[below(bad.size())] ^= static_cast<char>(1 << below(8));
    }
    write_file(folder / "bad", bad, Overwrite::yes);
    try {
      const TensorFile file = TensorFile::open(folder / "bad");
      for (const auto& [name, entry] : file.entries()) {
        std::vector<float> values(entry.count());
        try {
          file.to_float(entry, values);
        } catch (const InputError&) {}
      }
    } catch (const InputError& error) {
      refused++;
      if (std::string(error.what()).find("bad") == std::string::npos) FAIL(error.what());
    }
  }
  CHECK(refused > 1000);
}
