// The one exception type of the program, and its meanings.
//
// Every message is one sentence that says what failed, where, and what to do about it:
//   throw InputError("[safetensors] {}: tensor '{}' ends at byte {} but the file has {}; download
//   it again", ...);
// cli/main.cpp catches it once and ends with exit_status(): 1 for a goal that was missed, 2 for bad
// input, 3 for the device.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace lacuna {

class Error : public std::runtime_error {
 public:
  int exit_status() const { return exit_status_; }

 protected:
  Error(int exit_status, const std::string& sentence)
      : std::runtime_error(sentence), exit_status_(exit_status) {}

 private:
  int exit_status_;
};

// Something the user gave is missing, broken or out of range (files, options, prompts): exit
// status 2.
class InputError : public Error {
 public:
  template <typename... Args>
  explicit InputError(fmt::format_string<Args...> text, Args&&... args)
      : Error(2, fmt::format(text, std::forward<Args>(args)...)) {}
};

// Everything went as it should, and a goal that was to be measured was not reached: exit status 1.
class GoalMissed : public Error {
 public:
  template <typename... Args>
  explicit GoalMissed(fmt::format_string<Args...> text, Args&&... args)
      : Error(1, fmt::format(text, std::forward<Args>(args)...)) {}
};

// The device or its driver cannot do what is needed (none found, lost, out of memory): exit
// status 3.
class DeviceError : public Error {
 public:
  template <typename... Args>
  explicit DeviceError(fmt::format_string<Args...> text, Args&&... args)
      : Error(3, fmt::format(text, std::forward<Args>(args)...)) {}
};

}  // namespace lacuna
