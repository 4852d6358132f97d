// What can only be said after all other tests. doctest runs files in alphabetical order of their
// names, so this one is last; a filter that leaves tests out should leave these out too.
#include <algorithm>
#include <string_view>

#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

// The engine's tests are several programs (tests/CMakeLists.txt): the first of LACUNA_SHARES that a
// kernel's name begins with says whose it is, so each belongs to one; "" to that of all others.
std::string_view share_of(std::string_view kernel) {
  for (std::string_view rest = LACUNA_SHARES; !rest.empty();) {
    const std::string_view share = rest.substr(0, rest.find(','));
    if (kernel.starts_with(share)) return share;
    rest.remove_prefix(std::min(rest.size(), share.size() + 1));
  }
  return "";
}

}  // namespace

TEST_CASE("every kernel of this program's share has run" * needs_device()) {
  size_t kernels = 0;
  for (const Kernel* kernel : all_kernels()) kernels += share_of(kernel->name) == LACUNA_SHARE;
  CHECK(kernels > 0);
  for (const std::string& name : kernels_never_run())
    if (share_of(name) == LACUNA_SHARE) FAIL_CHECK("no test ran the kernel " << name);
}
