// Axis i of the output is axis perm[i] of the input; without `perm` the axes are reversed.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void transpose_reference(const EvalContext&);
std::span<const Tactic> transpose_tactics();

namespace {

void infer(InferContext& c) {
  const Dims& in = c.dims(0);
  Ints perm = c.attributes().integers("perm");
  if (!c.attributes().has("perm"))
    for (std::size_t i = in.size(); i-- > 0;) perm.push_back(static_cast<std::int64_t>(i));
  c.require(perm.size() == in.size(),
            "perm has " + std::to_string(perm.size()) + " entries for an input of rank " + std::to_string(in.size()));
  std::vector<bool> seen(in.size(), false);
  Dims out(in.size());
  for (std::size_t i = 0; i < perm.size(); ++i) {
    const auto axis = static_cast<std::size_t>(c.axis(perm[i], c.rank(0)));
    c.require(!seen[axis], "perm names axis " + std::to_string(perm[i]) + " twice");
    seen[axis] = true;
    out[i] = in[axis];
  }
  c.output(0, c.dtype(0), out);
}

bool varying(VaryingContext& c) {
  Ints perm = c.attributes().integers("perm");
  if (!c.attributes().has("perm"))
    for (std::size_t i = c.rank(0); i-- > 0;) perm.push_back(static_cast<std::int64_t>(i));
  std::vector<int> axes;
  for (const std::int64_t axis : perm) axes.push_back(c.axes(0)[VaryingContext::wrap(axis, c.rank(0))]);
  c.output(0, std::move(axes), c.positions(0));
  return true;
}

std::vector<Case> cases() {
  const auto perm = [](Ints p) { return attributes({{"perm", std::move(p)}}); };
  return {{.name = "reverse", .inputs = {{3, 5, 7}}},
          {.name = "matrix", .inputs = {{37, 53}}},
          {.name = "to_nhwc", .inputs = {{2, 19, 9, 7}}, .attributes = perm({0, 2, 3, 1})},
          {.name = "to_nchw", .inputs = {{2, 9, 7, 19}}, .attributes = perm({0, 3, 1, 2})},
          {.name = "image_to_nhwc", .inputs = {{1, 3, 33, 41}}, .attributes = perm({0, 2, 3, 1})},
          {.name = "image_to_nchw", .inputs = {{1, 33, 41, 3}}, .attributes = perm({0, 3, 1, 2})},
          {.name = "heads", .inputs = {{2, 11, 3, 16}}, .attributes = perm({0, 2, 1, 3})},
          {.name = "keys", .inputs = {{2, 11, 3, 16}}, .attributes = perm({0, 2, 3, 1})},
          {.name = "five", .inputs = {{2, 3, 4, 5, 6}}, .attributes = perm({0, 2, 4, 1, 3})},
          {.name = "six", .inputs = {{1, 4, 2, 2, 5, 6}}, .attributes = perm({0, 1, 4, 2, 5, 3})},
          {.name = "nothing", .inputs = {{2, 3}}, .attributes = perm({0, 1})},
          {.name = "empty", .inputs = {{2, 0, 3}}, .attributes = perm({2, 0, 1})},
          {.name = "scalar", .inputs = {{}}},
          {.name = "bytes", .inputs = {{5, 17, 3}}, .attributes = perm({2, 0, 1}), .dtypes = {DataType::uint8}},
          {.name = "int64", .inputs = {{5, 17, 3}}, .attributes = perm({1, 0, 2}), .dtypes = {DataType::int64}},
          {.name = "half", .inputs = {{5, 17, 31}}, .attributes = perm({0, 2, 1}), .dtypes = {DataType::float16}},
          {.name = "large", .inputs = {{1, 96, 40, 41}}, .attributes = perm({0, 2, 3, 1})}};
}

}  // namespace

extern const Operator transpose_operator;
const Operator transpose_operator{.name = "transpose",
                                  .infer = infer,
                                  .reference = transpose_reference,
                                  .tactics = transpose_tactics,
                                  .cases = cases,
                                  .moves = true,
                                  .varying = varying};

}  // namespace vireo::ops
