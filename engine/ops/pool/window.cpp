#include "engine/ops/pool/window.h"

#include <algorithm>
#include <string>

#include "engine/api/error.h"

namespace vireo::ops {
namespace {

void require(bool condition, const std::string& why) {
  if (!condition) throw Error(ErrorCode::invalid_model, "pool: " + why);
}

std::vector<std::int64_t> list(const graph::Attributes& attributes, const char* name, std::size_t count,
                               std::int64_t fallback) {
  std::vector<std::int64_t> values = attributes.integers(name, std::vector<std::int64_t>(count, fallback));
  if (values.empty()) values.assign(count, fallback);
  require(values.size() == count,
          std::string(name) + " has " + std::to_string(values.size()) + " entries, expected " + std::to_string(count));
  return values;
}

/// SAME: the output is the input divided by the stride, the padding whatever that needs.
void resolve_same(PoolAxis& a, bool upper) {
  a.out = (a.in + a.stride - 1) / a.stride;
  const std::int64_t total = std::max<std::int64_t>((a.out - 1) * a.stride + (a.kernel - 1) * a.dilation + 1 - a.in, 0);
  a.pad_begin = upper ? total / 2 : total - total / 2;
  a.pad_end = total - a.pad_begin;
}

void resolve(PoolAxis& a, bool ceil) {
  const std::int64_t room = a.in + a.pad_begin + a.pad_end - ((a.kernel - 1) * a.dilation + 1);
  require(room >= 0 || a.in == 0, "the window of " + std::to_string(a.kernel) +
                                      " does not fit into the padded extent of " +
                                      std::to_string(a.in + a.pad_begin + a.pad_end));
  a.out = room < 0 ? 0 : (ceil ? (room + a.stride - 1) / a.stride : room / a.stride) + 1;
  // A window that would begin in the padding after the input is dropped.
  if (ceil && a.out > 0 && (a.out - 1) * a.stride >= a.in + a.pad_begin) --a.out;
}

}  // namespace

bool channels_last(const graph::Attributes& attributes) { return attributes.text("layout", "nchw") == "nhwc"; }

std::vector<PoolAxis> pool_axes(const graph::Attributes& attributes, const Dims& dims) {
  require(dims.size() >= 3, "needs batch, channels and spatial axes, found " + to_string(dims));
  const std::size_t count = dims.size() - 2, first = channels_last(attributes) ? 1 : 2;
  const auto kernel = attributes.integers("kernel_shape");
  require(kernel.size() == count,
          "kernel_shape has " + std::to_string(kernel.size()) + " entries, expected " + std::to_string(count));
  const auto strides = list(attributes, "strides", count, 1), dilations = list(attributes, "dilations", count, 1),
             pads = list(attributes, "pads", 2 * count, 0);
  const std::string auto_pad = attributes.text("auto_pad", "NOTSET");
  require(auto_pad == "NOTSET" || auto_pad.empty() || auto_pad == "VALID" || auto_pad == "SAME_UPPER" ||
              auto_pad == "SAME_LOWER",
          "unknown auto_pad '" + auto_pad + "'");
  const bool ceil = attributes.integer("ceil_mode", 0) != 0;
  std::int64_t work = 1;
  for (std::int64_t k : kernel) {
    require(k > 0 && k < (1 << 20) && work * k < (std::int64_t{1} << 40),
            "kernel_shape has the value " + std::to_string(k) +
                ", accepted: 1 to 2^20 - 1, less than 2^40 positions in all");
    work *= k;
  }
  std::vector<PoolAxis> axes(count);
  for (std::size_t i = 0; i < count; ++i) {
    PoolAxis& a = axes[i];
    a = {kernel[i], strides[i], dilations[i], pads[i], pads[count + i], dims[first + i], kUnknown};
    constexpr std::int64_t limit = 1 << 20;  // also of the work for one output
    require(
        a.kernel > 0 && a.stride > 0 && a.dilation > 0 && a.kernel < limit && a.stride < limit && a.dilation < limit,
        "kernel_shape, strides and dilations must be positive");
    require(a.pad_begin >= 0 && a.pad_end >= 0 && a.pad_begin < limit && a.pad_end < limit,
            "pads must not be negative");
    if (auto_pad == "VALID") a.pad_begin = a.pad_end = 0;
    if (a.in == kUnknown) continue;
    require(a.in <= std::int64_t{1} << 60, "the input " + to_string(dims) + " has an extent of more than 2^60");
    if (auto_pad.starts_with("SAME")) resolve_same(a, auto_pad == "SAME_UPPER");
    else resolve(a, ceil);
  }
  return axes;
}

}  // namespace vireo::ops
