// The adders that choose and move elements, and the rest of layers.h, against values that were worked out by hand.

#include <gtest/gtest.h>

#include "tests/network/trial.h"

namespace vireo::testing_network {
namespace {

using Mode = Network::IndexMode;

TEST(Indexing, gather_in_each_mode) {
  Trial t;
  const Tensor x = t.input({2, 3}, counting(6));
  const auto index = [&](const Dims& dims, const Values& values) { return t.constant(dims, values, DataType::int64); };
  t.expect(t.n.add_gather(x, index({2}, {-1, 0}), {.axis = 1}), {2, 2}, {3, 1, 6, 4});
  t.expect(t.n.add_gather(x, index({}, {1})), {3}, {4, 5, 6});
  t.expect(t.n.add_gather(x, index({2, 1}, {2, 0}), {.mode = Mode::elements, .axis = 1}), {2, 1}, {3, 4});
  t.expect(t.n.add_gather(x, index({2, 2}, {0, 1, 1, 2}), {.mode = Mode::nd}), {2}, {2, 6});
  t.expect(t.n.add_gather(x, index({2, 1}, {2, 0}), {.mode = Mode::nd, .batch_dims = 1}), {2}, {3, 4});
}

TEST(Indexing, gather_of_an_axis_within_a_batch) {
  Trial t;
  const Tensor indices = t.constant({2, 2}, {0, 1, 1, 1}, DataType::int32);
  t.expect(t.n.add_gather(t.input({2, 2}, counting(4)), indices, {.axis = 1, .batch_dims = 1}), {2, 2}, {1, 2, 4, 4});
  // data[b, :, i]: the axis lies behind another one.
  const Tensor x = t.input({2, 3, 2}, counting(12));
  t.expect(t.n.add_gather(x, indices, {.axis = 2, .batch_dims = 1}), {2, 3, 2},
           {1, 2, 3, 4, 5, 6, 8, 8, 10, 10, 12, 12});
}

TEST(Indexing, scatter_of_elements_and_positions) {
  using R = Network::ScatterReduction;
  Trial t;
  const Tensor x = t.input({2, 2}, {1, 2, 3, 4});
  const Tensor indices = t.constant({1, 2}, {1, 0}, DataType::int64), updates = t.constant({1, 2}, {10, 20});
  t.expect(t.n.add_scatter(x, indices, updates), {2, 2}, {1, 20, 10, 4});
  t.expect(t.n.add_scatter(x, indices, updates, {.axis = 1, .reduction = R::sum}), {2, 2}, {21, 12, 3, 4});
  t.expect(t.n.add_scatter(x, indices, t.constant({1}, {5}), {.mode = Mode::nd, .reduction = R::product}), {2, 2},
           {1, 2, 15, 4});
  t.expect(t.n.add_scatter(x, indices, t.constant({1}, {9}), {.mode = Mode::nd, .reduction = R::max}), {2, 2},
           {1, 2, 9, 4});
  t.expect(t.n.add_scatter(x, indices, t.constant({1}, {0}), {.mode = Mode::nd, .reduction = R::min}), {2, 2},
           {1, 2, 0, 4});
}

TEST(Indexing, one_hot_and_positions_that_are_not_zero) {
  Trial t;
  const Tensor x = t.input({2}, {2, 0}, DataType::int64);
  t.expect(t.n.add_one_hot(x, t.constant({2}, {0, 5}), {.depth = 3}), {2, 3}, {0, 0, 5, 5, 0, 0});
  t.expect(t.n.add_one_hot(x, t.constant({2}, {0, 5}), {.depth = 3, .axis = 0}), {3, 2}, {0, 5, 0, 0, 5, 0});
  Trial found;
  const Tensor y = found.input({2, 2}, {0, 1, 1, 0});
  found.expect(found.n.add_non_zero(y), {2, 2}, {0, 1, 1, 0});
  found.expect(found.n.add_shape(y), {2}, {2, 2});
}

TEST(Indexing, fills) {
  using Kind = Network::FillKind;
  Trial t;
  const Tensor dims = t.input({1}, {3}, DataType::int64);
  t.expect(t.n.add_fill({.dims = {2, 1}, .start = 7}), {2, 1}, {7, 7});
  t.expect(
      t.n.add_fill({.dims_tensor = t.constant({2}, {1, 2}, DataType::int64), .start = -1, .dtype = DataType::int32}),
      {1, 2}, {-1, -1});
  t.expect(t.n.add_fill({.kind = Kind::linspace, .dims = {4}, .start = 1, .deltas = {0.5}}), {4}, {1, 1.5, 2, 2.5});
  t.expect(t.n.add_fill({.kind = Kind::linspace, .dims = {2, 3}, .deltas = {10, 1}, .dtype = DataType::int64}), {2, 3},
           {0, 1, 2, 10, 11, 12});
  t.expect(t.n.add_fill({.kind = Kind::linspace, .dims_tensor = dims, .start = 5}), {3}, {5, 6, 7});
}

TEST(Movement, shuffle_transposes_reshapes_and_transposes) {
  Trial t;
  const Tensor x = t.input({2, 3}, counting(6));
  t.expect(t.n.add_shuffle(x, {.first_transpose = {1, 0}}), {3, 2}, {1, 4, 2, 5, 3, 6});
  t.expect(t.n.add_shuffle(x, {.reshape = Dims{-1, 2}}), {3, 2}, counting(6));
  t.expect(t.n.add_shuffle(x, {.reshape = Dims{0, 1, -1}}), {2, 1, 3}, counting(6));
  t.expect(t.n.add_shuffle(x, {.first_transpose = {1, 0}, .reshape = Dims{2, 3}, .second_transpose = {1, 0}}), {3, 2},
           {1, 5, 4, 3, 2, 6});
  t.expect(t.n.add_shuffle(x, {.reshape_tensor = t.constant({1}, {6}, DataType::int64)}), {6}, counting(6));
  t.expect(t.n.add_shuffle(x, {}), {2, 3}, counting(6));
  t.expect(t.n.add_unsqueeze(x, {0, -1}), {1, 2, 3, 1}, counting(6));
  t.expect(t.n.add_squeeze(t.n.add_unsqueeze(x, {0, -1}), {0, -1}), {2, 3}, counting(6));
}

TEST(Movement, slices_forwards_backwards_and_from_the_end) {
  Trial t;
  const Tensor x = t.input({5}, counting(5));
  struct Row {
    std::int64_t start, size, stride;
    Values value;
  };
  for (const Row& row : {Row{1, 2, 1, {2, 3}}, Row{0, 3, 2, {1, 3, 5}}, Row{4, 5, -1, {5, 4, 3, 2, 1}},
                         Row{-2, 2, 1, {4, 5}}, Row{-1, 5, -1, {5, 4, 3, 2, 1}}, Row{-3, 2, 2, {3, 5}},
                         Row{3, 2, -2, {4, 2}}, Row{3, 9, 1, {4, 5}}, Row{-5, 3, 2, {1, 3, 5}}}) {
    SCOPED_TRACE(row.start);
    const Dims dims{static_cast<std::int64_t>(row.value.size())};
    t.expect(t.n.add_slice(x, {.start = {row.start}, .size = {row.size}, .stride = {row.stride}}), dims, row.value);
    const auto number = [&](std::int64_t v) { return t.constant({1}, {static_cast<double>(v)}, DataType::int64); };
    t.expect(t.n.add_slice(x, {.start_tensor = number(row.start),
                               .size_tensor = number(row.size),
                               .stride_tensor = number(row.stride)}),
             dims, row.value);
  }
  t.expect(t.n.add_slice(x, {.start = {2}, .size = {kUnknown}}), {3}, {3, 4, 5});
  Trial plane;
  const Tensor p = plane.input({2, 3}, counting(6));
  plane.expect(plane.n.add_slice(p, {.axes = {1}, .start = {1}, .size = {2}}), {2, 2}, {2, 3, 5, 6});
  plane.expect(plane.n.add_slice(p, {.start = {1, 0}, .size = {1, 2}}), {1, 2}, {4, 5});
  // By what another input says.
  const Tensor start = plane.input({1}, {1}, DataType::int64);
  plane.expect(plane.n.add_slice(p, {.axes = {1}, .size = {2}, .start_tensor = start}), {2, 2}, {2, 3, 5, 6});
}

TEST(Movement, joining_cutting_and_padding) {
  using Pad = Network::PadMode;
  Trial t;
  const Tensor x = t.input({1, 3}, counting(3));
  t.expect(t.n.add_concatenation({x, x}, 0), {2, 3}, {1, 2, 3, 1, 2, 3});
  const std::vector<Tensor> parts = t.n.add_split(x, 1, {1, 2});
  t.expect(parts[0], {1, 1}, {1});
  t.expect(parts[1], {1, 2}, {2, 3});
  t.expect(t.n.add_padding(x, {.begins = {1}, .ends = {2}, .value = 9}), {1, 6}, {9, 1, 2, 3, 9, 9});
  t.expect(t.n.add_padding(x, {.begins = {0, -1}, .ends = {1, 0}}), {2, 2}, {2, 3, 0, 0});
  t.expect(t.n.add_padding(x, {.begins = {2}, .ends = {0}, .mode = Pad::reflect}), {1, 5}, {3, 2, 1, 2, 3});
  t.expect(t.n.add_padding(x, {.begins = {1}, .ends = {1}, .mode = Pad::edge}), {1, 5}, {1, 1, 2, 3, 3});
  t.expect(t.n.add_padding(x, {.begins = {1}, .ends = {0}, .axes = {0}}), {2, 3}, {0, 0, 0, 1, 2, 3});
}

TEST(Movement, resizing) {
  using C = Network::Coordinates;
  Trial t;
  const Tensor x = t.input({1, 1, 1, 2}, {1, 3});
  t.expect(t.n.add_resize(x, {.scales = {1, 1, 1, 2}}), {1, 1, 1, 4}, {1, 1, 3, 3});
  t.expect(t.n.add_resize(
               x, {.mode = Network::Interpolation::linear, .sizes = {1, 1, 1, 3}, .coordinates = C::align_corners}),
           {1, 1, 1, 3}, {1, 2, 3});
  t.expect(t.n.add_resize(x, {.mode = Network::Interpolation::linear, .sizes = {4}, .axes = {3}}), {1, 1, 1, 4},
           {1, 1.5, 2.5, 3});
  t.expect(t.n.add_resize(x, {.sizes_tensor = t.constant({4}, {1, 1, 2, 2}, DataType::int64)}), {1, 1, 2, 2},
           {1, 3, 1, 3});
  t.expect(t.n.add_resize(x, {.scales_tensor = t.constant({4}, {1, 1, 1, 0.5}),
                              .coordinates = C::asymmetric,
                              .rounding = Network::Rounding::floor}),
           {1, 1, 1, 1}, {1});
}

TEST(Vision, sampling_at_points) {
  Trial t;
  const Tensor x = t.input({1, 1, 2, 2}, {1, 2, 3, 4});
  const Tensor grid = t.constant({1, 1, 2, 2}, {0, 0, 1, 1});
  t.expect(t.n.add_grid_sample(x, grid, {.align_corners = true}), {1, 1, 1, 2}, {2.5, 4});
  t.expect(t.n.add_grid_sample(x, t.constant({1, 1, 1, 2}, {-3, -3}), {.padding = Network::SamplePadding::border}),
           {1, 1, 1, 1}, {1});
}

TEST(Vision, suppression_keeps_the_best_of_overlapping_boxes) {
  Trial t;
  const Tensor boxes = t.input({1, 3, 4}, {0, 0, 2, 2, 0, 0, 2, 1.9, 5, 5, 6, 6});
  const Tensor scores = t.input({1, 1, 3}, {0.8, 0.9, 0.1});
  t.expect(t.n.add_non_max_suppression(boxes, scores, {.most_per_class = 3, .overlap = 0.5}), {2, 3},
           {0, 0, 1, 0, 0, 2});
  t.expect(t.n.add_non_max_suppression(boxes, scores, {.most_per_class = 3, .overlap = 0.5, .least_score = 0.5}),
           {1, 3}, {0, 0, 1});
}

TEST(Numbers, quantising_and_back) {
  Trial t;
  const Tensor x = t.input({1, 2, 2}, {1, -1, 300, 0.25});
  const Tensor scale = t.constant({}, {0.5});
  const Tensor q = t.n.add_quantize(x, scale);
  t.expect(q, {1, 2, 2}, {2, -2, 127, 0});
  t.expect(t.n.add_dequantize(q, scale), {1, 2, 2}, {1, -1, 63.5, 0});
  const Tensor zero = t.constant({2}, {0, 10}, DataType::int8), scales = t.constant({2}, {0.5, 1});
  const Tensor by_channel = t.n.add_quantize(x, scales, zero);
  t.expect(by_channel, {1, 2, 2}, {2, -2, 127, 10});
  t.expect(t.n.add_dequantize(by_channel, scales, zero), {1, 2, 2}, {1, -1, 117, 0});
}

TEST(Numbers, extents_may_be_unknown_when_the_network_is_made) {
  Trial t;
  const Tensor x = t.input({2, 3}, counting(6), DataType::float32, {kUnknown, 3});
  const Tensor y = t.n.add_scale(x, {.shift = t.constant({3}, {1, 2, 3}), .mode = Network::ScaleMode::channel});
  t.expect(t.n.add_reduce(t.n.add_shuffle(y, {.reshape = Dims{0, 3, 1}}), Network::Reduction::sum, {.axes = {1, 2}}),
           {2, 1, 1}, {12, 21});
}

}  // namespace
}  // namespace vireo::testing_network
