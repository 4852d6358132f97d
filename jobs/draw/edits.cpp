#include "jobs/draw/edits.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/options/fields.h"

namespace lacuna {

void EditOptions::describe(Fields& f) {
  f.add(
      "edit", files, "FILE[:X]",
      "Draw with this edit, at a strength of 1 or the number after a colon; several edits add up");
}

std::string describe(std::span<const Edit> edits) {
  std::string text;
  for (const Edit& e : edits) text += (text.empty() ? "" : ", ") + e.describe();
  return text;
}

std::vector<Edit> EditOptions::open() const {
  std::vector<Edit> edits;
  for (const std::string& file : files) edits.push_back(Edit::parse(file));
  return edits;
}

namespace {

// Where "FILE:STRENGTH" ends to name a file.
size_t end_of_file(const std::string& argument) {
  constexpr std::string_view extension = ".safetensors";
  const size_t at = argument.rfind(extension);
  if (at == std::string::npos) return std::string::npos;
  const size_t end = at + extension.size();
  return end == argument.size() || argument[end] == ':' ? end : std::string::npos;
}

// Runs of digits compare as numbers: epoch-2 comes before epoch-10.
bool in_order(const std::string& a, const std::string& b) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!digit(a[i]) || !digit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      i++, j++;
      continue;
    }
    const auto number = [&](const std::string& text, size_t& at) {
      while (at < text.size() && text[at] == '0') at++;
      const size_t begin = at;
      while (at < text.size() && digit(text[at])) at++;
      return std::string_view(text).substr(begin, at - begin);
    };
    const std::string_view x = number(a, i), y = number(b, j);
    if (x != y) return x.size() != y.size() ? x.size() < y.size() : x < y;
  }
  return a.size() - i < b.size() - j;
}

}  // namespace

bool names_edit(const std::string& argument) { return end_of_file(argument) != std::string::npos; }

std::vector<std::string> expanded(const std::string& argument) {
  const size_t end = std::min(end_of_file(argument), argument.size());
  const std::filesystem::path pattern = argument.substr(0, end);
  const std::string name = display(pattern.filename());
  if (name.find_first_of("*?") == std::string::npos || std::filesystem::exists(pattern))
    return {argument};
  const Glob glob(name);
  std::vector<std::string> files;
  std::error_code error;
  const std::filesystem::path folder = pattern.parent_path();
  for (const auto& entry :
       std::filesystem::directory_iterator(folder.empty() ? "." : folder, error))
    if (glob.matches(display(entry.path().filename())))
      files.push_back((folder / entry.path().filename()).string() + argument.substr(end));
  if (files.empty()) throw InputError("[edit] no file matches {}; name one that exists", argument);
  std::ranges::sort(files, in_order);
  return files;
}

namespace {

Overlay overlay_of(const EditedWeights& weights) {
  return [&weights](Graph& graph) { weights.replace(graph); };
}

// Makes the predictor of the edited text encoder, if there is one.
TextPredictor& edited(std::optional<TextPredictor>& own, StableDiffusion& model,
                      const EditedWeights& weights) {
  if (weights.tensors() == 0) return model.text_predictor();
  return own.emplace(model.text_encoder(), overlay_of(weights));
}

}  // namespace

EditedModel::EditedModel(StableDiffusion& model, std::span<const Edit> edits, bool force)
    : model_(model),
      unet_weights_(ModelPart::unet, model.unet_weights(), edits, force),
      text_weights_(ModelPart::text, model.text_weights(), edits, force),
      text_(edited(text_predictor_, model, text_weights_)) {
  if (unet_weights_.tensors() > 0)
    predictor_.emplace(model.device(), model.unet(), model.dtype(), model.tokenizer().context(),
                       overlay_of(unet_weights_));
}

}  // namespace lacuna
