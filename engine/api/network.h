#pragma once
// A network: layers and tensors, independent of any device. Import one from ONNX or define it by hand, then build() it.
// Move-only value; not for concurrent modification.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/export.h"
#include "engine/api/types.h"

namespace vireo {

namespace graph {
class Graph;
}

/// An input or output as the user sees it.
struct TensorInfo {
  std::string name;
  DataType dtype = DataType::float32;
  Dims dims;                         ///< kUnknown where dynamic
  std::vector<std::string> symbols;  ///< one per extent; "" where static or unnamed
};

class VIREO_API Network {
 public:
  /// Handle to a tensor of this network.
  struct Tensor {
    std::int32_t id = -1;
  };

  Network();
  explicit Network(std::unique_ptr<graph::Graph> graph);
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;
  ~Network();
  [[nodiscard]] Network clone() const;

  /// A network input; kUnknown extents are given at run time.
  Tensor add_input(const std::string& name, DataType dtype, const Dims& dims);
  /// Copies `bytes` bytes of data, row-major. Throws when they don't match dtype and dims.
  Tensor add_constant(const std::string& name, DataType dtype, const Dims& dims, const void* data, std::size_t bytes);
  /// One layer of any operator by its Vireo name (`vireo list ops`); returns its outputs. Throws Error naming the layer
  /// when the operator is unknown or the inputs don't fit.
  std::vector<Tensor> add_layer(const std::string& op, const std::vector<Tensor>& inputs,
                                const std::map<std::string, AttributeValue>& attributes = {},
                                const std::string& name = "");

  struct Convolution {
    Dims strides{1, 1};
    Dims pads{0, 0, 0, 0};  ///< begin of each spatial axis, then end of each
    Dims dilations{1, 1};
    std::int64_t groups = 1;
  };
  /// input [N,C,H,W], weights [M,C/groups,kH,kW], bias [M] or {} for none.
  Tensor add_convolution(Tensor input, Tensor weights, Tensor bias, const Convolution& options,
                         const std::string& name = "");
  /// Marks a tensor as output, under its own or a given name. It may be an input or a constant, and it may be marked
  /// again, under the same name or another. Throws Error when another tensor is an input or output of that name.
  void mark_output(Tensor tensor, const std::string& name = "");

  [[nodiscard]] std::vector<TensorInfo> inputs() const;
  [[nodiscard]] std::vector<TensorInfo> outputs() const;
  /// Free-form facts of the model file (ONNX metadata_props, producer); class names live here.
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const;
  /// Adds or replaces one of them; plans and engines carry them.
  void set_metadata(const std::string& key, const std::string& value);
  [[nodiscard]] graph::Graph& graph() noexcept { return *graph_; }
  [[nodiscard]] const graph::Graph& graph() const noexcept { return *graph_; }

 private:
  std::unique_ptr<graph::Graph> graph_;
};

/// Reads an ONNX file (opset 7 to 23; external data next to it). Throws Error listing every unsupported node at once.
/// Of `limits` only the seconds count here; the memory of tensors is checked when the network is built.
[[nodiscard]] VIREO_API Network import_onnx(const std::filesystem::path& path, const Limits& limits = {});
/// The same from memory; `directory` is where external data is looked for (empty: refuse external data).
[[nodiscard]] VIREO_API Network import_onnx(std::span<const std::byte> bytes,
                                            const std::filesystem::path& directory = {}, const Limits& limits = {});

}  // namespace vireo
