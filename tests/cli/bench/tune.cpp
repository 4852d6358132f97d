// lacuna tune: what it keeps, and that pictures do not change by it.
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;
using nlohmann::json;

namespace {

// The files of a folder whose names begin so.
std::vector<fs::path> files(const fs::path& folder, const std::string& begin) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().filename().string().starts_with(begin)) found.push_back(entry.path());
  return found;
}

}  // namespace

TEST_CASE("tune keeps a table that later runs start with" * needs_device()) {
#ifdef _WIN32
  const std::string variable = "LOCALAPPDATA=";
#else
  const std::string variable = "XDG_CACHE_HOME=";
#endif
  const fs::path cache = scratch();
  const std::string here = variable + quoted(cache);
  const Outcome o =
      lacuna::test::lacuna("tune --batch 1 --examples 0 --seconds 4 --json --precision f32", here);
  INFO(o.out << o.err);
  REQUIRE(o.status == 0);
  REQUIRE(files(cache, "tuning-").size() == 1);
  const fs::path table = files(cache, "tuning-").front();
  std::istringstream lines(o.out);
  size_t count = 0;
  for (std::string line; std::getline(lines, line); count++) {
    const json shape = json::parse(line);
    CHECK(shape["seconds"].get<double>() <= shape["usual_seconds"].get<double>());
    CHECK(json::parse(content(table)).contains(shape["shape"].get<std::string>()));
  }
  CHECK(count > 0);

  const auto draw = [&](const char* name) {
    const fs::path out = cache / name;
    const Outcome drawn = lacuna::test::lacuna(
        "sample \"a red circle\" --steps 2 --seed 3 --precision f32 --out " + quoted(out), here);
    INFO(drawn.err);
    REQUIRE(drawn.status == 0);
    return content(files(out, "00000").front());
  };
  const std::string tuned = draw("tuned");
  fs::remove(table);
  CHECK(draw("usual") == tuned);
}

TEST_CASE("tune refuses what it cannot measure" * needs_device()) {
  for (const char* wrong : {"--batch 0", "--examples -1", "--seconds 0", "--size 3x3"}) {
    const Outcome o = lacuna::test::lacuna(std::string("tune ") + wrong);
    INFO(wrong << ": " << o.err);
    CHECK(o.status == 2);
  }
}
