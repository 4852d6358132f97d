// What can only be said after all other tests of a program. doctest runs files in alphabetical
// order of their names; tests/CMakeLists.txt sees to it that this one is last.
#include "tests/device.h"

using namespace lacuna::test;

TEST_CASE("the validation layer is silent" * needs_validation()) {
  for (const std::string& message : device().validation_messages()) FAIL_CHECK(message);
}
