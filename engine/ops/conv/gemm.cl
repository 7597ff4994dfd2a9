// Convolution, channels-last, as a product of pixels and packed weights: a work-group makes a tile of BM pixels x BN
// channels, BK terms at a time through local memory; an item sums TM x TN of it (multiples of four) in registers, and
// fetches the next terms while it computes. Weights are [group][tile of BN output channels][tap x input channel, padded
// to BK][output channel of the tile]. With QUAD input channels are a multiple of four. Arguments as in
// shared/opencl/conv_any.cl, and
//   parts: how many tiles of BN a group has; in how many parts the terms are cut; how many BK a part has.
// The loop over the terms of a tile is unrolled UNROLL times. With PARTS the sums of each part go to `y`, float
// [part][pixel][channel], and conv_gemm_finish (FINISH) makes the output.
#define COLUMNS (BN / TN)
#define ITEMS (BM / TM * COLUMNS)
#ifdef QUAD
#define WIDE 4
#else
#define WIDE 1
#endif
#define LANES (BK / WIDE)        // items side by side that fetch terms of one pixel
#define STEP (ITEMS / LANES)     // pixels fetched at a time
#define FETCHES ((BM + STEP - 1) / STEP)
#define FLOATS4 (BK * BN / 4)    // of a tile of weights
#define FETCHES_W ((FLOATS4 + ITEMS - 1) / ITEMS)
#define PITCH (BM + 4)

#define ALIGNED4_float(p, i) (*(const global float4 *)((p) + (i)))
#define ALIGNED4_half(p, i) vloada_half4(0, (p) + (i))
#define ALIGNED4(type, p, i) VIREO_PASTE(ALIGNED4_, type)(p, i)

#ifndef FINISH
kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void conv_gemm(
    VIREO_TENSOR(x), VIREO_TENSOR(w), VIREO_TENSOR(bias), VIREO_TENSOR(residual), VIREO_TENSOR(y), const int8 in,
    const int8 out, const int8 window, const int8 place, const int8 xs, const int8 ys, const int8 rs, const int4 parts,
    const int flags) {
  VIREO_AT(T, x);
  VIREO_AT(T, w);
  VIREO_AT(float, bias);
  VIREO_AT(T, residual);
  local float a[BK * PITCH] __attribute__((aligned(16))), b[BK * BN] __attribute__((aligned(16)));
  const int lid = get_local_id(0);
  const int tile = get_group_id(0) % parts.s0, pixel0 = get_group_id(0) / parts.s0 * BM;
  const int part = get_group_id(1), group = get_group_id(2);
  const int pixels = out.s4 * out.s0 * out.s1 * out.s2;
  const int terms = window.s0 * window.s1 * window.s2 * in.s3;
  const int padded = parts.s0 * BN, steps = (terms + BK - 1) / BK;
  const int begin = part * parts.s2, end = min(begin + parts.s2, steps);
#ifdef QUAD
  const bool aligned = ((size_t)x & (4 * sizeof(T) - 1)) == 0 && xs.s4 % 4 == 0;
#endif

  // Where the pixels that this item fetches begin in x, before any tap; below all extents where there is none.
  const int lane = lid % LANES, row = lid / LANES;
  int from[FETCHES], depth[FETCHES], height[FETCHES], width[FETCHES];
#pragma unroll
  for (int f = 0; f < FETCHES; ++f) {
    const int m = row + f * STEP, pixel = pixel0 + m;
    width[f] = pixel % out.s2 * window.s5 - place.s2;
    height[f] = pixel / out.s2 % out.s1 * window.s4 - place.s1;
    depth[f] = pixel / (out.s2 * out.s1) % out.s0 * window.s3 - place.s0;
    from[f] = pixel / (out.s2 * out.s1 * out.s0) * xs.s0 + group * in.s3 + depth[f] * xs.s2 + height[f] * xs.s3 +
              width[f] * xs.s4;
    if (pixel >= pixels || m >= BM) depth[f] = -(1 << 30);
  }
  // The tap and channel that it fetches next.
  int channel = (begin * BK + lane * WIDE) % in.s3, tap = (begin * BK + lane * WIDE) / in.s3;
  int kw = tap % window.s2, kh = tap / window.s2 % window.s1, kd = tap / (window.s2 * window.s1);
  const global T *weights = w + ((group * parts.s0 + tile) * steps + begin) * BK * BN;

#ifdef QUAD
  float4 next[FETCHES];
#else
  float next[FETCHES];
#endif
  float4 next_w[FETCHES_W];

#define FETCH()                                                                                            \
  {                                                                                                        \
    const int d = kd * place.s3, h = kh * place.s4, v = kw * place.s5;                                     \
    const int shift = d * xs.s2 + h * xs.s3 + v * xs.s4 + channel;                                         \
    _Pragma("unroll") for (int f = 0; f < FETCHES; ++f) {                                                  \
      const bool inside = kd < window.s0 && (uint)(depth[f] + d) < (uint)in.s0 &&                          \
                          (uint)(height[f] + h) < (uint)in.s1 && (uint)(width[f] + v) < (uint)in.s2;       \
      next[f] = 0.0f;                                                                                      \
      if (inside) next[f] = VALUE(from[f] + shift);                                                        \
    }                                                                                                      \
    _Pragma("unroll") for (int f = 0; f < FETCHES_W; ++f) {                                                \
      const int q = lid + f * ITEMS;                                                                       \
      if (FLOATS4 % ITEMS == 0 || q < FLOATS4)                                                             \
        next_w[f] = ALIGNED4(T, weights, q * 4);                                                           \
    }                                                                                                      \
    weights += BK * BN;                                                                                    \
    channel += BK;                                                                                         \
    while (channel >= in.s3) {                                                                             \
      channel -= in.s3;                                                                                    \
      if (++kw == window.s2) {                                                                             \
        kw = 0;                                                                                            \
        if (++kh == window.s1) {                                                                           \
          kh = 0;                                                                                          \
          ++kd;                                                                                            \
        }                                                                                                  \
      }                                                                                                    \
    }                                                                                                      \
  }
#ifdef QUAD
#define VALUE(i) (aligned ? ALIGNED4(T, x, i) : GET4(T, x, i))
#else
#define VALUE(i) GET(T, x, i)
#endif

  const int r = lid / COLUMNS, c = lid % COLUMNS;
  float4 sum[TM][TN / 4];
#pragma unroll
  for (int i = 0; i < TM; ++i)
#pragma unroll
    for (int j = 0; j < TN / 4; ++j) sum[i][j] = (float4)(0.0f);
  if (begin < end) FETCH();
  for (int s = begin; s < end; ++s) {
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
    for (int f = 0; f < FETCHES; ++f) {
      const int m = row + f * STEP;
      if (BM % STEP == 0 || m < BM) {
#ifdef QUAD
        a[(lane * 4 + 0) * PITCH + m] = next[f].s0;
        a[(lane * 4 + 1) * PITCH + m] = next[f].s1;
        a[(lane * 4 + 2) * PITCH + m] = next[f].s2;
        a[(lane * 4 + 3) * PITCH + m] = next[f].s3;
#else
        a[lane * PITCH + m] = next[f];
#endif
      }
    }
#pragma unroll
    for (int f = 0; f < FETCHES_W; ++f) {
      const int q = lid + f * ITEMS;
      if (FLOATS4 % ITEMS == 0 || q < FLOATS4) ((local float4 *)b)[q] = next_w[f];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (s + 1 < end) FETCH();
#pragma unroll UNROLL
    for (int k = 0; k < BK; ++k) {
      float4 av[TM / 4], bv[TN / 4];
#pragma unroll
      for (int i = 0; i < TM / 4; ++i) av[i] = *(const local float4 *)(a + k * PITCH + i * (BM * 4 / TM) + r * 4);
#pragma unroll
      for (int j = 0; j < TN / 4; ++j) bv[j] = *(const local float4 *)(b + k * BN + j * (BN * 4 / TN) + c * 4);
#pragma unroll
      for (int i = 0; i < TM / 4; ++i)
#pragma unroll
        for (int j = 0; j < TN / 4; ++j) {
          sum[i * 4 + 0][j] += av[i].s0 * bv[j];
          sum[i * 4 + 1][j] += av[i].s1 * bv[j];
          sum[i * 4 + 2][j] += av[i].s2 * bv[j];
          sum[i * 4 + 3][j] += av[i].s3 * bv[j];
        }
    }
  }

#ifdef PARTS
  VIREO_AT(float, y);
#else
  VIREO_AT(T, y);
#endif
#pragma unroll
  for (int j = 0; j < TN / 4; ++j) {
    const int column = tile * BN + j * (BN * 4 / TN) + c * 4, count = min(in.s4 - column, 4);
    if (count <= 0) continue;
    const int place_c = group * in.s4 + column;
    const float4 shift = GET4(float, bias, group * padded + column);
#pragma unroll
    for (int i = 0; i < TM; ++i) {
      const int pixel = pixel0 + i / 4 * (BM * 4 / TM) + r * 4 + i % 4;
      if (pixel >= pixels) continue;
      float4 v = sum[i][j];
#ifdef PARTS
      const int to = (part * pixels + pixel) * out.s3 + place_c;
      if (count == 4) vstore4(v, 0, y + to);
      else {
        y[to] = v.s0;
        if (count > 1) y[to + 1] = v.s1;
        if (count > 2) y[to + 2] = v.s2;
      }
#else
      const int to = pixel * ys.s4 + place_c, more = pixel * rs.s4 + place_c;
      v += shift;
      if (flags & 6) {
        float4 residue = (float4)(0.0f);
        if (count == 4 && place_c + 4 <= out.s5) residue = GET4(T, residual, more);
        else {
          if (place_c < out.s5) residue.s0 = GET(T, residual, more);
          if (count > 1 && place_c + 1 < out.s5) residue.s1 = GET(T, residual, more + 1);
          if (count > 2 && place_c + 2 < out.s5) residue.s2 = GET(T, residual, more + 2);
          if (count > 3 && place_c + 3 < out.s5) residue.s3 = GET(T, residual, more + 3);
        }
        if (flags & 2) v += residue;
        v = (float4)(ACTIVATE(v.s0), ACTIVATE(v.s1), ACTIVATE(v.s2), ACTIVATE(v.s3));
        if (flags & 4) v += residue;
      } else {
        v = (float4)(ACTIVATE(v.s0), ACTIVATE(v.s1), ACTIVATE(v.s2), ACTIVATE(v.s3));
      }
      if (count == 4) PUT4(T, y, to, v);
      else {
        PUT(T, y, to, v.s0);
        if (count > 1) PUT(T, y, to + 1, v.s1);
        if (count > 2) PUT(T, y, to + 2, v.s2);
      }
#endif
    }
  }
}
#else
// shape: channels, pixels, parts, flags; pitches: y, residual, residual channels, padded channels of a group; -.
kernel void conv_gemm_finish(VIREO_TENSOR(sums), VIREO_TENSOR(bias), VIREO_TENSOR(residual), VIREO_TENSOR(y),
                             const int4 shape, const int4 pitches, const int group_channels) {
  VIREO_AT(float, sums);
  VIREO_AT(float, bias);
  VIREO_AT(T, residual);
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item >= shape.s0 * shape.s1) return;
  const int channel = item % shape.s0, pixel = item / shape.s0;
  float sum = bias[channel / group_channels * pitches.s3 + channel % group_channels];
  for (int part = 0; part < shape.s2; ++part) sum += sums[part * shape.s0 * shape.s1 + item];
  float more = 0.0f;
  if (shape.s3 & 6 && channel < pitches.s2) more = GET(T, residual, pixel * pitches.s1 + channel);
  sum = shape.s3 & 2 ? ACTIVATE(sum + more) : ACTIVATE(sum) + more;
  PUT(T, y, pixel * pitches.s0 + channel, sum);
}
#endif
