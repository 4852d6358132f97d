// UCE, RECE and SPEED against the papers' formulas: tests/fixtures/closed_form.safetensors, made by
// tools/golden/closed_forms.py.
#include <doctest/doctest.h>

#include <filesystem>

#include "base/error.h"
#include "base/tensors/tensor_file.h"
#include "erase/closed/concept_embeddings.h"
#include "erase/closed/rece.h"
#include "erase/closed/speed.h"
#include "models/text/text_predictor.h"
#include "tests/device.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

Matrix rows_of(const TensorFile& file, const std::string& name) {
  const TensorFile::Entry& entry = file.at(name);
  std::vector<float> values(entry.count());
  file.to_float(entry, values);
  return Eigen::Map<const Eigen::MatrixXf>(values.data(), entry.shape[1], entry.shape[0])
      .transpose()
      .cast<double>();
}

struct Golden {
  TensorFile file = TensorFile::open(std::filesystem::path(LACUNA_SOURCE_DIR) /
                                     "tests/fixtures/closed_form.safetensors");
  ConceptStates states{
      {columns("concepts"), columns("anchors")}, columns("retained"), columns("empty")};
  std::vector<Matrix> matrices = {rows_of(file, "matrix.0"), rows_of(file, "matrix.1")};

  Matrix columns(const std::string& name) const { return rows_of(file, name).transpose(); }

  void check(ClosedForm& method, const std::string& name) const {
    method.prepare(states, matrices);
    for (size_t i = 0; i < matrices.size(); i++) {
      const Matrix expected = rows_of(file, name + "." + std::to_string(i)) - matrices[i];
      const Matrix change = method.edited(matrices[i]) - matrices[i];
      INFO(name, " of matrix ", i);
      CHECK((change - expected).norm() <= 1e-5 * expected.norm());
    }
  }
};

}  // namespace

TEST_CASE("UCE, RECE and SPEED equal the papers' formulas") {
  const Golden golden;
  Uce uce({.erase_scale = 1.5, .preserve_scale = 0.7, .lambda = 0.5});
  golden.check(uce, "uce");
  Rece rece({.epochs = 2});
  golden.check(rece, "rece");
  Speed speed({.threshold = 1, .retain_scale = 0.8, .copies = 4, .seed = 5});
  golden.check(speed, "speed");
  Speed soft({.threshold = 1, .lambda = 0.3, .copies = 4, .seed = 5});
  golden.check(soft, "speed-lambda");
}

TEST_CASE("more states than dimensions give the same as the few that they repeat") {
  const Golden golden;
  ConceptStates many = golden.states;
  many.pairs = {golden.states.pairs.concepts.replicate(1, 10),
                golden.states.pairs.anchors.replicate(1, 10)};
  const auto same = [&](ClosedForm&& few, ClosedForm&& repeated) {
    few.prepare(golden.states, golden.matrices);
    repeated.prepare(many, golden.matrices);
    const Matrix& w = golden.matrices[0];
    CHECK((few.edited(w) - repeated.edited(w)).norm() <= 1e-9 * w.norm());
  };
  same(Uce({.erase_scale = 1}), Uce({.erase_scale = 0.1}));
  same(Speed({}), Speed({}));
  same(Rece({.uce = {.erase_scale = 1, .lambda = 0.1}}),
       Rece({.uce = {.erase_scale = 0.1, .lambda = 0.1}}));
}

TEST_CASE("SPEED moves neither the empty text nor what it retains") {
  const Golden golden;
  const Matrix& w = golden.matrices[1];
  Speed speed({.threshold = 1e-9, .filter = false});
  ConceptStates states = golden.states;
  states.retained = golden.states.retained.leftCols(4);
  states.empty = golden.states.empty.leftCols(3);  // fewer than the centroids
  speed.prepare(states, golden.matrices);
  const Matrix change = speed.edited(w) - w;
  CHECK(change.norm() > 0.01 * w.norm());
  CHECK((change * states.retained).norm() < 1e-9 * w.norm());
  CHECK((change * states.empty).norm() < 1e-9 * w.norm());
  states.retained.resize(states.retained.rows(), 0);
  speed.prepare(states, golden.matrices);
  CHECK((speed.edited(w) * states.empty).isApprox(w * states.empty));
}

TEST_CASE("a problem without a unique solution and options out of range are refused") {
  const Golden golden;
  Uce uce({.lambda = 0});
  ConceptStates few = golden.states;
  few.retained.resize(few.retained.rows(), 0);
  CHECK_THROWS_WITH_AS(uce.prepare(few, golden.matrices), doctest::Contains("larger --lambda"),
                       InputError);
  CHECK_THROWS_AS(Uce({.lambda = -1}), InputError);
  CHECK_THROWS_AS(Rece({.epochs = -1}), InputError);
  CHECK_THROWS_AS(Speed({.retain_scale = 0}), InputError);
}

TEST_CASE("phrasings and their anchors") {
  const auto list = [](const ConceptOptions& o) {
    std::string text;
    for (const Phrasing& p : phrasings_of(o, "uce")) text += p.text() + " -> " + p.anchor() + "\n";
    return text;
  };
  CHECK(list({.concepts = {"red"}}) == "red -> \n");
  CHECK(list({.concepts = {"red", "blue"}, .guides = {"green"}}) ==
        "red -> green\nblue -> green\n");
  CHECK(list({.concepts = {"red"}, .prompts = {"a RED circle", "scarlet"}}) ==
        "a red circle -> a circle\nscarlet -> \n");
  CHECK(list({.concepts = {"cat", "grumpy cat"},
              .guides = {"dog", "lion"},
              .prompts = {"a grumpy cat on a mat", "a {}!"}}) ==
        "a grumpy cat on a mat -> a lion on a mat\na cat ! -> a dog !\n"
        "a grumpy cat ! -> a lion !\n");
  const auto refuses = [&](const ConceptOptions& o, const char* words) {
    CHECK_THROWS_WITH_AS(list(o), doctest::Contains(words), InputError);
  };
  refuses({}, "nothing to erase");
  refuses({.concepts = {"red"}, .guides = {" Red"}}, "its own guide");
  refuses({.concepts = {"a", "b", "c"}, .guides = {"d", "e"}},
          "2 guides do not go with 3 concepts");
  refuses({.concepts = {"red"}, .prompts = {"a {} hat"}, .retained = {"a Red hat"}},
          "to be erased and to be preserved");
}

TEST_CASE("states are those of the concept's last token and of what follows" * needs_device()) {
  TextEncoder encoder(device(), std::filesystem::path(LACUNA_SOURCE_DIR) / "assets/pico",
                      DType::f32);
  TextPredictor predictor(encoder);
  const auto state = [&](const std::string& text, Eigen::Index token) -> Vector {
    const Embeddings all = predictor(encoder.tokenizer().encode(text)).sequence;
    return Eigen::Map<const Eigen::MatrixXf>(all->data(), encoder.width(), 32)
        .col(token)
        .cast<double>();
  };
  REQUIRE(encoder.tokenizer().context() == 32);
  const auto states = [&](const ConceptOptions& o) {
    return concept_states(encoder, phrasings_of(o, "uce"), o.retained, o.tokens,
                          [](size_t, size_t) {});
  };
  // Start, a, red, circle, end, padding.
  const ConceptOptions last{
      .concepts = {"red"}, .prompts = {"a red circle"}, .retained = {"a blue star", ""}};
  const ConceptStates one = states(last);
  REQUIRE(one.pairs.concepts.cols() == 1);
  CHECK(one.pairs.concepts.col(0) == state("a red circle", 2));
  CHECK(one.pairs.anchors.col(0) == state("a circle", 1));
  REQUIRE(one.retained.cols() == 2);
  CHECK(one.retained.col(0) == state("a blue star", 3));
  CHECK(one.retained.col(1) == state("", 0));
  CHECK(states({.concepts = {"red"}}).pairs.anchors.col(0) == state("", 0));

  ConceptOptions all = last;
  all.tokens = Tokens::all;
  const ConceptStates many = states(all);
  REQUIRE(many.pairs.concepts.cols() == 30);
  CHECK(many.pairs.concepts.col(1) == state("a red circle", 3));
  CHECK(many.pairs.anchors.col(1) == state("a circle", 2));
  CHECK(many.pairs.anchors.col(29) == state("a circle", 30));
  CHECK(many.retained.cols() == 64);
  CHECK(many.empty.col(31) == state("", 31));
  std::string words = "red";
  for (int i = 0; i < 40; i++) words = "a " + words;
  CHECK_THROWS_WITH_AS(states({.concepts = {words}}), doctest::Contains("shorten it"), InputError);
}
