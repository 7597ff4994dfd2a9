#pragma once
// The layers that a network can be made of: one adder for each, with its options in layer_options.h. A Network
// (network.h) has them all; add_layer() takes any operator of `vireo list ops` beside.
//
// Adders don't throw for what is wrong with a call. They record it with the layer's name, what was found and what is
// accepted, and return tensors that may be used on; layers behind a failed one are not reported. validate() and build()
// then throw one Error that lists everything.
//
// Names: every adder takes one for its layer, which errors, reports and profiles show; without one it is made up.
// Where several layers do what one adder says, the last has the name and the others the name with what they do
// behind a dot. An output is a tensor named after its layer; Network::rename() changes that. Network::layer_of() gives
// the handle to the layer that makes a tensor.
//
// Axes count from 0, or back from -1 for the last. `Tensor{}` stands for an input that is left out. Extents that are
// unknown when the network is made are accepted unless the text says otherwise.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/export.h"
#include "engine/api/layer_options.h"
#include "engine/api/types.h"

namespace vireo {

namespace graph {
class Graph;
}

class VIREO_API NetworkLayers : public LayerOptions {
 public:
  // Convolutions and products

  /// input [N,C,spatial…] with one to three spatial axes, weights [M,C/groups,window…], bias [M] or none → [N,M,…],
  /// each extent floor((in + pads - dilation * (window - 1) - 1) / stride) + 1. Extents of the weights must be known.
  Tensor add_convolution(Tensor input, Tensor weights, Tensor bias = {}, const Convolution& options = {},
                         const std::string& name = "");
  /// Transposed convolution: input [N,C,spatial…], weights [C,M/groups,window…], bias [M] or none → [N,M,…], each
  /// extent (in - 1) * stride + dilation * (window - 1) + 1 + output_padding - pads.
  Tensor add_deconvolution(Tensor input, Tensor weights, Tensor bias = {}, const Deconvolution& options = {},
                           const std::string& name = "");
  /// The input flattened to [rows, K] before `axis`, times the weights [M,K] transposed, plus bias [M] → [rows, M].
  Tensor add_fully_connected(Tensor input, Tensor weights, Tensor bias = {}, std::int64_t axis = 1,
                             const std::string& name = "");
  /// Products over the last two axes; the axes before broadcast. A vector is a row on the left, a column on the right,
  /// and leaves no axis in the output.
  Tensor add_matrix_multiply(Tensor a, MatrixOp op_a, Tensor b, MatrixOp op_b, const std::string& name = "");
  /// Sums of products over named axes, numpy's rules: "bij,bjk->bik".
  Tensor add_einsum(const std::vector<Tensor>& inputs, const std::string& equation, const std::string& name = "");

  // Element by element

  /// Numbers of any type but booleans. A parameter that the kind doesn't take is refused.
  Tensor add_activation(Tensor input, Activation kind, const ActivationParameters& parameters = {},
                        const std::string& name = "");
  /// input above 0, slope * input below; the slope broadcasts to the input.
  Tensor add_parametric_relu(Tensor input, Tensor slope, const std::string& name = "");
  /// Numbers of any type; logical_not takes booleans, is_nan and is_inf floats, of which they make booleans.
  Tensor add_unary(Tensor input, Unary function, const std::string& name = "");
  /// Both have one type, and their shapes broadcast as numpy's do. Comparisons give booleans; logical_and, logical_or
  /// and logical_xor take them.
  Tensor add_elementwise(Tensor a, Tensor b, Elementwise function, const std::string& name = "");
  /// (input * scale + shift) ^ power. uniform: the three have one element each; channel: one for each entry of
  /// channel_axis; elementwise: a shape that broadcasts to the input's. The rank of the input must be known.
  Tensor add_scale(Tensor input, const Scale& options, const std::string& name = "");
  /// condition (boolean) ? a : b; the three broadcast, a and b have one type.
  Tensor add_select(Tensor condition, Tensor a, Tensor b, const std::string& name = "");
  Tensor add_identity(Tensor input, const std::string& name = "");
  /// To floats: to nearest even; to integers: towards 0; to boolean: whether it is not 0.
  Tensor add_cast(Tensor input, DataType to, const std::string& name = "");

  // Windows, reductions, norms

  /// Over windows of input [N,C,spatial…], one to three spatial axes; extents as for a convolution, or rounded up.
  Tensor add_pooling(Tensor input, const Pooling& options, const std::string& name = "");
  /// Over the axes named, or all.
  Tensor add_reduce(Tensor input, Reduction kind, const Reduce& options = {}, const std::string& name = "");
  /// e^x / sum of e^x along `axis`.
  Tensor add_softmax(Tensor input, std::int64_t axis = -1, const std::string& name = "");
  /// input [.., M, S], bounds int32 or int64 [.., M, 1]: softmax over the first `bounds` entries of the last axis, 0
  /// for the rest.
  Tensor add_ragged_softmax(Tensor input, Tensor bounds, const std::string& name = "");
  /// input [N,C,…] / (k + alpha / window * sum of squares of `window` channels around) ^ beta.
  Tensor add_lrn(Tensor input, const Lrn& options = {}, const std::string& name = "");
  /// (input - mean) / sqrt(variance + epsilon) * scale + bias. layer: over the axes from `axis` on, scale and bias
  /// broadcast to the input. instance, group: over the spatial axes of [N,C,…] for each channel or group of channels,
  /// scale and bias [C]. rms: by the root of the mean square, without bias. The bias may be left out for layer.
  Tensor add_normalization(Tensor input, Tensor scale, Tensor bias, const Normalization& options = {},
                           const std::string& name = "");
  /// (input - mean) / sqrt(variance + epsilon) * scale + bias, each [C] for the axis 1 of the input.
  Tensor add_batch_normalization(Tensor input, Tensor scale, Tensor bias, Tensor mean, Tensor variance,
                                 double epsilon = 1e-5, const std::string& name = "");
  /// Running sums along an axis.
  Tensor add_cumulative(Tensor input, const Cumulative& options = {}, const std::string& name = "");
  /// The k largest (or smallest) along an axis; k must not be larger than its extent. NaN counts as larger than all.
  TopKResult add_top_k(Tensor input, const TopK& options, const std::string& name = "");

  // Choosing and moving elements

  /// indices: int32 or int64; negative ones count from the end. One outside makes the run fail.
  /// axis: data[..,i,..] for i in indices, whose axes take the place of `axis`. elements: data and indices have one
  /// rank, the output the shape of the indices. nd: indices [..,k] name positions of the k axes behind batch_dims.
  Tensor add_gather(Tensor data, Tensor indices, const Gather& options = {}, const std::string& name = "");
  /// A copy of the data with updates at the indices, which name places as in gather. elements: updates have the shape
  /// of the indices; nd: that of the indices without the last axis, then of what each of them names.
  Tensor add_scatter(Tensor data, Tensor indices, Tensor updates, const Scatter& options = {},
                     const std::string& name = "");
  /// Transposes, then reshapes, then transposes; each may be left out.
  Tensor add_shuffle(Tensor input, const Shuffle& options, const std::string& name = "");
  /// Takes axes of extent 1 out, or puts them in (axes of the output).
  Tensor add_squeeze(Tensor input, const Dims& axes, const std::string& name = "");
  Tensor add_unsqueeze(Tensor input, const Dims& axes, const std::string& name = "");
  /// A regular part: along each axis `size` entries from `start`, `stride` apart. What lies outside is left out.
  Tensor add_slice(Tensor input, const Slice& options, const std::string& name = "");
  /// One behind the other along an axis; one type, all other extents equal.
  Tensor add_concatenation(const std::vector<Tensor>& inputs, std::int64_t axis, const std::string& name = "");
  /// Parts of the extents `sizes` along an axis, which add up to its extent.
  std::vector<Tensor> add_split(Tensor input, std::int64_t axis, const Dims& sizes, const std::string& name = "");
  /// Adds elements before and behind, or cuts them off. The rank of the input must be known.
  Tensor add_padding(Tensor input, const Padding& options, const std::string& name = "");
  /// Resamples any axes, as ONNX's Resize-19 does; exactly one of sizes, scales and their tensors is given.
  Tensor add_resize(Tensor input, const Resize& options, const std::string& name = "");
  /// A new axis of extent depth: values[1] where the index says, values[0] elsewhere; values has two elements.
  Tensor add_one_hot(Tensor indices, Tensor values, const OneHot& options, const std::string& name = "");
  /// Positions of elements that are not 0: int64 [rank, count], the count known only when run.
  Tensor add_non_zero(Tensor input, const std::string& name = "");
  /// The extents, int64 [rank].
  Tensor add_shape(Tensor input, const std::string& name = "");
  /// constant: start everywhere. linspace: start + the sum of position * delta along each axis.
  Tensor add_fill(const Fill& options, const std::string& name = "");

  // Vision, numbers of few bits, layers of others

  /// input [N,C,spatial…] at the points of grid [N,output spatial…,axes], from -1 to 1, innermost axis first.
  Tensor add_grid_sample(Tensor input, Tensor grid, const GridSample& options = {}, const std::string& name = "");
  /// boxes float32 [N,B,4], scores float32 [N,classes,B] → int64 [count,3] of image, class, box, for each image and
  /// class best first; the count is known only when run.
  Tensor add_non_max_suppression(Tensor boxes, Tensor scores, const NonMaxSuppression& options,
                                 const std::string& name = "");
  /// saturate(round(input / scale) + zero point). The scale has one element or one for each entry of `axis`; the zero
  /// point has its shape and the type of the result, which is int8 and symmetric without one.
  Tensor add_quantize(Tensor input, Tensor scale, Tensor zero_point = {}, std::int64_t axis = 1,
                      const std::string& name = "");
  /// (input - zero point) * scale.
  Tensor add_dequantize(Tensor input, Tensor scale, Tensor zero_point = {}, std::int64_t axis = 1,
                        const std::string& name = "");
  /// A layer of a library of custom layers, by its domain and name, which add_layer() takes as "domain::name".
  std::vector<Tensor> add_custom(const std::string& domain, const std::string& op, const std::vector<Tensor>& inputs,
                                 const std::map<std::string, AttributeValue>& attributes = {}, int outputs = 1,
                                 const std::string& name = "");
  /// A layer of any operator by its Vireo name (`vireo list ops`), with the attributes that engine/ops/README.md names.
  /// `outputs`: how many; 0: as many as it has at least, and as `split` and `num_outputs` tell.
  std::vector<Tensor> add_layer(const std::string& op, const std::vector<Tensor>& inputs,
                                const std::map<std::string, AttributeValue>& attributes = {},
                                const std::string& name = "", int outputs = 0);

  NetworkLayers(const NetworkLayers&) = delete;
  NetworkLayers& operator=(const NetworkLayers&) = delete;

  struct Notes;  ///< engine/network/notes.h

 protected:
  explicit NetworkLayers(std::unique_ptr<graph::Graph> graph);
  NetworkLayers(NetworkLayers&&) noexcept;
  NetworkLayers& operator=(NetworkLayers&&) noexcept;
  ~NetworkLayers();

  std::unique_ptr<graph::Graph> graph_;
  std::unique_ptr<Notes> notes_;  ///< what is wrong, which tensors failed
};

}  // namespace vireo
