#include "tests/models/gradients.h"

#include <algorithm>
#include <cmath>

#include "engine/gradients.h"
#include "engine/ops.h"
#include "tests/device.h"

namespace lacuna::test {
namespace {

TensorFile open(const GradientCase& c) {
  return TensorFile::open(fixture(c.fixture) / "gradients.safetensors");
}

double norm_of(const std::vector<float>& values) {
  double sum = 0;
  for (float v : values) sum += double(v) * v;
  return std::sqrt(sum);
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double sum = 0;
  for (size_t i = 0; i < a.size(); i++) sum += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
  return std::sqrt(sum);
}

// Images are N,H,W,C in graphs.
Array golden_target(const GradientCase& c) {
  const Array target = read(open(c), "target." + c.loss);
  return target.shape.size() == 4 ? channels_last(target) : target;
}

// Where the gradients of all parameters add up, as in training, so that none of them lives in the
// arena for long.
class Sums {
 public:
  explicit Sums(const WeightStore& store) {
    for (const auto& [name, p] : store.loaded()) {
      offsets_.push_back(elements_);
      parameters_.push_back(p);
      elements_ += static_cast<uint64_t>(p.type.shape.elements() + 63) / 64 * 64;
    }
    buffer_ = Buffer(device(), elements_ * 4, Memory::device, "a test's gradients");
  }

  const std::vector<Parameter>& parameters() const { return parameters_; }
  Tensor in(Graph& g, size_t i) const {
    return g.parameter("gradient of " + parameters_[i].name,
                       {parameters_[i].type.shape, DType::f32},
                       buffer_.address() + offsets_[i] * 4);
  }
  void clear() {
    const std::vector<float> zeros(elements_);
    device().upload(buffer_, 0, std::as_bytes(std::span(zeros)));
  }
  std::vector<float> in_checkpoint_layout(size_t i) const {
    const Parameter& p = parameters_[i];
    std::vector<float> values(static_cast<size_t>(p.type.shape.elements())), out(values.size());
    device().download(buffer_, offsets_[i] * 4, std::as_writable_bytes(std::span(values)));
    to_checkpoint_layout(p.layout, p.shape, values, out);
    return out;
  }

 private:
  std::vector<Parameter> parameters_;
  std::vector<uint64_t> offsets_;  // elements
  uint64_t elements_ = 0;
  Buffer buffer_;
};

}  // namespace

GradientRun run_gradients(const GradientCase& c) {
  const Array target = golden_target(c);
  Sums sums(c.store);
  Graph g;
  g.recompute = c.recompute;
  std::map<std::string, Tensor> inputs;
  const Tensor result = cast(c.trace(g, inputs), DType::f32);
  const Tensor loss = mse(result, g.input("target", Shape(target.shape))).total;
  std::vector<Tensor> wanted;
  for (const Parameter& p : sums.parameters()) wanted.push_back(p.in(g));
  const size_t parameters = wanted.size();
  std::vector<std::string> names;
  for (const auto& [name, tensor] : inputs) {
    wanted.push_back(tensor);
    names.push_back(name);
  }
  gradients(loss, wanted, [&](size_t i, Tensor gradient) {
    if (i < parameters)
      accumulate(sums.in(g, i), gradient);
    else
      g.output(names[i - parameters], gradient);
  });
  g.output("loss", loss);
  Plan plan(device(), g);
  c.set(plan);
  plan.set("target", std::span<const float>(target.values));

  const auto run = [&] {
    sums.clear();
    plan.run();
    GradientRun r;
    r.loss = plan.get("loss")[0];
    r.live_peak_bytes = plan.placement().live_peak_bytes;
    for (size_t i = 0; i < parameters; i++)
      r.gradients["gradient." + sums.parameters()[i].name] = sums.in_checkpoint_layout(i);
    for (size_t i = 0; i < names.size(); i++) {
      std::vector<float> values = plan.get(names[i]);
      const Shape& shape = wanted[parameters + i].shape();
      if (shape.rank() == 4) {
        const size_t each = values.size() / static_cast<size_t>(shape[0]);
        std::vector<float> nchw;
        for (size_t begin = 0; begin < values.size(); begin += each) {
          const auto one = to_channels_first(std::span(values).subspan(begin, each), shape.last());
          nchw.insert(nchw.end(), one.begin(), one.end());
        }
        values = nchw;
      }
      r.gradients["gradient.input." + names[i]] = std::move(values);
    }
    return r;
  };
  const GradientRun once = run(), again = run();
  CHECK(once.loss == again.loss);
  CHECK(once.gradients == again.gradients);
  return once;
}

void check_gradients(const GradientCase& c, const GradientRun& run, double bound,
                     const std::vector<std::string>& others) {
  const TensorFile golden = open(c);
  const std::string what = c.fixture + " " + std::string(name_of(c.store.dtype()));
  std::map<std::string, std::vector<float>> expected;
  double largest = 0;
  for (const auto& [name, entry] : golden.entries()) {
    if (!name.starts_with("gradient.")) continue;
    if (std::any_of(others.begin(), others.end(),
                    [&](const std::string& o) { return name.starts_with("gradient." + o); }))
      continue;
    expected[name] = read(golden, name).values;
    largest = std::max(largest, norm_of(expected[name]));
  }
  CHECK(run.gradients.size() == expected.size());
  double worst = 0, worst_noise = 0, sum = 0;
  std::string worst_name;
  size_t compared = 0;
  for (const auto& [name, values] : expected) {
    INFO(what, ": ", name);
    REQUIRE(run.gradients.count(name) == 1);
    const double norm = norm_of(values);
    const double error = distance(run.gradients.at(name), values);
    if (norm < 1e-6 * largest) {
      worst_noise = std::max(worst_noise, error / largest);
      CHECK(error <= bound * 1e-2 * largest);
      continue;
    }
    CHECK(error <= bound * norm);
    compared++;
    sum += error / norm;
    if (error / norm > worst) {
      worst = error / norm;
      worst_name = name;
    }
  }
  const double loss = read(golden, "loss." + c.loss).values[0];
  CHECK(std::abs(run.loss - loss) <= 0.1 * bound * loss);
  MESSAGE(what, ": relative error of ", compared, " gradients at most ", worst, " (", worst_name,
          "), ", sum / static_cast<double>(compared), " on average; of ",
          expected.size() - compared, " that are zero ", worst_noise, " of the largest norm; loss ",
          std::abs(run.loss / loss - 1));
}

}  // namespace lacuna::test
