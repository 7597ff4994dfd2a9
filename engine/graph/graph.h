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

struct Tensor {
  std::string name;
  DataType dtype = DataType::undefined;
  bool ranked = false;  ///< false: not even the number of extents is known (yet)
  Dims dims;
  std::vector<std::string> symbols;  ///< inputs only: names of unknown extents
  ConstantPtr constant;              ///< set: the value is known
  LayerId producer = kNone;
  std::vector<LayerId> consumers;  ///< a layer appears once for each input slot that reads this tensor

  [[nodiscard]] bool is_static() const { return ranked && vireo::is_static(dims); }
};

struct Layer {
  std::string name;
  const Operator* op = nullptr;  ///< null: removed
  std::vector<TensorId> inputs;  ///< kNone for absent ones
  std::vector<TensorId> outputs;
  Attributes attributes;

  [[nodiscard]] bool alive() const { return op != nullptr; }
};

class Graph {
 public:
  std::string name;
  std::map<std::string, std::string> metadata;

  TensorId add_tensor(std::string tensor_name, DataType dtype = DataType::undefined);
  TensorId add_input(std::string tensor_name, DataType dtype, Dims dims, std::vector<std::string> symbols = {});
  TensorId add_constant(std::string tensor_name, ConstantPtr constant);
  /// Appends a layer with `outputs` fresh tensors (named "<name>:<k>" unless named later) and infers their types.
  LayerId add_layer(const Operator& op, std::string layer_name, std::vector<TensorId> inputs,
                    Attributes attributes = {}, int outputs = 1);
  /// The same, writing existing tensors that have no producer yet. Does not infer.
  LayerId add_layer_into(const Operator& op, std::string layer_name, std::vector<TensorId> inputs,
                         std::vector<TensorId> outputs, Attributes attributes = {});
  void mark_output(TensorId tensor, std::string output_name = "");

  [[nodiscard]] Tensor& tensor(TensorId id) { return tensors_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] const Tensor& tensor(TensorId id) const { return tensors_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] Layer& layer(LayerId id) { return layers_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] const Layer& layer(LayerId id) const { return layers_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] std::int32_t tensor_count() const { return static_cast<std::int32_t>(tensors_.size()); }
  [[nodiscard]] std::int32_t layer_count() const { return static_cast<std::int32_t>(layers_.size()); }
  [[nodiscard]] const std::vector<TensorId>& inputs() const { return inputs_; }
  struct Output {
    TensorId tensor;
    std::string name;
  };
  [[nodiscard]] const std::vector<Output>& outputs() const { return outputs_; }
  [[nodiscard]] bool is_output(TensorId id) const;
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

  /// Infers dtype and dims of the outputs of one layer / of all. Throws Error naming the layer.
  void infer(LayerId layer);
  void infer_all();
  /// Largest extents of output 0 of a layer whose operator has a late axis.
  [[nodiscard]] Dims bound_dims(LayerId layer);
  /// Checks every invariant (ids, producers, consumers, arity, types); throws Error(internal) naming the first
  /// violation.
  void verify() const;
  /// The graph as text, one line a layer; parse_graph (text.h) reads it back.
  [[nodiscard]] std::string dump() const;

  /// A tensor or layer name not in use yet, built on `base`.
  [[nodiscard]] std::string unique_name(std::string_view base);

 private:
  std::vector<Tensor> tensors_;
  std::vector<Layer> layers_;
  std::vector<TensorId> inputs_;
  std::vector<Output> outputs_;
  std::int64_t next_name_ = 0;
};

/// "Conv 'layer4/conv' (input 1x64x56x56 float32, …)": how errors name a layer.
[[nodiscard]] std::string describe(const Graph& graph, LayerId layer);

}  // namespace vireo::graph
