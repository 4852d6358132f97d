// A folder that is removed at the end of its scope.
#pragma once

#include <atomic>
#include <filesystem>
#include <random>
#include <string>

namespace lacuna::tests {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    static std::atomic<unsigned> serial = 0;
    static const unsigned process = std::random_device{}();
    path_ = std::filesystem::temp_directory_path() /
            ("lacuna-test-" + std::to_string(process) + "-" + std::to_string(serial++));
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace lacuna::tests
