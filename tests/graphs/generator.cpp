#include "tests/graphs/generator.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/graph/evaluate.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/table.h"

namespace vireo::graphs_testing {
namespace {

constexpr std::int64_t kMostElements = 16384;
constexpr double kLargest = 1e15, kSmallest = 1e-32;  // squares of larger ones leave float32

graph::MutableConstant filled(DataType type, const Dims& dims, const auto& next) {
  const graph::MutableConstant result = graph::new_constant(type, dims);
  const std::int64_t count = element_count(dims);
  ops::dispatch_any(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t i = 0; i < count; ++i) result.as<T>()[i] = static_cast<T>(next(i));
  });
  return result;
}

bool is_finite(const ConstantPtr& value) {
  if (!is_float(value->dtype)) return true;
  const std::vector<double> all = graph::to_reals(*value);
  return std::all_of(all.begin(), all.end(), [](double v) { return std::isfinite(v); });
}

}  // namespace

double Generator::awkward() {
  constexpr double inf = std::numeric_limits<double>::infinity();
  if (chance(0.4)) return real(-3, 3);
  return one_of({0.0,      -0.0,       1.0,        -1.0,       0.5,    2.0,          3.0,     6.0,   -6.0,
                 1e-6,     -1e-6,      1e-5,       1e-12,      0.1,    1.0 / 6,      1.0 / 3, 1.702, 10.0,
                 20.0,     100.0,      255.0,      320.0,      -320.0, 1e4,          1e-30,   1e30,  -1e30,
                 0.044715, 0.79788456, 0.70710678, 1.41421356, 88.0,   3.4028234e38, inf,     -inf});
}

Ints Generator::permutation(std::size_t rank) {
  Ints perm(rank);
  for (std::size_t i = 0; i < rank; ++i) perm[i] = static_cast<std::int64_t>(i);
  for (std::size_t i = rank; i > 1; --i)
    std::swap(perm[i - 1], perm[static_cast<std::size_t>(below(static_cast<std::int64_t>(i)))]);
  return perm;
}

TensorId Generator::pick(DataType type, std::size_t low, std::size_t high) {
  std::vector<TensorId> fitting;
  for (const TensorId t : tensors_)
    if (dtype(t) == type && rank(t) >= low && rank(t) <= high) fitting.push_back(t);
  if (fitting.empty()) throw Rejected("no such tensor");
  const auto size = static_cast<std::int64_t>(fitting.size());
  const std::int64_t back = chance(0.75) ? below(std::min<std::int64_t>(size, 3)) : below(size);
  return fitting[static_cast<std::size_t>(size - 1 - back)];
}

TensorId Generator::pick_like(DataType type, const Dims& wanted, TensorId but) {
  std::vector<TensorId> fitting;
  for (const TensorId t : tensors_)
    if (t != but && dtype(t) == type && dims(t) == wanted) fitting.push_back(t);
  return fitting.empty() ? kNone : fitting[static_cast<std::size_t>(below(static_cast<std::int64_t>(fitting.size())))];
}

TensorId Generator::shaped(const Dims& wanted) {
  const std::int64_t needed = element_count(wanted);
  if (needed == 0 || needed > kMostElements) throw Rejected("too large");
  TensorId t = pick_like(DataType::float32, wanted);
  if (t != kNone) return t;
  if (graph_.inputs().size() < 3 && chance(0.4)) return input(DataType::float32, wanted);
  t = pick();
  if (count(t) == 0) throw Rejected("empty");
  if (rank(t) != 1) t = reshape(t, {-1});
  const std::int64_t repeats = (needed + count(t) - 1) / count(t);
  if (repeats > 1) t = layer("tile", {t, ints({repeats})});
  if (count(t) > needed) t = layer("slice", {t, ints({0}), ints({needed})});
  return rank(t) == wanted.size() ? t : reshape(t, wanted);
}

TensorId Generator::input(DataType type, const Dims& dims, bool unknown_batch) {
  const double low = is_float(type) ? -3 : 0, high = is_float(type) ? 3 : type == DataType::uint8 ? 255.9 : 4.9;
  const graph::MutableConstant v =
      filled(type, dims, [&](std::int64_t) { return type == DataType::boolean ? real(0, 1) < 0.5 : real(low, high); });
  std::vector<std::string> symbols(dims.size());
  Dims stated = dims;
  if (unknown_batch && !dims.empty()) {
    stated[0] = kUnknown;
    symbols[0] = "n" + std::to_string(dims[0]);  // equal names are equal extents
    unknown_batch_ = true;
  }
  const std::string name = "x" + std::to_string(graph_.inputs().size());
  const TensorId id = graph_.add_input(name, type, stated, symbols);
  (void)values_.add_input(name, type, dims);
  values_.tensor(id).constant = v.constant;
  tensors_.push_back(id);
  return id;
}

TensorId Generator::constant(const Dims& dims, const std::vector<double>& values, DataType type) {
  const ConstantPtr made =
      filled(type, dims, [&](std::int64_t i) { return values[static_cast<std::size_t>(i) % values.size()]; }).constant;
  const std::string name = "c" + std::to_string(graph_.tensor_count());
  (void)values_.add_constant(name, made);
  return graph_.add_constant(name, made);
}

TensorId Generator::ints(const Ints& values) {
  const ConstantPtr made = graph::make_constant(values);
  const std::string name = "c" + std::to_string(graph_.tensor_count());
  (void)values_.add_constant(name, made);
  return graph_.add_constant(name, made);
}

TensorId Generator::floats(const Dims& dims, double low, double high) {
  const std::int64_t needed = element_count(dims);
  if (needed > 4 * kMostElements) throw Rejected("too large");
  std::vector<double> values(static_cast<std::size_t>(std::max<std::int64_t>(needed, 1)));
  for (double& v : values) v = real(low, high);
  return constant(dims, values);
}

TensorId Generator::weight(const Dims& dims, double low, double high) {
  if (low < 0 && chance(0.06)) return shaped(dims);
  return floats(dims, low, high);
}

TensorId Generator::activation(TensorId x) {
  const char* f = name_of({"relu", "relu", "silu", "leaky_relu", "sigmoid", "hard_swish", "mish", "gelu", "tanh",
                           "clip", "elu", "hard_sigmoid", "softplus", "identity"});
  Attributes a;
  a.set("function", std::string(f));
  if (std::string_view(f) == "clip") {
    if (chance(0.8)) a.set("min", one_of({0.0, -1.0, 0.5}));
    if (chance(0.8)) a.set("max", one_of({6.0, 320.0, 1.0, 6.01}));
  }
  if ((std::string_view(f) == "leaky_relu" || std::string_view(f) == "silu") && chance(0.6))
    a.set("alpha", one_of({0.1, 0.3, 1.702, -0.5}));
  if (std::string_view(f) == "gelu" && chance(0.5)) a.set("approximate", std::string("tanh"));
  return layer("unary", {x}, std::move(a));
}

/// Deviations that are small beside the mean are rounding errors.
void Generator::keep_spread(const graph::Layer& made) {
  const std::string_view op = made.op->name;
  if (op != "instance_norm" && op != "group_norm" && op != "layer_norm" && op != "mean_variance_normalize") return;
  const std::vector<double> x = graph::to_reals(*value(made.inputs[0]));
  double sum = 0, squares = 0, largest = 0;
  for (const double v : x) sum += v, squares += v * v, largest = std::max(largest, std::abs(v));
  const auto n = static_cast<double>(std::max<std::size_t>(x.size(), 1));
  if (squares / n - sum * sum / n / n < 1e-3 * largest * largest) throw Rejected("no spread");
  const std::int64_t pixels =
      op == "instance_norm"
          ? count(made.inputs[0]) / std::max<std::int64_t>(1, dims(made.inputs[0])[0] * dims(made.inputs[0])[1])
          : 2;
  if (pixels < 2) throw Rejected("one pixel");
}

void Generator::keep_in_range(const graph::Layer& made, const std::vector<ConstantPtr>& results) {
  bool finite_inputs = true;
  for (const TensorId t : made.inputs)
    if (t != kNone) finite_inputs = finite_inputs && is_finite(value(t));
  const std::string_view op = made.op->name;
  if (!finite_inputs && (op == "resize" || op == "grid_sample" || op == "roi_align"))
    throw Rejected("a weight of 0 times NaN");  // references don't look where the weight is 0
  const std::string function = made.attributes.text("function", "");
  for (const ConstantPtr& result : results) {
    if (result->count() > kMostElements) throw Rejected("too large");
    if (!is_float(result->dtype)) continue;
    std::int64_t strange = 0, zeros = 0;
    for (const double v : graph::to_reals(*result)) {
      strange += std::isfinite(v) ? 0 : 1;
      zeros += v == 0;
      if (std::isfinite(v) && v != 0 && (std::abs(v) > kLargest || std::abs(v) < kSmallest)) throw Rejected("range");
    }
    if (strange > 0 && (finite_inputs ? chance(0.8) : 4 * strange > result->count() && chance(0.7)))
      throw Rejected("not finite");
    if (function != "mul" && function != "div" && function != "pow") continue;
    std::int64_t before = 0;  // products of nonzero numbers that vanish
    for (const TensorId t : made.inputs)
      if (t != kNone && is_float(dtype(t)))
        for (const double v : graph::to_reals(*value(t))) before += v == 0 || !std::isfinite(v);
    if (zeros > 0 && before == 0) throw Rejected("underflow");
  }
}

std::vector<TensorId> Generator::layers(std::string_view op_name, std::vector<TensorId> inputs, AttributeList list,
                                        int outputs) {
  Attributes attributes;
  for (const auto& [name, v] : list) attributes.set(name, v);
  return layers(op_name, std::move(inputs), std::move(attributes), outputs);
}

std::vector<TensorId> Generator::layers(std::string_view op_name, std::vector<TensorId> inputs, Attributes attributes,
                                        int outputs) {
  const graph::Operator* op = ops::find_operator(op_name);
  if (op == nullptr) throw std::logic_error("no operator " + std::string(op_name));
  const std::string name = std::string(op_name) + std::to_string(graph_.layer_count());
  const graph::LayerId id = graph_.add_layer(*op, name, inputs, attributes, outputs);
  if (values_.add_layer(*op, name, inputs, attributes, outputs) != id) throw std::logic_error("ids differ");
  if (op->data_dependent_axis) values_.tensor(values_.layer(id).outputs[0]).dims = values_.bound_dims(id);
  const std::vector<ConstantPtr> results = graph::evaluate_layer(values_, id, std::size_t{1} << 20);
  if (results.empty()) throw Rejected("not evaluated");
  keep_in_range(values_.layer(id), results);
  keep_spread(values_.layer(id));
  const std::vector<TensorId> made = graph_.layer(id).outputs;
  for (std::size_t k = 0; k < made.size(); ++k) {
    graph::Tensor& tensor = values_.tensor(made[k]);
    tensor.constant = results[k];
    tensor.dims = results[k]->dims;
    tensor.ranked = true;
    tensors_.push_back(made[k]);
  }
  return made;
}

bool Generator::attempt(void (*recipe)(Generator&)) {
  const Graph graph = graph_, values = values_;
  const std::vector<TensorId> tensors = tensors_;
  const bool unknown = unknown_batch_;
  try {
    recipe(*this);
    return true;
  } catch (const Rejected&) {
  } catch (const Error&) {  // a shape rule or a reference does not take it
  }
  graph_ = graph;
  values_ = values;
  tensors_ = tensors;
  unknown_batch_ = unknown;
  return false;
}

Sample Generator::finish() {
  const auto give = [&](TensorId t) {
    const bool own_name = chance(0.3);
    graph_.mark_output(t, own_name ? "" : "out" + std::to_string(graph_.outputs().size()));
  };
  std::vector<TensorId> leaves, inner;
  for (const TensorId t : tensors_) {
    const bool made = graph_.tensor(t).producer != kNone;
    if (made) (graph_.tensor(t).consumers.empty() ? leaves : inner).push_back(t);
  }
  for (const TensorId t : leaves)  // of several outputs of a layer some are not wanted
    if (chance(graph_.layer(graph_.tensor(t).producer).outputs.size() > 1 ? 0.5 : 0.85)) give(t);
  if (graph_.outputs().empty()) give(leaves.empty() ? tensors_.back() : leaves.back());
  for (std::int64_t more = below(3); more > 0 && !inner.empty(); --more)
    if (const TensorId t = inner[static_cast<std::size_t>(below(static_cast<std::int64_t>(inner.size())))];
        !graph_.is_output(t))
      give(t);
  if (chance(0.04)) give(graph_.inputs()[0]);
  if (chance(0.03)) give(floats({2, 3}));
  if (chance(0.04)) graph_.mark_output(graph_.outputs()[0].tensor, "again");
  Sample sample;
  for (const TensorId t : graph_.inputs()) sample.inputs.push_back(value(t));
  graph_.compact();
  graph_.verify();
  sample.graph = std::move(graph_);
  return sample;
}

}  // namespace vireo::graphs_testing
