#pragma once
// The network inside the engine: tensors and layers by id. All edits go through Graph so that producers and consumers
// stay true. Value type (copying shares the constants); not for concurrent modification.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph/attributes.h"
#include "engine/graph/constant.h"

namespace vireo::graph {

struct Operator;

using TensorId = std::int32_t;
using LayerId = std::int32_t;
inline constexpr std::int32_t kNone = -1;  ///< an absent optional input

/// What a shape rule says of a tensor.
struct TensorType {
  DataType dtype = DataType::undefined;
  bool ranked = false;  ///< false: not even the number of extents is known (yet)
  Dims dims;
};

/// Which tensor of the imported network has these elements, for comparing the two. Set for a comparison before any pass
/// has run; edits that hand a tensor's elements on to another tensor hand this on with them.
struct Origin {
  TensorId tensor = kNone;
  std::vector<std::int64_t> perm;  ///< axis i here is axis perm[i] there; empty: the same axes
};

struct Tensor {
  std::string name;
  DataType dtype = DataType::undefined;
  bool ranked = false;  ///< false: not even the number of extents is known (yet)
  Dims dims;
  std::vector<std::string> symbols;  ///< inputs only: names of unknown extents
  ConstantPtr constant;              ///< set: the value is known
  LayerId producer = kNone;
  std::vector<LayerId> consumers;  ///< a layer appears once for each input slot that reads this tensor
  bool is_input = false;           ///< of the network
  std::int32_t output_uses = 0;    ///< how many outputs of the network this tensor is
  Origin origin;

  [[nodiscard]] bool is_static() const { return ranked && vireo::is_static(dims); }
};

struct Layer {
  std::string name;
  const Operator* op = nullptr;   ///< null: removed
  std::vector<TensorId> inputs;   ///< kNone for absent ones
  std::vector<TensorId> outputs;  ///< one tensor each, also for optional ones without a reader
  Attributes attributes;

  [[nodiscard]] bool alive() const { return op != nullptr; }
};

class Graph {
 public:
  std::string name;
  std::map<std::string, std::string> metadata;

  Graph();
  Graph(const Graph& other);
  Graph(Graph&& other) noexcept;
  Graph& operator=(const Graph& other);
  Graph& operator=(Graph&& other) noexcept;
  ~Graph();

  TensorId add_tensor(std::string tensor_name, DataType dtype = DataType::undefined);
  TensorId add_input(std::string tensor_name, DataType dtype, Dims dims, std::vector<std::string> symbols = {});
  TensorId add_constant(std::string tensor_name, ConstantPtr constant);
  /// Appends a layer with `outputs` fresh tensors (named "<name>:<k>" unless named later) and infers their types.
  LayerId add_layer(const Operator& op, std::string layer_name, std::vector<TensorId> inputs,
                    Attributes attributes = {}, int outputs = 1);
  /// The same, writing existing tensors that have no producer yet; kNone stands for a fresh one that nobody reads. Does
  /// not infer.
  LayerId add_layer_into(const Operator& op, std::string layer_name, std::vector<TensorId> inputs,
                         std::vector<TensorId> outputs, Attributes attributes = {});
  void mark_output(TensorId tensor, std::string output_name = "");
  /// The tensor is no longer the network's output number `index`.
  void unmark_output(std::size_t index);

  /// Throw Error(internal) for an id that this graph does not have, kNone included.
  [[nodiscard]] Tensor& tensor(TensorId id) { return tensors_[checked(id, tensors_.size(), "tensor")]; }
  [[nodiscard]] const Tensor& tensor(TensorId id) const { return tensors_[checked(id, tensors_.size(), "tensor")]; }
  [[nodiscard]] Layer& layer(LayerId id) { return layers_[checked(id, layers_.size(), "layer")]; }
  [[nodiscard]] const Layer& layer(LayerId id) const { return layers_[checked(id, layers_.size(), "layer")]; }
  [[nodiscard]] std::int32_t tensor_count() const { return static_cast<std::int32_t>(tensors_.size()); }
  [[nodiscard]] std::int32_t layer_count() const { return static_cast<std::int32_t>(layers_.size()); }
  [[nodiscard]] const std::vector<TensorId>& inputs() const { return inputs_; }
  struct Output {
    TensorId tensor;
    std::string name;
  };
  [[nodiscard]] const std::vector<Output>& outputs() const { return outputs_; }
  [[nodiscard]] bool is_output(TensorId id) const { return tensor(id).output_uses > 0; }
  [[nodiscard]] TensorId find_tensor(std::string_view tensor_name) const;  ///< kNone when absent; linear

  /// Living layers, each after the producers of its inputs. Throws Error(invalid_model) on a cycle.
  [[nodiscard]] std::vector<LayerId> topological_order() const;

  void set_input(LayerId layer, int slot, TensorId tensor);
  void add_layer_input(LayerId layer, TensorId tensor);  ///< appends an input slot (kNone allowed)
  /// Every reader of `from` (layers and network outputs) reads `to` instead.
  void replace_uses(TensorId from, TensorId to);
  /// Layer now writes `tensor` (which must have no producer) in output slot `slot`; the old output loses its producer.
  void set_output(LayerId layer, int slot, TensorId tensor);
  void remove_layer(LayerId layer);
  /// Gives the tensor a known value: its producer (if any) no longer produces it.
  void make_constant(TensorId tensor, ConstantPtr constant);
  /// Drops removed layers and unreferenced tensors, renumbering ids.
  void compact();

  /// Gives a tensor another name, which no other tensor should have.
  void rename(TensorId tensor, std::string tensor_name);

  /// Infers dtype and dims of the outputs of one layer / of all. Throws Error naming the layer.
  void infer(LayerId layer);
  void infer_all();
  /// The types that infer would give the outputs of a layer; the outputs stay as they are.
  [[nodiscard]] std::vector<TensorType> inferred(LayerId layer) const;
  /// Largest extents of output 0 of a layer whose operator has a data-dependent axis.
  [[nodiscard]] Dims bound_dims(LayerId layer) const;
  /// Checks every invariant: all ids exist; producers, consumers, inputs and outputs know each other; all that is read
  /// or is an output has a value; arity; dtypes, ranks and extents don't contradict the shape rules; constants have the
  /// type of their tensor; no cycle. Throws Error(internal); invalid_model for arity, cycles and what a rule refuses.
  void verify() const;
  /// The graph as text, one line a layer; parse_graph (text.h) reads it back.
  [[nodiscard]] std::string dump() const;

  /// A tensor or layer name not in use yet, built on `base`.
  [[nodiscard]] std::string unique_name(std::string_view base);

 private:
  [[nodiscard]] static std::size_t checked(std::int32_t id, std::size_t count, const char* what) {
    if (static_cast<std::size_t>(id) >= count) fail_id(id, count, what);
    return static_cast<std::size_t>(id);
  }
  [[noreturn]] static void fail_id(std::int32_t id, std::size_t count, const char* what);
  void note_name(std::string_view tensor_name);
  /// Without the marks that infer puts on extents that depend on data.
  [[nodiscard]] std::vector<TensorType> inferred_bounds(LayerId layer) const;

  std::vector<Tensor> tensors_;
  std::vector<Layer> layers_;
  std::vector<TensorId> inputs_;
  std::vector<Output> outputs_;
  std::int64_t next_name_ = 0;  ///< larger than the number after the last '~' of any tensor's name
};

/// "Conv 'layer4/conv' (input 1x64x56x56 float32, …)": how errors name a layer.
[[nodiscard]] std::string describe(const Graph& graph, LayerId layer);

}  // namespace vireo::graph
