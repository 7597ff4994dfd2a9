// Convolutions and products.

#include "engine/network/adding.h"

namespace vireo {
namespace {

using network::Adding;
using network::given;
using network::Ints;
using network::Tensor;

/// Lists that are left out are written out where the number of spatial axes is known, as importers write them.
void set_spatial(graph::Attributes& attributes, const char* name, const Dims& values, std::size_t count,
                 std::int64_t fallback) {
  if (!values.empty()) attributes.set(name, values);
  else if (count > 0) attributes.set(name, Dims(count, fallback));
}

std::size_t spatial_axes(const Adding& adding, Tensor input, Tensor weights) {
  for (const Tensor t : {weights, input})
    if (given(t) && adding.of(t).ranked && adding.of(t).dims.size() > 2) return adding.of(t).dims.size() - 2;
  return 0;
}

template <typename Options>
graph::Attributes convolution_attributes(const Adding& adding, Tensor input, Tensor weights, const Options& options) {
  graph::Attributes attributes;
  const std::size_t count = spatial_axes(adding, input, weights);
  set_spatial(attributes, "strides", options.strides, count, 1);
  set_spatial(attributes, "dilations", options.dilations, count, 1);
  if (options.auto_pad == NetworkLayers::AutoPad::none) {
    set_spatial(attributes, "pads", options.pads, 2 * count, 0);
  } else {
    adding.require(options.pads.empty(), "has pads and auto_pad; accepted: one of them");
    attributes.set("auto_pad",
                   std::string(options.auto_pad == NetworkLayers::AutoPad::same_upper ? "SAME_UPPER" : "SAME_LOWER"));
  }
  attributes.set("group", options.groups);
  return attributes;
}

}  // namespace

Tensor NetworkLayers::add_convolution(Tensor input, Tensor weights, Tensor bias, const Convolution& options,
                                      const std::string& name) {
  Adding adding(*graph_, *notes_, "conv", name);
  return adding.one({input, weights, bias}, [&] {
    return adding.put_all("conv", {input, weights, bias}, convolution_attributes(adding, input, weights, options),
                          1)[0];
  });
}

Tensor NetworkLayers::add_deconvolution(Tensor input, Tensor weights, Tensor bias, const Deconvolution& options,
                                        const std::string& name) {
  Adding adding(*graph_, *notes_, "conv_transpose", name);
  return adding.one({input, weights, bias}, [&] {
    graph::Attributes attributes = convolution_attributes(adding, input, weights, options);
    if (!options.output_padding.empty()) attributes.set("output_padding", options.output_padding);
    return adding.put_all("conv_transpose", {input, weights, bias}, std::move(attributes), 1)[0];
  });
}

Tensor NetworkLayers::add_fully_connected(Tensor input, Tensor weights, Tensor bias, std::int64_t axis,
                                          const std::string& name) {
  Adding adding(*graph_, *notes_, "fully_connected", name);
  return adding.one({input, weights, bias}, [&] {
    const bool flat = given(input) && adding.of(input).ranked && adding.of(input).dims.size() == 2 && axis == 1;
    const Tensor rows = flat ? input : adding.put("flatten", {input}, {{"axis", axis}}, "flatten");
    return adding.put("gemm", {rows, weights, bias}, {{"transB", std::int64_t{1}}});
  });
}

Tensor NetworkLayers::add_matrix_multiply(Tensor a, MatrixOp op_a, Tensor b, MatrixOp op_b, const std::string& name) {
  Adding adding(*graph_, *notes_, "matmul", name);
  return adding.one({a, b}, [&] {
    Ints gone;
    if (op_a == MatrixOp::vector) gone.push_back(-2);
    if (op_b == MatrixOp::vector) gone.push_back(-1);
    const auto matrix = [&](Tensor t, MatrixOp op, std::int64_t axis, const char* part) {
      if (op != MatrixOp::vector) return t;
      return adding.put("unsqueeze", {t, adding.integers({axis}, "axis")}, {}, part);
    };
    const Tensor left = matrix(a, op_a, -2, "row"), right = matrix(b, op_b, -1, "column");
    const auto transposed = [](MatrixOp op) { return std::int64_t{op == MatrixOp::transpose}; };
    const Tensor product =
        adding.put("matmul", {left, right}, {{"trans_a", transposed(op_a)}, {"trans_b", transposed(op_b)}},
                   gone.empty() ? "" : "product");
    return gone.empty() ? product : adding.put("squeeze", {product, adding.integers(gone, "axes")});
  });
}

Tensor NetworkLayers::add_einsum(const std::vector<Tensor>& inputs, const std::string& equation,
                                 const std::string& name) {
  Adding adding(*graph_, *notes_, "einsum", name);
  return adding.one(inputs, [&] { return adding.put("einsum", inputs, {{"equation", equation}}); });
}

}  // namespace vireo
