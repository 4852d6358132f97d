// The sets of the field on SD 1.5's tensors (tools/golden/unet_tensors.py), and hostile patterns.
#include "erase/selection.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <regex>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/glob.h"

using namespace lacuna;

namespace {

const PartParameters& unet() {
  static const PartParameters all = [] {
    std::istringstream lines(
        read_file(LACUNA_SOURCE_DIR "/tests/fixtures/sd15_unet_tensors.txt", 1'000'000));
    std::vector<NamedShape> tensors;
    for (std::string name, shape; lines >> name >> shape;) {
      std::replace(shape.begin(), shape.end(), 'x', ' ');
      std::istringstream sides(shape);
      tensors.push_back({name, {}});
      for (int64_t n; sides >> n;) tensors.back().shape.push_back(n);
    }
    return PartParameters{ModelPart::unet, std::move(tensors)};
  }();
  return all;
}

// CLIP's text encoder as SD 1.x has it.
PartParameters clip(const std::string& prefix = "text_model.") {
  std::vector<NamedShape> all;
  const auto module = [&](const std::string& name, std::vector<int64_t> shape) {
    all.push_back({prefix + name + ".bias", {shape[0]}});
    all.push_back({prefix + name + ".weight", std::move(shape)});
  };
  all.push_back({prefix + "embeddings.position_embedding.weight", {77, 768}});
  all.push_back({prefix + "embeddings.token_embedding.weight", {49408, 768}});
  for (int i = 0; i < 12; i++) {
    const std::string layer = "encoder.layers." + std::to_string(i) + ".";
    for (const char* norm : {"layer_norm1", "layer_norm2"}) module(layer + norm, {768});
    for (const char* p : {"k", "out", "q", "v"})
      module(layer + "self_attn." + p + "_proj", {768, 768});
    module(layer + "mlp.fc1", {3072, 768});
    module(layer + "mlp.fc2", {768, 3072});
  }
  module("final_layer_norm", {768});
  return {ModelPart::text, std::move(all)};
}

struct Count {
  size_t tensors;
  int64_t scalars;
  bool operator==(const Count&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Count& c) {
  return out << c.tensors << " tensors, " << c.scalars << " scalars";
}

Count count(const PartParameters& of, const std::string& selector) {
  const std::vector<std::string> names = select(of, selector);
  const std::set<std::string> chosen(names.begin(), names.end());
  Count c{names.size(), 0};
  for (const NamedShape& tensor : of.all)
    if (chosen.contains(tensor.name)) c.scalars += tensor.scalars();
  return c;
}

bool matches(const std::string& pattern, const std::string& text) {
  return Glob(pattern).matches(text);
}

std::string refusal(const PartParameters& of, const std::string& selector) {
  try {
    select(of, selector);
  } catch (const InputError& e) { return e.what(); }
  FAIL("nothing was refused: ", selector.substr(0, 100));
  return "";
}

bool says(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the sets of the field on SD 1.5") {
  const std::vector<std::pair<std::string, Count>> expected = {
      {"x", {80, 43'962'560}},      {"x-strict", {32, 19'169'280}}, {"self", {80, 49'574'080}},
      {"attn", {160, 93'536'640}},  {"u", {388, 815'358'084}},      {"all", {468, 859'320'644}},
      {"full", {686, 859'520'964}}, {"u-old", {598, 813'495'680}},  {"notime", {678, 857'458'240}},
      {"xlayer", {10, 3'605'760}},  {"selflayer", {10, 8'193'920}}, {"norms", {218, 200'320}},
  };
  for (const auto& [set, wanted] : expected) {
    INFO(set);
    CHECK(count(unet(), set) == wanted);
  }
  // None is left out here.
  const auto of_unet = [](const ParameterSet& s) { return s.is_of(ModelPart::unet); };
  CHECK(std::count_if(parameter_sets().begin(), parameter_sets().end(), of_unet) ==
        int64_t(expected.size()));
}

TEST_CASE("the sets of CLIP's text encoder, with and without the prefix of its names") {
  for (const char* prefix : {"text_model.", ""}) {
    const PartParameters all = clip(prefix);
    CHECK(count(all, "full") == Count{196, 123'060'480});
    CHECK(count(all, "mlp") == Count{48, 56'669'184});
    CHECK(count(all, "mlp-final-attn") == Count{56, 59'031'552});
    CHECK(count(all, "attn") == Count{96, 28'348'416});
    CHECK(count(all, "mlp-attn") == count(all, "all"));
    CHECK(count(all, "no-embeddings") == Count{194, 85'056'000});
    CHECK(count(all, "*layers.7.*") == Count{16, 7'087'872});
    CHECK(count(all, "*.layers.{[4-9],1[01]}.*") == Count{8 * 16, 8 * 7'087'872});
    CHECK(count(all, "norms").tensors == 50);
  }
}

TEST_CASE("the table of sets: names that are unique and lines that fit a help text") {
  std::set<std::string> names;
  for (const ParameterSet& set : parameter_sets()) {
    CHECK(names.insert(std::string(set.name)).second);
    std::istringstream also{std::string(set.also)};
    for (std::string other; also >> other;) CHECK(names.insert(other).second);
    CHECK(set.name.size() <= 14);
    CHECK(set.about.size() <= 43);
    CHECK(set.networks != 0);
    // No name can be taken for a pattern that selects something else.
    for (const NamedShape& tensor : unet().all) CHECK(tensor.name != set.name);
  }
}

TEST_CASE("the names that papers' programs use") {
  CHECK(select(unet(), "xattn") == select(unet(), "x"));
  CHECK(select(unet(), "esd-u") == select(unet(), "u"));
  CHECK(select(unet(), "noxattn") == select(unet(), "u-old"));
  CHECK(select(unet(), "cross-attn") == select(unet(), "x-strict"));
  CHECK(select(clip(), "mlp-only") == select(clip(), "mlp"));
}

TEST_CASE("patterns, several of them, and what is left out") {
  CHECK(select(unet(), "*.attn2.to_[kv].*") == select(unet(), "x-strict"));
  CHECK(select(unet(), "*.attn2.to_{k,v}.weight") == select(unet(), "x-strict"));
  CHECK(select(unet(), "*.attn2.*") == select(unet(), "x"));
  CHECK(select(unet(), "*attn[12]*,!*norm*") == select(unet(), "attn"));
  CHECK(select(unet(), " x , self ") == select(unet(), "attn"));
  CHECK(select(unet(), "self,x") == select(unet(), "attn"));  // in the order of the model
  CHECK(select(unet(), "all,!x") == select(unet(), "u"));
  CHECK(select(unet(), "! x,all") == select(unet(), "u"));
  CHECK(select(unet(), "!norms,!x") == select(unet(), "u"));  // from everything
  CHECK(select(unet(), "conv_in.weight") == std::vector<std::string>{"conv_in.weight"});
  CHECK(count(unet(), "mid_block.*").tensors == 46);
  CHECK(count(unet(), "{down,up}_blocks.?.resnets.*.conv1.weight").tensors == 20);
}

TEST_CASE("patterns match as they should") {
  CHECK(matches("", ""));
  CHECK_FALSE(matches("", "a"));
  CHECK(matches("*", ""));
  CHECK(matches("*", "anything.at all"));
  CHECK(matches("a*c", "abc"));
  CHECK(matches("a*c", "ac"));
  CHECK_FALSE(matches("a*c", "acb"));
  CHECK(matches("?", "x"));
  CHECK_FALSE(matches("?", ""));
  CHECK(matches("[a-c]", "b"));
  CHECK_FALSE(matches("[!a-c]", "b"));
  CHECK(matches("[^a-c]", "d"));
  CHECK(matches("[a-]", "-"));
  CHECK(matches("[,]{a,b}", ",b"));
  CHECK(matches("{a,b}{c,d}", "bc"));
  CHECK(matches("{a{1,2},b}x", "a2x"));
  CHECK(matches("{,a}b", "b"));
  CHECK(matches("{*a,b*}", "bcd"));
  CHECK(matches("{}", ""));
  CHECK(matches("{a}", "a"));
  CHECK_FALSE(matches("{a,b}", "ab"));
  CHECK(matches("a.b", "a.b"));
  CHECK_FALSE(matches("a.b", "aXb"));
  CHECK(matches("\xff*", "\xff\x80"));
}

TEST_CASE("random patterns match as regular expressions do") {
  std::mt19937 engine(5);
  const std::vector<std::pair<std::string, std::string>> pieces = {
      {"a", "a"},       {"b", "b"},          {"*", ".*"},
      {"?", "."},       {"[ab]", "[ab]"},    {"{a,bb}", "(a|bb)"},
      {"[!a]", "[^a]"}, {"{,b*}", "(|b.*)"}, {"{a{b,c},*c}", "(a(b|c)|.*c)"}};
  for (int i = 0; i < 3000; i++) {
    std::string pattern, expression, text;
    for (size_t k = engine() % 6; k > 0; k--) {
      const auto& [ours, theirs] = pieces[engine() % pieces.size()];
      pattern += ours, expression += theirs;
    }
    for (size_t k = engine() % 7; k > 0; k--) text += "abc"[engine() % 3];
    INFO(pattern, " on ", text);
    CHECK(matches(pattern, text) == std::regex_match(text, std::regex(expression)));
  }
}

TEST_CASE("broken patterns are named with their place") {
  for (const auto& [pattern, words] :
       {std::pair<std::string, std::string>{
            "*.attn2.to_[kv", "'[' is not closed at character 12 of the pattern '*.attn2.to_[kv'"},
        {"a{b,c", "'{' is not closed at character 2"},
        {"a{b,{c}", "'{' is not closed at character 2"},
        {"a]", "']' closes nothing at character 2"},
        {"a}", "'}' closes nothing at character 2"},
        {"a},b", "'}' closes nothing"},
        {"[]", "holds no character"},
        {"[!]", "holds no character"},
        {"[z-a]", "runs backwards"}})
    says(refusal(unet(), pattern), words);
}

TEST_CASE("hostile patterns are refused, or take no time") {
  const auto start = std::chrono::steady_clock::now();
  const std::string name(200, 'a');
  CHECK_FALSE(matches(std::string(4000, '*') + "b", name));
  CHECK(matches(std::string(4000, '*') + "a", name));
  std::string doubled;
  for (int i = 0; i < 300; i++) doubled += "{a,aa,*}";
  CHECK_FALSE(matches(doubled + "b", name));
  says(refusal(unet(), "**********Z"), "no name holds 'Z'");
  std::string many_stars = "*";
  for (int i = 0; i < 2000; i++) many_stars += "*a";
  says(refusal(unet(), many_stars), "matches none of the 686 tensors");
  CHECK(matches(std::string(30, '{') + "a" + std::string(30, '}'), "a"));
  says(refusal(unet(), std::string(4000, '{')), "'{' inside too many others at character 31");
  says(refusal(unet(), std::string(1'000'000, '*')), "1000000 characters is too long");
  const std::string word = refusal(unet(), std::string(4000, 'w'));
  CHECK(word.size() < 600);
  says(refusal(unet(), std::string(4000, ',')), "empty entry");
  refusal(unet(), std::string("\0\n\xff", 3));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("unknown names: the nearest ones, and where to look") {
  const std::string set = refusal(unet(), "x-strickt");
  says(set, "'x-strickt' is no set");
  says(set, "the nearest sets are x-strict,");
  says(set, "lacuna layers");
  CHECK(set.find("parts of names") == std::string::npos);  // nothing there is like it
  says(refusal(unet(), "attn2"), "nearest parts of names are attn2,");
  says(refusal(unet(), "nocrossattn"), "noxattn");
  says(refusal(unet(), "nonsense"), "the sets are x, x-strict, self, attn, u, all, full,");
  const std::string pattern = refusal(unet(), "*.atn2.to_[kv].*");
  says(pattern, "no name holds 'atn2', the nearest are attn2");
  says(pattern, "lacuna layers");
  says(refusal(unet(), "attn2.to_k*"), "must match whole names");
  says(refusal(unet(), "x,*.attn3.*"), "'*.attn3.*'");  // one bad pattern among good ones
  says(refusal(unet(), "x,!*.attn3.*"), "'*.attn3.*'");
  says(refusal(unet(), "x,!*"), "excludes everything");
  says(refusal(unet(), ""), "empty entry");
  says(refusal(unet(), "x,,self"), "empty entry");
  says(refusal(unet(), "x,!"), "empty entry");
  says(refusal(unet(), "mlp"), "is a set of the text encoder");
  says(refusal(clip(), "x"), "is a set of the UNet");
  says(refusal({ModelPart::vae, {}}, "mlp"),
       "'mlp' is a set of the text encoder, not of this part; `lacuna layers --part text`");
  says(refusal({ModelPart::vae, {}}, "full"), "no tensor of the set");
  refusal({ModelPart::vae, {}}, "*");
  says(refusal({ModelPart::unet, {{"time_embedding.linear_1.weight", {1, 1}}}}, "xlayer"),
       "this model has no tensor of the set 'xlayer'");
}
