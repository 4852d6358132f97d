#include "models/text/tokenizer_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"

namespace lacuna {
namespace {

constexpr size_t most_bytes = 8 << 20;  // CLIP's vocab.json has 0.9 MB
constexpr JsonLimits limits = {.bytes = most_bytes};
constexpr size_t most_special = 1000;
constexpr size_t longest_token = 512;  // CLIP's longest has 74 bytes

// Ids must be 0 .. n - 1, each once.
std::vector<std::string> read_vocabulary(const Json& file) {
  if (!file.is_object()) file.fail("holds no JSON object");
  const size_t count = file.size();
  std::vector<std::string> tokens(count);
  std::vector<bool> seen(count);
  for (const auto& [token, id] : file.value().items()) {
    if (token.empty() || token.size() > longest_token) {
      file.fail(fmt::format("has a token of {} bytes, as no CLIP vocabulary has", token.size()));
    }
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= count || seen[id.get<size_t>()]) {
      file.fail(fmt::format("gives token '{:.40}' the id {:.40}, but ids are 0 to {}, each once",
                            token, id.dump(), count - 1));
    }
    seen[id.get<size_t>()] = true;
    tokens[id.get<size_t>()] = token;
  }
  return tokens;
}

struct Named {
  std::string text;
  bool normalized = false;
};

// A text, or an object with its text in "content".
Named read_token(const Json& token) {
  const bool object = token.is_object();
  Named named{object ? token.get<std::string>("content") : token.as<std::string>()};
  if (named.text.empty() || named.text.size() > longest_token) {
    token.fail(fmt::format("is a special token of {} bytes; 1 to {} are possible",
                           named.text.size(), longest_token));
  }
  if (!object) return named;
  for (const char* key : {"lstrip", "rstrip", "single_word"}) {
    if (token.get<bool>(key, false)) token.at(key).fail("is not supported, so it must be false");
  }
  named.normalized = token.get<bool>("normalized", false);
  return named;
}

// The token under `key` where the file has one.
void update(const Json& file, const char* key, Named& token) {
  if (file.has(key)) token = read_token(file.at(key));
}

// Adds a special token; the later of two entries for one text holds. Returns its id.
int32_t add_special(TokenizerFiles& files, const Json& file, const Named& token) {
  const auto found = std::find(files.tokens.begin(), files.tokens.end(), token.text);
  if (found == files.tokens.end()) {
    file.fail(fmt::format("names the special token '{:.40}', which vocab.json lacks", token.text));
  }
  const auto id = static_cast<int32_t>(found - files.tokens.begin());
  std::erase_if(files.special, [&](const SpecialToken& s) { return s.id == id; });
  files.special.push_back({token.text, id, token.normalized});
  return id;
}

void read_special_tokens(TokenizerFiles& files, const std::filesystem::path& folder) {
  const auto optional_file = [&](const char* name) {
    const std::filesystem::path path = folder / name;
    return std::filesystem::exists(path) ? read_json(path, limits)
                                         : Json(nlohmann::json::object(), display(path));
  };
  const Json config = optional_file("tokenizer_config.json");
  const Json map = optional_file("special_tokens_map.json");
  if (config.has("model_max_length")) {  // 1e30 where there is no limit
    const double length = config.at("model_max_length").within(2.0, 1e300);
    files.model_max_length = static_cast<int>(std::min(length, 1e9));
  }
  // Configurations written since transformers 4.34 list all flags here; the map is then ignored.
  std::vector<Named> listed;
  const bool lists = config.has("added_tokens_decoder");
  if (lists) {
    const Json decoder = config.at("added_tokens_decoder");
    if (decoder.size() > most_special) {
      decoder.fail(fmt::format("has {} tokens; {} are possible", decoder.size(), most_special));
    }
    for (const auto& [id, token] : decoder.members()) {
      add_special(files, config, listed.emplace_back(read_token(token)));
    }
  }
  const auto resolve = [&](const char* key, const char* otherwise) {
    Named token{otherwise};
    update(config, key, token);
    if (!lists) update(map, key, token);
    for (const Named& other : listed) {
      if (other.text == token.text) token = other;
    }
    return add_special(files, config, token);
  };
  files.bos = resolve("bos_token", "<|startoftext|>");
  files.eos = resolve("eos_token", "<|endoftext|>");
  resolve("unk_token", "<|endoftext|>");
  files.pad = resolve("pad_token", "<|endoftext|>");
}

}  // namespace

TokenizerFiles TokenizerFiles::read(const std::filesystem::path& folder) {
  TokenizerFiles files;
  files.tokens = read_vocabulary(read_json(folder / "vocab.json", limits));
  files.merges_text = read_file(folder / "merges.txt", most_bytes);
  read_special_tokens(files, folder);
  return files;
}

std::vector<std::string_view> TokenizerFiles::merges() const {
  std::vector<std::string_view> lines;
  for (std::string_view rest = merges_text; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (lines.empty() && line.starts_with("#version"))) continue;
    lines.push_back(line);
  }
  return lines;
}

}  // namespace lacuna
