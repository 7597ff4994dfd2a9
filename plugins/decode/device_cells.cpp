#include "plugins/decode/device_cells.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "plugins/decode/cells_source.h"

namespace vireo::decode {
namespace {

/// As cells.cl has it.
struct Filter {
  std::int32_t found = 0;
  std::int32_t cells = 0, values = 0, cell_stride = 0, value_stride = 0;
  std::int32_t first_class = 0, classes = 0, objectness = -1;
  float score = 0;
  std::int32_t begin = 0, length = 0;
  std::int32_t unused[5] = {};
};
static_assert(sizeof(Filter) == 64);

constexpr std::int64_t kWorthwhile = 16384;  // elements of an image; fewer come back as fast as a count

DeviceKernelText text_for(const TensorInfo& output, int images) {
  DeviceKernelText text;
  text.source = cells_source();
  text.options = output.dtype == DataType::float16 ? "-DT=half" : "-DT=float";
  text.options += " -DNEAR=" + std::to_string(DeviceCells::kNear) + " -DMOST=" + std::to_string(DeviceCells::kMost);
  text.entry = "gather_cells";
  text.items = {std::size_t(std::max(output.dims[1], output.dims[2])), std::size_t(images), 1};
  text.group = {64, 1, 1};
  text.places = 4;
  return text;
}

}  // namespace

struct DeviceCells::State {
  /// What came back of an image, in the order of its cells.
  struct Image {
    std::vector<std::int32_t> numbers, order;
    std::vector<float> values;
  };
  Dims dims;                     ///< of one image
  std::size_t record_bytes = 0;  ///< a cell's number and its values, as floats
  Buffer near, near_host, far, far_host;
  DeviceKernel kernel;
  std::vector<Filter> filters;
  std::vector<Image> images;

  [[nodiscard]] const Filter& returned(int image) const { return near_host.as<Filter>()[image]; }
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
  const std::size_t record = (1 + values) * sizeof(float), count = std::size_t(images);
  const std::size_t near = count * (sizeof(Filter) + kNear * record), far = count * (kMost - kNear) * record;
  state_.reset(new State{
      output.dims, record, Buffer::on(device, MemoryKind::device, near), Buffer::on(device, MemoryKind::pinned, near),
      Buffer::on(device, MemoryKind::device, far), Buffer::on(device, MemoryKind::pinned, (kMost - kNear) * record),
      DeviceKernel(device, text_for(output, images)), std::vector<Filter>(count), std::vector<State::Image>(count)});
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
                    (1 + std::size_t(values)) * sizeof(float) <= s.record_bytes;
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
  return true;
}

bool DeviceCells::filters(int image) const noexcept { return state_->filters[std::size_t(image)].cells > 0; }

Status DeviceCells::enqueue(Stream& stream, const Buffer& output, int images) noexcept {
  State& s = *state_;
  const std::size_t filters = s.filters.size() * sizeof(Filter);
  std::memcpy(s.near_host.data(), s.filters.data(), filters);
  if (const Status status = enqueue_copy(stream, {&s.near}, {&s.near_host}, filters); !status.ok()) return status;
  const BufferPlace places[] = {{&output}, {&s.near}, {&s.near, filters}, {&s.far}};
  if (const Status status = s.kernel.enqueue(stream, places); !status.ok()) return status;
  return enqueue_copy(stream, {&s.near_host}, {&s.near}, filters + std::size_t(images) * kNear * s.record_bytes);
}

bool DeviceCells::complete(int image) const noexcept { return state_->returned(image).found <= kMost; }

sdk::TensorView DeviceCells::cells(int image, const sdk::TensorView& whole, Stream& stream) {
  State& s = *state_;
  State::Image& own = s.images[std::size_t(image)];
  const Filter& f = s.returned(image);
  const auto count = std::size_t(std::min(f.found, kMost)), values = std::size_t(f.values);
  const std::size_t near = std::min<std::size_t>(count, kNear), record = s.record_bytes;
  const std::byte* first = s.near_host.data() + s.filters.size() * sizeof(Filter) + std::size_t(image) * kNear * record;
  if (count > near) {
    const std::size_t bytes = (count - near) * record;
    const std::size_t from = std::size_t(image) * (kMost - kNear) * record;
    Status status = enqueue_copy(stream, {&s.far_host}, {&s.far, from}, bytes);
    if (status.ok()) status = stream.synchronize();
    if (!status.ok()) throw Error(status.code(), std::string("cells of an output: ") + status.message());
  }
  const auto at = [&](std::size_t k) {
    return k < near ? first + k * record : s.far_host.data() + (k - near) * record;
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
    const std::byte* from = at(std::size_t(own.order[k])) + sizeof(std::int32_t);
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

std::size_t DeviceCells::memory_bytes() const noexcept { return state_->near.bytes() + state_->far.bytes(); }

}  // namespace vireo::decode
