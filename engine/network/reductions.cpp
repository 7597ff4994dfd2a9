// Windows, reductions and norms.

#include <cmath>

#include "engine/network/adding.h"

namespace vireo {
namespace {

using network::Adding;
using network::given;
using network::Ints;
using network::Tensor;

const char* name_of(NetworkLayers::Reduction kind) {
  using Reduction = NetworkLayers::Reduction;
  switch (kind) {
    case Reduction::sum: return "sum";
    case Reduction::mean: return "mean";
    case Reduction::max: return "max";
    case Reduction::min: return "min";
    case Reduction::product: return "prod";
    case Reduction::l1: return "l1";
    case Reduction::l2: return "l2";
    case Reduction::log_sum: return "log_sum";
    case Reduction::log_sum_exp: return "log_sum_exp";
    case Reduction::sum_square: return "sum_square";
  }
  return "";
}

graph::Attributes pool_attributes(const Adding& adding, const NetworkLayers::Pooling& options) {
  graph::Attributes attributes;
  const std::size_t count = options.window.size();
  adding.require(count > 0, "has no window; accepted: one extent for each spatial axis");
  attributes.set("kernel_shape", options.window);
  attributes.set("strides", options.strides.empty() ? Dims(count, 1) : options.strides);
  attributes.set("dilations", options.dilations.empty() ? Dims(count, 1) : options.dilations);
  if (options.auto_pad == NetworkLayers::AutoPad::none) {
    attributes.set("pads", options.pads.empty() ? Dims(2 * count, 0) : options.pads);
  } else {
    adding.require(options.pads.empty(), "has pads and auto_pad; accepted: one of them");
    attributes.set("auto_pad",
                   std::string(options.auto_pad == NetworkLayers::AutoPad::same_upper ? "SAME_UPPER" : "SAME_LOWER"));
  }
  attributes.set("ceil_mode", std::int64_t{options.round_up});
  return attributes;
}

}  // namespace

Tensor NetworkLayers::add_pooling(Tensor input, const Pooling& options, const std::string& name) {
  Adding adding(*graph_, *notes_, "pool", name);
  return adding.one({input}, [&] {
    const auto pool = [&](const char* mode, const char* part) {
      graph::Attributes attributes = pool_attributes(adding, options);
      attributes.set("mode", std::string(mode));
      if (mode[0] == 'a') attributes.set("count_include_pad", std::int64_t{options.count_padding});
      return adding.put_all("pool", {input}, std::move(attributes), 1, part)[0];
    };
    if (options.kind == PoolingKind::max) return pool("max", "");
    if (options.kind == PoolingKind::average) return pool("average", "");
    adding.require(options.blend >= 0 && options.blend <= 1, "blend is ", options.blend, "; accepted: 0 to 1");
    const Tensor average = pool("average", "average"), largest = pool("max", "max");
    const auto share = [&](Tensor t, double part, const char* what) {
      return adding.binary("mul", t, adding.scalar(adding.dtype(t), part, "blend"), what);
    };
    return adding.binary("add", share(average, options.blend, "average part"),
                         share(largest, 1 - options.blend, "max part"));
  });
}

Tensor NetworkLayers::add_reduce(Tensor input, Reduction kind, const Reduce& options, const std::string& name) {
  Adding adding(*graph_, *notes_, "reduce", name);
  return adding.one({input}, [&] {
    const Tensor axes = options.axes.empty() ? Tensor{} : adding.integers(options.axes, "axes");
    return adding.put("reduce", {input, axes},
                      {{"mode", std::string(name_of(kind))}, {"keepdims", std::int64_t{options.keep}}});
  });
}

Tensor NetworkLayers::add_softmax(Tensor input, std::int64_t axis, const std::string& name) {
  Adding adding(*graph_, *notes_, "softmax", name);
  return adding.one({input}, [&] {
    return adding.put("softmax", {input}, {{"axis", axis}, {"mode", std::string("softmax")}});
  });
}

Tensor NetworkLayers::add_ragged_softmax(Tensor input, Tensor bounds, const std::string& name) {
  Adding adding(*graph_, *notes_, "ragged_softmax", name);
  return adding.one({input, bounds}, [&] {
    const std::int64_t rank = adding.rank(input, "input");
    const DataType index = adding.dtype(bounds);
    adding.require(rank > 0, "the input is a scalar; accepted: one axis or more");
    adding.require(index == DataType::int32 || index == DataType::int64, "the bounds are ", index,
                   "; accepted: int32, int64");
    adding.require(adding.rank(bounds, "bounds") == rank, "the bounds are ", adding.of(bounds).dims,
                   "; accepted: the input's shape ", adding.of(input).dims, " with 1 for the last extent");
    const Tensor extent = adding.put("shape", {input}, {{"start", std::int64_t{-1}}}, "extent");
    const Tensor places = adding.put("range",
                                     {adding.scalar(DataType::int64, 0, "first"),
                                      adding.put("squeeze", {extent, adding.integers({0}, "axis")}, {}, "count"),
                                      adding.scalar(DataType::int64, 1, "step")},
                                     {}, "places");
    const Tensor most =
        index == DataType::int64 ? bounds : adding.put("cast", {bounds}, {{"to", std::string("int64")}}, "bounds");
    const Tensor inside = adding.binary("less", places, most, "inside");
    const Tensor nothing = adding.scalar(adding.dtype(input), -INFINITY, "outside");
    const Tensor masked = adding.put("where", {inside, input, nothing}, {}, "masked");
    const Tensor value =
        adding.put("softmax", {masked}, {{"axis", std::int64_t{-1}}, {"mode", std::string("softmax")}}, "softmax");
    return adding.put("where", {inside, value, adding.scalar(adding.dtype(input), 0, "zero")});
  });
}

Tensor NetworkLayers::add_lrn(Tensor input, const Lrn& options, const std::string& name) {
  Adding adding(*graph_, *notes_, "lrn", name);
  return adding.one({input}, [&] {
    return adding.put(
        "lrn", {input},
        {{"size", options.window}, {"alpha", options.alpha}, {"beta", options.beta}, {"bias", options.k}});
  });
}

Tensor NetworkLayers::add_normalization(Tensor input, Tensor scale, Tensor bias, const Normalization& options,
                                        const std::string& name) {
  Adding adding(*graph_, *notes_, "normalization", name);
  return adding.one({input, scale, bias}, [&] {
    switch (options.kind) {
      case NormalizationKind::layer:
        return adding.put("layer_norm", {input, scale, bias}, {{"axis", options.axis}, {"epsilon", options.epsilon}});
      case NormalizationKind::instance:
        return adding.put("instance_norm", {input, scale, bias}, {{"epsilon", options.epsilon}});
      case NormalizationKind::group:
        return adding.put("group_norm", {input, scale, bias},
                          {{"num_groups", options.groups}, {"epsilon", options.epsilon}});
      case NormalizationKind::rms: break;
    }
    adding.require(!given(bias), "of kind rms takes no bias");
    return adding.put("rms_norm", {input, scale}, {{"axis", options.axis}, {"epsilon", options.epsilon}});
  });
}

Tensor NetworkLayers::add_batch_normalization(Tensor input, Tensor scale, Tensor bias, Tensor mean, Tensor variance,
                                              double epsilon, const std::string& name) {
  Adding adding(*graph_, *notes_, "batch_norm", name);
  return adding.one({input, scale, bias, mean, variance}, [&] {
    return adding.put("batch_norm", {input, scale, bias, mean, variance}, {{"epsilon", epsilon}});
  });
}

Tensor NetworkLayers::add_cumulative(Tensor input, const Cumulative& options, const std::string& name) {
  Adding adding(*graph_, *notes_, "cumsum", name);
  return adding.one({input}, [&] {
    return adding.put("cumsum", {input, adding.integers({options.axis}, "axis")},
                      {{"exclusive", std::int64_t{options.exclusive}}, {"reverse", std::int64_t{options.reverse}}});
  });
}

NetworkLayers::TopKResult NetworkLayers::add_top_k(Tensor input, const TopK& options, const std::string& name) {
  Adding adding(*graph_, *notes_, "top_k", name);
  const std::vector<Tensor> results = adding.several({input, options.k_tensor}, 2, [&] {
    const Tensor k = given(options.k_tensor) ? options.k_tensor : adding.integers({options.k}, "k");
    graph::Attributes attributes;
    attributes.set("axis", options.axis);
    attributes.set("largest", std::int64_t{options.largest});
    attributes.set("sorted", std::int64_t{1});
    return adding.put_all("top_k", {input, k}, std::move(attributes), 2);
  });
  return {results[0], results[1]};
}

}  // namespace vireo
