#include "engine/ops/cases.h"

namespace vireo::ops {
namespace {

Attributes window(const char* mode, Ints kernel, Ints strides, Ints pads, const char* layout) {
  return attributes({{"mode", mode},
                     {"kernel_shape", std::move(kernel)},
                     {"strides", std::move(strides)},
                     {"pads", std::move(pads)},
                     {"layout", layout}});
}

}  // namespace

std::vector<Case> pool_cases() {
  std::vector<Case> list;
  for (const char* mode : {"max", "average"}) {
    const bool max = mode[0] == 'm';
    list.push_back({.name = max ? "max_3x3_s2" : "average_3x3_s2",
                    .inputs = {{2, 15, 17, 19}},
                    .attributes = window(mode, {3, 3}, {2, 2}, {1, 1, 1, 1}, "nhwc")});
    list.push_back({.name = max ? "max_2x2" : "average_2x2",
                    .inputs = {{1, 12, 14, 40}},
                    .attributes = window(mode, {2, 2}, {2, 2}, {0, 0, 0, 0}, "nhwc")});
    list.push_back({.name = max ? "max_5x5_s1" : "average_5x5_s1",
                    .inputs = {{1, 13, 13, 33}},
                    .attributes = window(mode, {5, 5}, {1, 1}, {2, 2, 2, 2}, "nhwc")});
    list.push_back({.name = max ? "max_nchw" : "average_nchw",
                    .inputs = {{2, 3, 11, 10}},
                    .attributes = window(mode, {3, 2}, {2, 1}, {1, 0, 0, 1}, "nchw")});
    list.push_back({.name = max ? "max_volume" : "average_volume",
                    .inputs = {{1, 2, 5, 6, 7}},
                    .attributes = window(mode, {2, 3, 2}, {1, 2, 2}, {0, 1, 0, 1, 1, 0}, "nchw")});
    list.push_back({.name = max ? "max_line" : "average_line",
                    .inputs = {{2, 3, 31}},
                    .attributes = window(mode, {4}, {3}, {2, 1}, "nchw")});
    Attributes ceil = window(mode, {3, 3}, {2, 2}, {0, 0, 0, 0}, "nhwc");
    ceil.set("ceil_mode", std::int64_t{1});
    list.push_back({.name = max ? "max_ceil" : "average_ceil", .inputs = {{1, 14, 13, 8}}, .attributes = ceil});
    Attributes same = window(mode, {3, 3}, {2, 2}, {0, 0, 0, 0}, "nhwc");
    same.set("auto_pad", "SAME_UPPER");
    list.push_back({.name = max ? "max_same" : "average_same", .inputs = {{1, 9, 12, 21}}, .attributes = same});
    Attributes dilated = window(mode, {3, 3}, {1, 1}, {2, 2, 2, 2}, "nhwc");
    dilated.set("dilations", Ints{2, 2});
    dilated.set("count_include_pad", std::int64_t{1});
    list.push_back({.name = max ? "max_dilated" : "average_dilated", .inputs = {{1, 9, 9, 17}}, .attributes = dilated});
  }
  list.push_back({.name = "max_indices",
                  .inputs = {{1, 2, 6, 6}},
                  .attributes = window("max", {2, 2}, {2, 2}, {0, 0, 0, 0}, "nchw"),
                  .outputs = 2});
  list.push_back(
      {.name = "lp", .inputs = {{1, 2, 6, 6}}, .attributes = window("lp", {3, 3}, {1, 1}, {1, 1, 1, 1}, "nchw")});
  list.push_back({.name = "max_bytes",
                  .inputs = {{1, 2, 6, 6}},
                  .attributes = window("max", {3, 3}, {1, 1}, {1, 1, 1, 1}, "nchw"),
                  .dtypes = {DataType::uint8}});
  list.push_back({.name = "max_bytes_stride",
                  .inputs = {{2, 3, 13, 37}},
                  .attributes = window("max", {3, 2}, {2, 3}, {1, 0, 1, 1}, "nchw"),
                  .dtypes = {DataType::int8}});
  Attributes apart = window("max", {3, 3}, {2, 2}, {1, 1, 1, 1}, "nchw");
  apart.set("dilations", Ints{2, 3});
  apart.set("ceil_mode", std::int64_t{1});
  list.push_back(
      {.name = "max_bytes_dilated", .inputs = {{1, 5, 12, 20}}, .attributes = apart, .dtypes = {DataType::int8}});
  list.push_back({.name = "max_large",
                  .inputs = {{1, 56, 57, 64}},
                  .attributes = window("max", {3, 3}, {2, 2}, {1, 1, 1, 1}, "nhwc")});
  return list;
}

}  // namespace vireo::ops
