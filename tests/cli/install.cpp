// `cmake --install`: what lies in the prefix runs from anywhere, without the source tree.
#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;
using namespace lacuna::test;

namespace {

// The folder that `cmake --install` filled and that was moved afterwards.
fs::path installed() {
  const fs::path first = scratch() / "prefix", moved = scratch() / "moved here";
  const Outcome install =
      command("\"" LACUNA_CMAKE "\" --install \"" LACUNA_BUILD_DIR "\" --prefix " + quoted(first));
  INFO(install.out, install.err);
  REQUIRE(install.status == 0);
  fs::rename(first, moved);
  return moved;
}

}  // namespace

TEST_CASE("an installed program runs from anywhere with the assets of its prefix" *
          needs_device()) {
  const fs::path prefix = installed(), program = prefix / "bin" / "lacuna", place = scratch();
  CHECK(fs::exists(prefix / "share/doc/lacuna/LICENSE"));
  CHECK(fs::exists(prefix / "share/doc/lacuna/NOTICE"));
  CHECK(fs::exists(prefix / "share/lacuna/stable-diffusion-1/model_index.json"));
  const Outcome drawn = command("cd " + quoted(place) + " && " + quoted(program) +
                                " sample \"a red circle\" --steps 1 --out here.png");
  INFO(drawn.out, drawn.err);
  REQUIRE(drawn.status == 0);
  CHECK(fs::exists(place / "here.png"));
  // It is the prefix's copy of pico that was read: without it there is no model.
  fs::remove_all(prefix / "share/lacuna/pico");
  const Outcome without = command("cd " + quoted(place) + " && " + quoted(program) +
                                  " sample \"a red circle\" --steps 1 --out there.png");
  CHECK(without.status == 2);
  CHECK(without.err.find("embedded model was not found") != std::string::npos);
}
