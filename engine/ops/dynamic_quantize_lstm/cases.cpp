#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> dynamic_quantize_lstm_cases() {
  const DataType f = DataType::float32, s8 = DataType::int8, u8 = DataType::uint8;
  Case known{
      .name = "known_weights", .inputs = {{6, 3, 68}, {17, 68}, {68}, {68}}, .dtypes = {f, s8, f, s8}, .outputs = 3};
  for (int i = 0; i < 17 * 68; ++i) known.constants[1].push_back(i * 37 % 256 - 128);
  for (int i = 0; i < 68; ++i) {
    known.constants[2].push_back(0.001 + 0.0001 * i);
    known.constants[3].push_back(i % 5);
  }
  Case reversed = known;
  reversed.name = "reversed_with_states";
  reversed.attributes = attributes({{"direction", std::string("reverse")}});
  reversed.inputs = {{5, 14, 68}, {17, 68}, {}, {}, {}, {14, 17}, {14, 17}};
  reversed.dtypes = {f, s8, f, s8, f, f, f};
  reversed.inputs[4] = {14};
  reversed.dtypes[4] = DataType::int64;
  reversed.constants[2] = {0.005};
  reversed.constants[3] = {0};
  reversed.constants[4] = {5, 4, 3, 2, 1, 0, 5, 5, 5, 5, 2, 2, 5, 5};
  Case peepholes{.name = "peepholes",
                 .inputs = {{3, 2, 16}, {4, 16}, {}, {}, {2}, {2, 4}, {2, 4}, {12}},
                 .attributes = attributes({{"clip", 2.0}}),
                 .dtypes = {f, u8, f, u8, DataType::int32, f, f, f},
                 .constants = {{2, {0.01}}, {4, {3, 2}}},
                 .outputs = 3};
  return {known, reversed, peepholes};
}

}  // namespace vireo::ops
