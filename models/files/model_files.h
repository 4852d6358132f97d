// Where the files of a model lie. A model is one of two things:
//
//   a diffusers folder, with model_index.json;
//   a single .safetensors file as A1111 and ComfyUI read it (CompVis' names,
//   models/files/ldm_names.h).
//
// A single file holds weights and nothing else. Its configuration and tokenizer are those of a
// folder beside it that has the file's name without .safetensors and a model_index.json, or else
// Stable Diffusion 1.x's own (assets/stable-diffusion-1).
//
// All throw an InputError that says what is missing and helps a user who points --model at
// something else.
#pragma once

#include <filesystem>
#include <string>

#include "base/tensors/tensor_file.h"
#include "models/files/model_part.h"

namespace lacuna {

class Json;

bool is_single_file(const std::filesystem::path& model);
// Whether a file is such a checkpoint by the names in it, and no edit. Reads its header; false for
// what cannot be read.
bool is_checkpoint(const std::filesystem::path& file);

// The file's name without its ending, or the folder's: what images and edits call the model.
std::string model_name(const std::filesystem::path& model);

// The folder with the model's model_index.json; the model itself if it is a folder.
std::filesystem::path configuration_folder(const std::filesystem::path& model);
// A folder in there, such as "tokenizer".
std::filesystem::path part(const std::filesystem::path& model, std::string_view name);
// config.json of a part. A single file's UNet says by its weights how many channels it reads, so
// that SD 1.5's inpainting model needs no folder beside it.
Json configuration(const std::filesystem::path& model, ModelPart part);

// The weights of a part under diffusers' names (the text encoder's: models/files/text_names.h): a
// file, whole, sharded or an f16 variant, or the part's share of a single file. Also throws
// InputError if a file holds no such part or belongs to another kind of model.
TensorFile open_weights(const std::filesystem::path& model, ModelPart part);

}  // namespace lacuna
