#include "models/tokenizer_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/file.h"
#include "models/json_file.h"

namespace lacuna {
namespace {

constexpr size_t most_bytes = 8 << 20;  // CLIP's vocab.json has 0.9 MB
constexpr size_t most_special = 1000;
constexpr size_t longest_token = 512;  // CLIP's longest has 74 bytes

JsonFile read_json(const std::filesystem::path& path) {
  return JsonFile::read("tokenizer", path, most_bytes);
}

// Ids must be 0 .. n - 1, each once.
std::vector<std::string> read_vocabulary(const JsonFile& file) {
  const size_t count = file.object().size();
  std::vector<std::string> tokens(count);
  std::vector<bool> seen(count);
  for (const auto& [token, id] : file.object().items()) {
    if (token.empty() || token.size() > longest_token) {
      file.fail(fmt::format("a token of {} bytes is not from a CLIP vocabulary", token.size()));
    }
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= count || seen[id.get<size_t>()]) {
      file.fail(fmt::format("the id of token '{}' is {}, but the ids must be 0 to {}, each once",
                            token.substr(0, 40), id.dump().substr(0, 40), count - 1));
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

bool flag(const JsonFile& file, const nlohmann::json& token, const char* key) {
  const auto found = token.find(key);
  if (found == token.end()) return false;
  if (!found->is_boolean()) file.fail(fmt::format("'{}' of a token must be true or false", key));
  return found->get<bool>();
}

Named read_token_object(const JsonFile& file, const nlohmann::json& token) {
  const auto content = token.is_object() ? token.find("content") : token.end();
  if (!token.is_object() || content == token.end() || !content->is_string() ||
      content->get_ref<const std::string&>().empty() ||
      content->get_ref<const std::string&>().size() > longest_token) {
    file.fail("a special token must be a text or an object with its text in 'content'");
  }
  for (const char* key : {"lstrip", "rstrip", "single_word"}) {
    if (flag(file, token, key)) {
      file.fail(fmt::format("a special token with '{}' is not supported", key));
    }
  }
  return {content->get<std::string>(), flag(file, token, "normalized")};
}

// The token under `key` where the file has one.
void update(const JsonFile& file, const char* key, Named& token) {
  const auto found = file.object().find(key);
  if (found == file.object().end() || found->is_null()) return;
  token =
      read_token_object(file, found->is_string() ? nlohmann::json{{"content", *found}} : *found);
}

// Adds a special token; the later of two entries for one text holds. Returns its id.
int32_t add_special(TokenizerFiles& files, const JsonFile& file, const Named& token) {
  const auto found = std::find(files.tokens.begin(), files.tokens.end(), token.text);
  if (found == files.tokens.end()) {
    file.fail(fmt::format("the special token '{}' is not in vocab.json", token.text.substr(0, 40)));
  }
  const auto id = static_cast<int32_t>(found - files.tokens.begin());
  std::erase_if(files.special, [&](const SpecialToken& s) { return s.id == id; });
  files.special.push_back({token.text, id, token.normalized});
  return id;
}

void read_special_tokens(TokenizerFiles& files, const std::filesystem::path& folder) {
  const auto optional_file = [&](const char* name) {
    const std::filesystem::path path = folder / name;
    return std::filesystem::exists(path) ? read_json(path)
                                         : JsonFile::parse("tokenizer", display(path), "{}");
  };
  const JsonFile config = optional_file("tokenizer_config.json");
  const JsonFile map = optional_file("special_tokens_map.json");
  if (const auto length = config.number("model_max_length", 2, 1e300)) {
    files.model_max_length = static_cast<int>(std::min(*length, 1e9));
  }
  // Configurations written since transformers 4.34 list all flags here; the map is then ignored.
  std::vector<Named> listed;
  const auto decoder = config.object().find("added_tokens_decoder");
  if (decoder != config.object().end()) {
    if (!decoder->is_object() || decoder->size() > most_special) {
      config.fail(fmt::format("'added_tokens_decoder' must be an object of at most {} tokens",
                              most_special));
    }
    for (const nlohmann::json& token : *decoder) {
      add_special(files, config, listed.emplace_back(read_token_object(config, token)));
    }
  }
  const auto resolve = [&](const char* key, const char* otherwise) {
    Named token{otherwise};
    update(config, key, token);
    if (decoder == config.object().end()) update(map, key, token);
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
  files.tokens = read_vocabulary(read_json(folder / "vocab.json"));
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
