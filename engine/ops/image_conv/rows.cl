// The front of an image network on Hopper's tensor cores: the picture as it is, converted, scaled and shifted; a first
// convolution of stride 2 with at most 64 filters; its activation; windows of maxima of 3x3, stride 2, padding 1.
// Nothing but the picture is read and nothing but the result is written.
//
// The product is turned round: rows are filters, columns 112 pixels of a row of the convolution. So an item has
// neighbours of a row for the same filters, and maxima are taken in registers: across a row with a neighbour's pixel,
// down the rows as they are made. The picture's rows lie in a ring in local memory: pairs of pixels of four channels
// (zeros for those that there aren't), a word of 16 bytes each. A window's row begins at an even pixel (the weights of
// what it reads too much are 0), so that windows begin a pair apart and the operand of wgmma, 16 numbers of depth by
// 112 pixels, is two columns of words where they lie, without swizzle: no pixel is copied for another window.
//
// A group is a warpgroup that multiplies and one that loads, two groups are on a multiprocessor: one's products run
// while the other takes maxima. A piece of work is a strip of rows of the result, 56 pixels of each, of an image;
// strips begin with a row of the convolution that the one before made too. Rows of the picture come in batches of 2 *
// SH, of which a row of the convolution needs those up to its last, and with every second row the oldest isn't needed
// any more. `full` (all items that loaded) and `empty` hand batches on; results leave through two places for a row, so
// that one meeting a row is enough. Bound by wgmma (KH rows of STEPS slices, a third to a half of them zeros) and by
// the instructions of maxima, for which a warpgroup waits before its next row: sums begin with the bias, and relu
// (RELU_LAST) comes after the maxima, which it doesn't change. 128 pictures of 224x224, 7x7, 64 filters on an H200: 99
// us, wgmma alone 50 (by mma.sync, strips.cl: 203).
//
// Defines: RELU_LAST, T (type of the image), CHANNELS, TOGETHER (pixels that lie and are loaded side by side: 1, 2),
// KH, STEPS (of 16, in a row of the window), SH, BATCHES (in the ring), CHUNKS (of 8 channels of the result),
// ACTIVATION.
#define PIXELS 112  // of the convolution, in a row
#define PAIRS (PIXELS + 2 * STEPS - 1)
#define BATCH_ROWS (2 * SH)
#define BATCH (BATCH_ROWS * PAIRS)  // words
#define UNITS ((BATCH + 127) / 128)
#define WEIGHTS (KH * STEPS * 128)  // words: [row][step][pair][filter]
#define PITCH 144                   // bytes between pixels of a place for results: items of a warp write to 32 banks
#define NOTHING 0xFC00FC00u
#if RELU_LAST
#define EACH(x) (x)
#else
#define EACH ACTIVATE
#endif

INLINE void multiply_112(float *d, ulong a, ulong b, int add) {
  asm volatile(
        "//@ {.reg .pred p; setp.ne.b32 p,%58,0; wgmma.mma_async.sync.aligned.m64n112k16.f32.f16.f16 {"
        "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,"
        "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31,"
        "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,"
        "%48,%49,%50,%51,%52,%53,%54,%55"
        "},%56,%57,p,1,1,0,0;}\n"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]),
        "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]),
        "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),
        "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]),
        "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]),
        "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]),
        "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55])
      : "l"(a), "l"(b), "r"(add)
      : "memory");
}
INLINE uint largest(uint a, uint b) {
  uint v;
  asm("max.NaN.f16x2 %0,%1,%2;" : "=r"(v) : "r"(a), "r"(b));
  return v;
}
INLINE uint of_lane(uint value, uint lane) {
  uint other;
  asm volatile("shfl.sync.idx.b32 %0,%1,%2,0x1f,0xffffffff;" : "=r"(other) : "r"(value), "r"(lane));
  return other;
}
INLINE void put_word(uint at, uint4 v) {
  asm volatile("st.shared.v4.u32 [%0],{%1,%2,%3,%4};" ::"r"(at), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w) : "memory");
}
INLINE void put_half(uint at, uint v) {
  asm volatile("{.reg .b16 h;cvt.u16.u32 h,%1;st.shared.b16 [%0],h;}" ::"r"(at), "r"(v) : "memory");
}
// Of a pixel, channels 2 c and 2 c + 1 as they are multiplied.
#define PAIR_OF(v, c)                                                    \
  pack((c) * 2 < CHANNELS ? (v)[(c) * 2 < CHANNELS ? (c) * 2 : 0] : 0.0f, \
       (c) * 2 + 1 < CHANNELS ? (v)[(c) * 2 + 1 < CHANNELS ? (c) * 2 + 1 : 0] : 0.0f)

// Pieces of work `work`: `next` to `end` are its rows of the result, `top` to `last` those of the convolution.
#define PIECE                                                                             \
  const int of_image = work / in.s3, strip = work - of_image * in.s3;                     \
  const int image = of_image / conv.s3, segment = of_image - image * conv.s3;             \
  const int next = out.s0 * strip / in.s3, end = out.s0 * (strip + 1) / in.s3;            \
  const int top = max(2 * next - 1, 0), last = min(2 * end, conv.s0), left = segment * (PIXELS - 2); \
  const int batches = (SH * (last - top - 1) + KH - 1) / BATCH_ROWS + 1;

// in: height, width, images, strips of an image; xs: strides of image, row, pixel, channel. conv: height and width of
// the convolution's result, padding above, segments of a row. out: height, width, elements between pixels, pairs of
// pixels that windows begin before the picture.
kernel __attribute__((reqd_work_group_size(256, 1, 1))) void image_conv_rows(
    VIREO_TENSOR(x), VIREO_TENSOR(w), VIREO_TENSOR(bias), VIREO_TENSOR(factors), VIREO_TENSOR(y), const int4 in,
    const int4 xs, const int4 conv, const int4 out) {
  local uchar memory[(WEIGHTS + BATCHES * BATCH) * 16 + 2 * (PIXELS / 2) * PITCH] __attribute__((aligned(1024)));
  local ulong barriers[2 * BATCHES];
  VIREO_AT(T, x);
  VIREO_AT(uint4, w);
  VIREO_AT(float, bias);
  VIREO_AT(float, factors);
  VIREO_AT(ushort, y);
  const uint weights = (uint)(size_t)memory, ring = weights + WEIGHTS * 16, places = ring + BATCHES * BATCH * 16;
  const uint full = (uint)(size_t)barriers, empty = full + 8 * BATCHES;
  const uint me = item(), mine = me & 127;
  const int total = in.s2 * in.s3 * conv.s3;
  if (me == 0) {
    for (int i = 0; i < BATCHES; ++i) {
      barrier_init(full + 8 * i, 128);
      barrier_init(empty + 8 * i, 1);
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  meet(0, 256);
  if (me >= 128) {
    float factor[CHANNELS], summand[CHANNELS];
#pragma unroll
    for (int c = 0; c < CHANNELS; ++c) {
      factor[c] = factors[c];
      summand[c] = factors[CHANNELS + c];
    }
    uint slot = 0, parity = 1;
    for (int work = get_group_id(0); work < total; work += get_num_groups(0)) {
      PIECE
      for (int batch = 0; batch < batches; ++batch) {
        const int above = top * SH - conv.s2 + batch * BATCH_ROWS;
        float values[UNITS][2][CHANNELS];
        uint inside = 0;
#pragma unroll
        for (int u = 0; u < UNITS; ++u) {
          const int place = u * 128 + mine, line = place / PAIRS, pair = place - line * PAIRS;
          const int h = above + line, v = 2 * (left + pair - out.s3);
          const int from = image * xs.s0 + h * xs.s1 + v * xs.s2;
          const bool here = place < BATCH && (uint)h < (uint)in.s0;
#if TOGETHER == 2
          if (here && (uint)v < (uint)in.s1) {
            inside |= 3u << (2 * u);
#pragma unroll
            for (int c = 0; c < CHANNELS; ++c) {
              const float2 two = *(global const float2 *)(x + from + c * xs.s3);
              values[u][0][c] = two.x;
              values[u][1][c] = two.y;
            }
          }
#else
#pragma unroll
          for (int j = 0; j < 2; ++j)
            if (here && (uint)(v + j) < (uint)in.s1) {
              inside |= 1u << (2 * u + j);
#pragma unroll
              for (int c = 0; c < CHANNELS; ++c) values[u][j][c] = (float)GET(T, x, from + j * xs.s2 + c * xs.s3);
            }
#endif
        }
        barrier_wait(empty + 8 * slot, parity);
        const uint to = ring + slot * (BATCH * 16);
#pragma unroll
        for (int u = 0; u < UNITS; ++u) {
#pragma unroll
          for (int j = 0; j < 2; ++j)
#pragma unroll
            for (int c = 0; c < CHANNELS; ++c)
              values[u][j][c] = inside >> (2 * u + j) & 1 ? values[u][j][c] * factor[c] + summand[c] : 0.0f;
          if (u * 128 + mine < BATCH)
            put_word(to + (u * 128 + mine) * 16, (uint4)(PAIR_OF(values[u][0], 0), PAIR_OF(values[u][0], 1),
                                                        PAIR_OF(values[u][1], 0), PAIR_OF(values[u][1], 1)));
        }
        fence_proxy();
        barrier_arrive(full + 8 * slot);
        if (++slot == BATCHES) {
          slot = 0;
          parity ^= 1;
        }
      }
    }
    return;
  }
  for (int i = mine; i < WEIGHTS; i += 128) put_word(weights + i * 16, w[i]);
  fence_proxy();
  meet(1, 128);
  const uint lane = me & 31, quarter = lane & 3, filter = (mine >> 5) * 16 + (lane >> 2);
  const uint before_me = (lane & 28) | ((lane + 3) & 3);
  const float shift_low = bias[filter], shift_high = bias[filter + 8];
  // Fields of descriptors: the next eight of depth lie 64 words (weights) or one (pixels) on, eight rows on eight.
  const ulong dw = (8UL << 32) | (64UL << 16) | ((weights >> 4) & 0x3FFF);
  uint slot = 0, parity = 0, row_count = 0;  // of the first batch that a row needs
  for (int work = get_group_id(0); work < total; work += get_num_groups(0)) {
    PIECE
    int seen = 0, first = 0;  // batches of the piece that have come; the first that is needed
    uint seen_slot = slot, seen_parity = parity;
    uint most[PIXELS / 8];
#pragma unroll
    for (int j = 0; j < PIXELS / 8; ++j) most[j] = NOTHING;
    for (int row = top; row < last; ++row) {
      const int from = SH * (row - top), odd = (row - top) & 1;
      while (seen <= (from + KH - 1) / BATCH_ROWS) {
        barrier_wait(full + 8 * seen_slot, seen_parity);
        ++seen;
        if (++seen_slot == BATCHES) {
          seen_slot = 0;
          seen_parity ^= 1;
        }
      }
      float sums[PIXELS / 2];
#pragma unroll
      for (int i = 0; i < PIXELS / 2; ++i) sums[i] = i & 2 ? shift_high : shift_low;
      asm volatile("//@ wgmma.fence.sync.aligned;\n" ::: "memory");
#pragma unroll
      for (int kh = 0; kh < KH; ++kh) {
        const int line = odd * SH + kh;
        int of = (int)slot + line / BATCH_ROWS;
        of = of >= BATCHES ? of - BATCHES : of;
        const uint at = (ring >> 4) + of * BATCH + line % BATCH_ROWS * PAIRS;
        const ulong da = (8UL << 32) | (1UL << 16) | (at & 0x3FFF);
#pragma unroll
        for (int s = 0; s < STEPS; ++s) multiply_112(sums, dw + (kh * STEPS + s) * 128, da + 2 * s, 1);
      }
      asm volatile("//@ wgmma.commit_group.sync.aligned;\n//@ wgmma.wait_group.sync.aligned 0;\n" ::: "memory");
      if (odd) {
        if (mine == 0) barrier_arrive(empty + 8 * slot);
        ++first;
        if (++slot == BATCHES) {
          slot = 0;
          parity ^= 1;
        }
      }
      // Maxima across, those that end in this row, and what the next one goes on with.
      const bool ends = row & 1, border = row == conv.s0 - 1 && !ends;
      uint result[PIXELS / 8], pairs[2][PIXELS / 8];  // even and odd pixels of both filters
#pragma unroll
      for (int j = 0; j < PIXELS / 8; ++j)
#pragma unroll
        for (int i = 0; i < 2; ++i) pairs[i][j] = pack(EACH(sums[4 * j + i]), EACH(sums[4 * j + 2 + i]));
      if (left + PIXELS > conv.s1)
#pragma unroll
        for (int j = 0; j < PIXELS / 8; ++j)
#pragma unroll
          for (int i = 0; i < 2; ++i)
            if (left + 8 * j + 2 * (int)quarter + i >= conv.s1) pairs[i][j] = NOTHING;
#pragma unroll
      for (int j = 0; j < PIXELS / 8; ++j) {
        const uint to_next = quarter < 3 ? pairs[1][j] : j > 0 ? pairs[1][j > 0 ? j - 1 : 0] : NOTHING;
        const uint across = largest(largest(pairs[0][j], pairs[1][j]), of_lane(to_next, before_me));
        result[j] = largest(most[j], across);
        most[j] = ends ? across : result[j];
      }
      const int line = row >> 1;
      if ((ends || border) && line >= next) {
        const uint place = places + (row_count & 1) * (PIXELS / 2 * PITCH);
#pragma unroll
        for (int j = 0; j < PIXELS / 8; ++j) {
          const uint at = place + (4 * j + quarter) * PITCH + filter * 2;
          const uint both = RELU_LAST ? largest(result[j], 0) : result[j];
          put_half(at, both);
          put_half(at + 16, both >> 16);
        }
        meet(1, 128);
        ++row_count;
        // Pixel 0 of a segment is the last of the one before.
        for (int e = mine + (segment ? CHUNKS : 0); e < PIXELS / 2 * CHUNKS; e += 128) {
          const int column = e / CHUNKS, chunk = e - column * CHUNKS, v = left / 2 + column;
          if (v >= out.s1) continue;
          uint4 word;
          asm volatile("ld.shared.v4.u32 {%0,%1,%2,%3},[%4];"
                       : "=r"(word.x), "=r"(word.y), "=r"(word.z), "=r"(word.w)
                       : "r"(place + column * PITCH + chunk * 16)
                       : "memory");
          *(global uint4 *)(y + ((image * out.s0 + line) * out.s1 + v) * out.s2 + chunk * 8) = word;
        }
      }
    }
    // What is left of the piece's batches is given back.
    for (; first < batches; ++first) {
      if (first >= seen) barrier_wait(full + 8 * slot, parity);
      if (mine == 0) barrier_arrive(empty + 8 * slot);
      if (++slot == BATCHES) {
        slot = 0;
        parity ^= 1;
      }
    }
  }
}
