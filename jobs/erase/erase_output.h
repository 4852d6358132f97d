// What `lacuna erase` writes and prints besides its progress.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "base/options/words.h"
#include "base/tensors/tensor_file.h"
#include "engine/plan.h"
#include "erase/trainables.h"
#include "models/stable_diffusion.h"

namespace lacuna {

// Throws InputError if FILE exists (unless it may be replaced), is no .safetensors, or its folder
// cannot be made.
void check_edit_output(const std::filesystem::path& file, bool may_replace);
void check_output(const char* verb, const std::filesystem::path& file, bool may_replace);
// The types in which an edit may store its parameters.
std::span<const Word> edit_types();
// OUT.run, beside the edit: the usual folder of its run.
std::filesystem::path run_folder_of(const std::filesystem::path& out);

// What an edit says about itself. Options that are empty are left out.
TensorFile::Metadata edit_metadata(const std::string& method, const std::string& base_hash,
                                   const std::string& base_name,
                                   const std::map<std::string, std::string>& options);

// The tensors, or the trained ones as they are now, put in place atomically.
void write_edit(const std::filesystem::path& file, std::span<const Trainables::Export> tensors,
                FileDType type, const TensorFile::Metadata& metadata);
void write_edit(const std::filesystem::path& file, Trainables& trainables, FileDType type,
                const TensorFile::Metadata& metadata);

// The memory that a run of these parts would need, on a device that only counts.
void report_memory_plan(const Device& device, const StableDiffusion& model,
                        const Trainables& trainables, const Placement& training, bool json);

}  // namespace lacuna
