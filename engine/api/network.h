#pragma once
// A network: layers and tensors, independent of any device. Import one from ONNX or define it by hand with the adders
// of layers.h, look through it and edit it, then build() it. Move-only value; not for concurrent modification.
//
// What is wrong with a network is collected, not thrown: see layers.h. That goes for everything here that changes the
// network. Questions (info(), constant()) throw Error(invalid_argument) for a tensor that the network doesn't have.
//
//   Network n;
//   auto x = n.add_input("x", DataType::float32, {1, 1, 28, 28});
//   auto w = n.borrow_constant("w", DataType::float32, {6, 1, 5, 5}, weights.data(), weights.size() * 4);
//   auto y = n.add_activation(n.add_convolution(x, w, {}, {.pads = {2, 2, 2, 2}}, "conv1"), Network::Activation::relu);
//   n.mark_output(y, "y");
//   Plan plan = build(n);  // throws one Error that says all that is wrong

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/export.h"
#include "engine/api/layers.h"
#include "engine/api/types.h"

namespace vireo {

/// An input or output as the user sees it.
struct TensorInfo {
  std::string name;
  DataType dtype = DataType::float32;
  Dims dims;                         ///< kUnknown where dynamic
  std::vector<std::string> symbols;  ///< one per extent; "" where static or unnamed
};

class VIREO_API Network : public NetworkLayers {
 public:
  class Layer;
  class Body;
  class If;
  class Loop;
  struct LoopInputs;

  Network();
  explicit Network(std::unique_ptr<graph::Graph> graph);
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;
  ~Network();
  /// The same network once more; the handles to tensors are good for both.
  [[nodiscard]] Network clone() const;

  // What goes in and comes out

  /// A network input; kUnknown extents are given at run time. `symbols`: names of the extents, "" for none.
  Tensor add_input(const std::string& name, DataType dtype, const Dims& dims,
                   const std::vector<std::string>& symbols = {});
  /// Copies `bytes` bytes of data, row-major, which must be as many as dtype and dims take.
  Tensor add_constant(const std::string& name, DataType dtype, const Dims& dims, const void* data, std::size_t bytes);
  /// The same without a copy. The data must stay as they are until this network, its clones and every build() of them
  /// are gone or have returned. Plans and engines don't refer to them: a plan owns what it keeps.
  Tensor borrow_constant(const std::string& name, DataType dtype, const Dims& dims, const void* data,
                         std::size_t bytes);
  /// The same, owned together: by the network, its clones, plans and engines. Nobody may change the data any more.
  Tensor share_constant(const std::string& name, DataType dtype, const Dims& dims, std::shared_ptr<const void> data,
                        std::size_t bytes);
  /// Marks a tensor as output, under its own or a given name. It may be an input, a constant or between layers, and it
  /// may be marked again, under the same name or another. Not under the name of another tensor that is an input or
  /// output: one name is one buffer.
  void mark_output(Tensor tensor, const std::string& name = "");
  /// Takes back all marks of this tensor, or those of one name.
  void unmark_output(Tensor tensor);
  void unmark_output(const std::string& name);
  [[nodiscard]] std::vector<TensorInfo> inputs() const;
  [[nodiscard]] std::vector<TensorInfo> outputs() const;

  // Control flow: engine/api/control_flow.h

  /// One of two branches, by a boolean of one element that may come at run time.
  [[nodiscard]] If add_if(Tensor condition, const std::string& name = "");
  /// A body that is run again and again.
  [[nodiscard]] Loop add_loop(const LoopInputs& inputs, const std::string& name = "");

  // Looking through it

  /// All layers, in the order in which they were added.
  [[nodiscard]] std::vector<Layer> layers();
  /// All tensors: inputs, constants, outputs of layers.
  [[nodiscard]] std::vector<Tensor> tensors() const;
  /// By name; the first where several have it. None: `Tensor{}`, or a layer that is false.
  [[nodiscard]] Tensor find_tensor(std::string_view name) const;
  [[nodiscard]] Layer find_layer(std::string_view name);
  /// What makes a tensor (false for inputs and constants), and what reads it.
  [[nodiscard]] Layer layer_of(Tensor tensor);
  [[nodiscard]] std::vector<Layer> readers_of(Tensor tensor);
  /// Name, type and extents; dtype undefined of a failed layer's output.
  [[nodiscard]] TensorInfo info(Tensor tensor) const;
  /// The bytes of a constant; empty for others.
  [[nodiscard]] std::span<const std::byte> constant(Tensor tensor) const;

  // Editing

  void rename(Tensor tensor, const std::string& name);
  /// Whatever reads `from`, layers and network outputs, reads `to` from now on, but for the layers that `to` is made
  /// by: so a layer that reads `from` is put behind it. Outputs keep their public names.
  void replace(Tensor from, Tensor to);
  /// Takes out layers whose results neither an output nor another layer needs. Returns how many.
  int remove_unread();

  // Whether it is right

  /// What adders and edits recorded so far, one line each.
  [[nodiscard]] std::vector<std::string> errors() const;
  /// Throws one Error that lists all that is wrong: what was recorded, layers whose inputs don't fit (any more), layers
  /// that read what nothing makes, cycles, no output. build() and compare() call it.
  void validate() const;

  /// Free-form facts of the model file (ONNX metadata_props, producer); class names live here.
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const;
  /// Adds or replaces one of them; plans and engines carry them.
  void set_metadata(const std::string& key, const std::string& value);
  [[nodiscard]] graph::Graph& graph() noexcept { return *graph_; }
  [[nodiscard]] const graph::Graph& graph() const noexcept { return *graph_; }
};

/// Handle to a layer. Good while its network lives, also when that is moved, until the layer is removed; a copy is the
/// same layer.
class VIREO_API Network::Layer {
 public:
  Layer() = default;
  [[nodiscard]] explicit operator bool() const noexcept;  ///< false: none, or removed
  friend bool operator==(const Layer& a, const Layer& b) { return a.graph_ == b.graph_ && a.id_ == b.id_; }

  [[nodiscard]] const std::string& name() const;
  void set_name(const std::string& name);
  [[nodiscard]] std::string op() const;  ///< as in `vireo list ops`
  [[nodiscard]] std::vector<Tensor> inputs() const;
  [[nodiscard]] std::vector<Tensor> outputs() const;
  [[nodiscard]] std::map<std::string, AttributeValue> attributes() const;
  void set_attribute(const std::string& name, const AttributeValue& value);
  /// The layer reads another tensor in this place; `Tensor{}` for an optional one.
  void set_input(std::size_t index, Tensor tensor);
  /// Takes the layer out. What read its outputs must read something else before the network is built.
  void remove();

  /// At most what this layer may compute with, where the build permits less than float32: fp32 keeps it at float32 in
  /// builds with fp16, bf16 or best; fp16 and bf16 permit that and no other. Nothing: as the build says. A layer that
  /// is fused into another takes its pins along.
  void set_precision(std::optional<Precision> precision);
  [[nodiscard]] std::optional<Precision> precision() const;
  /// "cpu": in plans for other devices, too, the layer runs on the CPU. "": where the build decides.
  void set_device(const std::string& device);
  [[nodiscard]] std::string device() const;
  /// An output of another element type: a cast behind the layer, which handles to the output follow.
  void set_output_type(std::size_t index, DataType dtype);

 private:
  friend class Network;
  Layer(graph::Graph* graph, Notes* notes, std::int32_t id) : graph_(graph), notes_(notes), id_(id) {}
  graph::Graph* graph_ = nullptr;
  Notes* notes_ = nullptr;
  std::int32_t id_ = -1;
};

/// Reads an ONNX file (opset 7 to 23; external data next to it). Throws Error listing every unsupported node at once.
/// Of `limits` only the seconds count here; the memory of tensors is checked when the network is built.
[[nodiscard]] VIREO_API Network import_onnx(const std::filesystem::path& path, const Limits& limits = {});
/// The same from memory; `directory` is where external data is looked for (empty: refuse external data).
[[nodiscard]] VIREO_API Network import_onnx(std::span<const std::byte> bytes,
                                            const std::filesystem::path& directory = {}, const Limits& limits = {});

}  // namespace vireo
