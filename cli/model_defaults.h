// Defaults that a model brings along: lacuna.json in its folder names, for a verb and a parameter
// set, options that suit the model (a small model wants a larger learning rate than Stable
// Diffusion does).
//
//   {"erase esd": {"x": {"lr": "3e-3", "iterations": "300"}, "u": {...}}}
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

namespace lacuna {

// Gives every option of `command` that the user left out the model's value, and returns what was
// given ("--lr 3e-3 --iterations 300"), or "" where the model says nothing. Throws InputError where
// the file names an option that does not exist or a value that it does not take.
std::string apply_model_defaults(CLI::App& command, const std::filesystem::path& model,
                                 const std::string& verb, const std::string& set);

}  // namespace lacuna
