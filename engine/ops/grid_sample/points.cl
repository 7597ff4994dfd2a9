// Samples planes at the points of a grid: an item makes CHUNK channels of a point. T, G: types of x and of the grid;
// RANK: spatial axes; TAPS: 1 nearest, 2 linear, 4 cubic, along each. The specification is grid_sample/ref.cpp.
//   shape: batch, channels, points, points of a row, padding (0 zeros, 1 border, 2 reflection), aligned corners
//   extent: of the spatial axes, outermost first       xs: strides of batch, channel, spatial axes
//   strides: the grid's batch and point; y's batch, channel, row
inline float reflected(float x, float low, float high) {
  const float range = high - low;
  if (range <= 0.0f) return low;
  const float past = x < low ? low - x : x > high ? x - high : 0.0f;
  if (past == 0.0f) return x;
  const float turns = floor(past / range), rest = past - turns * range;
  const bool even = fmod(turns, 2.0f) == 0.0f;
  if (x < low) return even ? low + rest : high - rest;
  return even ? high - rest : low + rest;
}

inline float position_of(float x, int n, float low, float high, int padding, int align) {
  float at = align ? (x + 1.0f) / 2.0f * (n - 1) : ((x + 1.0f) * n - 1.0f) / 2.0f;
#if TAPS == 1
  at = rint(at);
#endif
  if (at < low || at > high) {
    const float beyond = TAPS == 4 ? 4 : 0;  // where all taps of cubic are moved to the border
    if (padding == 1) at = clamp(at, -beyond, (float)(n - 1) + beyond);
    if (padding == 2) at = reflected(at, low, high);
  }
  return isfinite(at) ? at : -1e6f;
}

// Index of a tap inside the axis; -1: reads zero.
inline int tap_of(float tap, int n, float low, float high, int padding) {
  if (tap >= 0.0f && tap < (float)n) return (int)tap;
  if (padding == 0) return -1;
  if (padding == 1) return tap < 0.0f ? 0 : n - 1;
  return (int)clamp(reflected(tap, low, high), 0.0f, (float)(n - 1));
}

inline float weight_of(float d) {
#if TAPS == 4
  const float a = -0.75f;
  d = fabs(d);
  if (d <= 1.0f) return ((a + 2.0f) * d - (a + 3.0f)) * d * d + 1.0f;
  return d < 2.0f ? ((a * d - 5.0f * a) * d + 8.0f * a) * d - 4.0f * a : 0.0f;
#elif TAPS == 2
  return 1.0f - fabs(d);
#else
  return 1.0f;
#endif
}

kernel void grid_sample_points(VIREO_TENSOR(x), VIREO_TENSOR(grid), VIREO_TENSOR(y), const int8 shape,
                               const int4 extents, const int8 xs, const int8 strides) {
  VIREO_AT(T, x);
  VIREO_AT(G, grid);
  VIREO_AT(T, y);
  const int point = get_global_id(0), first = get_global_id(1) * CHUNK, n = get_global_id(2);
  if (point >= shape.s2 || first >= shape.s1) return;
  const int extent[4] = {extents.s0, extents.s1, extents.s2, 1};
  const int steps[4] = {xs.s2, xs.s3, xs.s4, 0};
  int place[RANK][TAPS];
  float weight[RANK][TAPS];
#pragma unroll
  for (int axis = 0; axis < RANK; ++axis) {
    const int e = extent[axis];
    const float low = shape.s5 ? 0.0f : -0.5f, high = e - (shape.s5 ? 1.0f : 0.5f);
    const float at = position_of(GET(G, grid, n * strides.s0 + point * strides.s1 + RANK - 1 - axis), e, low, high,
                                 shape.s4, shape.s5);
#pragma unroll
    for (int k = 0; k < TAPS; ++k) {
      const float tap = floor(at) + (TAPS == 4 ? k - 1 : k);
      const int index = tap_of(tap, e, low, high, shape.s4);
      place[axis][k] = index < 0 ? -1 : index * steps[axis];
      weight[axis][k] = index < 0 ? 0.0f : weight_of(at - tap);
    }
  }
  float sum[CHUNK];
#pragma unroll
  for (int c = 0; c < CHUNK; ++c) sum[c] = 0.0f;
  const int base = n * xs.s0 + first * xs.s1;
#if RANK > 2
  for (int k2 = 0; k2 < TAPS; ++k2)
#endif
#if RANK > 1
    for (int k1 = 0; k1 < TAPS; ++k1)
#endif
      for (int k0 = 0; k0 < TAPS; ++k0) {
        float w = weight[0][k0];
        int from = place[0][k0];
#if RANK > 1
        w *= weight[1][k1];
        from += place[1][k1];
#endif
#if RANK > 2
        w *= weight[2][k2];
        from += place[2][k2];
#endif
        if (w == 0.0f) continue;
#pragma unroll
        for (int c = 0; c < CHUNK; ++c)
          if (first + c < shape.s1) sum[c] += w * GET(T, x, base + from + c * xs.s1);
      }
  const int to = n * strides.s2 + first * strides.s3 + point / shape.s3 * strides.s4 + point % shape.s3;
#pragma unroll
  for (int c = 0; c < CHUNK; ++c)
    if (first + c < shape.s1) PUT(T, y, to + c * strides.s3, sum[c]);
}
