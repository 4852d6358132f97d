#include "tests/cli/run.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#ifndef _WIN32
#include <sys/wait.h>
#endif

namespace fs = std::filesystem;

namespace lacuna::test {
namespace {

struct ScratchRoot {
  fs::path path = fs::temp_directory_path() /
                  ("lacuna-test-" + std::to_string(std::rand()) + "-" +
                   std::to_string(fs::file_time_type::clock::now().time_since_epoch().count()));
  int used = 0;
  ScratchRoot() { fs::create_directories(path); }
  ~ScratchRoot() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

}  // namespace

std::string quoted(const fs::path& path) { return "\"" + path.string() + "\""; }

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

fs::path scratch() {
  static ScratchRoot root;
  const fs::path folder = root.path / std::to_string(root.used++);
  fs::create_directories(folder);
  return folder;
}

Outcome command(const std::string& line) {
  const fs::path folder = scratch();
  const std::string whole = line + " > " + quoted(folder / "out") + " 2> " + quoted(folder / "err");
  int status = std::system(whole.c_str());
#ifndef _WIN32
  status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
#endif
  return {status, content(folder / "out"), content(folder / "err")};
}

Outcome lacuna(const std::string& arguments, const std::string& environment) {
#ifdef _WIN32
  const std::string prefix = environment.empty() ? "" : "set " + environment + "&& ";
#else
  const std::string prefix = environment.empty() ? "" : "env " + environment + " ";
#endif
  return command(prefix + "\"" LACUNA_PROGRAM "\" " + arguments);
}

fs::path damaged_pico(const std::function<void(const fs::path&)>& change) {
  const fs::path folder = scratch() / "pico";
  fs::copy(fs::path(LACUNA_SOURCE_DIR) / "assets" / "pico", folder, fs::copy_options::recursive);
  change(folder);
  return folder;
}

void replace_in(const fs::path& file, const std::string& from, const std::string& to) {
  std::string text = content(file);
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  std::ofstream(file, std::ios::binary) << text;
}

}  // namespace lacuna::test
