// Sums columns [N, C * block, L] back into images [N, C, image…]: column l of channel c holds the block of the image
// that a convolution would see at place l (strides, pads, dilations), and blocks overlap. Inputs: columns, extents of
// the image, extents of a block.
#include "engine/ops/col2im/col2im.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {
namespace {

/// The list of one value an axis, each at least `least`.
Ints per_axis(const InferContext& c, const char* name, std::size_t count, std::int64_t fallback, std::int64_t least) {
  Ints values = c.attributes().integers(name, Ints(count, fallback));
  c.require(values.size() == count, std::string(name) + " has " + std::to_string(values.size()) +
                                        " values, accepted: " + std::to_string(count));
  for (const std::int64_t v : values)
    c.require(v >= least && v <= kMostColumns, std::string(name) + " of " + std::to_string(v));
  return values;
}

void infer(InferContext& c) {
  require_rank(c, 0, 3, 3);
  c.require(is_float(c.dtype(0)) || is_integer(c.dtype(0)), "takes numbers");
  for (int k = 1; k < 3; ++k) {
    require_rank(c, k, 1, 1);
    c.require(is_integer(c.dtype(k)), "extents of image and block must be integers");
  }
  Ints image, block;
  const bool has_image = c.integers(1, image), has_block = c.integers(2, block);
  const std::int64_t length = has_image                  ? static_cast<std::int64_t>(image.size())
                              : has_block                ? static_cast<std::int64_t>(block.size())
                              : c.dims(1)[0] != kUnknown ? c.dims(1)[0]
                                                         : c.dims(2)[0];
  if (length == kUnknown) return c.output_unranked(0, c.dtype(0));
  c.require(length >= 1 && length <= static_cast<std::int64_t>(kMostImageAxes),
            "an image of " + std::to_string(length) + " axes, accepted: 1 to " + std::to_string(kMostImageAxes));
  const auto axes = static_cast<std::size_t>(length);
  require_extent(c, 1, 0, length, "image and block have as many axes");
  require_extent(c, 2, 0, length, "image and block have as many axes");
  const Ints strides = per_axis(c, "strides", axes, 1, 1), dilations = per_axis(c, "dilations", axes, 1, 1),
             pads = per_axis(c, "pads", 2 * axes, 0, 0);
  Dims out{c.dims(0)[0], kUnknown};
  out.resize(axes + 2, kUnknown);
  if (has_image) {
    for (std::size_t i = 0; i < axes; ++i) {
      c.require(image[i] >= 0, "negative extent in the image " + to_string(image));
      out[i + 2] = image[i];
    }
  }
  if (has_block) {
    for (const std::int64_t extent : block)
      c.require(extent >= 1 && extent <= kMostColumns, "extent in the block " + to_string(block));
    const std::int64_t taps = known_product(c, block, 0, axes), rows = c.dims(0)[1];
    c.require(rows == kUnknown || rows % taps == 0,
              std::to_string(rows) + " rows for blocks of " + std::to_string(taps) + " elements");
    if (rows != kUnknown) out[1] = rows / taps;
  }
  if (has_image && has_block) {
    std::int64_t places = 1;
    for (std::size_t i = 0; i < axes; ++i) {
      const std::int64_t padded = checked_add(c, image[i], pads[i] + pads[i + axes], "the padded image");
      const std::int64_t room = padded - checked_mul(c, dilations[i], block[i] - 1, "the block") - 1;
      places = checked_mul(c, places, room < 0 ? 0 : room / strides[i] + 1, "the number of blocks");
    }
    require_extent(c, 0, 2, places, "one column for each block of the image");
  }
  c.output(0, c.dtype(0), out);
}

double flops(const Problem& p) { return static_cast<double>(p.inputs[0].count()); }

bool varying(VaryingContext& c) { return varying_batch(c); }

}  // namespace

extern const Operator col2im_operator;
const Operator col2im_operator{.name = "col2im",
                               .min_inputs = 3,
                               .max_inputs = 3,
                               .infer = infer,
                               .reference = col2im_reference,
                               .flops = flops,
                               .tactics = col2im_tactics,
                               .keeps = KeptExtents::batch,
                               .costly = true,
                               .varying = varying};

}  // namespace vireo::ops
