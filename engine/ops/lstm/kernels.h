#pragma once
// LSTM of float32 with known weights. First phase: the input part of all gates, tiles of (direction, time steps and
// sequences). Second phase: the recurrence, a tile for each (direction, block of sequences). Light: kernel bodies
// include it.

#include "engine/graph/tactic.h"

namespace vireo::ops {

inline constexpr std::int64_t kLstmSequences = 4;  ///< that share a pass over the recurrent weights
inline constexpr std::int64_t kLstmRows = 8;       ///< of the input part in a tile

struct LstmState {
  std::int64_t sequence = 0, batch = 0, width = 0, hidden = 0, directions = 1;
  std::int64_t padded = 0;       ///< hidden, rounded up to 16: the columns of one gate
  bool batch_first = false, reversed = false;
  const float *w = nullptr, *r = nullptr, *bias = nullptr;  ///< packed (strips.h); bias: 4 · padded for each direction
  int h_input = -1, c_input = -1;                            ///< initial states
  bool outputs[3] = {};                                      ///< y, y_h, y_c are wanted
};

struct LstmKernels {
  graph::TileFunction input, recurrence;
};
[[nodiscard]] LstmKernels lstm_kernels_avx2();
[[nodiscard]] LstmKernels lstm_kernels_avx512();
[[nodiscard]] LstmKernels lstm_kernels_portable();

}  // namespace vireo::ops
