#include "engine/compile/half.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/api/half.h"
#include "engine/compile/dense_problem.h"
#include "engine/compile/front.h"
#include "engine/compile/parallel.h"
#include "engine/graph/operator.h"
#include "engine/graph/pins.h"
#include "engine/ops/table.h"

namespace vireo::compile {
namespace {

using graph::ConstantPtr;
using graph::Graph;
using graph::kNone;
using graph::LayerId;
using graph::TensorId;

/// Null where an element that is finite would not be.
ConstantPtr half_of(const graph::Constant& value) {
  const graph::MutableConstant half = graph::new_constant(DataType::float16, value.dims);
  const float* from = value.as<float>();
  auto* to = half.as<std::uint16_t>();
  for (std::int64_t i = 0; i < value.count(); ++i) {
    to[i] = half_from_float(from[i]);
    if ((to[i] & 0x7c00u) == 0x7c00u && std::isfinite(from[i])) return nullptr;
  }
  value.release();
  return half.constant;
}

constexpr std::int64_t kImageChannels = 4;  ///< at most, of what is taken for a picture

class Converter {
 public:
  Converter(const Graph& from, const CompileOptions& options)
      : from_(from),
        options_(options),
        same_(static_cast<std::size_t>(from.tensor_count()), kNone),
        half_(same_.size(), kNone),
        too_large_(same_.size(), 0) {}

  Graph run() {
    to_.name = from_.name;
    to_.metadata = from_.metadata;
    for (TensorId t : from_.inputs()) {
      const graph::Tensor& tensor = from_.tensor(t);
      same(t) = to_.add_input(tensor.name, tensor.dtype, tensor.dims, tensor.symbols);
      to_.tensor(same(t)).origin = tensor.origin;
    }
    convert_large();
    for (LayerId id : from_.topological_order())
      if (!add_half(id)) add_same(id);
    for (const Graph::Output& output : from_.outputs()) to_.mark_output(as_is(output.tensor), output.name);
    to_.compact();
    return std::move(to_);
  }

 private:
  TensorId& same(TensorId t) { return same_[static_cast<std::size_t>(t)]; }
  TensorId& half(TensorId t) { return half_[static_cast<std::size_t>(t)]; }

  TensorId cast(TensorId tensor, DataType type) {
    graph::Attributes attributes;
    attributes.set("to", std::string(to_string(type)));
    const std::string name = to_.unique_name(to_.tensor(tensor).name);
    const LayerId layer = to_.add_layer(*ops::find_operator("cast"), name + ".cast", {tensor}, attributes);
    const TensorId result = to_.layer(layer).outputs[0];
    to_.rename(result, name);
    return result;
  }

  /// Most of the time goes there, so that it is done on all workers before the layers are looked at.
  void convert_large() {
    constexpr std::int64_t kLarge = 4096;
    std::vector<TensorId> large;
    for (TensorId t = 0; t < from_.tensor_count(); ++t) {
      const graph::Tensor& tensor = from_.tensor(t);
      if (tensor.constant && tensor.dtype == DataType::float32 && tensor.constant->count() >= kLarge &&
          !tensor.consumers.empty())
        large.push_back(t);
    }
    converted_.resize(same_.size());
    for_each_parallel(large.size(), options_.workers, [&](std::size_t i) {
      const auto t = static_cast<std::size_t>(large[i]);
      converted_[t] = half_of(*from_.tensor(large[i]).constant);
      too_large_[t] = !converted_[t];
    });
  }

  /// With the type that it has in the original.
  TensorId as_is(TensorId t) {
    if (t == kNone || same(t) != kNone) return t == kNone ? kNone : same(t);
    const graph::Tensor& tensor = from_.tensor(t);
    same(t) = tensor.constant ? to_.add_constant(tensor.name, tensor.constant) : cast(half(t), tensor.dtype);
    to_.tensor(same(t)).origin = tensor.origin;
    return same(t);
  }

  /// float32 as float16, the rest as it is. Nothing where the values don't fit.
  std::optional<TensorId> as_half(TensorId t) {
    if (t == kNone || from_.tensor(t).dtype != DataType::float32) return as_is(t);
    if (half(t) != kNone) return half(t);
    const graph::Tensor& tensor = from_.tensor(t);
    if (tensor.constant) {
      auto& failed = too_large_[static_cast<std::size_t>(t)];
      ConstantPtr value = std::move(converted_[static_cast<std::size_t>(t)]);
      if (!value && !failed) value = half_of(*tensor.constant);
      failed = !value;
      if (failed) return std::nullopt;
      half(t) = to_.add_constant(to_.unique_name(tensor.name), value);
    } else {
      half(t) = cast(as_is(t), DataType::float16);
    }
    return half(t);
  }

  bool add_half(LayerId id) {
    const graph::Layer& layer = from_.layer(id);
    const auto real = [&](TensorId t) { return t != kNone && from_.tensor(t).dtype == DataType::float32; };
    if (std::none_of(layer.inputs.begin(), layer.inputs.end(), real)) return false;
    if (layer.op->name == "cast") return false;
    if (graph::is_pinned_to_cpu(layer.attributes) ||
        graph::permitted_precision(layer.attributes, Precision::fp16) != Precision::fp16)
      return false;
    if (const LayerId made = add_image(layer); made != kNone) {
      adopt(layer, made);
      return true;
    }
    // A view follows what it is a view of.
    if (layer.op->alias && half(layer.inputs[0]) == kNone) return false;
    std::vector<TensorId> inputs;
    for (TensorId t : layer.inputs) {
      const std::optional<TensorId> input = as_half(t);
      if (!input) return false;
      inputs.push_back(*input);
    }
    LayerId made = kNone;
    try {
      made = to_.add_layer(*layer.op, layer.name, inputs, layer.attributes, static_cast<int>(layer.outputs.size()));
    } catch (const Error&) {
      return false;  // its shape rule takes no float16
    }
    if (!layer.op->alias && !has_kernel(made)) {
      to_.remove_layer(made);
      return false;
    }
    adopt(layer, made);
    return true;
  }

  /// Images go through one layer that converts them and puts their channels last; kNone: this is nothing of the kind,
  /// or there is no kernel.
  LayerId add_image(const graph::Layer& layer) {
    std::vector<TensorId> inputs;
    graph::Attributes attributes;
    if (layer.op->name == "image_input") {
      for (TensorId t : layer.inputs) inputs.push_back(as_is(t));
      attributes = layer.attributes;
    } else if (layer.op->name == "transpose" && from_.tensor(layer.inputs[0]).is_input &&
               layer.attributes.integers("perm") == std::vector<std::int64_t>{0, 2, 3, 1} &&
               from_.tensor(layer.inputs[0]).dims[1] <= kImageChannels) {
      const graph::Tensor& image = from_.tensor(layer.inputs[0]);
      inputs = {as_is(layer.inputs[0]), channel_values(image, 1), channel_values(image, 0)};
      attributes.set("layout", std::string("nchw"));
    } else {
      return kNone;
    }
    attributes.set("to", std::string(to_string(DataType::float16)));
    const LayerId made = to_.add_layer(*ops::find_operator("image_input"), layer.name, inputs, attributes);
    if (has_kernel(made)) return made;
    to_.remove_layer(made);
    return kNone;
  }

  TensorId channel_values(const graph::Tensor& image, float value) {
    const graph::MutableConstant made = graph::new_constant(DataType::float32, {image.dims[1]});
    std::fill_n(made.as<float>(), image.dims[1], value);
    return to_.add_constant(to_.unique_name(image.name + (value == 0 ? ".shift" : ".scale")), made.constant);
  }

  void add_same(LayerId id) {
    const graph::Layer& layer = from_.layer(id);
    std::vector<TensorId> inputs;
    for (TensorId t : layer.inputs) inputs.push_back(as_is(t));
    adopt(layer,
          to_.add_layer(*layer.op, layer.name, inputs, layer.attributes, static_cast<int>(layer.outputs.size())));
  }

  /// The outputs take the names of those of the original.
  void adopt(const graph::Layer& layer, LayerId made) {
    for (std::size_t k = 0; k < layer.outputs.size(); ++k) {
      const TensorId before = layer.outputs[k], now = to_.layer(made).outputs[k];
      if (before == kNone) continue;
      to_.rename(now, from_.tensor(before).name);
      to_.tensor(now).origin = from_.tensor(before).origin;
      (to_.tensor(now).dtype == from_.tensor(before).dtype ? same(before) : half(before)) = now;
    }
  }

  [[nodiscard]] bool has_kernel(LayerId id) const { return compile::has_kernel(to_, id, options_); }

  const Graph& from_;
  const CompileOptions& options_;
  Graph to_;
  std::vector<TensorId> same_, half_;   ///< by tensor of the original: its counterparts, where there are
  std::vector<ConstantPtr> converted_;  ///< large ones, until they are used
  std::vector<char> too_large_;         ///< by constant of the original: float16 can't hold it
};

}  // namespace

Graph with_half(const Graph& graph, const CompileOptions& options) {
  Graph half = Converter(graph, options).run();
  join_front(half, options);
  return half;
}

}  // namespace vireo::compile
