// Runs the program as a user does, and makes broken copies of pico.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <string>

namespace lacuna::test {

struct Outcome {
  int status = -1;
  std::string out, err;
};

// `lacuna ARGUMENTS`, with NAME=VALUE pairs added to the environment.
Outcome lacuna(const std::string& arguments, const std::string& environment = "");
// Another command line, words quoted as its shell needs them.
Outcome command(const std::string& line);

// A fresh empty folder, removed at the end of the program.
std::filesystem::path scratch();

// A path as an argument; all bytes of a file.
std::string quoted(const std::filesystem::path& path);
std::string content(const std::filesystem::path& path);

// A copy of pico in which `change` may damage files.
std::filesystem::path damaged_pico(const std::function<void(const std::filesystem::path&)>& change);

void replace_in(const std::filesystem::path& file, const std::string& from, const std::string& to);

}  // namespace lacuna::test
