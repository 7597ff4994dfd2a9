#pragma once
// What the adders of layers.h are told: kinds and options of layers, and the handle to a tensor. Plain values, all of
// them names of a Network: Network::Pooling, Network::Activation::relu.

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/api/types.h"

namespace vireo {

struct LayerOptions {
  /// Handle to a tensor of one network (and of its clones).
  struct Tensor {
    std::int32_t id = -1;       ///< -1: none
    std::uint32_t network = 0;  ///< whose it is; 0: not told, and not checked
  };

  // Convolutions and products

  enum class AutoPad : std::uint8_t { none, same_upper, same_lower };  ///< same: output extent = ceil(input / stride)
  /// Empty lists mean 1 (strides, dilations) or 0 (pads) for every spatial axis.
  struct Convolution {
    Dims strides;
    Dims pads;  ///< begin of each spatial axis, then end of each
    Dims dilations;
    std::int64_t groups = 1;
    AutoPad auto_pad = AutoPad::none;  ///< otherwise `pads` stays empty
  };
  struct Deconvolution {
    Dims strides, pads, dilations;
    Dims output_padding;  ///< added at the end of each spatial axis; empty: 0
    std::int64_t groups = 1;
    AutoPad auto_pad = AutoPad::none;  ///< same: output extent = input * stride
  };
  enum class MatrixOp : std::uint8_t { none, transpose, vector };  ///< vector: the last axis is one, no matrix

  // Element by element

  enum class Activation : std::uint8_t {
    relu,
    sigmoid,
    tanh,
    leaky_relu,        ///< alpha x below 0 (0.01)
    elu,               ///< alpha (e^x - 1) below 0 (1)
    selu,              ///< beta x above 0, beta alpha (e^x - 1) below (1.6733, 1.0507)
    celu,              ///< max(0,x) + min(0, alpha (e^(x/alpha) - 1)) (1)
    softsign,          ///< x / (1 + |x|)
    softplus,          ///< alpha ln(1 + e^(beta x)) (1, 1)
    clip,              ///< between alpha and beta (unbounded)
    hard_sigmoid,      ///< alpha x + beta between 0 and 1 (0.2, 0.5)
    hard_swish,        ///< x hard_sigmoid(1/6, 1/2)
    scaled_tanh,       ///< alpha tanh(beta x) (1, 1)
    thresholded_relu,  ///< x above alpha, else 0 (1)
    gelu,              ///< with the error function
    gelu_tanh,         ///< with the hyperbolic tangent
    silu,              ///< x sigmoid(x)
    mish,              ///< x tanh(softplus(x))
  };
  struct ActivationParameters {
    std::optional<double> alpha, beta;  ///< absent: what the kind says in brackets
  };
  enum class Unary : std::uint8_t {
    exp,
    log,
    sqrt,
    reciprocal,
    abs,
    neg,
    sin,
    cos,
    tan,
    sinh,
    cosh,
    asin,
    acos,
    atan,
    asinh,
    acosh,
    atanh,
    ceil,
    floor,
    round,  ///< halves to even
    erf,
    sign,
    logical_not,
    is_nan,
    is_inf
  };
  enum class Elementwise : std::uint8_t {
    sum,
    difference,
    product,
    quotient,        ///< integers are divided towards 0
    floor_quotient,  ///< towards minus infinity
    remainder,       ///< with the sign of the divisor
    maximum,
    minimum,
    power,
    equal,
    less,
    less_equal,
    greater,
    greater_equal,
    logical_and,
    logical_or,
    logical_xor
  };
  enum class ScaleMode : std::uint8_t { uniform, channel, elementwise };
  struct Scale {
    Tensor scale, shift, power;  ///< of the input's type; left out: 1, 0, 1
    ScaleMode mode = ScaleMode::uniform;
    std::int64_t channel_axis = 1;
  };

  // Windows, reductions, norms

  enum class PoolingKind : std::uint8_t { max, average, max_average_blend };
  struct Pooling {
    PoolingKind kind = PoolingKind::max;
    Dims window;                 ///< one extent for each spatial axis
    Dims strides;                ///< empty: 1
    Dims pads;                   ///< begin of each spatial axis, then end of each; empty: 0
    Dims dilations;              ///< empty: 1
    bool round_up = false;       ///< output extents by ceil in the place of floor
    bool count_padding = false;  ///< averages count padding as zeros
    double blend = 0.5;          ///< of max_average_blend: blend * average + (1 - blend) * max
    AutoPad auto_pad = AutoPad::none;
  };
  enum class Reduction : std::uint8_t { sum, mean, max, min, product, l1, l2, log_sum, log_sum_exp, sum_square };
  struct Reduce {
    Dims axes;         ///< empty: all
    bool keep = true;  ///< reduced axes stay, with extent 1
  };
  struct Lrn {
    std::int64_t window = 5;  ///< channels
    double alpha = 1e-4, beta = 0.75, k = 1;
  };
  enum class NormalizationKind : std::uint8_t { layer, instance, group, rms };
  struct Normalization {
    NormalizationKind kind = NormalizationKind::layer;
    std::int64_t axis = -1;   ///< layer, rms: the first of the axes that are normalised over
    std::int64_t groups = 1;  ///< group: they divide the channels
    double epsilon = 1e-5;
  };
  struct Cumulative {
    std::int64_t axis = 0;
    bool exclusive = false;  ///< without the element itself
    bool reverse = false;    ///< from the end
  };
  struct TopK {
    std::int64_t k = 1;
    Tensor k_tensor;  ///< one int64; takes the place of k
    std::int64_t axis = -1;
    bool largest = true;
  };
  struct TopKResult {
    Tensor values;   ///< sorted, best first; equal ones in their order
    Tensor indices;  ///< int64
  };

  // Choosing and moving elements

  enum class IndexMode : std::uint8_t {
    axis,      ///< whole entries of one axis
    elements,  ///< for each output element, its place along the axis
    nd,        ///< the last axis of the indices names a position
  };
  struct Gather {
    IndexMode mode = IndexMode::axis;
    std::int64_t axis = 0;        ///< of axis and elements
    std::int64_t batch_dims = 0;  ///< leading axes that data and indices share; of axis (ranks known) and nd
  };
  enum class ScatterReduction : std::uint8_t { none, sum, product, max, min };
  struct Scatter {
    IndexMode mode = IndexMode::elements;  ///< elements or nd
    std::int64_t axis = 0;
    ScatterReduction reduction = ScatterReduction::none;  ///< none: the update takes the element's place
  };
  struct Shuffle {
    Dims first_transpose;         ///< axis i of the result is axis first_transpose[i]; empty: none
    std::optional<Dims> reshape;  ///< 0 copies the extent, one may be -1: what is left
    Tensor reshape_tensor;        ///< int64 [rank]; takes the place of reshape
    bool zero_copies = true;      ///< false: 0 is an extent of no elements
    Dims second_transpose;
  };
  struct Slice {
    Dims axes;                                        ///< empty: the first ones, as many as `start` has
    Dims start;                                       ///< negative: from the end
    Dims size;                                        ///< kUnknown: all that is left (of a positive stride)
    Dims stride;                                      ///< empty: 1; negative: backwards; not 0
    Tensor start_tensor, size_tensor, stride_tensor;  ///< int64 [axes]; take the place of the lists
  };
  enum class PadMode : std::uint8_t { constant, reflect, edge, wrap };
  struct Padding {
    Dims begins, ends;  ///< for each of `axes`; negative ones cut off
    Dims axes;          ///< empty: the last ones, as many as `begins` has
    PadMode mode = PadMode::constant;
    double value = 0;
  };
  enum class Interpolation : std::uint8_t { nearest, linear, cubic };
  enum class Coordinates : std::uint8_t {
    half_pixel,
    half_pixel_symmetric,
    pytorch_half_pixel,
    align_corners,
    asymmetric,
    tf_half_pixel_for_nearest
  };
  enum class Rounding : std::uint8_t { half_down, half_up, floor, ceil };
  struct Resize {
    Interpolation mode = Interpolation::nearest;
    Dims sizes;                  ///< output extents, one for each axis (or each of `axes`)
    std::vector<double> scales;  ///< output extent = floor(extent * scale); sizes or scales
    Tensor sizes_tensor;         ///< int64; takes the place of sizes
    Tensor scales_tensor;        ///< float32; takes the place of scales
    Dims axes;                   ///< empty: all
    Coordinates coordinates = Coordinates::half_pixel;
    Rounding rounding = Rounding::half_down;  ///< of nearest
    double cubic_coefficient = -0.75;
    bool exclude_outside = false;  ///< weights of positions outside count as 0
    bool antialias = false;
  };
  struct OneHot {
    std::int64_t depth = 0;
    Tensor depth_tensor;  ///< one number; takes the place of depth
    std::int64_t axis = -1;
  };
  enum class FillKind : std::uint8_t { constant, linspace };
  struct Fill {
    FillKind kind = FillKind::constant;
    Dims dims;
    Tensor dims_tensor;          ///< int64 [rank]; takes the place of dims (constant, or linspace of rank 1)
    double start = 0;            ///< the value, or that at position 0
    std::vector<double> deltas;  ///< linspace: one for each axis; empty: 1 along the last
    DataType dtype = DataType::float32;
  };

  // Vision, numbers of few bits, layers of others

  enum class SamplePadding : std::uint8_t { zeros, border, reflection };
  struct GridSample {
    Interpolation mode = Interpolation::linear;
    SamplePadding padding = SamplePadding::zeros;
    bool align_corners = false;
  };
  struct NonMaxSuppression {
    std::int64_t most_per_class = 0;  ///< boxes of each image and class
    double overlap = 0;               ///< intersection over union above which the lesser of two is dropped
    std::optional<double> least_score;
    bool centers = false;  ///< boxes are x, y, width, height in the place of y1, x1, y2, x2
  };
};

}  // namespace vireo
