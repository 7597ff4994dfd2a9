// The front of an image network on tensor cores: the picture as it is, converted, scaled and shifted; the first
// convolution; its activation; windows of maxima. A group makes strips of rows of the result. ROWS rows of the
// convolution at a time: their piece of the picture lies in local memory as float16, channels last without gaps, twice,
// so that the next piece is on its way meanwhile; what they make stays in local memory too, as long as windows of the
// pool need it. Nothing but the picture is read and nothing but the result is written.
//
// Products are m16n8k16, 16 pixels of a row by 8 channels. A warp keeps the weights of its NT times 8 channels in
// registers for all that it does, so local memory serves the pixels only. Depth: KH rows of KP pairs of neighbours in the
// row (KW * CHANNELS of them, rounded up to even), all rows one behind the other, rounded up to 16: a pair is one word
// in local memory, since windows begin at even places (SW * CHANNELS is even). PITCH, words of a row of the picture, is
// KP more than a multiple of 32, so that pairs of a product lie in banks of their own across rows, too.
// What bounds it: loads from local memory, four of a word for 8 * NT channels of 16 pixels.
//
// Defines: X and RAW (type of the image), CHANNELS, KH, KW, SH, SW, KP, STEPS (depth / 16), PARTS (of 16 pixels, in a
// row), ROWS, ROW_PAIRS (of pixels, in a row of the picture), PITCH, CHANNEL_WARPS, NT, CHUNKS (of 8 channels of the
// result), WIDTH (of the result), POOL_K, POOL_S, POOL_P, ACTIVATION.
#define PICTURE_ROWS ((ROWS - 1) * SH + KH)
#define PICTURE (PICTURE_ROWS * PITCH)
#define RING (ROWS + POOL_K - 1)
#define MADE (CHANNEL_WARPS * NT * 8)  // channels
#define PIXEL_BYTES (MADE * 2 + 16)
#define PIXEL_WARPS (8 / CHANNEL_WARPS)
#define PIXEL_WORDS (SW * CHANNELS / 2)
#define UNITS ((PICTURE_ROWS * ROW_PAIRS + 255) / 256)

INLINE uint largest(uint a, uint b) {
  uint v;
  asm("max.NaN.f16x2 %0,%1,%2;" : "=r"(v) : "r"(a), "r"(b));
  return v;
}

// A word of local memory and the one 8 pixels on. Places there are 32 bits, pointers would be 64.
INLINE void load_two(uint at, uint *to) {
  asm volatile("ld.shared.u32 %0,[%2];\nld.shared.u32 %1,[%2+%3];"
               : "=r"(to[0]), "=r"(to[1])
               : "r"(at), "n"(8 * PIXEL_WORDS * 4)
               : "memory");
}

// COUNT times 16 pixels, PIXEL_WARPS * 16 apart in the rows at hand: from `picture` into `made`.
#define PRODUCTS(COUNT)                                                                                        \
  {                                                                                                            \
    float sums[COUNT][NT][4];                                                                                  \
    uint at[COUNT];                                                                                            \
    _Pragma("unroll") for (int i = 0; i < COUNT; ++i) {                                                        \
      const int part = begin + i * PIXEL_WARPS;                                                                \
      at[i] = piece + (part / PARTS * (SH * PITCH) + (part % PARTS * 16 + (lane >> 2)) * PIXEL_WORDS) * 4;     \
      _Pragma("unroll") for (int n = 0; n < NT; ++n)                                                           \
        _Pragma("unroll") for (int j = 0; j < 4; ++j) sums[i][n][j] = 0.0f;                                    \
    }                                                                                                          \
    _Pragma("unroll") for (int s = 0; s < STEPS; ++s) {                                                        \
      _Pragma("unroll") for (int i = 0; i < COUNT; ++i) {                                                      \
        uint a[4];                                                                                             \
        load_two(at[i] + places[s][0], a);                                                                     \
        load_two(at[i] + places[s][1], a + 2);                                                                 \
        _Pragma("unroll") for (int n = 0; n < NT; ++n)                                                         \
          multiply_add(sums[i][n], a, weights[n][s][0], weights[n][s][1]);                                     \
      }                                                                                                        \
    }                                                                                                          \
    _Pragma("unroll") for (int i = 0; i < COUNT; ++i) {                                                        \
      const int part = begin + i * PIXEL_WARPS, slot = (row + part / PARTS) % RING;                            \
      local uchar *to = made + ((slot * PARTS + part % PARTS) * 16 + (lane >> 2)) * PIXEL_BYTES + own_channel * 2; \
      _Pragma("unroll") for (int n = 0; n < NT; ++n) {                                                         \
        *(local uint *)(to + n * 16) = pack(ACTIVATE(sums[i][n][0] + shift[n][0]), ACTIVATE(sums[i][n][1] + shift[n][1])); \
        *(local uint *)(to + n * 16 + 8 * PIXEL_BYTES) =                                                       \
            pack(ACTIVATE(sums[i][n][2] + shift[n][0]), ACTIVATE(sums[i][n][3] + shift[n][1]));                \
      }                                                                                                        \
    }                                                                                                          \
  }

// Two neighbours of a row of the piece that begins with row `from` of the picture, for each unit of an item.
#define UNIT(u)                                                                   \
  const int unit = (u) * 256 + item, line = unit / ROW_PAIRS, pair = unit % ROW_PAIRS; \
  const int h = from + line, v = 2 * pair - conv.s3;                              \
  const bool inside = unit < PICTURE_ROWS * ROW_PAIRS && (uint)h < (uint)in.s0;
#define FETCH                                                                                              \
  _Pragma("unroll") for (int u = 0; u < UNITS; ++u) {                                                      \
    UNIT(u)                                                                                                \
    const int place = image * xs.s0 + h * xs.s1 + v * xs.s2;                                               \
    _Pragma("unroll") for (int k = 0; k < 2; ++k)                                                          \
      _Pragma("unroll") for (int c = 0; c < CHANNELS; ++c)                                                 \
        held[u][k * CHANNELS + c] = inside && (uint)(v + k) < (uint)in.s1 ? x_at[place + k * xs.s2 + c * xs.s3] : (RAW)0; \
  }
#define PUT_DOWN(piece)                                                                                    \
  _Pragma("unroll") for (int u = 0; u < UNITS; ++u) {                                                      \
    UNIT(u)                                                                                                \
    float value[2 * CHANNELS];                                                                             \
    _Pragma("unroll") for (int k = 0; k < 2; ++k)                                                          \
      _Pragma("unroll") for (int c = 0; c < CHANNELS; ++c)                                                 \
        value[k * CHANNELS + c] = inside && (uint)(v + k) < (uint)in.s1                                    \
                                      ? GET(X, (const X *)&held[u][k * CHANNELS + c], 0) * factor[c] + summand[c] : 0.0f; \
    if (unit < PICTURE_ROWS * ROW_PAIRS)                                                                   \
      _Pragma("unroll") for (int k = 0; k < CHANNELS; ++k)                                                 \
        (piece)[line * PITCH + pair * CHANNELS + k] = pack(value[2 * k], value[2 * k + 1]);                \
  }

// in: height, width, images, strips of an image; xs: strides of image, row, pixel, channel. conv: height and width of
// the convolution's result, padding above and left. out: height, width, elements between pixels, channels.
kernel __attribute__((reqd_work_group_size(256, 1, 1))) void image_conv(VIREO_TENSOR(x), VIREO_TENSOR(w),
                                                                        VIREO_TENSOR(bias), VIREO_TENSOR(factors),
                                                                        VIREO_TENSOR(y), const int4 in, const int4 xs,
                                                                        const int4 conv, const int4 out) {
  VIREO_LOCAL(uint, picture, 2 * PICTURE);
  VIREO_LOCAL(uchar, made, RING * PARTS * 16 * PIXEL_BYTES);
  VIREO_AT(const RAW, x);
  VIREO_AT(const uint, w);
  VIREO_AT(const float, bias);
  VIREO_AT(const float, factors);
  VIREO_AT(ushort, y);
  const global RAW *x_at = x;
  const int item = get_local_id(0), lane = item & 31, warp = item >> 5;
  const int pixel_warp = warp / CHANNEL_WARPS, first_channel = warp % CHANNEL_WARPS * (NT * 8);
  const int own_channel = first_channel + (lane & 3) * 2;

  uint weights[NT][STEPS][2];
  uint places[STEPS][2];
  float shift[NT][2], factor[CHANNELS], summand[CHANNELS];
#pragma unroll
  for (int s = 0; s < STEPS; ++s)
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      const int pair = s * 8 + j * 4 + (lane & 3);
      places[s][j] = pair < KH * KP ? (pair / KP * PITCH + pair % KP) * 4 : 0;  // behind the last one weights are zero
#pragma unroll
      for (int n = 0; n < NT; ++n)
        weights[n][s][j] = w[(first_channel + n * 8 + (lane >> 2)) * (STEPS * 8) + pair];
    }
#pragma unroll
  for (int n = 0; n < NT; ++n)
#pragma unroll
    for (int j = 0; j < 2; ++j) shift[n][j] = bias[own_channel + n * 8 + j];
#pragma unroll
  for (int c = 0; c < CHANNELS; ++c) {
    factor[c] = factors[c];
    summand[c] = factors[CHANNELS + c];
  }

  for (int work = get_group_id(0); work < in.s2 * in.s3; work += get_num_groups(0)) {
    const int image = work / in.s3, strip = work % in.s3;
    int next = out.s0 * strip / in.s3;
    const int end = out.s0 * (strip + 1) / in.s3;
    if (next == end) continue;
    int row = max(next * POOL_S - POOL_P, 0), half_of = 0;
    const int last = min((end - 1) * POOL_S - POOL_P + POOL_K, conv.s0);
    RAW held[UNITS][2 * CHANNELS];
    int from = row * SH - conv.s2;
    FETCH
    PUT_DOWN(picture)
    barrier(CLK_LOCAL_MEM_FENCE);
    for (; row < last; row += ROWS, half_of ^= 1) {
      const int rows = min(ROWS, last - row);
      const bool more = row + ROWS < last;
      from = (row + ROWS) * SH - conv.s2;
      if (more) { FETCH }
      const uint piece = place_of(picture + half_of * PICTURE);
      int begin = pixel_warp;
      for (; begin + PIXEL_WARPS < rows * PARTS; begin += 2 * PIXEL_WARPS) PRODUCTS(2)
      if (begin < rows * PARTS) PRODUCTS(1)
      if (more) { PUT_DOWN(picture + (half_of ^ 1) * PICTURE) }
      barrier(CLK_LOCAL_MEM_FENCE);
      int windows = 0;  // rows of them that are complete
      while (next + windows < end && min((next + windows) * POOL_S - POOL_P + POOL_K, conv.s0) <= row + rows) ++windows;
      for (int e = item; e < windows * WIDTH * CHUNKS; e += 256) {
        const int chunk = e % CHUNKS, column = e / CHUNKS % WIDTH, line = next + e / (CHUNKS * WIDTH);
        uint4 most = (uint4)(0xFC00FC00u);
#pragma unroll
        for (int i = 0; i < POOL_K; ++i)
#pragma unroll
          for (int j = 0; j < POOL_K; ++j) {
            // Beyond the border stands the border, which the window has anyway.
            const int h = clamp(line * POOL_S - POOL_P + i, 0, conv.s0 - 1);
            const int v = clamp(column * POOL_S - POOL_P + j, 0, conv.s1 - 1);
            const uint4 one = *(const local uint4 *)(made + (h % RING * (PARTS * 16) + v) * PIXEL_BYTES + chunk * 16);
            most = (uint4)(largest(most.s0, one.s0), largest(most.s1, one.s1), largest(most.s2, one.s2),
                           largest(most.s3, one.s3));
          }
        *(global uint4 *)(y + ((image * out.s0 + line) * WIDTH + column) * out.s2 + chunk * 8) = most;
      }
      next += windows;
      barrier(CLK_LOCAL_MEM_FENCE);
    }
  }
}
