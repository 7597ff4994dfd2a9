#pragma once
// Small questions and edits that passes share. Ids in and out; kNone stands for "no". Used from the pass's own thread.

#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/graph/graph.h"

namespace vireo::passes {

using graph::Attributes;
using graph::Constant;
using graph::ConstantPtr;
using graph::Graph;
using graph::kNone;
using graph::Layer;
using graph::LayerId;
using graph::Tensor;
using graph::TensorId;

[[nodiscard]] const graph::Operator& find_op(
    std::string_view name);  ///< throws Error(internal) when this build lacks it
[[nodiscard]] bool has_op(std::string_view name);
[[nodiscard]] bool is_op(const Graph& graph, LayerId layer, std::string_view op);
/// A unary or binary layer of that function.
[[nodiscard]] bool is_function(const Graph& graph, LayerId layer, std::string_view op, std::string_view function);
[[nodiscard]] std::string function_of(const Graph& graph, LayerId layer);

/// The tensor; for kNone one of which nothing is known, so that no pattern fits an absent input or output.
[[nodiscard]] const Tensor& tensor_of(const Graph& graph, TensorId tensor);
/// Input k of a layer, kNone also where the slot does not exist (also for k = -1: a trait that it lacks).
[[nodiscard]] TensorId input_of(const Graph& graph, LayerId layer, int k);
[[nodiscard]] TensorId output_of(const Graph& graph, LayerId layer, int k = 0);
/// The layer that writes the tensor, if it is of that operator.
[[nodiscard]] LayerId producer_of(const Graph& graph, TensorId tensor, std::string_view op);
/// The tensor has exactly one reader (one input slot), and is no network output.
[[nodiscard]] bool used_once(const Graph& graph, TensorId tensor);
/// The only reader of the tensor, if used_once and of that operator (any when empty).
[[nodiscard]] LayerId only_reader(const Graph& graph, TensorId tensor, std::string_view op = {});

[[nodiscard]] const Constant* constant_of(const Graph& graph, TensorId tensor);  ///< null when absent or not known
[[nodiscard]] std::optional<std::vector<std::int64_t>> integers_of(const Graph& graph, TensorId tensor);
/// The value of a constant with one element.
[[nodiscard]] std::optional<double> scalar_of(const Graph& graph, TensorId tensor);
/// scalar_of, or the value that all elements of a constant share.
[[nodiscard]] std::optional<double> uniform_of(const Graph& graph, TensorId tensor);
[[nodiscard]] bool same_known_dims(const Graph& graph, TensorId a, TensorId b);  ///< static and equal
[[nodiscard]] std::size_t rank_of(const Graph& graph, TensorId tensor);          ///< 0 when unranked too: check ranked
[[nodiscard]] bool is_float32(const Graph& graph, TensorId tensor);

/// The permutation of a transpose, one entry an axis, from 0: an attribute that is absent or empty reverses the axes,
/// and entries may count from the back. Empty when the input's rank is unknown then, or entries don't fit it.
[[nodiscard]] std::vector<std::int64_t> perm_of(const Graph& graph, LayerId transpose);

struct Bounds {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
};
/// The bounds of a relu or clip of floats; those that are the type's own limits, as some exporters write "none", are
/// infinite. Nothing for other layers, or where a bound is not a number or there is nothing in between.
[[nodiscard]] std::optional<Bounds> bounds_of(const Graph& graph, LayerId layer);

/// Factors or summands that may move from one layer into another: each is a number, and not so large that a product
/// with it leaves the range of float32, or a sum with it rounds the rest away.
[[nodiscard]] bool are_tame_factors(const std::vector<double>& values);
[[nodiscard]] bool are_tame_summands(const std::vector<double>& values);

/// Whether readers of `from` may read `to` instead: network outputs stay distinct tensors written by layers.
[[nodiscard]] bool can_redirect(const Graph& graph, TensorId from, TensorId to);
/// Readers of `from` read `to`; false and no change when can_redirect says no.
bool redirect(Graph& graph, TensorId from, TensorId to);
/// Takes a layer of one output out, its readers read its first input.
bool bypass(Graph& graph, LayerId layer);
/// Another operator in the place of a layer: same name, same output tensors.
LayerId replace_layer(Graph& graph, LayerId layer, std::string_view op, std::vector<TensorId> inputs,
                      Attributes attributes);
/// A new layer before or after another, named after it; returns its output.
TensorId insert_layer(Graph& graph, LayerId beside, std::string_view op, std::vector<TensorId> inputs,
                      Attributes attributes = {});
/// Says that `to` is `from` with its axes permuted, for comparisons with the imported network.
void hand_origin_on(Graph& graph, TensorId from, TensorId to, const std::vector<std::int64_t>& perm);
TensorId add_constant(Graph& graph, std::string_view name, ConstantPtr value);
TensorId add_integers(Graph& graph, std::string_view name, const std::vector<std::int64_t>& values);

/// Changes the value of a constant input of one layer without touching other readers.
void set_constant_input(Graph& graph, LayerId layer, int slot, ConstantPtr value);
/// Float values of a floating-point constant of any type; empty for others.
[[nodiscard]] std::vector<double> reals_of(const Constant& constant);
/// A constant of the given type and extents from reals.
[[nodiscard]] ConstantPtr constant_from(const std::vector<double>& values, const Dims& dims, DataType dtype);
/// The constant with its axes permuted. Rank must fit.
[[nodiscard]] ConstantPtr permuted(const Constant& constant, const std::vector<std::int64_t>& perm);
/// Same data under other extents (count must be equal).
[[nodiscard]] ConstantPtr reshaped(const Constant& constant, const Dims& dims);

/// Living layers in an order where producers come first; safe to iterate while layers are removed or added (check
/// alive).
[[nodiscard]] std::vector<LayerId> layers_of(const Graph& graph);

}  // namespace vireo::passes
