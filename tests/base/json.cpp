// Values of JSON files from strangers: types and ranges, and sentences that name file, key and
// value.
#include "base/json.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace lacuna;

namespace {

Json parsed(const char* text) { return parse_json(text, "test.json"); }

}  // namespace

TEST_CASE("json: a value keeps its document") {
  const Json inner = parsed(R"({"a": {"b": [1, 2, 3]}})").at("a").at("b");
  CHECK(inner.as<std::vector<int>>() == std::vector<int>{1, 2, 3});
  CHECK(inner.where() == R"(test.json: "a": "b")");
  CHECK(inner.elements()[2].where() == R"(test.json: "a": "b"[2])");
}

TEST_CASE("json: missing and null keys") {
  const Json json = parsed(R"({"null": null, "x": 5})");
  CHECK(json.get<int>("x", 7) == 5);
  CHECK(json.get<int>("null", 7) == 7);
  CHECK(json.get<int>("y", 7) == 7);
  CHECK(json.number("y", 2.5, 0.0, 1.0) == 2.5);
  CHECK(json.choice("y", {"first", "second"}) == 0);
  CHECK_THROWS_WITH_AS(
      json.get<int>("y"),
      R"([json] test.json lacks the key "y"; correct the file or download it again)", InputError);
  CHECK_THROWS_AS(parsed("[]").has("x"), InputError);
  CHECK_THROWS_AS(parsed("5").get<int>("x", 7), InputError);
}

TEST_CASE("json: types and ranges") {
  const Json json = parsed(
      R"({"text": "abc", "big": 18446744073709551615, "least": -9223372036854775808,
          "huge": 1e300, "half": 0.5, "true": true, "list": [1, "x"]})");
  CHECK(json.get<uint64_t>("big") == UINT64_MAX);
  CHECK(json.get<int64_t>("least") == INT64_MIN);
  CHECK(json.get<double>("huge") == 1e300);
  CHECK(json.number("half", 0.0f, 0.0f, 1.0f) == 0.5f);
  CHECK(json.choice("text", {"x", "abc"}) == 1);
  CHECK_THROWS_AS(json.get<int64_t>("big"), InputError);
  CHECK_THROWS_AS(json.get<uint64_t>("least"), InputError);
  CHECK_THROWS_AS(json.get<int>("least"), InputError);
  CHECK_THROWS_AS(json.get<float>("huge"), InputError);
  CHECK_THROWS_AS(json.get<int>("half"), InputError);
  CHECK_THROWS_AS(json.get<int>("true"), InputError);
  CHECK_THROWS_AS(json.get<bool>("text"), InputError);
  CHECK_THROWS_AS(json.get<std::string>("list"), InputError);
  CHECK_THROWS_WITH_AS(json.get<std::vector<int>>("list"),
                       R"([json] test.json: "list"[1] is "x" where a whole number is expected; )"
                       "correct the file or download it again",
                       InputError);
  CHECK_THROWS_WITH_AS(json.number("half", 5, 1, 10), doctest::Contains("whole number"),
                       InputError);
  CHECK_THROWS_WITH_AS(json.number("half", 2.0, 1.0, 10.0),
                       R"([json] test.json: "half" is 0.5 and must lie between 1 and 10; )"
                       "correct the file or download it again",
                       InputError);
  CHECK_THROWS_WITH_AS(json.choice("text", {"linear", "cosine"}),
                       R"([json] test.json: "text" is "abc", which is not supported; use linear, )"
                       "cosine; correct the file or download it again",
                       InputError);
}

TEST_CASE("json: what a value is") {
  const Json json =
      parsed(R"({"null": null, "one": 1.0, "text": "abc", "list": [1, 2], "no": false})");
  CHECK(json.is_object());
  CHECK_FALSE(json.is_list());
  CHECK(json.at("list").is_list());
  CHECK(json.at("list").size() == 2);
  CHECK(json.at("one").is_number());
  CHECK_FALSE(json.at("text").is_number());
  CHECK(json.is_null("null"));
  CHECK_FALSE(json.is_null("no"));
  CHECK_FALSE(json.is_null("missing"));
  CHECK(json.at("one").is(1));
  CHECK_FALSE(json.at("one").is(1.5));
  CHECK_FALSE(json.at("one").is(true));
  CHECK(json.at("null").is(nullptr));
  CHECK(json.at("text").is("abc"));
  CHECK(json.at("no").is(false));
  CHECK(json_text(1.0) == "1.0");
  CHECK(json_text("abc") == "\"abc\"");
}

TEST_CASE("json: a copy with another number") {
  const Json json = parsed(R"({"b": 1, "a": [2]})");
  const Json changed = json.with("b", 9);
  CHECK(changed.text() == R"({"a":[2],"b":9})");
  CHECK(changed.where() == "test.json");
  CHECK(json.get<int>("b") == 1);
  CHECK_THROWS_AS(json.at("a").with("b", 9), InputError);
}

TEST_CASE("json: damaged and hostile documents") {
  for (const char* text : {"", "{", "[1,]", "\"\xff\"", "nul", "1e999", "{} {}"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(parsed(text), doctest::Contains("test.json"), InputError);
  }
  CHECK_THROWS_WITH_AS(parsed(R"({"a": 1, "a": 2})"), doctest::Contains("\"a\" twice"), InputError);
  CHECK_NOTHROW(parsed(R"([{"a": 1}, {"a": {"a": 2}}])"));
  CHECK_THROWS_WITH_AS(parsed(std::string(100000, '[').c_str()), doctest::Contains("too deeply"),
                       InputError);
  CHECK_THROWS_WITH_AS(parse_json("[1, 2, 3]", "test.json", {.values = 2}),
                       doctest::Contains("too many values"), InputError);
  CHECK_THROWS_WITH_AS(parse_json("[1, 2, 3]", "test.json", {.bytes = 2}),
                       doctest::Contains("9 bytes"), InputError);
}
