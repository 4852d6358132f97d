#include "base/tensors/tensor_file.h"

#include <doctest/doctest.h>

#include <cstring>

#include "base/error.h"
#include "base/tensors/safetensors.h"
#include "tests/base/tensors/tensors.h"
#include "tests/temporary.h"

using namespace lacuna;
using lacuna::tests::floats;
using lacuna::tests::TemporaryFolder;
using lacuna::tests::tensor;

TEST_CASE("the content tells the format, whatever the file is called") {
  TemporaryFolder folder;
  for (const char* name : {"a.safetensors", "a.ckpt", "a.json", "a"}) {
    write_safetensors(folder / name, {tensor("x", FileDType::f8_e4m3, {2}, {1, -448})}, {},
                      Overwrite::no);
    CHECK(floats(TensorFile::open(folder / name), "x") == std::vector<float>{1, -448});
  }
  const auto refuses = [&](std::string_view content, const char* words) {
    write_file(folder / "b.safetensors", content, Overwrite::yes);
    CHECK_THROWS_WITH_AS(TensorFile::open(folder / "b.safetensors"), doctest::Contains(words),
                         InputError);
  };
  refuses(std::string_view("PK\x03\x04\0\0\x08\x08\0\0", 10), "is pickled");
  refuses("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.", "is pickled");
  refuses("<html>404</html>", "download it again");
}

TEST_CASE("entries outlive the file that they were opened by, in a copy") {
  TemporaryFolder folder;
  write_safetensors(folder / "a", {tensor("x", FileDType::f32, {2}, {3, 4})}, {{"k", "v"}},
                    Overwrite::no);
  const TensorFile copy = [&] {
    const TensorFile file = TensorFile::open(folder / "a");
    return TensorFile(file);
  }();
  CHECK(floats(copy, "x") == std::vector<float>{3, 4});
  CHECK(copy.metadata().at("k") == "v");
}

TEST_CASE("other names for a file's tensors, each at most once") {
  TemporaryFolder folder;
  write_safetensors(
      folder / "a",
      {tensor("x", FileDType::f32, {2, 1}, {3, 4}), tensor("y", FileDType::f32, {1}, {5})}, {},
      Overwrite::no);
  const TensorFile file = TensorFile::open(folder / "a").renamed([](TensorFile::Entry& entry) {
    if (entry.name == "y") return false;
    entry.name = "z";
    entry.shape = {2};
    return true;
  });
  CHECK(file.entries().size() == 1);
  CHECK(file.at("z").shape == std::vector<int64_t>{2});
  CHECK(floats(file, "z") == std::vector<float>{3, 4});
  const auto both = [](TensorFile::Entry& entry) {
    entry.name = "one";
    return true;
  };
  CHECK_THROWS_WITH_AS(TensorFile::open(folder / "a").renamed(both),
                       doctest::Contains("'y' stands for 'one', which is there already"),
                       InputError);
}

TEST_CASE("whole numbers are no weights") {
  TemporaryFolder folder;
  const auto ids = [](std::span<std::byte> bytes) { std::memset(bytes.data(), 0, bytes.size()); };
  write_safetensors(folder / "a", {{"ids", FileDType::i64, {3}, ids}}, {}, Overwrite::no);
  CHECK_THROWS_WITH_AS(floats(TensorFile::open(folder / "a"), "ids"),
                       doctest::Contains("'ids' has the type I64"), InputError);
}

TEST_CASE("a checkpoint in several files is read through its index") {
  TemporaryFolder folder;
  const auto index = [&](const std::string& text) {
    write_file(folder / "m.safetensors.index.json", text, Overwrite::yes);
    return TensorFile::open(folder / "m.safetensors.index.json");
  };
  write_safetensors(folder / "1.safetensors", {tensor("a", FileDType::f32, {1}, {1})}, {},
                    Overwrite::no);
  write_safetensors(folder / "2.safetensors", {tensor("b", FileDType::f32, {1}, {2})}, {},
                    Overwrite::no);
  const TensorFile file = index(R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
  CHECK(floats(file, "a") == std::vector<float>{1});
  CHECK(floats(file, "b") == std::vector<float>{2});
  CHECK_THROWS_AS(index(R"({"weight_map":{"a":"3.safetensors"}})"), InputError);
  CHECK_THROWS_AS(index(R"({"weight_map":{"a":"../1.safetensors"}})"), InputError);
  CHECK_THROWS_AS(index(R"({"weight_map":{"c":"1.safetensors"}})"), InputError);
  CHECK_THROWS_AS(index(R"({"weight_map":[]})"), InputError);
  CHECK_THROWS_AS(index("{}"), InputError);
}
