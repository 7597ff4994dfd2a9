// ai.onnx.ml: linear models and support vector machines, and what all classifiers do with their scores.

#include <algorithm>
#include <numeric>

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"
#include "engine/import/onnx/ml.h"

namespace vireo::importer {
namespace {

TensorId number(Node& node, double value) { return node.scalar(value, DataType::float32); }

TensorId float_features(Node& node) { return as_rows(node, node.cast(node.input(0), DataType::float32)); }

/// x times the rows of `weights`, and a bias for each, where there is one.
TensorId product(Node& node, TensorId x, const std::vector<double>& weights, std::int64_t rows,
                 const std::vector<double>& bias) {
  const auto count = static_cast<std::int64_t>(weights.size());
  node.require(rows > 0 && count % rows == 0, base::str(count, " coefficients for ", rows, " scores"));
  std::vector<TensorId> inputs{x, floats_constant(node, weights, {rows, count / rows})};
  if (!bias.empty()) inputs.push_back(floats_constant(node, bias));
  Attributes attributes;
  attributes.set("transB", std::int64_t{1});
  return node.emit("gemm", std::move(inputs), std::move(attributes));
}

void linear_regressor(Node& node) {
  const TensorId scores = product(node, float_features(node), node.reals("coefficients"), node.integer("targets", 1),
                                  node.reals("intercepts"));
  node.result(0, post_transform(node, node.text("post_transform", "NONE"), scores));
}

/// The label of the second class where the one score is positive.
TensorId label_of_sign(Node& node, const ClassLabels& labels, TensorId score) {
  const TensorId positive = node.binary("greater", node.reshape(score, {-1}), number(node, 0));
  return labels_at(node, labels, node.cast(positive, DataType::int64));
}

void linear_classifier(Node& node) {
  const std::vector<double> weights = node.reals("coefficients"), bias = node.reals("intercepts");
  const std::size_t named =
      std::max(node.integers("classlabels_ints").size(), node.texts("classlabels_strings").size());
  const std::int64_t classes = static_cast<std::int64_t>(bias.empty() ? named : bias.size());
  const ClassLabels labels =
      class_labels(node, "classlabels_ints", "classlabels_strings", std::max<std::int64_t>(classes, 2));
  const std::string transform = node.text("post_transform", "NONE");
  const TensorId scores = product(node, float_features(node), weights, classes, bias);
  if (classes > 1) {
    node.result(0, labels_at(node, labels, largest_of_rows(node, scores)));
    return node.result(1, post_transform(node, transform, scores));
  }
  node.result(0, label_of_sign(node, labels, scores));
  node.result(1,
              labels.count == 2 ? two_columns(node, transform, scores, true) : post_transform(node, transform, scores));
}

/// The kernel of each row with each support vector.
TensorId kernel(Node& node, TensorId x, const std::vector<double>& vectors, std::int64_t count) {
  const std::string type = node.text("kernel_type", "LINEAR");
  std::vector<double> parameters = node.reals("kernel_params");
  parameters.resize(3, 0);
  const double gamma = parameters[0], offset = parameters[1], degree = parameters[2];
  if (type == "LINEAR") return product(node, x, vectors, count, {});
  if (type == "POLY" || type == "SIGMOID") {
    const TensorId scaled = node.binary("mul", product(node, x, vectors, count, {}), number(node, gamma));
    const TensorId y = node.binary("add", scaled, number(node, offset));
    return type == "SIGMOID" ? node.unary("tanh", y) : node.binary("pow", y, number(node, degree));
  }
  if (type != "RBF") node.fail("attribute 'kernel_type' is '" + type + "'; accepted: LINEAR, POLY, RBF, SIGMOID");
  // |x - v|^2 = |x|^2 + |v|^2 - 2 x v, all seen from the middle of the support vectors, so that little cancels out.
  const std::size_t width = vectors.size() / static_cast<std::size_t>(count);
  std::vector<double> middle(width, 0), moved(vectors), squares(static_cast<std::size_t>(count), 0);
  for (std::size_t i = 0; i < vectors.size(); ++i) middle[i % width] += vectors[i] / static_cast<double>(count);
  for (std::size_t i = 0; i < moved.size(); ++i) {
    moved[i] -= middle[i % width];
    squares[i / width] += moved[i] * moved[i];
  }
  x = node.binary("sub", x, floats_constant(node, middle));
  const TensorId own = reduced(node, "sum_square", x, 1);
  const TensorId both = node.binary("add", own, floats_constant(node, squares, {1, count}));
  const TensorId twice = node.binary("mul", product(node, x, moved, count, {}), number(node, 2));
  const TensorId distance = node.binary("max", node.binary("sub", both, twice), number(node, 0));
  return node.unary("exp", node.binary("mul", distance, number(node, -gamma)));
}

void svm_regressor(Node& node) {
  const std::vector<double> weights = node.reals("coefficients"), rho = node.reals("rho");
  const std::int64_t count = node.integer("n_supports", 0);
  const std::vector<double> bias{rho.empty() ? 0.0 : rho[0]};
  TensorId x = float_features(node);
  if (count > 0) x = kernel(node, x, node.reals("support_vectors"), count);
  TensorId y = product(node, x, weights, 1, bias);
  if (node.integer("one_class", 0) != 0)
    y = select(node, node.binary("greater", y, number(node, 0)), number(node, 1), number(node, -1));
  node.result(0, post_transform(node, node.text("post_transform", "NONE"), y));
}

/// A support vector machine of the kind of libsvm: one against one.
struct Machine {
  std::int64_t classes = 0, vectors = 0;
  std::vector<std::int64_t> starts, counts;  ///< the support vectors of each class
  std::vector<double> coefficients, rho;

  /// What a pair of classes makes of all kernels, one row each: its score is linear in them.
  [[nodiscard]] std::vector<double> pair_weights() const {
    std::vector<double> rows;
    const auto at = [&](std::int64_t row, std::int64_t vector) {
      return coefficients[static_cast<std::size_t>(row * vectors + vector)];
    };
    for (std::int64_t i = 0; i < classes; ++i)
      for (std::int64_t j = i + 1; j < classes; ++j) {
        std::vector<double> row(static_cast<std::size_t>(vectors), 0);
        for (const auto& [own, other] : {std::pair(i, j), std::pair(j, i)}) {
          const auto k = static_cast<std::size_t>(own);
          for (std::int64_t v = starts[k]; v < starts[k] + counts[k]; ++v)
            row[static_cast<std::size_t>(v)] = at(own < other ? other - 1 : other, v);
        }
        rows.insert(rows.end(), row.begin(), row.end());
      }
    return rows;
  }
  /// For each class, what a pair's win adds to its votes: votes = wins * W + b with wins of 0 and 1 for i.
  void votes(std::vector<double>& weights, std::vector<double>& bias) const {
    const auto pairs = static_cast<std::size_t>(classes * (classes - 1) / 2);
    weights.assign(static_cast<std::size_t>(classes) * pairs, 0);
    bias.assign(static_cast<std::size_t>(classes), 0);
    std::size_t pair = 0;
    for (std::int64_t i = 0; i < classes; ++i)
      for (std::int64_t j = i + 1; j < classes; ++j, ++pair) {
        weights[static_cast<std::size_t>(i) * pairs + pair] = 1;
        weights[static_cast<std::size_t>(j) * pairs + pair] = -1;
        bias[static_cast<std::size_t>(j)] += 1;
      }
  }
};

Machine read_machine(Node& node, std::int64_t classes) {
  Machine m{.classes = classes, .coefficients = node.reals("coefficients"), .rho = node.reals("rho")};
  m.counts = node.integers("vectors_per_class");
  for (const std::int64_t count : m.counts) {
    node.require(count >= 0 && count < std::int64_t{1} << 32, "attribute 'vectors_per_class' is out of range");
    m.starts.push_back(m.vectors);
    m.vectors += count;
  }
  node.require(m.counts.size() == static_cast<std::size_t>(classes) &&
                   m.coefficients.size() == static_cast<std::size_t>((classes - 1) * m.vectors) &&
                   m.rho.size() == static_cast<std::size_t>(classes * (classes - 1) / 2),
               base::str("the numbers of support vectors, coefficients and rho don't fit ", classes, " classes"));
  return m;
}

/// The pairs' scores as probabilities, coupled to those of the classes.
TensorId probabilities(Node& node, const Machine& machine, TensorId scores) {
  const TensorId a = floats_constant(node, node.reals("prob_a")), b = floats_constant(node, node.reals("prob_b"));
  const TensorId value = node.binary("add", node.binary("mul", scores, a), b);
  const TensorId pair = node.unary("sigmoid", node.unary("neg", value));
  const TensorId kept = node.binary("min", node.binary("max", pair, number(node, 1e-7)), number(node, 1 - 1e-7));
  Attributes attributes;
  attributes.set("classes", machine.classes);
  return node.emit("pairwise_probabilities", {kept}, std::move(attributes));
}

void svm_classifier(Node& node) {
  const auto named = static_cast<std::int64_t>(
      std::max(node.integers("classlabels_ints").size(), node.texts("classlabels_strings").size()));
  const std::string transform = node.text("post_transform", "NONE");
  const std::vector<double> coefficients = node.reals("coefficients"), rho = node.reals("rho");
  const std::vector<std::int64_t> counts = node.integers("vectors_per_class");
  const std::int64_t classes = std::max<std::int64_t>(named, 1);
  const ClassLabels labels =
      class_labels(node, "classlabels_ints", "classlabels_strings", std::max<std::int64_t>(classes, 2));
  const TensorId x = float_features(node);
  if (std::accumulate(counts.begin(), counts.end(), std::int64_t{0}) == 0) {  // a linear machine
    const std::vector<double> bias(static_cast<std::size_t>(classes), rho.empty() ? 0.0 : rho[0]);
    const TensorId scores = product(node, x, coefficients, classes, bias);
    node.result(
        0, classes > 1 ? labels_at(node, labels, largest_of_rows(node, scores)) : label_of_sign(node, labels, scores));
    return node.result(1, post_transform(node, transform, scores));
  }
  const Machine machine = read_machine(node, classes);
  node.require(classes > 1, "a support vector machine has two classes at least");
  const TensorId kernels = kernel(node, x, node.reals("support_vectors"), machine.vectors);
  const TensorId pairs = product(node, kernels, machine.pair_weights(), static_cast<std::int64_t>(rho.size()), rho);
  const bool probable = !node.reals("prob_a").empty();
  const TensorId scores = probable ? probabilities(node, machine, pairs) : pairs;
  std::vector<double> weights, bias;
  machine.votes(weights, bias);
  const TensorId wins = node.cast(node.binary("greater", pairs, number(node, 0)), DataType::float32);
  const TensorId votes = product(node, wins, weights, classes, bias);
  node.result(0, labels_at(node, labels, largest_of_rows(node, votes)));
  const bool one = rho.size() == 1 && !probable;
  node.result(1, one ? two_columns(node, transform, scores, transform != "NONE") : post_transform(node, transform, scores));
}

TensorId probit(Node& node, TensorId x) {
  constexpr double kA = 0.147, kPi = 3.14159;
  const TensorId one = number(node, 1);
  const TensorId t = node.binary("sub", node.binary("mul", x, number(node, 2)), one);
  const TensorId rest = node.binary("mul", node.binary("sub", one, t), node.binary("add", one, t));
  const TensorId log = node.unary("log", rest);
  const TensorId v = node.binary("add", node.binary("mul", log, number(node, 0.5)), number(node, 2 / (kPi * kA)));
  const TensorId inner = node.binary("sub", node.binary("mul", v, v), node.binary("mul", log, number(node, 1 / kA)));
  const TensorId size = node.unary("sqrt", node.binary("sub", node.unary("sqrt", inner), v));
  return node.binary("mul", node.binary("mul", node.unary("sign", t), size), number(node, 1.41421356));
}

/// Softmax in which scores of 0 stay 0.
TensorId softmax_zero(Node& node, TensorId x) {
  const TensorId some = node.binary("greater", node.unary("abs", x), number(node, 1e-7));
  const TensorId e = node.unary("exp", node.binary("sub", x, reduced(node, "max", x, 1)));
  const TensorId kept = select(node, some, e, number(node, 0));
  const TensorId sum = reduced(node, "sum", kept, 1);
  const TensorId none = node.binary("equal", sum, number(node, 0));
  return node.binary("div", kept, select(node, none, number(node, 1), sum));
}

constexpr Row kRows[] = {{"LinearRegressor", linear_regressor, kMlDomain},
                         {"LinearClassifier", linear_classifier, kMlDomain},
                         {"SVMRegressor", svm_regressor, kMlDomain},
                         {"SVMClassifier", svm_classifier, kMlDomain}};

}  // namespace

std::span<const Row> ml_linear_rows() { return kRows; }

ClassLabels class_labels(Node& node, std::string_view integers, std::string_view texts, std::int64_t classes) {
  const std::vector<std::string> names = node.texts(texts);
  if (!names.empty()) return {texts_constant(node, names), static_cast<std::int64_t>(names.size())};
  std::vector<std::int64_t> numbers = node.integers(integers);
  const auto count = static_cast<std::int64_t>(numbers.size());
  for (auto i = count; i < classes; ++i) numbers.push_back(i);
  return {node.integers_constant(numbers), count};
}

TensorId labels_at(Node& node, const ClassLabels& labels, TensorId indices) {
  Attributes attributes;
  attributes.set("axis", std::int64_t{0});
  return node.emit("gather", {labels.tensor, indices}, std::move(attributes));
}

TensorId post_transform(Node& node, const std::string& transform, TensorId scores) {
  if (transform == "NONE") return scores;
  if (transform == "LOGISTIC") return node.unary("sigmoid", scores);
  if (transform == "PROBIT") return probit(node, scores);
  if (transform == "SOFTMAX_ZERO") return softmax_zero(node, scores);
  node.require(transform == "SOFTMAX", "attribute 'post_transform' is '" + transform +
                                           "'; accepted: NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO, PROBIT");
  Attributes attributes;
  attributes.set("axis", std::int64_t{1});
  return node.emit("softmax", {scores}, std::move(attributes));
}

TensorId two_columns(Node& node, const std::string& transform, TensorId score, bool complement) {
  const TensorId negative = node.unary("neg", score);
  if (transform == "LOGISTIC") return columns(node, {node.unary("sigmoid", negative), node.unary("sigmoid", score)});
  const TensorId first = complement ? node.binary("sub", number(node, 1), score) : negative;
  if (transform == "PROBIT") return columns(node, {probit(node, first), probit(node, score)});
  return columns(node, {first, score});
}

}  // namespace vireo::importer
