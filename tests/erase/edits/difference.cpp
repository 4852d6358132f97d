#include "erase/edits/difference.h"

#include <doctest/doctest.h>

#include "base/tensors/safetensors.h"
#include "tests/temporary.h"

using namespace lacuna;
using lacuna::tests::TemporaryFolder;

namespace {

TensorToWrite tensor(const std::string& name, std::vector<int64_t> shape,
                     std::vector<float> values) {
  return {name, FileDType::f32, std::move(shape), [values = std::move(values)](auto bytes) {
            bytes_from_floats(values, FileDType::f32, bytes);
          }};
}

}  // namespace

TEST_CASE("norms, means and what is lost, by tensor and together") {
  TemporaryFolder folder;
  write_safetensors(folder / "base.safetensors",
                    {tensor("a", {2, 2}, {3, 4, 0, 0}), tensor("b", {2}, {0, 0}),
                     tensor("c", {3}, {1, 1, 1}), tensor("untouched", {1}, {7})},
                    {}, Overwrite::no);
  write_safetensors(folder / "edit.safetensors",
                    {tensor("a", {2, 2}, {3, 4, 0.6f, -0.8f}), tensor("b", {2}, {1, 0}),
                     tensor("c", {3}, {1, 1.0001f, 1})},
                    {}, Overwrite::no);
  const TensorFile base = TensorFile::open(folder / "base.safetensors");
  const Edit edit = Edit::open(folder / "edit.safetensors");
  const std::vector<Difference> d = differences(ModelPart::unet, base, {&edit, 1}, false);
  REQUIRE(d.size() == 3);
  CHECK(d[0].name == "a");
  CHECK(d[0].shape == std::vector<int64_t>{2, 2});
  CHECK(d[0].ratio() == doctest::Approx(0.2));
  CHECK(d[0].mean == doctest::Approx(0.35));
  CHECK(d[0].largest == doctest::Approx(0.8));
  CHECK(d[0].unchanged == 2);
  CHECK_FALSE(d[1].ratio().has_value());  // the original is zero
  CHECK(d[1].norm == doctest::Approx(1));
  CHECK(d[2].unchanged == 2);
  CHECK(d[2].lost_in_half == 1);
  const Difference sum = total(d);
  CHECK(sum.scalars == 9);
  CHECK(sum.unchanged == 5);
  CHECK(sum.norm == doctest::Approx(std::sqrt(2)));
  CHECK(sum.original_norm == doctest::Approx(std::sqrt(28)));
  CHECK(sum.largest == doctest::Approx(1));
  CHECK(sum.mean == doctest::Approx(2.4 / 9).epsilon(1e-3));
}
