// Convolution of an image as it comes, as a part of plan kernels (device/opencl/plan_kernel.h): what image_input and a
// first convolution do, in one. A piece of work is TILE_H rows of 64 output pixels x BN channels. The part of the picture
// that it needs is converted and goes into local memory once: by rows, pairs of pixels of four channels, a word of 16
// bytes each, zeros beside the picture and for channels that there aren't. A window's row begins at an even pixel
// (weights of what it reads too much are 0), so that the operand of wgmma, 64 pixels x 16 numbers of depth, is two
// columns of words, without swizzle: where windows begin PAIR_STRIDE pairs apart, pairs lie by their number modulo that.
// Each of two warpgroups takes UNITS rows at a time. Four neighbours of a warp have a word's pairs of channels: they give
// each other what makes whole words, which are stored with the run's mark.
// Bound by the latency of the picture's loads; by their bytes for large ones.
//
// Defines: T; XS_IMAGE, XS_ROW, XS_PIXEL, XS_CHANNEL (strides of x); CHANNELS, WIDTH, HEIGHT, IMAGES; TOGETHER pixels that
// lie and are loaded side by side (1, 2); OUT_W, OUT_H, Y_PITCH, COUT, BN; KH; STEPS of depth 16 in a row of the window;
// STRIDE_H, PAD_H, PAIR_STRIDE, PAIRS_BEFORE the picture; TILE_H, SEGMENTS of a row; UNITS; ACTIVATION; RESIDUAL 0.
#define PAIRS (64 + (2 * STEPS - 1) / PAIR_STRIDE)  // of one number modulo PAIR_STRIDE, in a row
#define ROW (PAIR_STRIDE * PAIRS)
#define ROWS ((TILE_H - 1) * STRIDE_H + KH)
#define PLACES (ROWS * ROW)
#define COLUMN_TILES ((COUT + BN - 1) / BN)
#define TILES_H ((OUT_H + TILE_H - 1) / TILE_H)
#define PIECES (IMAGES * TILES_H * SEGMENTS * COLUMN_TILES)
#define BIAS_AT (KH * STEPS * BN * 32)
#define WEIGHT_BYTES (BIAS_AT + BN * 4)
#ifdef VIREO_NVIDIA
#define BATCH (CHANNELS < 4 ? 4 : 2)  // pairs that an item loads at a time
#else
#define BATCH 1
#endif

// Of a pair, pixel j: channels 2 c and 2 c + 1 as they are multiplied.
#define PAIR_OF(v, c)                                                                    \
  pack((c) * 2 < CHANNELS ? (v)[(c) * 2 < CHANNELS ? (c) * 2 : 0] : 0.0f,                \
       (c) * 2 + 1 < CHANNELS ? (v)[(c) * 2 + 1 < CHANNELS ? (c) * 2 + 1 : 0] : 0.0f)

#ifdef VIREO_NVIDIA
#define STORE_PLACE(at, v) vireo_local_store(run->slab + (at) * 16, v)
#define MEET_ALL() meet(1, 256)
#if BN == 16
INLINE void multiply_16(float *d, ulong a, ulong b, int add) {
  asm volatile(
        "//@ {.reg .pred p; setp.ne.b32 p,%10,0; wgmma.mma_async.sync.aligned.m64n16k16.f32.f16.f16 {"
        "%0,%1,%2,%3,%4,%5,%6,%7"
        "},%8,%9,p,1,1,0,0;}\n"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7])
      : "l"(a), "l"(b), "r"(add)
      : "memory");
}
#define MULTIPLY multiply_16
#else
#define MULTIPLY multiply
#endif
INLINE uint other_lane(uint value, uint bits) {
  uint other;
  asm volatile("shfl.sync.bfly.b32 %0,%1,%2,0x1f,0xffffffff;" : "=r"(other) : "r"(value), "r"(bits));
  return other;
}
// Item q of four has pair q of four words, and gets word q.
INLINE uint4 turned(uint4 v, uint lane) {
  const bool odd = lane & 1, high = lane & 2;
  uint a = other_lane(odd ? v.x : v.y, 1), b = other_lane(odd ? v.z : v.w, 1);
  v.x = odd ? a : v.x;
  v.y = odd ? v.y : a;
  v.z = odd ? b : v.z;
  v.w = odd ? v.w : b;
  a = other_lane(high ? v.x : v.z, 2);
  b = other_lane(high ? v.y : v.w, 2);
  v.x = high ? a : v.x;
  v.y = high ? b : v.y;
  v.z = high ? v.z : a;
  v.w = high ? v.w : b;
  return v;
}
INLINE float2 local_floats(uint at) {
  float2 v;
  asm volatile("ld.shared.v2.f32 {%0,%1},[%2];" : "=f"(v.x), "=f"(v.y) : "r"(at) : "memory");
  return v;
}
#else
#define STORE_PLACE(at, v) ((local uint4 *)run->pool)[at] = v
#define MEET_ALL() barrier(CLK_LOCAL_MEM_FENCE)
#endif

kernel void image_conv_part(VIREO_RUN, VIREO_TENSOR(x), VIREO_TENSOR(scale), VIREO_TENSOR(shift), VIREO_TENSOR(w),
                            VIREO_TENSOR(y)) {
  VIREO_AT(T, x);
  VIREO_AT(float, scale);
  VIREO_AT(float, shift);
  global uint4 *ys = (global uint4 *)(y_block + y_offset);
  float factors[CHANNELS], shifts[CHANNELS];
#pragma unroll
  for (int c = 0; c < CHANNELS; ++c) {
    factors[c] = scale[c];
    shifts[c] = shift[c];
  }
  for (int piece = run->group; piece < PIECES; piece += run->groups) {
    const int column = piece % COLUMN_TILES, tile = piece / COLUMN_TILES, left = tile % SEGMENTS * 64;
    const int top = tile / SEGMENTS % TILES_H * TILE_H, image = tile / (SEGMENTS * TILES_H);
    const int above = top * STRIDE_H - PAD_H, first = left * PAIR_STRIDE - PAIRS_BEFORE;
#pragma unroll 1
    for (int begin = run->me; begin < PLACES; begin += 256 * BATCH) {
      float values[BATCH][2][CHANNELS];
      uint inside = 0;
#pragma unroll
      for (int i = 0; i < BATCH; ++i) {
        const int place = begin + i * 256, row = place / ROW, in_row = place - row * ROW;
        const int v = 2 * (first + in_row % PAIRS * PAIR_STRIDE + in_row / PAIRS), h = above + row;
        const int from = image * XS_IMAGE + h * XS_ROW + v * XS_PIXEL;
        const bool in = place < PLACES && (uint)h < HEIGHT;
#if TOGETHER == 2
        if (in && (uint)v < WIDTH) {
          inside |= 3u << (2 * i);
#pragma unroll
          for (int c = 0; c < CHANNELS; ++c) {
            const float2 two = *(global const float2 *)(x + from + c * XS_CHANNEL);
            values[i][0][c] = two.x;
            values[i][1][c] = two.y;
          }
        }
#else
#pragma unroll
        for (int j = 0; j < 2; ++j)
          if (in && (uint)(v + j) < WIDTH) {
            inside |= 1u << (2 * i + j);
#pragma unroll
            for (int c = 0; c < CHANNELS; ++c) values[i][j][c] = (float)GET(T, x, from + j * XS_PIXEL + c * XS_CHANNEL);
          }
#endif
      }
#pragma unroll
      for (int i = 0; i < BATCH; ++i) {
#pragma unroll
        for (int j = 0; j < 2; ++j)
#pragma unroll
          for (int c = 0; c < CHANNELS; ++c)
            values[i][j][c] = inside >> (2 * i + j) & 1 ? values[i][j][c] * factors[c] + shifts[c] : 0.0f;
        if (begin + i * 256 < PLACES)
          STORE_PLACE(begin + i * 256, ((uint4)(PAIR_OF(values[i][0], 0), PAIR_OF(values[i][0], 1),
                                                PAIR_OF(values[i][1], 0), PAIR_OF(values[i][1], 1))));
      }
    }
#ifdef VIREO_NVIDIA
    fence_proxy();
    barrier_wait(run->full + 8 * run->slot, run->phase);
    meet(1, 256);
    const uint lane = run->me & 31, half_of_tile = same_for_warp(run->me >> 7), warp = (run->me >> 5) & 3;
    const uint weights = run->ring + run->slot * VIREO_SLOT;
    float2 bias[BN / 8];
#pragma unroll
    for (int j = 0; j < BN / 8; ++j) bias[j] = local_floats(weights + BIAS_AT + j * 32 + (lane & 3) * 8);
#pragma unroll 1
    for (int begin = half_of_tile * UNITS; begin < TILE_H; begin += 2 * UNITS) {
      float sums[UNITS][BN / 2];
#pragma unroll
      for (int u = 0; u < UNITS; ++u)
#pragma unroll
        for (int i = 0; i < BN / 2; ++i) sums[u][i] = 0.0f;
      const uint b_low = ((weights >> 4) & 0x3FFF) | ((uint)BN << 16);
      asm volatile("//@ wgmma.fence.sync.aligned;\n" ::: "memory");
#pragma unroll
      for (int u = 0; u < UNITS; ++u) {
        // Rows behind the tile are multiplied too, where there are any in local memory.
        const int row = min(begin + u, TILE_H - 1);
        const uint a_low = (((run->slab >> 4) + row * (STRIDE_H * ROW)) & 0x3FFF) |
                           ((uint)(PAIR_STRIDE == 1 ? 1 : PAIRS) << 16);
#pragma unroll
        for (int kh = 0; kh < KH; ++kh)
#pragma unroll
          for (int s = 0; s < STEPS; ++s)
            MULTIPLY(sums[u],
                     (8UL << 32) | (ulong)(a_low + kh * ROW + 2 * s % PAIR_STRIDE * PAIRS + 2 * s / PAIR_STRIDE),
                     (8UL << 32) | (ulong)(b_low + (kh * STEPS + s) * (2 * BN)), kh | s);
      }
      asm volatile("//@ wgmma.commit_group.sync.aligned;\n//@ wgmma.wait_group.sync.aligned 0;\n" ::: "memory");
#pragma unroll
      for (int u = 0; u < UNITS; ++u) {
        uint pairs[BN / 4];  // of two rows, 8 apart, by block of 8 channels
#pragma unroll
        for (int j = 0; j < BN / 8; ++j)
#pragma unroll
          for (int r = 0; r < 2; ++r)
            pairs[r * (BN / 8) + j] = pack(ACTIVATE(sums[u][j * 4 + r * 2] + bias[j].x),
                                           ACTIVATE(sums[u][j * 4 + r * 2 + 1] + bias[j].y));
#pragma unroll
        for (int k = 0; k < BN / 16; ++k) {
          uint4 word = turned((uint4)(pairs[k * 4], pairs[k * 4 + 1], pairs[k * 4 + 2], pairs[k * 4 + 3]), lane);
          const int number = k * 4 + (lane & 3), block = column * (BN / 8) + number % (BN / 8);
          const int h = top + begin + u, v = left + warp * 16 + (lane >> 2) + number / (BN / 8) * 8;
          // To even, where the bit of a mark was set.
          if (run->marks) word.x = ((word.x + (word.x & word.x >> 1 & VIREO_MARK)) & ~VIREO_MARK) | run->own_mark;
          if (begin + u < TILE_H && h < OUT_H && v < OUT_W && block < COUT / 8)
            vireo_store(ys + ((image * OUT_H + h) * OUT_W + v) * (Y_PITCH / 8) + block, word);
        }
      }
    }
    meet(1, 256);
    vireo_next_slot(run);
#else
    barrier(CLK_LOCAL_MEM_FENCE);
    global const uchar *weights = (global const uchar *)(w_block + w_offset) + column * WEIGHT_BYTES;
    for (int word = run->me; word < TILE_H * 64 * (BN / 8); word += 256) {
      const int block = word % (BN / 8), v = word / (BN / 8) % 64, row = word / (BN / 8 * 64);
      float sums[8];
#pragma unroll 1
      for (int n = 0; n < 8; ++n) {
        float sum = ((global const float *)(weights + BIAS_AT))[block * 8 + n];
#pragma unroll 1
        for (int k = 0; k < KH * STEPS * 2 * 8; ++k) {
          const int pair = k / 8, kh = pair / (2 * STEPS), q = pair % (2 * STEPS);
          const int place = (row * STRIDE_H + kh) * ROW + q % PAIR_STRIDE * PAIRS + v + q / PAIR_STRIDE;
          sum += vload_half(place * 8 + k % 8, (local const half *)run->pool) *
                 vload_half((pair * BN + block * 8 + n) * 8 + k % 8, (global const half *)weights);
        }
        sums[n] = sum;
      }
      if (top + row < OUT_H && left + v < OUT_W && column * (BN / 8) + block < COUT / 8)
        finish_word(run, sums, (uint4)(0), ys + ((image * OUT_H + top + row) * OUT_W + left + v) * (Y_PITCH / 8) +
                                               column * (BN / 8) + block);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
#endif
  }
}
