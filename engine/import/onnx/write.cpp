// Networks as ONNX models.

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "engine/api/convert.h"
#include "engine/api/output_file.h"
#include "engine/base/text.h"
#include "engine/graph/operator.h"
#include "engine/import/onnx/write_node.h"

namespace vireo {
namespace {

using base::fail;
using base::str;
using graph::Graph;
using graph::TensorId;

constexpr int kIrVersion = 10;
/// What most engines read; later ones have few kernels for their newest operators.
constexpr int kUsualOpset = 21, kNewestOpset = 23;
/// A message of protobuf ends at 2 GB.
constexpr std::uint64_t kMostInside = std::uint64_t{1} << 30;
constexpr std::uint64_t kAlignment = 4096;  // mappings begin at pages

std::size_t index(TensorId id) { return static_cast<std::size_t>(id); }

void describe(const graph::Tensor& tensor, const std::string& name, onnx::ValueInfoProto& to) {
  to.set_name(name);
  auto* type = to.mutable_type()->mutable_tensor_type();
  type->set_elem_type(static_cast<int>(tensor.dtype));  // the numbers are ONNX's
  if (!tensor.ranked) return;
  type->mutable_shape();
  for (std::size_t d = 0; d < tensor.dims.size(); ++d) {
    auto* dim = type->mutable_shape()->add_dim();
    if (tensor.dims[d] >= 0) dim->set_dim_value(tensor.dims[d]);
    else if (d < tensor.symbols.size() && !tensor.symbols[d].empty()) dim->set_dim_param(tensor.symbols[d]);
  }
}

class ModelWriter {
 public:
  explicit ModelWriter(const Graph& graph) : graph_(graph) {}

  void write(const std::filesystem::path& path) {
    name_tensors();
    model_.set_ir_version(kIrVersion);
    model_.set_producer_name("vireo");
    model_.add_opset_import()->set_version(opset());
    for (const auto& [key, value] : graph_.metadata) {
      if (key.starts_with("onnx.") || key.starts_with("vireo.")) continue;  // of the file that was read
      auto* entry = model_.add_metadata_props();
      entry->set_key(key);
      entry->set_value(value);
    }
    to_.set_name(graph_.name.empty() ? "network" : graph_.name);
    for (const TensorId id : graph_.inputs()) describe(graph_.tensor(id), names_.of[index(id)], *to_.add_input());
    write_layers();
    write_outputs();
    write_constants(path);
    std::string text;
    if (!model_.SerializeToString(&text)) fail(ErrorCode::unsupported, "the model is too large to be written");
    write_file(path, text);
  }

 private:
  [[nodiscard]] int opset() const {
    for (TensorId id = 0; id < graph_.tensor_count(); ++id)
      if (graph_.tensor(id).dtype == DataType::bfloat16) return kNewestOpset;
    for (const graph::LayerId id : graph_.topological_order()) {
      const graph::Layer& layer = graph_.layer(id);
      const std::string_view op = layer.op->name;
      if (op == "rms_norm" || (op == "dequantize_linear" && layer.attributes.has("output_dtype"))) return kNewestOpset;
      if (op == "pool" && layer.attributes.integer("ceil_mode", 0) != 0) return kNewestOpset;  // 22 counts as we do
    }
    return kUsualOpset;
  }

  /// Inputs and outputs have the names that the user knows, all others their own where it is not taken.
  void name_tensors() {
    names_.of.resize(index(graph_.tensor_count()));
    const auto begins = [&](const std::string& name) { return name.starts_with(names_.beginning); };
    for (TensorId id = 0; id < graph_.tensor_count(); ++id)
      while (begins(graph_.tensor(id).name)) names_.beginning += "~";
    for (const Graph::Output& output : graph_.outputs())
      while (begins(output.name)) names_.beginning += "~";
    std::set<std::string> taken;
    const auto take = [&](TensorId id, const std::string& name) {
      std::string& slot = names_.of[index(id)];
      if (slot.empty() && !name.empty() && taken.insert(name).second) slot = name;
      return slot == name;
    };
    for (const TensorId id : graph_.inputs())
      if (!take(id, graph_.tensor(id).name)) refused_.push_back(str("two inputs named '", graph_.tensor(id).name, "'"));
    for (const Graph::Output& output : graph_.outputs()) {
      const graph::Tensor& t = graph_.tensor(output.tensor);
      if (!outputs_.insert(output.name).second) refused_.push_back(str("two outputs named '", output.name, "'"));
      else if (!t.constant && take(output.tensor, output.name)) continue;
      else if (taken.insert(output.name).second) copies_.insert(output.name);  // a constant, or under a second name
      else if (names_.of[index(uncopied(output.tensor))] != output.name)
        refused_.push_back(str("an output with the name of another tensor, '", output.name, "'"));
    }
    for (TensorId id = 0; id < graph_.tensor_count(); ++id)
      if (names_.of[index(id)].empty() && !take(id, graph_.tensor(id).name)) names_.of[index(id)] = names_.fresh();
  }

  /// The tensor whose elements these are, behind layers that copy: an output that is an input is read through one.
  [[nodiscard]] TensorId uncopied(TensorId id) const {
    for (graph::LayerId p = graph_.tensor(id).producer; p != graph::kNone; p = graph_.tensor(id).producer) {
      const graph::Layer& layer = graph_.layer(p);
      if (layer.op->name != std::string_view("unary") || layer.attributes.text("function", "") != "identity") break;
      id = layer.inputs[0];
    }
    return id;
  }

  void write_layers() {
    for (const graph::LayerId id : graph_.topological_order()) {
      const graph::Layer& layer = graph_.layer(id);
      const std::string why = importer::write_node(graph_, layer, names_, to_);
      if (!why.empty()) refused_.push_back(str(layer.op->name, " '", layer.name, "' ", why));
    }
    // Two nodes of one name are no ONNX model for ONNX Runtime.
    std::set<std::string> named;
    for (onnx::NodeProto& node : *to_.mutable_node())
      if (!node.name().empty() && !named.insert(node.name()).second) node.set_name(names_.fresh());
    if (refused_.empty()) return;
    std::string message = str(refused_.size(), " parts of the network can't be written as ONNX:");
    constexpr std::size_t kMost = 20;
    for (std::size_t i = 0; i < refused_.size() && i < kMost; ++i) message += "\n  " + refused_[i];
    if (refused_.size() > kMost) message += str("\n  and ", refused_.size() - kMost, " more");
    fail(ErrorCode::unsupported, message);
  }

  void write_outputs() {
    for (const Graph::Output& output : graph_.outputs()) {
      if (copies_.contains(output.name)) {
        onnx::NodeProto& node = *to_.add_node();
        node.set_op_type("Identity");
        node.set_name(names_.fresh());
        node.add_input(names_.of[index(output.tensor)]);
        node.add_output(output.name);
      }
      describe(graph_.tensor(output.tensor), output.name, *to_.add_output());
    }
  }

  void write_constants(const std::filesystem::path& path) {
    std::vector<TensorId> used;
    std::uint64_t bytes = 0;
    for (TensorId id = 0; id < graph_.tensor_count(); ++id) {
      const graph::Tensor& t = graph_.tensor(id);
      if (!t.constant || (t.consumers.empty() && t.output_uses == 0)) continue;
      used.push_back(id);
      bytes += t.constant->bytes();
    }
    std::ofstream data;
    const std::filesystem::path beside = path.string() + ".data";
    if (bytes > kMostInside) data.open(beside, std::ios::binary | std::ios::trunc);
    std::uint64_t at = 0;
    for (const TensorId id : used) {
      const graph::Constant& constant = *graph_.tensor(id).constant;
      onnx::TensorProto& tensor = *to_.add_initializer();
      tensor.set_name(names_.of[index(id)]);
      tensor.set_data_type(static_cast<int>(constant.dtype));
      for (const std::int64_t extent : constant.dims) tensor.add_dims(extent);
      const char* from = reinterpret_cast<const char*>(constant.read());
      if (bytes <= kMostInside || constant.bytes() < kAlignment) {
        tensor.set_raw_data(from, constant.bytes());
        continue;
      }
      tensor.set_data_location(onnx::TensorProto_DataLocation_EXTERNAL);
      const auto entry = [&](const char* key, const std::string& value) {
        auto* e = tensor.add_external_data();
        e->set_key(key);
        e->set_value(value);
      };
      entry("location", beside.filename().string());
      entry("offset", std::to_string(at));
      entry("length", std::to_string(constant.bytes()));
      data.seekp(static_cast<std::streamoff>(at));
      data.write(from, static_cast<std::streamsize>(constant.bytes()));
      at = (at + constant.bytes() + kAlignment - 1) / kAlignment * kAlignment;
    }
    if (bytes <= kMostInside) return;
    data.close();
    if (!data) fail(ErrorCode::io, "'", beside.string(), "' can't be written");
  }

  const Graph& graph_;
  onnx::ModelProto model_;
  onnx::GraphProto& to_ = *model_.mutable_graph();
  importer::OnnxNames names_;
  std::set<std::string> outputs_, copies_;
  std::vector<std::string> refused_;
};

}  // namespace

void save_onnx(const Network& network, const std::filesystem::path& path) { ModelWriter(network.graph()).write(path); }

}  // namespace vireo
