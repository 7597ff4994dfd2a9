#include "engine/import/onnx/draw.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/half.h"
#include "engine/api/types.h"
#include "engine/base/text.h"

namespace vireo::importer {
namespace {

using base::fail;
using base::str;
using Type = onnx::TensorProto;

/// splitmix64: a few operations a number, for models of gigabytes.
class Random {
 public:
  Random(std::uint64_t seed, const std::string& name) : state_(seed) {
    for (const char c : name) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  float between(float low, float high) { return low + (high - low) * static_cast<float>(bits() >> 40) * 0x1p-24f; }

 private:
  std::uint64_t state_;
};

template <typename To, typename Draw>
void fill(std::string& raw, std::size_t count, const Draw& draw) {
  raw.resize(count * sizeof(To));
  for (std::size_t i = 0; i < count; ++i) {
    const To value = static_cast<To>(draw());
    std::memcpy(raw.data() + i * sizeof(To), &value, sizeof(To));
  }
}

/// What the tensor that a node reads is for, where that says more than its extents. From the slot on, where it is open.
enum class Role : std::uint8_t { weights, bias, value };
struct Slot {
  std::string_view op;
  int first, last;
  Role role;
};
constexpr int kAny = std::numeric_limits<int>::max();
constexpr Slot kSlots[] = {{"Conv", 2, 2, Role::bias},
                           {"ConvTranspose", 2, 2, Role::bias},
                           {"Gemm", 2, 2, Role::bias},
                           {"BatchNormalization", 2, 3, Role::bias},  // and mean
                           {"LayerNormalization", 2, 2, Role::bias},
                           {"GroupNormalization", 2, 2, Role::bias},
                           {"InstanceNormalization", 2, 2, Role::bias},
                           {"Add", 0, 1, Role::bias},
                           {"Resize", 1, kAny, Role::value},
                           {"Upsample", 1, kAny, Role::value},
                           {"Range", 0, kAny, Role::value},
                           {"Clip", 1, 2, Role::value},
                           {"Pad", 2, 2, Role::value},
                           {"NonMaxSuppression", 2, kAny, Role::value}};

class Drawing {
 public:
  Drawing(std::filesystem::path directory, std::uint64_t seed) : directory_(std::move(directory)), seed_(seed) {}

  /// Goes through the nodes first, inner graphs' too: they tell what tensors are for.
  void look_at_nodes(const onnx::GraphProto& graph) {
    for (const onnx::NodeProto& node : graph.node()) {
      for (const Slot& slot : kSlots)
        for (int i = slot.first; slot.op == node.op_type() && i <= slot.last && i < node.input_size(); ++i)
          roles_[node.input(i)] = std::max(roles_[node.input(i)], slot.role);
      for (const onnx::AttributeProto& attribute : node.attribute()) {
        if (attribute.has_g()) look_at_nodes(attribute.g());
        for (const onnx::GraphProto& inner : attribute.graphs()) look_at_nodes(inner);
      }
    }
  }

  void graph(onnx::GraphProto& graph) {
    for (onnx::TensorProto& tensor : *graph.mutable_initializer()) look_at(tensor);
    for (onnx::NodeProto& node : *graph.mutable_node())
      for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
        if (attribute.has_t()) look_at(*attribute.mutable_t());
        if (attribute.has_g()) this->graph(*attribute.mutable_g());
        for (onnx::GraphProto& inner : *attribute.mutable_graphs()) this->graph(inner);
      }
  }

  [[nodiscard]] int drawn() const {
    if (refused_.empty()) return drawn_;
    std::string message = str(refused_.size(), " tensors without data can't be drawn, for their values matter:");
    constexpr std::size_t kMost = 20;
    for (std::size_t i = 0; i < refused_.size() && i < kMost; ++i) message += "\n  " + refused_[i];
    if (refused_.size() > kMost) message += str("\n  and ", refused_.size() - kMost, " more");
    fail(ErrorCode::unsupported, message);
  }

 private:
  [[nodiscard]] bool is_missing(const onnx::TensorProto& tensor, std::int64_t count) const {
    if (tensor.data_location() == onnx::TensorProto_DataLocation_EXTERNAL) {
      for (const auto& entry : tensor.external_data()) {
        std::error_code failed;  // names that lead elsewhere are refused where they are read
        if (entry.key() == "location") return !std::filesystem::exists(directory_ / entry.value(), failed) && !failed;
      }
      return true;
    }
    return count > 0 && tensor.raw_data().empty() && tensor.float_data().empty() && tensor.int32_data().empty() &&
           tensor.int64_data().empty() && tensor.double_data().empty() && tensor.uint64_data().empty() &&
           tensor.string_data().empty();
  }

  void look_at(onnx::TensorProto& tensor) {
    const Dims dims(tensor.dims().begin(), tensor.dims().end());
    std::int64_t count = 0;
    try {
      count = element_count(dims);
    } catch (const Error& error) {
      fail(ErrorCode::invalid_model, "tensor '", tensor.name(), "': ", error.what());
    }
    if (!is_missing(tensor, count)) return;
    // protobuf's strings end at 2 GB; larger tensors would have to come from elsewhere
    if (count > (std::int64_t{1} << 31) / 8)
      fail(ErrorCode::out_of_memory, "tensor '", tensor.name(), "' has ", count, " elements, too many to be drawn");
    std::string raw;
    if (!draw(tensor, dims, static_cast<std::size_t>(count), raw)) {
      refused_.push_back(str("'", tensor.name(), "' (", to_string(dims), ", ONNX type ", tensor.data_type(), ")"));
      return;
    }
    tensor.set_raw_data(std::move(raw));
    tensor.clear_external_data();
    tensor.set_data_location(onnx::TensorProto_DataLocation_DEFAULT);
    ++drawn_;
  }

  bool draw(const onnx::TensorProto& tensor, const Dims& dims, std::size_t count, std::string& raw) const {
    Random random(seed_, tensor.name());
    const auto known = roles_.find(tensor.name());
    const Role role = known == roles_.end() ? Role::weights : known->second;
    if (role == Role::value) return false;
    const bool weights = dims.size() > 1;
    // Uniform with a variance of 1 / inputs, so that sums of residuals don't grow without bounds. A matrix may be
    // either way around.
    double inputs = 1;
    for (std::size_t d = 1; d < dims.size(); ++d) inputs *= static_cast<double>(dims[d]);
    if (dims.size() == 2) inputs = static_cast<double>(std::max(dims[0], dims[1]));
    const auto scale = static_cast<float>(std::sqrt(3 / std::max(inputs, 1.0)));
    const auto real = [&] {
      if (weights) return random.between(-scale, scale);
      return role == Role::bias ? random.between(-0.1f, 0.1f) : random.between(0.5f, 1.5f);
    };
    switch (tensor.data_type()) {
      case Type::FLOAT: fill<float>(raw, count, real); return true;
      case Type::DOUBLE: fill<double>(raw, count, real); return true;
      case Type::FLOAT16: fill<std::uint16_t>(raw, count, [&] { return half_from_float(real()); }); return true;
      case Type::BFLOAT16: fill<std::uint16_t>(raw, count, [&] { return bfloat16_from_float(real()); }); return true;
      case Type::INT8:
      case Type::UINT8:  // those of one dimension are zero points
        fill<std::uint8_t>(raw, count, [&] { return weights ? random.bits() : 0; });
        return true;
      case Type::INT32: fill<std::int32_t>(raw, count, [] { return 0; }); return true;
      default: return false;
    }
  }

  std::filesystem::path directory_;
  std::uint64_t seed_;
  std::map<std::string, Role> roles_;  ///< by tensor
  int drawn_ = 0;
  std::vector<std::string> refused_;
};

}  // namespace

int draw_missing_weights(onnx::ModelProto& model, const std::filesystem::path& directory, std::uint64_t seed) {
  Drawing drawing(directory, seed);
  drawing.look_at_nodes(model.graph());
  drawing.graph(*model.mutable_graph());
  return drawing.drawn();
}

}  // namespace vireo::importer
