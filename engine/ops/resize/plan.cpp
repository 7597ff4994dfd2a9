#include "engine/ops/resize/plan.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

void require(bool condition, const std::string& why) {
  if (!condition) throw Error(ErrorCode::invalid_model, "resize: " + why);
}

/// The axes that roi, scales and sizes speak of.
std::vector<std::size_t> named_axes(const graph::Attributes& attributes, std::size_t rank) {
  std::vector<std::size_t> axes;
  for (std::int64_t a : attributes.integers("axes")) {
    axes.push_back(wrap_axis(a, rank));
    require(std::count(axes.begin(), axes.end(), axes.back()) == 1, "axes names axis " + std::to_string(a) + " twice");
  }
  if (axes.empty())
    for (std::size_t i = 0; i < rank; ++i) axes.push_back(i);
  return axes;
}

/// An extent worked out in floating point.
std::int64_t whole_extent(double value) {
  require(value >= 0 && value < 0x1p60, "an extent of " + std::to_string(value) + " is out of range");
  return static_cast<std::int64_t>(value);
}

/// sizes with an aspect ratio policy: one scale for all axes, the smaller or the larger one.
void keep_aspect_ratio(const std::string& policy, const Dims& in, const std::vector<std::size_t>& axes,
                       std::vector<std::int64_t> sizes, ResizeShape& shape) {
  double scale = policy == "not_larger" ? INFINITY : 0;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (in[axes[i]] == kUnknown) {
      for (std::size_t axis : axes) shape.out[axis] = kUnknown;
      return;
    }
    const double s = static_cast<double>(sizes[i]) / static_cast<double>(in[axes[i]]);
    scale = policy == "not_larger" ? std::min(scale, s) : std::max(scale, s);
  }
  for (std::size_t axis : axes) {
    shape.scales[axis] = scale;
    shape.out[axis] = whole_extent(std::floor(scale * static_cast<double>(in[axis]) + 0.5));
  }
}

enum class Mapping {
  half_pixel,
  half_pixel_symmetric,
  pytorch_half_pixel,
  align_corners,
  asymmetric,
  tf_crop_and_resize
};

Mapping mapping_from(const std::string& name) {
  constexpr const char* names[] = {"half_pixel",    "half_pixel_symmetric", "pytorch_half_pixel",
                                   "align_corners", "asymmetric",           "tf_crop_and_resize"};
  for (std::size_t i = 0; i < std::size(names); ++i)
    if (name == names[i]) return static_cast<Mapping>(i);
  require(name == "tf_half_pixel_for_nn", "unknown coordinate_transformation_mode '" + name + "'");
  return Mapping::half_pixel;
}

struct Line {
  Mapping mapping;
  double scale, in, out;  ///< out: extent as produced
  double roi_start, roi_end;
  [[nodiscard]] double source(double x) const {
    switch (mapping) {
      case Mapping::align_corners:
        return out <= 1 ? 0 : x * (in - 1) / (scale * in - 1);  // of the exact, unrounded extent
      case Mapping::asymmetric: return x / scale;
      case Mapping::pytorch_half_pixel: return out <= 1 ? -0.5 : (x + 0.5) / scale - 0.5;
      case Mapping::half_pixel_symmetric: {
        const double adjustment = out / (scale * in);
        return in / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5;
      }
      case Mapping::tf_crop_and_resize:
        if (out <= 1) return (roi_start + roi_end) / 2 * (in - 1);
        return x * (roi_end - roi_start) * (in - 1) / (out - 1) + roi_start * (in - 1);
      default: return (x + 0.5) / scale - 0.5;
    }
  }
};

std::int64_t nearest_index(const std::string& mode, double x) {
  const double low = std::floor(x), fraction = x - low;
  if (mode == "floor") return static_cast<std::int64_t>(low);
  if (mode == "ceil") return static_cast<std::int64_t>(std::ceil(x));
  if (mode == "round_prefer_ceil") return static_cast<std::int64_t>(fraction < 0.5 ? low : low + 1);
  require(mode == "round_prefer_floor", "unknown nearest_mode '" + mode + "'");
  return static_cast<std::int64_t>(fraction <= 0.5 ? low : low + 1);
}

double cubic(double x, double a) {
  x = std::abs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

struct Filter {
  bool is_cubic;
  double a;       ///< cubic coefficient
  double shrink;  ///< below 1 when antialiasing a reduction
  bool exclude_outside;
  std::int64_t first, last;  ///< taps relative to floor(x)
};

void add_taps(const Filter& f, double x, ResizeAxis& axis) {
  double base = std::floor(x);
  if (f.shrink < 1 && base == x) base -= 1;  // the support is symmetric around (base, base + 1]
  const double fraction = x - base;
  double total = 0;
  const std::size_t start = axis.weights.size();
  for (std::int64_t k = f.first; k <= f.last; ++k) {
    const double d = (static_cast<double>(k) - fraction) * f.shrink;
    double w = f.is_cubic ? cubic(d, f.a) : std::max(0.0, 1 - std::abs(d));
    const std::int64_t at = static_cast<std::int64_t>(base) + k;
    if (f.exclude_outside && (at < 0 || at >= axis.in)) w = 0;
    total += w;
    axis.weights.push_back(w);
    axis.indices.push_back(std::clamp<std::int64_t>(at, 0, axis.in - 1));
  }
  if ((f.exclude_outside || f.shrink < 1) && total != 0)
    for (std::size_t i = start; i < axis.weights.size(); ++i) axis.weights[i] /= total;
}

}  // namespace

ResizeRequest resize_request_of(const graph::Problem& p) {
  const auto given = [&](std::size_t k) {
    return k < p.inputs.size() && p.inputs[k].present() ? p.inputs[k].constant.get() : nullptr;
  };
  ResizeRequest request{.in = p.inputs[0].dims};
  if (const auto* roi = given(1)) request.roi = to_reals(*roi);
  if (const auto* sizes = given(3)) request.sizes = to_integers(*sizes);
  if (const auto* scales = given(2); scales && request.sizes.empty()) request.scales = to_reals(*scales);
  return request;
}

ResizeShape resize_shape(const graph::Attributes& attributes, const ResizeRequest& r) {
  const std::vector<std::size_t> axes = named_axes(attributes, r.in.size());
  ResizeShape shape{r.in, std::vector<double>(r.in.size(), 1.0)};
  require(r.scales.empty() != r.sizes.empty() || axes.empty(), "exactly one of scales and sizes must be given");
  const std::size_t given = r.scales.empty() ? r.sizes.size() : r.scales.size();
  require(given == axes.size(),
          "scales or sizes has " + std::to_string(given) + " entries, expected " + std::to_string(axes.size()));
  const std::string policy = attributes.text("keep_aspect_ratio_policy", "stretch");
  for (std::int64_t s : r.sizes) require(s >= 0, "negative size");
  if (!r.sizes.empty() && (policy == "not_larger" || policy == "not_smaller")) {
    for (std::size_t axis : axes) require(r.in[axis] != 0, "an empty axis has no aspect ratio");
    keep_aspect_ratio(policy, r.in, axes, r.sizes, shape);
    return shape;
  }
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::size_t axis = axes[i];
    const auto extent = static_cast<double>(r.in[axis]);
    if (!r.sizes.empty()) {
      require(r.in[axis] != 0 || r.sizes[i] == 0, "can't resize an empty axis");
      shape.out[axis] = r.sizes[i];
      shape.scales[axis] = r.in[axis] > 0 ? static_cast<double>(r.sizes[i]) / extent : 1;
      continue;
    }
    const double scale = r.scales[i];
    require(scale > 0 && scale < 1e6, "scales must be positive, found " + std::to_string(scale));
    shape.scales[axis] = scale;
    // Scales are float32 in the model: a product that should be whole may miss it by their rounding.
    if (r.in[axis] != kUnknown)
      shape.out[axis] = whole_extent(std::floor(static_cast<float>(scale) * static_cast<float>(r.in[axis])));
  }
  return shape;
}

namespace {

/// What the attributes ask for, read once.
struct Options {
  Mapping mapping;
  std::string mode, nearest;
  bool antialias, exclude, crop;
  double cubic;
};

Options options_of(const graph::Attributes& attributes) {
  Options o{mapping_from(attributes.text("coordinate_transformation_mode", "half_pixel")),
            attributes.text("mode", "nearest"),
            attributes.text("nearest_mode", "round_prefer_floor"),
            attributes.integer("antialias", 0) != 0,
            attributes.integer("exclude_outside", 0) != 0,
            false,
            attributes.real("cubic_coeff_a", -0.75)};
  o.crop = o.mapping == Mapping::tf_crop_and_resize;
  require(o.mode == "nearest" || o.mode == "linear" || o.mode == "cubic", "unknown mode '" + o.mode + "'");
  if (o.mode == "nearest") (void)nearest_index(o.nearest, 0);  // refuses unknown names
  return o;
}

Filter filter_of(const Options& o, double scale) {
  Filter filter{o.mode == "cubic", o.cubic, o.antialias ? std::min(scale, 1.0) : 1.0, o.exclude, 0, 1};
  const double reach = filter.is_cubic ? 2 : 1;
  filter.first = static_cast<std::int64_t>(std::floor(std::max(-reach / filter.shrink, -0x1p60))) + 1;
  filter.last = 1 - filter.first;
  return filter;
}

/// Axis i by itself, and its line.
ResizeAxis outline_of(const Options& o, const ResizeRequest& r, const ResizeShape& shape,
                      const std::vector<std::size_t>& named, std::size_t i, Line& line) {
  ResizeAxis axis{.in = r.in[i], .out = shape.out[i]};
  const auto at = static_cast<std::size_t>(std::find(named.begin(), named.end(), i) - named.begin());
  const bool touched = at < named.size();
  line = {o.mapping, shape.scales[i], static_cast<double>(axis.in), static_cast<double>(axis.out), 0, 1};
  if (o.crop && touched) {
    line.roi_start = r.roi[at];
    line.roi_end = r.roi[at + named.size()];
  }
  const bool whole = !o.crop || (line.roi_start == 0 && line.roi_end == 1);
  axis.identity = !touched || (axis.in == axis.out && shape.scales[i] == 1 && whole);
  if (axis.identity || axis.out == 0) return axis;
  axis.crops = o.crop;
  const Filter filter = filter_of(o, line.scale);
  if (o.mode != "nearest") axis.taps = filter.last - filter.first + 1;
  return axis;
}

std::vector<ResizeAxis> axes_of(const graph::Attributes& attributes, const ResizeRequest& r, bool tables) {
  const ResizeShape shape = resize_shape(attributes, r);
  const std::vector<std::size_t> named = named_axes(attributes, r.in.size());
  const Options options = options_of(attributes);
  require(!options.crop || r.roi.size() == 2 * named.size(),
          "tf_crop_and_resize needs a region of interest for each axis");
  std::vector<ResizeAxis> axes;
  for (std::size_t i = 0; i < r.in.size(); ++i) {
    Line line{};
    ResizeAxis& axis = axes.emplace_back(outline_of(options, r, shape, named, i, line));
    if (!tables || axis.identity) continue;
    const Filter filter = filter_of(options, line.scale);
    for (std::int64_t o = 0; o < axis.out; ++o) {
      double x = line.source(static_cast<double>(o));
      if (axis.crops) axis.outside.push_back(x < 0 || x > line.in - 1);
      // Far outside is outside; what no number is (a region of NaN) reads the first element.
      x = std::isnan(x) ? 0 : std::clamp(x, -0x1p60, 0x1p60);
      if (options.mode == "nearest")
        axis.indices.push_back(std::clamp<std::int64_t>(nearest_index(options.nearest, x), 0, axis.in - 1));
      else add_taps(filter, x, axis);
    }
  }
  return axes;
}

}  // namespace

void check_resize(const graph::Attributes& attributes, std::size_t rank, std::int64_t roi_entries) {
  const Options options = options_of(attributes);
  (void)attributes.real("extrapolation_value", 0.0);
  const auto wanted = static_cast<std::int64_t>(2 * named_axes(attributes, rank).size());
  require(!options.crop || roi_entries == kUnknown || roi_entries == wanted,
          "tf_crop_and_resize needs a region of interest of " + std::to_string(wanted) + " numbers, found " +
              std::to_string(roi_entries));
}

std::vector<ResizeAxis> resize_outline(const graph::Attributes& attributes, const ResizeRequest& request) {
  return axes_of(attributes, request, false);
}

std::vector<ResizeAxis> resize_axes(const graph::Attributes& attributes, const ResizeRequest& request) {
  return axes_of(attributes, request, true);
}

}  // namespace vireo::ops
