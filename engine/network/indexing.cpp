// Layers that choose elements by indices.

#include <numeric>

#include "engine/network/adding.h"

namespace vireo {
namespace {

using network::Adding;
using network::given;
using network::Ints;
using network::Tensor;

/// Of whole entries of an axis, where the leading axes are shared: the axis is moved behind those, positions are
/// gathered there, and what the indices gave is moved to where the axis was.
Tensor gather_in_batch(Adding& adding, Tensor data, Tensor indices, std::int64_t axis, std::int64_t batch) {
  const std::int64_t rank = adding.rank(data, "data"), index_rank = adding.rank(indices, "indices");
  axis = adding.axis(axis, rank);
  adding.require(batch <= axis && batch <= index_rank, "batch_dims is ", batch, "; accepted: at most the axis ", axis,
                 " and the rank of the indices ", index_rank);
  Tensor source = data;
  if (axis != batch) {
    Ints order(static_cast<std::size_t>(rank));
    std::iota(order.begin(), order.end(), 0);
    order.erase(order.begin() + axis);
    order.insert(order.begin() + batch, axis);
    source = adding.put("transpose", {data}, {{"perm", order}}, "to front");
  }
  const Tensor positions = adding.put("unsqueeze", {indices, adding.integers({-1}, "axis")}, {}, "positions");
  const Tensor found =
      adding.put("gather_nd", {source, positions}, {{"batch_dims", batch}}, axis != batch ? "found" : "");
  if (axis == batch) return found;
  Ints order;  // of found: the batch, what is left of the indices, axes before, axes behind
  const std::int64_t chosen = index_rank - batch, before = axis - batch, all = rank - 1 + chosen;
  for (std::int64_t i = 0; i < batch; ++i) order.push_back(i);
  for (std::int64_t i = 0; i < before; ++i) order.push_back(batch + chosen + i);
  for (std::int64_t i = 0; i < chosen; ++i) order.push_back(batch + i);
  for (std::int64_t i = batch + chosen + before; i < all; ++i) order.push_back(i);
  return adding.put("transpose", {found}, {{"perm", order}});
}

}  // namespace

Tensor NetworkLayers::add_gather(Tensor data, Tensor indices, const Gather& options, const std::string& name) {
  Adding adding(*graph_, *notes_, "gather", name);
  return adding.one({data, indices}, [&] {
    adding.require(options.batch_dims >= 0, "batch_dims is ", options.batch_dims, "; accepted: 0 or more");
    switch (options.mode) {
      case IndexMode::axis:
        if (options.batch_dims > 0) return gather_in_batch(adding, data, indices, options.axis, options.batch_dims);
        return adding.put("gather", {data, indices}, {{"axis", options.axis}});
      case IndexMode::elements: break;
      case IndexMode::nd: return adding.put("gather_nd", {data, indices}, {{"batch_dims", options.batch_dims}});
    }
    adding.require(options.batch_dims == 0, "has batch_dims, which mode elements doesn't take");
    return adding.put("gather_elements", {data, indices}, {{"axis", options.axis}});
  });
}

Tensor NetworkLayers::add_scatter(Tensor data, Tensor indices, Tensor updates, const Scatter& options,
                                  const std::string& name) {
  Adding adding(*graph_, *notes_, "scatter", name);
  return adding.one({data, indices, updates}, [&] {
    static constexpr const char* kReductions[] = {"none", "add", "mul", "max", "min"};
    const std::string reduction = kReductions[static_cast<std::size_t>(options.reduction)];
    adding.require(options.mode != IndexMode::axis, "has mode axis; accepted: elements, nd");
    if (options.mode == IndexMode::nd)
      return adding.put("scatter_nd", {data, indices, updates}, {{"reduction", reduction}});
    return adding.put("scatter_elements", {data, indices, updates}, {{"axis", options.axis}, {"reduction", reduction}});
  });
}

Tensor NetworkLayers::add_one_hot(Tensor indices, Tensor values, const OneHot& options, const std::string& name) {
  Adding adding(*graph_, *notes_, "one_hot", name);
  return adding.one({indices, values, options.depth_tensor}, [&] {
    const Tensor depth = given(options.depth_tensor) ? options.depth_tensor : adding.integers({options.depth}, "depth");
    return adding.put("one_hot", {indices, depth, values}, {{"axis", options.axis}});
  });
}

Tensor NetworkLayers::add_non_zero(Tensor input, const std::string& name) {
  Adding adding(*graph_, *notes_, "non_zero", name);
  return adding.one({input}, [&] { return adding.put("non_zero", {input}); });
}

Tensor NetworkLayers::add_shape(Tensor input, const std::string& name) {
  Adding adding(*graph_, *notes_, "shape", name);
  return adding.one({input}, [&] { return adding.put("shape", {input}); });
}

Tensor NetworkLayers::add_fill(const Fill& options, const std::string& name) {
  Adding adding(*graph_, *notes_, "fill", name);
  return adding.one({options.dims_tensor}, [&] {
    const bool known = !given(options.dims_tensor);
    for (const std::int64_t extent : options.dims)
      adding.require(extent >= 0, "has the extent ", extent, "; accepted: 0 or more");
    if (options.kind == FillKind::constant)
      return adding.put("constant_of_shape", {known ? adding.integers(options.dims, "dims") : options.dims_tensor},
                        {{"value", options.start}, {"dtype", std::string(to_string(options.dtype))}});
    const std::size_t rank = known ? options.dims.size() : 1;
    if (!known) {
      const Dims& dims = adding.of(options.dims_tensor).dims;
      adding.require(dims == Dims{1}, "of kind linspace takes a dims_tensor of one element, found ", dims);
    }
    std::vector<double> deltas = options.deltas;
    if (deltas.empty() && rank > 0) deltas.assign(rank, 0), deltas.back() = 1;
    adding.require(deltas.size() == rank, "has ", deltas.size(), " deltas; accepted: ", rank, ", one for each axis");
    const auto number = [&](double value, const char* what) { return adding.scalar(options.dtype, value, what); };
    Tensor value = number(options.start, "start");
    for (std::size_t i = 0; i < rank; ++i) {
      const Tensor extent = known ? adding.integers({options.dims[i]}, "extent") : options.dims_tensor;
      const Tensor count =
          adding.put("cast", {adding.put("squeeze", {extent, adding.integers({0}, "axis")}, {}, "count")},
                     {{"to", std::string(to_string(options.dtype))}}, "limit");
      const std::string place = base::str("place ", i);
      Tensor places = adding.put("range", {number(0, "first"), count, number(1, "step")}, {}, place);
      Ints shape(rank - i, 1);
      shape[0] = -1;
      if (shape.size() > 1) places = adding.put("reshape", {places, adding.integers(shape, "shape")}, {}, place);
      const Tensor steps = adding.binary("mul", places, number(deltas[i], "delta"), base::str("steps ", i));
      value = adding.binary("add", value, steps, i + 1 < rank ? base::str("sum ", i) : "");
    }
    return rank > 0 ? value : adding.unary("identity", value);
  });
}

}  // namespace vireo
