// The tokenizer against transformers' CLIPTokenizer (tools/golden/tokenizer.py) for
// pico's vocabulary and for CLIP's, which comes with the program; and against damaged files.
#include "models/text/tokenizer.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "base/error.h"
#include "base/unicode.h"
#include "models/text/bpe_merges.h"

using namespace lacuna;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const fs::path fixtures = LACUNA_SOURCE_DIR "/tests/fixtures/tokenizer";
const fs::path pico = LACUNA_SOURCE_DIR "/assets/pico/tokenizer";
const fs::path clip_folder = LACUNA_SOURCE_DIR "/assets/stable-diffusion-1/tokenizer";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

// A copy of pico's tokenizer folder to change, removed at the end.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / fmt::format("lacuna-{:x}", std::random_device()())) {
    fs::create_directory(path_);
    for (const auto& file : fs::directory_iterator(pico)) {
      write(path_ / file.path().filename(), read(file.path()));
    }
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const fs::path& path() const { return path_; }
  void change(const char* name, const json& values) const {
    json object = json::parse(read(path_ / name));
    object.update(values);
    write(path_ / name, object.dump());
  }

 private:
  fs::path path_;
};

// CLIP's tokenizer folder as Stable Diffusion 2.x has it: 1.x pads with <|endoftext|>.
void make_clip_of_sd2(const Folder& folder) {
  for (const char* name : {"vocab.json", "merges.txt"})
    write(folder.path() / name, read(clip_folder / name));
  folder.change("tokenizer_config.json", {{"pad_token", "!"}, {"model_max_length", 77}});
  folder.change("special_tokens_map.json", {{"pad_token", "!"}});
}

struct Golden {
  std::string text;
  uint64_t hashes[3];  // pico, clip, clip_pad_0
};

std::vector<Golden> read_strings() {
  const std::string data = read(fixtures / "strings.bin");
  std::vector<Golden> all;
  for (size_t at = 0; at < data.size();) {
    uint32_t size = 0;
    std::memcpy(&size, data.data() + at, 4);
    Golden& golden = all.emplace_back();
    golden.text = data.substr(at + 4, size);
    std::memcpy(golden.hashes, data.data() + at + 4 + size, sizeof golden.hashes);
    at += 4 + size + sizeof golden.hashes;
  }
  return all;
}

uint64_t hash_of(const std::vector<int32_t>& ids) {
  uint64_t hash = 0xcbf29ce484222325;
  for (int32_t id : ids) hash = (hash ^ static_cast<uint32_t>(id)) * 0x100000001b3;
  return hash;
}

Tokenizer load_pico() { return Tokenizer::load(pico, 32); }

}  // namespace

TEST_CASE("no difference to transformers, three configurations") {
  const Folder sd2;
  make_clip_of_sd2(sd2);
  const auto start = std::chrono::steady_clock::now();
  const Tokenizer clip = Tokenizer::load(clip_folder, 77);
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  MESSAGE("CLIP's vocabulary loads in ms: ", time.count());
  const Tokenizer tokenizers[] = {load_pico(), Tokenizer::load(clip_folder, 77),
                                  Tokenizer::load(sd2.path(), 77)};
  const std::vector<Golden> strings = read_strings();
  int different = 0;
  for (const Golden& golden : strings) {
    for (int k = 0; k < 3; ++k) {
      if (hash_of(tokenizers[k].tokens_of(golden.text)) == golden.hashes[k]) continue;
      if (++different <= 20)
        MESSAGE("tokenizer ", k, " differs on: ",
                json(golden.text).dump(-1, ' ', true, json::error_handler_t::replace));
    }
  }
  CHECK(different == 0);
  CHECK(strings.size() > 20000);

  const char* names[] = {"pico", "clip", "clip_pad_0"};
  for (const json& sample : json::parse(read(fixtures / "samples.json"))) {
    for (int k = 0; k < 3; ++k) {
      const Tokenizer::Encoding encoding = tokenizers[k].encode(strings[sample["string"]].text);
      CHECK(encoding.ids == sample["ids"][names[k]].get<std::vector<int32_t>>());
    }
  }
}

TEST_CASE("padding, end token, and what was cut") {
  const Tokenizer tokenizer = load_pico();
  CHECK(tokenizer.context() == 32);
  CHECK(tokenizer.vocab_size() == 645);
  const Tokenizer::Encoding empty = tokenizer.encode("");
  CHECK(empty.ids.size() == 32);
  CHECK(empty.ids[0] == tokenizer.bos_id());
  CHECK(empty.ids[1] == tokenizer.eos_id());
  CHECK(empty.ids[31] == tokenizer.pad_id());
  CHECK(empty.used == 2);
  CHECK(empty.cut.empty());

  std::string prompt = "a";
  for (int i = 1; i < 30; ++i) prompt += " a";
  CHECK(tokenizer.encode(prompt).used == 32);
  CHECK(tokenizer.encode(prompt).cut.empty());
  const Tokenizer::Encoding cut = tokenizer.encode(prompt + " red Circle, \xc3\xa9");
  CHECK(cut.ids.size() == 32);
  CHECK(cut.ids.back() == tokenizer.eos_id());
  CHECK(cut.cut == "red circle , \xc3\xa9");
}

TEST_CASE("the shorter of the two contexts holds") {
  CHECK(Tokenizer::load(pico, 77).context() == 32);
  CHECK(Tokenizer::load(pico, 16).encode("a red circle").ids.size() == 16);
  CHECK(Tokenizer::load(pico, 2).encode("a red circle").cut == "a red circle");
  CHECK_THROWS_AS(Tokenizer::load(pico, 1), InputError);
  const Folder folder;
  folder.change("tokenizer_config.json",
                {{"model_max_length", 1e30}});  // what transformers writes for "none"
  CHECK(Tokenizer::load(folder.path(), 77).context() == 77);
}

TEST_CASE("bytes that are no UTF-8 count as U+FFFD, as Python replaces them") {
  CHECK(decode_utf8("a\xff\xe2\x82z") == U"a\ufffd\ufffdz");
  CHECK(decode_utf8("\xed\xa0\x80") == U"\ufffd\ufffd\ufffd");            // a surrogate
  CHECK(decode_utf8("\xf4\x90\x80\x80") == U"\ufffd\ufffd\ufffd\ufffd");  // beyond U+10FFFF
  CHECK(decode_utf8("\xc0\x80\xf0\x9f\x98\x80") == U"\ufffd\ufffd\U0001f600");
  CHECK(decode_utf8(std::string_view("\0a", 2)) == std::u32string_view(U"\0a", 2));
}

TEST_CASE("canonical composition") {
  CHECK(nfc(U"") == U"");
  CHECK(nfc(U"e\u0301") == U"\u00e9");
  CHECK(nfc(U"\u212b\u2126") == U"\u00c5\u03a9");
  CHECK(nfc(U"e\u0301\u0323") == U"\u1eb9\u0301");
  CHECK(nfc(U"\u1112\u1161\u11ab") == U"\ud55c");
  CHECK(nfc(U"\u1112\u1161\u11a7\u11a7x") == U"\ud558\u11a7\u11a7x");
}

TEST_CASE("special tokens from added_tokens_decoder") {
  const Folder folder;
  folder.change("tokenizer_config.json",
                {{"added_tokens_decoder",
                  {{"643", {{"content", "<|startoftext|>"}, {"normalized", false}}},
                   {"644", {{"content", "<|endoftext|>"}, {"normalized", true}}}}},
                 {"bos_token", "<|startoftext|>"},
                 {"eos_token", "<|endoftext|>"},
                 {"unk_token", "<|endoftext|>"}});
  const Tokenizer tokenizer = Tokenizer::load(folder.path(), 32);
  CHECK(tokenizer.tokens_of("<|ENDOFTEXT|>") == std::vector<int32_t>{644});
  CHECK(tokenizer.tokens_of("<|startoftext|>") == std::vector<int32_t>{643});
  CHECK(tokenizer.tokens_of("<|STARTOFTEXT|>").size() > 1);
}

TEST_CASE("a merge list that SentencePiece would not run exactly is refused") {
  const Folder folder;
  const std::string merges = read(pico / "merges.txt");
  const auto refused = [&](const std::string& text, const char* why) {
    write(folder.path() / "merges.txt", text);
    CAPTURE(text.substr(0, 40));
    CHECK_THROWS_WITH_AS(Tokenizer::load(folder.path(), 32), doctest::Contains(why), InputError);
  };
  refused(merges + "o f</w>\n", "another merge");
  refused(merges + "one\n", "two words");
  refused(merges + "a b c\n", "two words");
  refused(merges + "zzz q\n", "no earlier merge");
  refused(merges + "z q\n", "not in vocab.json");
  // "ab" + "c" ranks first, but "bc" takes the b away: the string "abc" then never forms by pairs.
  json vocabulary = json::parse(read(pico / "vocab.json"));
  for (const char* token : {"@~", "#~", "@#", "@#~"}) vocabulary[token] = vocabulary.size();
  write(folder.path() / "vocab.json", vocabulary.dump());
  refused("# ~\n@ #\n@# ~\n", "does not come back");
}

TEST_CASE("damaged tokenizer files are bad input") {
  const json vocabulary = json::parse(read(pico / "vocab.json"));
  const auto changed = [&](const char* token, json id) {
    json copy = vocabulary;
    copy[token] = std::move(id);
    return copy.dump();
  };
  const std::pair<const char*, std::string> damages[] = {
      {"vocab.json", ""},
      {"vocab.json", "[]"},
      {"vocab.json", "{}"},
      {"vocab.json", R"({"a": 0})"},
      {"vocab.json", changed("a", -1)},
      {"vocab.json", changed("a", 645)},
      {"vocab.json", changed("a", 1.5)},
      {"vocab.json", changed("a", "0")},
      {"vocab.json", changed("a", 1)},
      {"vocab.json", changed("", 645)},
      {"vocab.json", changed(std::string(600, 'x').c_str(), 645)},
      {"vocab.json", std::string(9 << 20, ' ')},
      {"vocab.json", std::string(100000, '[')},
      {"merges.txt", std::string(9 << 20, '\n')},
      {"merges.txt", std::string("\xff\xfe\0\1", 4)},
      {"tokenizer_config.json", "{\"a\":"},
      {"tokenizer_config.json", R"({"model_max_length": "77"})"},
      {"tokenizer_config.json", R"({"model_max_length": 1})"},
      {"tokenizer_config.json", R"({"added_tokens_decoder": 5})"},
      {"tokenizer_config.json", R"({"added_tokens_decoder": {"0": {"content": 5}}})"},
      {"special_tokens_map.json", R"({"pad_token": 5})"},
      {"special_tokens_map.json", R"({"pad_token": ""})"},
      {"special_tokens_map.json", R"({"pad_token": "no such token"})"},
      {"special_tokens_map.json", R"({"pad_token": {"content": "!", "lstrip": true}})"},
      {"special_tokens_map.json", R"({"pad_token": {"content": "!", "normalized": 1}})"},
  };
  for (const auto& damage : damages) {
    const std::string name = damage.first, content = damage.second;
    const Folder folder;
    write(folder.path() / name, content);
    CAPTURE(name);
    CAPTURE(content.substr(0, 60));
    CHECK_THROWS_WITH_AS(Tokenizer::load(folder.path(), 32),
                         doctest::Contains(folder.path().string().c_str()), InputError);
  }
  for (const char* name : {"vocab.json", "merges.txt"}) {
    const Folder folder;
    fs::remove(folder.path() / name);
    CHECK_THROWS_WITH_AS(Tokenizer::load(folder.path(), 32), doctest::Contains(name), InputError);
    fs::create_directory(folder.path() / name);
    CHECK_THROWS_AS(Tokenizer::load(folder.path(), 32), InputError);
  }
}

TEST_CASE("a megabyte in one word is slow for nobody") {
  const Tokenizer tokenizer = load_pico();
  const auto start = std::chrono::steady_clock::now();
  CHECK(tokenizer.encode(std::string(1 << 20, 'a')).used == 32);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}
