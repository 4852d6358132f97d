// What can only be said after all other tests. doctest runs files in alphabetical order of their
// names, so this one is last; a filter that leaves tests out should leave these out too.
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

TEST_CASE("every kernel has run" * needs_device()) {
  for (const std::string& name : kernels_never_run()) FAIL_CHECK("no test ran the kernel " << name);
}
