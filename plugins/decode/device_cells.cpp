#include "plugins/decode/device_cells.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "plugins/decode/cells_source.h"

namespace vireo::decode {
namespace {

/// As cells.cl has it.
struct Filter {
  std::int32_t found = 0, kept = -1;
  std::int32_t cells = 0, values = 0, cell_stride = 0, value_stride = 0;
  std::int32_t first_class = 0, classes = 0, objectness = -1;
  float score = 0;
  std::int32_t begin = 0, length = 0, images = 0;
  std::int32_t boxes = 0, agnostic = 0, most = 0;
  float iou = 0, half_step = 0, scale_x = 1, scale_y = 1;
  std::int32_t grid_count = 0, first_cell[5] = {}, columns[5] = {};
  float stride[5] = {};
  std::uint32_t wanted[32] = {};
  std::int32_t unused[12] = {};
};
static_assert(sizeof(Filter) == 320);

constexpr std::int64_t kWorthwhile = 16384;  // elements of an image; fewer come back as fast as a count
constexpr std::size_t kHead = 3;             // of a record, before its values
constexpr std::size_t kBoxBytes = 24;        // suppress.cl
// Where decisions on the device are exact; see suppress.cl.
constexpr float kLeastScore = 1e-30f, kLeastIou = 1.0f / 65536;

DeviceKernelText text_for(const TensorInfo& output, std::string entry, std::size_t group, std::size_t items,
                          std::size_t images) {
  DeviceKernelText text;
  text.source = cells_source();
  text.options = output.dtype == DataType::float16 ? "-DT=half" : "-DT=float";
  text.options += " -DMOST=" + std::to_string(DeviceCells::kMost);
  text.entry = std::move(entry);
  text.items = {items, images, 1};
  text.group = {group, 1, 1};
  return text;
}

DeviceKernel gathering(const Device& device, const TensorInfo& output, std::size_t images) {
  const auto cells = std::size_t(std::max(output.dims[1], output.dims[2]));
  DeviceKernelText text = text_for(output, "gather_cells", 64, cells, images);
  text.places = 3;
  return {device, text};
}

/// By as many items an image as the device takes.
DeviceKernel suppressing(const Device& device, const TensorInfo& output, std::size_t images, std::size_t items = 256) {
  DeviceKernelText text = text_for(output, "suppress_cells", items, items, images);
  text.source += suppress_source();
  text.options += " -DNEAR=" + std::to_string(DeviceCells::kNear) + " -DITEMS=" + std::to_string(items);
  text.places = 4;
  try {
    return {device, text};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported || items == 32) throw;
  }
  return suppressing(device, output, images, items / 2);
}

/// What the device needs for suppressing; nothing where it can't do that exactly.
void set_boxes(Filter& f, const sdk::CellFilter& wanted) {
  if (!wanted.boxes || f.values < 4) return;
  const sdk::CellBoxes& boxes = *wanted.boxes;
  const int grids = boxes.grid_count;
  if (!(f.score >= kLeastScore) || !(boxes.iou >= kLeastIou && boxes.iou <= 1)) return;
  if (f.classes > 32 * std::int32_t(std::size(f.wanted)) || grids < 0 || grids > int(boxes.grids.size())) return;
  f.boxes = grids > 0 ? 2 : 1;
  f.agnostic = boxes.agnostic ? 1 : 0;
  f.most = boxes.most;
  f.iou = boxes.iou;
  f.half_step = (std::nextafter(boxes.iou, 2.0f) - boxes.iou) / 2;
  f.scale_x = boxes.scale_x;
  f.scale_y = boxes.scale_y;
  f.grid_count = grids;
  for (std::size_t g = 0; g < std::size_t(grids); ++g) {
    f.first_cell[g] = boxes.grids[g].first_cell;
    f.columns[g] = std::max(boxes.grids[g].columns, 1);
    f.stride[g] = boxes.grids[g].stride;
  }
  for (std::size_t c = 0; c < std::size_t(f.classes); ++c)
    if (boxes.wanted.empty() || (c < boxes.wanted.size() && boxes.wanted[c])) f.wanted[c / 32] |= 1u << (c % 32);
}

}  // namespace

struct DeviceCells::State {
  /// What came back of an image, in the order of its cells.
  struct Image {
    std::vector<std::int32_t> numbers, order;
    std::vector<float> values;
  };
  Dims dims;                     ///< of one image
  std::size_t record_bytes = 0;  ///< a cell's number, its class and score, and its values, as floats
  /// The filters, then the records that come back: those of all images of a run that have the same place side by side.
  Buffer near, near_host;
  Buffer all, far_host;  ///< every record, an image's after another's; and of one image
  Buffer sorted;         ///< boxes, by score
  DeviceKernel gather, suppress;
  std::vector<Filter> filters;
  std::vector<Image> images;
  std::size_t ran = 0;      ///< images of the last run
  std::size_t fetched = 0;  ///< places of it that have come back

  [[nodiscard]] std::size_t filter_bytes() const noexcept { return filters.size() * sizeof(Filter); }
  [[nodiscard]] const Filter& returned(int image) const { return near_host.as<Filter>()[image]; }
  [[nodiscard]] Status fetch(Stream& stream, std::size_t places, bool filters_too) noexcept {
    const std::size_t from = filters_too ? 0 : filter_bytes() + fetched * ran * record_bytes;
    const std::size_t to = filter_bytes() + places * ran * record_bytes;
    fetched = places;
    return enqueue_copy(stream, {&near_host, from}, {&near, from}, to - from);
  }
};

bool DeviceCells::takes(const TensorInfo& output, int images) {
  const bool real = output.dtype == DataType::float32 || output.dtype == DataType::float16;
  if (!real || output.dims.size() != 3 || !is_static(output.dims) || output.dims[0] != 1) return false;
  const std::int64_t elements = element_count(output.dims);
  return elements >= kWorthwhile && elements * images < (std::int64_t{1} << 31) &&
         std::min(output.dims[1], output.dims[2]) <= 1024;
}

DeviceCells::DeviceCells(const Device& device, const TensorInfo& output, int images) {
  const auto values = std::size_t(std::min(output.dims[1], output.dims[2]));
  const std::size_t record = (kHead + values) * sizeof(float), count = std::size_t(images);
  const std::size_t near = count * (sizeof(Filter) + kNear * record);
  state_.reset(new State{
      output.dims, record, Buffer::on(device, MemoryKind::device, near), Buffer::on(device, MemoryKind::pinned, near),
      Buffer::on(device, MemoryKind::device, count * kMost * record),
      Buffer::on(device, MemoryKind::pinned, (kMost - kNear) * record),
      Buffer::on(device, MemoryKind::device, count * kMost * kBoxBytes), gathering(device, output, count),
      suppressing(device, output, count), std::vector<Filter>(count), std::vector<State::Image>(count)});
}

DeviceCells::~DeviceCells() = default;

bool DeviceCells::filter(int image, const std::optional<sdk::CellFilter>& wanted) noexcept {
  State& s = *state_;
  Filter& f = s.filters[std::size_t(image)];
  f = {};
  if (!wanted) return false;
  const std::int64_t rows = s.dims[1], columns = s.dims[2];
  const std::int64_t values = wanted->columns ? rows : columns;
  const bool fits = wanted->first_class >= 0 && wanted->classes >= 1 &&
                    wanted->first_class + wanted->classes <= values && wanted->objectness < values &&
                    (kHead + std::size_t(values)) * sizeof(float) <= s.record_bytes;
  if (!fits) return false;
  f.cells = std::int32_t(wanted->columns ? columns : rows);
  f.values = std::int32_t(values);
  f.cell_stride = std::int32_t(wanted->columns ? 1 : columns);
  f.value_stride = std::int32_t(wanted->columns ? columns : 1);
  f.first_class = wanted->first_class;
  f.classes = wanted->classes;
  f.objectness = std::max(wanted->objectness, -1);
  f.score = wanted->score;
  f.begin = std::int32_t(image * rows * columns);
  f.length = std::int32_t(s.record_bytes / sizeof(float));
  set_boxes(f, *wanted);
  return true;
}

bool DeviceCells::filters(int image) const noexcept { return state_->filters[std::size_t(image)].cells > 0; }

Status DeviceCells::enqueue(Stream& stream, const Buffer& output, int images) noexcept {
  State& s = *state_;
  s.ran = std::size_t(images);
  bool few = true;
  for (std::size_t k = 0; k < s.filters.size(); ++k) {
    Filter& f = s.filters[k];
    f.images = images;
    few &= k >= s.ran || f.cells == 0 || f.boxes != 0;
  }
  std::memcpy(s.near_host.data(), s.filters.data(), s.filter_bytes());
  Status status = enqueue_copy(stream, {&s.near}, {&s.near_host}, s.filter_bytes());
  if (status.ok()) status = s.gather.enqueue(stream, std::array<BufferPlace, 3>{{{&output}, {&s.near}, {&s.all}}});
  const std::array<BufferPlace, 4> places{{{&s.near}, {&s.all}, {&s.sorted}, {&s.near, s.filter_bytes()}}};
  if (status.ok()) status = s.suppress.enqueue(stream, places);
  return status.ok() ? s.fetch(stream, few ? kFew : kNear, true) : status;
}

bool DeviceCells::complete(int image) const noexcept { return state_->returned(image).found <= kMost; }

bool DeviceCells::suppressed(int image) const noexcept { return state_->returned(image).kept >= 0; }

sdk::TensorView DeviceCells::cells(int image, const sdk::TensorView& whole, Stream& stream) {
  State& s = *state_;
  State::Image& own = s.images[std::size_t(image)];
  const Filter& f = s.returned(image);
  const auto count = std::size_t(f.kept >= 0 ? f.kept : std::min(f.found, kMost)), values = std::size_t(f.values);
  const std::size_t near = std::min<std::size_t>(count, kNear), record = s.record_bytes;
  if (near > s.fetched || count > near) {
    Status status = near > s.fetched ? s.fetch(stream, kNear, false) : Status{};
    if (status.ok() && count > near) {
      const std::size_t from = (std::size_t(image) * kMost + kNear) * record;
      status = enqueue_copy(stream, {&s.far_host}, {&s.all, from}, (count - near) * record);
    }
    if (status.ok()) status = stream.synchronize();
    if (!status.ok()) throw Error(status.code(), std::string("cells of an output: ") + status.message());
  }
  const std::byte* first = s.near_host.data() + s.filter_bytes() + std::size_t(image) * record;
  const auto at = [&](std::size_t k) {
    return k < near ? first + k * s.ran * record : s.far_host.data() + (k - near) * record;
  };
  own.numbers.resize(std::max<std::size_t>(count, 1));  // null would mean that all cells are there
  own.order.resize(count);
  own.values.resize(std::max<std::size_t>(count * values, 1));
  const auto number = [&](std::int32_t k) {
    std::int32_t cell = 0;
    std::memcpy(&cell, at(std::size_t(k)), sizeof(cell));
    return cell;
  };
  for (std::size_t k = 0; k < count; ++k) own.order[k] = std::int32_t(k);
  std::sort(own.order.begin(), own.order.end(), [&](std::int32_t a, std::int32_t b) { return number(a) < number(b); });
  const bool columns = f.cell_stride == 1;
  for (std::size_t k = 0; k < count; ++k) {
    const std::byte* from = at(std::size_t(own.order[k])) + kHead * sizeof(float);
    own.numbers[k] = number(own.order[k]);
    if (!columns) std::memcpy(own.values.data() + k * values, from, values * sizeof(float));
    for (std::size_t v = 0; columns && v < values; ++v)
      std::memcpy(own.values.data() + v * count + k, from + v * sizeof(float), sizeof(float));
  }
  sdk::TensorView view = whole;
  view.dtype = DataType::float32;
  view.dims[columns ? 2 : 1] = std::int64_t(count);
  view.data = own.values.data();
  view.cells = own.numbers.data();
  view.all_cells = f.cells;
  return view;
}

std::size_t DeviceCells::memory_bytes() const noexcept {
  return state_->near.bytes() + state_->all.bytes() + state_->sorted.bytes();
}

}  // namespace vireo::decode
