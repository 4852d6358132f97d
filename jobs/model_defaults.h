// Defaults that a model brings along: lacuna.json in its folder names, for a verb and a parameter
// set, options that suit the model (a small model wants a larger learning rate than Stable
// Diffusion does).
//
//   {"erase esd": {"x": {"lr": "3e-3", "iterations": "300"}, "u": {...}}}
#pragma once

#include <filesystem>
#include <string>

namespace lacuna {

class Fields;

// Gives every field that the user left out the model's value, and returns what was given ("--lr
// 3e-3
// --iterations 300"), or "" if the model says nothing. Throws InputError if the file names an
// option that does not exist or that says more than how to train, or a value that it does not take.
std::string apply_model_defaults(Fields& fields, const std::filesystem::path& model,
                                 const std::string& verb, const std::string& set);

}  // namespace lacuna
