#pragma once
// What an operator is: its name, its shape rule, its reference and its tactics. One `const Operator` per folder of
// engine/ops, listed in the generated table (engine/ops/table.h). Operators are immutable and process-wide.
//
// Meaning of the operators: that of the newest ONNX operator of the same kind unless the folder says otherwise; the
// importer translates older opsets. Families of ONNX operators that differ only in a scalar function share one operator
// with an attribute (unary, binary, reduce, pool, …).

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/graph/tactic.h"

namespace vireo::graph {

class VaryingContext;

/// What a shape rule sees of one layer, and where it puts its answer. Inputs are ranked (the caller guarantees it for
/// inputs that are present, or asks what the rule says if they had some rank), extents may be kUnknown, dtype may not
/// be undefined.
class InferContext {
 public:
  /// `results`: one type for each output of the layer. `assumed`: the extents to take for inputs of unknown rank.
  InferContext(const Graph& graph, LayerId layer, std::vector<TensorType>& results, Dims assumed = {})
      : graph_(graph), layer_(layer), results_(results), assumed_(std::move(assumed)) {}
  [[nodiscard]] const Attributes& attributes() const { return graph_.layer(layer_).attributes; }
  [[nodiscard]] int input_count() const { return static_cast<int>(graph_.layer(layer_).inputs.size()); }
  [[nodiscard]] int output_count() const { return static_cast<int>(graph_.layer(layer_).outputs.size()); }
  [[nodiscard]] bool has_input(int index) const;
  [[nodiscard]] DataType dtype(int index) const;
  [[nodiscard]] const Dims& dims(int index) const;
  [[nodiscard]] int rank(int index) const { return static_cast<int>(dims(index).size()); }
  /// Value of the input where it is known at build time, else null.
  [[nodiscard]] const Constant* constant(int index) const;
  [[nodiscard]] ConstantPtr value(int index) const;
  /// Whether the number of extents of an input is known: always, but for operators whose body is a graph.
  [[nodiscard]] bool ranked(int index) const;
  /// A known integer value (shape, axes, pads, …); false when absent or not known.
  [[nodiscard]] bool integers(int index, std::vector<std::int64_t>& values) const;

  /// Ignored for an optional output that the layer doesn't have.
  void output(int index, DataType dtype, Dims dims);
  void output_unranked(int index, DataType dtype);  ///< the rank depends on a value that is not known yet
  /// Throws Error(invalid_model): the layer, its inputs and `why`.
  [[noreturn]] void fail(const std::string& why) const;
  void require(bool condition, const std::string& why) const {
    if (!condition) fail(why);
  }
  /// axis in [-rank, rank) → [0, rank); fails otherwise.
  [[nodiscard]] std::int64_t axis(std::int64_t axis, int rank) const;

 private:
  const Graph& graph_;
  LayerId layer_;
  std::vector<TensorType>& results_;
  Dims assumed_;
};

/// A tensor in memory as the reference sees it: dense, row-major.
struct View {
  DataType dtype = DataType::undefined;
  Dims dims;
  void* data = nullptr;  ///< null: absent optional input
  [[nodiscard]] bool present() const { return data != nullptr; }
  [[nodiscard]] std::int64_t count() const { return element_count(dims); }
  template <typename T>
  [[nodiscard]] T* as() const {
    return static_cast<T*>(data);
  }
};

struct EvalContext {
  const Attributes& attributes;
  std::span<const View> inputs;
  std::span<View> outputs;
  std::byte* scratch = nullptr;  ///< for evaluate_data_dependent: evaluation_scratch bytes; null: it finds its own
};

/// Where output k of a layer is to be written, asked once for each output as soon as a run knows its extents.
using PlaceOutput = std::function<void*(std::size_t output, const Dims& dims)>;

/// What a loop repeats. Inputs of the graph: the number of the iteration, the condition, what is carried from one
/// iteration to the next, what is read of the network around. Its outputs are made by layers, each once.
struct LoopBody {
  Graph graph;
  std::size_t carried = 0;
  std::vector<int> results;  ///< the condition, what is carried, an entry of each tensor that is stacked: which output
                             ///< of the graph it is, or -1 - the input
  bool breaks = false;       ///< the condition may become false
};

/// What it means to an operator when the axes of its data are permuted. transpose_sinking moves transposes by it, and
/// the choice of layouts (engine/tune) lets layers follow their neighbours by it. Operators that need more than this
/// says, such as attributes or inputs with one entry an axis, have a rule in engine/passes/sink.cpp.
enum class AxisOrder : std::uint8_t {
  fixed,          ///< nothing general can be said
  free,           ///< input 0 permuted gives outputs permuted alike: each element is computed by itself
  free_together,  ///< so, when all inputs are permuted alike; they broadcast, or lie next to each other along `axis`
  along_axis,     ///< so for input 0, when the attribute `axis` moves along (Operator::default_axis where absent)
  layout,         ///< the attribute `layout` says which: "nchw" or "nhwc"; either costs about the same
  chosen_layout,  ///< the same, but the kernels differ: the pass nhwc_layout or measured times decide
};

/// Which extents of output 0 are those of input 0, whatever they are.
enum class KeptExtents : std::uint8_t { none, batch, all };

/// Tensors that lie next to each other in a larger one: their places along one axis of it.
struct Parts {
  std::size_t axis = 0;
  std::vector<std::int64_t> starts;  ///< one for each tensor
};

struct Operator {
  std::string_view name;
  int min_inputs = 1, max_inputs = 1;  ///< max -1: any number
  int min_outputs = 1, max_outputs = 1;
  void (*infer)(InferContext&) = nullptr;
  /// The specification: obvious loops, wide accumulation. May allocate and throw; handles every dtype that infer
  /// accepts.
  void (*reference)(const EvalContext&) = nullptr;
  /// Of the direct algorithm, a multiply-add counted as two; null: one per output element.
  double (*flops)(const Problem&) = nullptr;
  std::span<const Tactic> (*tactics)() = nullptr;  ///< ordered best guess first; null: only the reference
  /// Set for NonZero, NonMaxSuppression and their like: the axis of output 0 whose extent is known only when the layer
  /// has run. The shape rule gives the upper bound there; Graph::infer makes it kUnknown for everything downstream. The
  /// reference gets memory for the bound and writes the true dims into its output view.
  std::int64_t (*data_dependent_axis)(const Attributes&) = nullptr;
  /// With data_dependent_axis: a faster way to the reference's result, run in its place, which allocates nothing where
  /// it is given scratch. Null: the reference runs.
  void (*evaluate_data_dependent)(const EvalContext&) = nullptr;
  /// The scratch that it takes for inputs of these extents or smaller ones. Null: none.
  std::size_t (*evaluation_scratch)(std::span<const View> inputs) = nullptr;
  /// Control flow: the graph that stands for the layer once its input 0, the condition, is known. The inputs of that
  /// graph are the layer's inputs from 1 on, as many as it has; its outputs are the layer's. `inputs`: values of all
  /// inputs of the layer, null where they are not known. Throws Error. Such a layer is never compiled: the pass
  /// `branches` puts the graph in its place, and the parts of a network that need it wait for the condition.
  Graph (*body)(const Attributes&, const Constant& condition, std::span<const ConstantPtr> inputs) = nullptr;
  /// Where the extents of outputs follow from the data alone, of all of them and whatever their ranks (the shape rule
  /// leaves them unknown): computes the outputs and says where they go. Run on the host, between the parts of a network
  /// that are compiled (engine/runtime/open_layer.h). The reference is the same for outputs whose extents are known.
  void (*evaluate_open)(const Attributes&, std::span<const View> inputs, const PlaceOutput&) = nullptr;
  /// Loops: what is repeated. The layer's inputs are the number of iterations, the condition (either may be absent),
  /// what is carried, what the body reads of the network around, and its large constants. `inputs`: values of the
  /// layer's inputs, null where they are not known; those that the body reads become constants in it. Throws Error.
  /// Such a layer is never compiled: its body is, and run as often as the data tell (engine/runtime/loop.h).
  LoopBody (*loop_body)(const Attributes&, std::span<const ConstantPtr> inputs) = nullptr;

  // Traits: what passes, compilation and the importer ask instead of the operator's name. tests/ops/traits_test.cpp
  // holds each against all cases (ops/cases.h) of the operators that claim it.

  /// Output k may share memory with input 0 without a copy (reshape family).
  bool alias = false;
  /// Elementwise in input 0: an output may overwrite that input's memory when nothing else reads it.
  bool in_place = false;
  /// The inputs lie next to each other in output 0, so that they may be written there at once (concat). Null: they
  /// don't. For problems whose extents are all known.
  Parts (*parts_of_output)(const Problem&) = nullptr;
  /// The outputs lie next to each other in input 0, so that they may be read there (split, slice). Null, or nothing:
  /// they don't. For problems whose extents are all known.
  std::optional<Parts> (*parts_of_input)(const Problem&) = nullptr;
  /// Every output element is an element of input 0 (with AxisOrder::free_together: of some input), chosen by its
  /// place; the reference accepts elements of any type.
  bool moves = false;
  AxisOrder axis_order = AxisOrder::fixed;
  std::int64_t default_axis = -1;  ///< of the attribute `axis`
  KeptExtents keeps = KeptExtents::none;
  /// The input that is added to the result element by element, in the layout of output 0. -1: none.
  int residual_input = -1;
  /// The work is not in proportion to the sizes of the tensors, or an attribute says how much it is: such layers are
  /// not folded while a network is read.
  bool costly = false;
  /// Whether a layer follows extents that only data tell, and which axes of its outputs have them (varying.h); of a
  /// data-dependent layer, for its other axes. Called for ranked inputs of which one varies. Null: it doesn't follow.
  bool (*varying)(VaryingContext&) = nullptr;
};

}  // namespace vireo::graph
