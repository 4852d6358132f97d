#include "engine/recorder.h"

#include <doctest/doctest.h>

using namespace lacuna;

namespace {

struct Push {
  uint64_t address = 0;
};

}  // namespace

TEST_CASE("a dispatch gives every constant that its kernel reads, by name") {
  constexpr auto bit = [](Constant c) { return uint64_t{1} << static_cast<uint32_t>(c); };
  const KernelVariant halves = {"f16", {}, bit(Constant::WIDTH) | bit(Constant::CPU_DRIVER)};
  const Kernel kernel = {"test.halves", {&halves, 1}};
  const DeviceTraits traits{.cpu = true};
  Recorder r(traits, [](uint32_t) { return uint64_t{0}; });
  const auto dispatch = [&](DType type, const Specialization& constants) {
    r.dispatch(kernel, type, constants, Push{}, {});
  };
  dispatch(DType::f16, {{Constant::LOCAL, 64}, {Constant::WIDTH, 4}});
  const std::vector<Dispatch> recorded = r.take();
  REQUIRE(recorded.size() == 1);
  const Specialization expected = {
      {Constant::LOCAL, 64}, {Constant::WIDTH, 4}, {Constant::CPU_DRIVER, 1}};
  CHECK(recorded[0].specialization == expected);
  CHECK_THROWS_WITH(dispatch(DType::f16, {{Constant::LOCAL, 64}}),
                    "kernel test.halves reads the constant WIDTH, which its op does not give");
  CHECK_THROWS_WITH(dispatch(DType::f32, {{Constant::WIDTH, 4}}),
                    "kernel test.halves was not compiled for f32");
}
