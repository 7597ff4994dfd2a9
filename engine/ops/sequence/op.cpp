// Sequences of tensors whose number or extents only a run tells, each packed into one tensor of bytes (api/sequence.h).
// `function`: what is done.
//   construct  any number of tensors → the sequence of them
//   insert     sequence, tensor, place? (absent: behind the last) → sequence
//   erase      sequence, place? (absent: the last) → sequence
//   at         sequence, place? (absent: 0) → the tensor there
//   length     sequence → int64 scalar
//   concat     sequence → its tensors one behind the other along `axis`, a new one with `new_axis`
//   split      tensor, sizes? (a scalar: all but the last; absent: 1) → sequence of parts along `axis`, without the
//              axis where sizes are absent and `keepdims` is 0
// Places count from the back where they are below 0. What a sequence holds no rule can tell: `dtype` names the element
// type of what `at` and `concat` give, `shape` its extents as far as they are known (-1: not); absent: not even the
// rank.
#include <algorithm>
#include <cstring>
#include <iterator>

#include "engine/api/sequence.h"
#include "engine/base/text.h"
#include "engine/ops/shared/open.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

using Items = std::vector<SequenceItem>;

enum class Function : std::uint8_t { construct, insert, erase, at, length, concat, split, none };

Function function_of(const Attributes& attributes) {
  static constexpr std::string_view kNames[] = {"construct", "insert", "erase", "at", "length", "concat", "split"};
  const auto* const found = std::ranges::find(kNames, attributes.text("function", ""));
  return static_cast<Function>(found - std::begin(kNames));
}

struct Arity {
  int least, most;
};
Arity arity_of(Function function) {
  switch (function) {
    case Function::construct: return {0, 1 << 20};
    case Function::insert: return {2, 3};
    case Function::length:
    case Function::concat: return {1, 1};
    default: return {1, 2};
  }
}

void require_place(InferContext& c, int index) {
  if (!c.has_input(index)) return;
  c.require(c.dtype(index) == DataType::int64 || c.dtype(index) == DataType::int32, "a place should be an integer");
  require_single(c, index);
}

void infer_taken(InferContext& c) {
  const DataType dtype = data_type_from(c.attributes().text("dtype", ""));
  c.require(size_of(dtype) > 0, "attribute 'dtype' names no element type of a tensor");
  if (!c.attributes().has("shape")) return c.output_unranked(0, dtype);
  const Dims dims = c.attributes().integers("shape");
  for (const std::int64_t extent : dims)
    c.require(extent >= kUnknown, base::str("attribute 'shape' has the extent ", extent));
  c.output(0, dtype, dims);
}

void infer(InferContext& c) {
  const Function function = function_of(c.attributes());
  c.require(function != Function::none, "attribute 'function' names none");
  const Arity arity = arity_of(function);
  c.require(c.input_count() >= arity.least && c.input_count() <= arity.most,
            base::str("has ", c.input_count(), " inputs, accepts ", arity.least, " to ", arity.most));
  const bool reads = function != Function::construct && function != Function::split;
  for (int k = 0; k < (function == Function::construct ? c.input_count() : arity.least); ++k)
    c.require(c.has_input(k), base::str("input ", k, " is missing"));
  if (reads) {
    c.require(c.dtype(0) == DataType::uint8, "a packed sequence is uint8");
    require_rank(c, 0, 1, 1);
  }
  switch (function) {
    case Function::length: return c.output(0, DataType::int64, {});
    case Function::at: require_place(c, 1); return infer_taken(c);
    case Function::concat: (void)c.attributes().integer("axis", 0); return infer_taken(c);
    case Function::insert: require_place(c, 2); break;
    case Function::erase: require_place(c, 1); break;
    case Function::split:
      (void)c.axis(c.attributes().integer("axis", 0), c.rank(0));
      c.require(!c.has_input(1) || c.dtype(1) == DataType::int64 || c.dtype(1) == DataType::int32,
                "the sizes of parts should be integers");
      if (c.has_input(1)) require_rank(c, 1, 0, 1);
      break;
    default: break;
  }
  c.output(0, DataType::uint8, {kUnknown});
}

[[noreturn]] void fail(const std::string& why) { base::fail(ErrorCode::invalid_argument, why); }

Items unpack(const View& sequence) { return unpack_sequence(sequence.data, byte_count(sequence.dtype, sequence.dims)); }

SequenceItem item_of(const View& view) { return {view.dtype, view.dims, view.data}; }

/// Where input `index` points to in a sequence of `length`; `fallback` where it is absent.
std::size_t place_of(std::span<const View> inputs, std::size_t index, std::int64_t length, std::int64_t most,
                     std::int64_t fallback) {
  std::int64_t place = fallback;
  if (index < inputs.size() && inputs[index].present()) place = read_integers(inputs[index]).at(0);
  const std::int64_t given = place;
  if (place < 0) place += length;
  if (place < 0 || place > most) fail(base::str("place ", given, " of a sequence of ", length));
  return static_cast<std::size_t>(place);
}

void put(const Items& items, const graph::PlaceOutput& place) {
  pack_sequence(items, place(0, {static_cast<std::int64_t>(packed_bytes(items))}));
}

/// Copies `rows` runs of `bytes`, `from` and `to` bytes apart.
void copy_runs(std::byte* dst, std::size_t to, const std::byte* src, std::size_t from, std::size_t rows,
               std::size_t bytes) {
  for (std::size_t row = 0; bytes && row < rows; ++row) std::memcpy(dst + row * to, src + row * from, bytes);
}

std::size_t count(const Dims& dims, std::size_t first, std::size_t last) {
  return static_cast<std::size_t>(product(dims, first, last));
}

std::size_t axis_in(std::int64_t axis, std::size_t rank) {
  const auto most = static_cast<std::int64_t>(rank);
  if (axis < -most || axis >= most) fail(base::str("axis ", axis, " of tensors of rank ", rank));
  return static_cast<std::size_t>(axis < 0 ? axis + most : axis);
}

void concat(const Attributes& attributes, Items items, const graph::PlaceOutput& place) {
  if (items.empty()) fail("an empty sequence can't be joined");
  const bool fresh = attributes.integer("new_axis", 0) != 0;
  const std::size_t axis = axis_in(attributes.integer("axis", 0), items[0].dims.size() + (fresh ? 1 : 0));
  if (fresh)
    for (SequenceItem& item : items)
      item.dims.insert(item.dims.begin() + static_cast<std::ptrdiff_t>(std::min(axis, item.dims.size())), 1);
  Dims dims = items[0].dims;
  dims[axis] = 0;
  for (const SequenceItem& item : items) {
    Dims others = item.dims;
    if (others.size() == dims.size()) others[axis] = 0;
    Dims wanted = dims;
    wanted[axis] = 0;
    if (others != wanted || item.dtype != items[0].dtype)
      fail(base::str(item.dtype, " ", item.dims, " can't be joined to ", items[0].dtype, " ", items[0].dims,
                     " along axis ", axis));
    if (__builtin_add_overflow(dims[axis], item.dims[axis], &dims[axis])) fail("more entries than can be counted");
  }
  const DataType dtype = items[0].dtype;
  if (dtype != data_type_from(attributes.text("dtype", "")))
    fail(base::str("the sequence holds ", dtype, ", not ", attributes.text("dtype", "")));
  (void)byte_count(dtype, dims);
  auto* to = static_cast<std::byte*>(place(0, dims));
  const std::size_t rows = count(dims, 0, axis), inner = count(dims, axis + 1, dims.size()) * size_of(dtype),
                    whole = static_cast<std::size_t>(dims[axis]) * inner;
  for (const SequenceItem& item : items) {
    const std::size_t run = static_cast<std::size_t>(item.dims[axis]) * inner;
    copy_runs(to, whole, static_cast<const std::byte*>(item.data), run, rows, run);
    to += run;
  }
}

void split(const Attributes& attributes, std::span<const View> inputs, const graph::PlaceOutput& place) {
  constexpr std::int64_t kMostParts = 1 << 24;
  const View& x = inputs[0];
  const std::size_t axis = axis_in(attributes.integer("axis", 0), x.dims.size());
  const bool given = inputs.size() > 1 && inputs[1].present();
  Ints sizes = given ? read_integers(inputs[1]) : Ints{1};
  const std::int64_t extent = x.dims[axis];
  if (!given || inputs[1].dims.empty()) {
    const std::int64_t chunk = sizes.at(0);
    if (chunk <= 0) fail(base::str("parts of ", chunk));
    if (extent / chunk > kMostParts) fail(base::str("an extent of ", extent, " in parts of ", chunk));
    sizes.clear();
    for (std::int64_t start = 0; start < extent; start += chunk) sizes.push_back(std::min(chunk, extent - start));
  }
  std::int64_t sum = 0;
  for (const std::int64_t part : sizes)
    if (part < 0 || __builtin_add_overflow(sum, part, &sum)) fail("the sizes of parts don't add up");
  if (sum != extent) fail(base::str("parts of ", sum, " together, of an extent of ", extent));
  const std::size_t rows = count(x.dims, 0, axis), inner = count(x.dims, axis + 1, x.dims.size()) * size_of(x.dtype),
                    whole = static_cast<std::size_t>(extent) * inner;
  const bool drop = !given && attributes.integer("keepdims", 1) == 0;
  std::vector<std::vector<std::byte>> parts;
  Items items;
  const auto* from = x.as<std::byte>();
  for (const std::int64_t part : sizes) {
    const std::size_t run = static_cast<std::size_t>(part) * inner;
    parts.emplace_back(rows * run + 1);  // so that an empty one is somewhere
    copy_runs(parts.back().data(), run, from, whole, rows, run);
    from += run;
    Dims dims = x.dims;
    if (drop) dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
    else dims[axis] = part;
    items.push_back({x.dtype, std::move(dims), parts.back().data()});
  }
  put(items, place);
}

void at(const Attributes& attributes, std::span<const View> inputs, const graph::PlaceOutput& place) {
  const Items items = unpack(inputs[0]);
  const auto length = static_cast<std::int64_t>(items.size());
  const SequenceItem& item = items[place_of(inputs, 1, length, length - 1, 0)];
  if (item.dtype != data_type_from(attributes.text("dtype", "")))
    fail(base::str("the sequence holds ", item.dtype, " there, not ", attributes.text("dtype", "")));
  void* const to = place(0, item.dims);
  if (const std::size_t bytes = byte_count(item.dtype, item.dims)) std::memcpy(to, item.data, bytes);
}

void evaluate_open(const Attributes& attributes, std::span<const View> inputs, const graph::PlaceOutput& place) {
  const Function function = function_of(attributes);
  if (function == Function::split) return split(attributes, inputs, place);
  if (function == Function::at) return at(attributes, inputs, place);
  Items items;
  if (function == Function::construct) std::ranges::transform(inputs, std::back_inserter(items), item_of);
  else items = unpack(inputs[0]);
  const auto length = static_cast<std::int64_t>(items.size());
  switch (function) {
    case Function::length: std::memcpy(place(0, {}), &length, sizeof length); return;
    case Function::concat: return concat(attributes, std::move(items), place);
    case Function::insert:
      items.insert(items.begin() + static_cast<std::ptrdiff_t>(place_of(inputs, 2, length, length, length)),
                   item_of(inputs[1]));
      break;
    case Function::erase:
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(place_of(inputs, 1, length, length - 1, length - 1)));
      break;
    default: break;
  }
  put(items, place);
}

}  // namespace

extern const Operator sequence_operator;
const Operator sequence_operator{.name = "sequence",
                                 .min_inputs = 0,
                                 .max_inputs = -1,
                                 .infer = infer,
                                 .reference = reference_of_open<evaluate_open>,
                                 .evaluate_open = evaluate_open};

}  // namespace vireo::ops
