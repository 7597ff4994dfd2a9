// Convolutions and products of small batches as a part of a plan kernel (device/opencl/plan_kernel.h), float16 tensors,
// channels-last, float32 sums, on Hopper's tensor cores. What counts here is latency: there are few tiles, and every
// group works on one at a time.
//
// A piece of work is a tile of ROWS positions x BN channels, or, with SPLIT, one of SPLIT parts of its depth. Its weights
// were asked for by the plan kernel's fetching warp before the input existed. The input goes into local memory once for
// all taps of the window (the slab): output positions are numbered row by row in rows of WP, which are the picture's with
// as many zeros beside as the window reaches over, so that a tap is an offset in the slab. Stride: the slab holds each
// PHASE of the picture apart. Layout: [8 channels][position][16 bytes], which wgmma reads without swizzle; ROW, the
// positions between two blocks of 8 channels, is odd so that neighbouring channels are written to other banks. Depths
// beyond the slab or a ring's slot come in CHUNKS.
//
// Two warpgroups share the tile: HALVES 0, each every other step of the depth; 1, half of the columns; 2, half of the
// rows. The sums meet in local memory as floats (the largest reach into what splits exchange, which those have no use
// for).
//
// Parts of a split tile give each other their sums through global memory: part p finishes rows p * 64 / SPLIT and so
// on, gets them from all others and adds them in the order of the parts. Every word of 16 bytes that is passed carries
// the step's tag in the lowest bits of one float (1e-6 of its value), so that the receiver waits for the data itself.
// Words of 16 bytes are written and read as one (PTX ISA, single-copy atomicity of .b128). A word seen with the right
// tag is of this step and run: see plan_kernel.h for who may use a place again when.
//
// Inputs can carry marks (run->polls), and so can the output (run->marks): then nobody meets between a writer and this
// step. A reader repeats its load until the word has the tensor's mark (VIREO_MARK), which it clears.
//
// Defines: CHANNELS, COUT; WIDTH, HEIGHT, X_PITCH of the input; OUT_W, OUT_H, Y_PITCH; IMAGES; WP, HP; STRIDE_X,
// STRIDE_Y, FIRST_X, FIRST_Y (least whole steps of a tap); PHASES, PHASE_X, PHASE_Y (lists); TAPS, TAP (list of offsets in
// a row of the slab); ROWS, BN, SPLIT, CHUNKS, KC (blocks of 8 channels in a chunk), LP (positions of a phase), ROW, HALVES,
// RESIDUAL (0 none, 1 before, 2 after the activation), R_PITCH, ACTIVATION; COLUMNS: BN, or half of it with HALVES 1.
#define COLUMN_TILES ((COUT + BN - 1) / BN)
#define POSITIONS (((IMAGES - 1) * HP + OUT_H - 1) * WP + OUT_W)
#define PIECES ((POSITIONS + ROWS - 1) / ROWS * COLUMN_TILES * SPLIT)
#define EACH (256 / KC)  // positions that are loaded at the same time
// Rows behind the last position are multiplied too, but nobody looks at what comes of them.
#define NEEDED (POSITIONS < ROWS ? LP - ROWS + POSITIONS : LP)
#define LOADS ((NEEDED + EACH - 1) / EACH)
#define TOGETHER (LOADS < 8 ? LOADS : 8)
#define PITCH ((HALVES == 1 ? 2 : 1) * COLUMNS + 8)  // floats of a row of sums
#define TILES_M (HALVES == 2 ? ROWS / 128 : 1)  // 64 rows each, of a warpgroup
#define SUMS_PART (64 * TILES_M * PITCH * 4)
#define WORDS (ROWS * BN / 8 / 256 > 0 ? ROWS * BN / 8 / 256 : 1)
#define BIAS_AT (TAPS * KC * BN * 16)

INLINE void add_sums(float *to, uint at) {
  const uint4 a = vireo_local_load(at), b = vireo_local_load(at + 16);
  to[0] += as_float(a.x);
  to[1] += as_float(a.y);
  to[2] += as_float(a.z);
  to[3] += as_float(a.w);
  to[4] += as_float(b.x);
  to[5] += as_float(b.y);
  to[6] += as_float(b.z);
  to[7] += as_float(b.w);
}

// Where position m is in the output; -1 for those beside the picture.
INLINE int pixel_of(int m) {
  const int row = m / WP, x = m - row * WP;
#if IMAGES > 1
  const int image = row / HP, y = row - image * HP;
  return x < OUT_W && y < OUT_H && image < IMAGES ? (image * OUT_H + y) * OUT_W + x : -1;
#else
  return x < OUT_W && row < OUT_H ? row * OUT_W + x : -1;
#endif
}

kernel void slab_product(VIREO_RUN, VIREO_TENSOR(x), VIREO_TENSOR(y), VIREO_TENSOR(residual)) {
  global const uint4 *xs = (global const uint4 *)(x_block + x_offset);
  global uint4 *ys = (global uint4 *)(y_block + y_offset);
  global const uint4 *rs = (global const uint4 *)(residual_block + residual_offset);
  const int taps[] = TAP, phase_x[] = PHASE_X, phase_y[] = PHASE_Y;
  const uint me = run->me, lane = me & 31, half_of_tile = same_for_warp(me >> 7), warp = (me >> 5) & 3;
  const uint slab = run->slab, sums_at = run->sums;
  for (int piece = run->group; piece < PIECES; piece += run->groups) {
    const int part = piece % SPLIT, column = piece / SPLIT % COLUMN_TILES, m0 = piece / SPLIT / COLUMN_TILES * ROWS;
    float sums[TILES_M][COLUMNS / 2];
#pragma unroll
    for (int tile = 0; tile < TILES_M; ++tile)
#pragma unroll
      for (int i = 0; i < COLUMNS / 2; ++i) sums[tile][i] = 0.0f;
#if SPLIT == 1
    int pixels[WORDS];
    uint4 others[WORDS];
#pragma unroll
    for (int i = 0; i < WORDS; ++i) {
      const int word = me + i * 256, channel = column * (BN / 8) + word % (BN / 8);
      pixels[i] = word < ROWS * BN / 8 && channel < COUT / 8 ? pixel_of(m0 + word / (BN / 8)) : -1;
      others[i] = (uint4)(0);
#if RESIDUAL
      if (pixels[i] >= 0) others[i] = vireo_load(rs + pixels[i] * (R_PITCH / 8) + channel);
#endif
    }
#else
    // This part's own rows: word `me` of them, where there are so many.
    const int own = me % (256 / SPLIT), own_channel = column * (BN / 8) + own % (BN / 8);
    const int pixel = me < 256 / SPLIT && own_channel < COUT / 8
                          ? pixel_of(m0 + part * (64 / SPLIT) + own / (BN / 8)) : -1;
    uint4 other = (uint4)(0);
#if RESIDUAL
    if (pixel >= 0) other = vireo_load(rs + pixel * (R_PITCH / 8) + own_channel);
#endif
#endif
#pragma unroll 1
    for (int chunk = 0; chunk < CHUNKS; ++chunk) {
      if (CHUNKS > 1 && chunk > 0) meet(1, 256);  // all have multiplied
      if (me < KC * EACH) {
        const int k = me % KC, block = (part * CHUNKS + chunk) * KC + k;
        const bool there = block < CHANNELS / 8;
#pragma unroll
        for (int phase = 0; phase < PHASES; ++phase) {
          const int u0 = m0 + me / KC;
          int row = u0 / WP, c = u0 - row * WP;
#if IMAGES > 1
          int image = row / HP;
          row -= image * HP;
#endif
          uint to = slab + (k * ROW + phase * LP + me / KC) * 16;
          // A rolled loop over full batches keeps the code short.
#pragma unroll 1
          for (int begin = 0; begin < LOADS; begin += TOGETHER) {
            uint4 words[TOGETHER];
            int from[TOGETHER];
#pragma unroll
            for (int i = 0; i < TOGETHER; ++i) {
              const int x = (c + FIRST_X) * STRIDE_X + phase_x[phase], y = (row + FIRST_Y) * STRIDE_Y + phase_y[phase];
              const bool in = there && (uint)x < WIDTH && (uint)y < HEIGHT && me / KC + (begin + i) * EACH < NEEDED;
#if IMAGES > 1
              from[i] = in && image < IMAGES ? ((image * HEIGHT + y) * WIDTH + x) * (X_PITCH / 8) + block : -1;
#else
              from[i] = in ? (y * WIDTH + x) * (X_PITCH / 8) + block : -1;
#endif
              words[i] = (uint4)(0);
              if (from[i] >= 0) words[i] = vireo_load(xs + from[i]);
              c += EACH % WP;
              row += EACH / WP;
              if (c >= WP) {
                c -= WP;
                ++row;
              }
#if IMAGES > 1
              while (row >= HP) {
                row -= HP;
                ++image;
              }
#endif
            }
            if (run->polls & 1) {
              uint spins = 0;
              for (;;) {
                uint missing = 0;
#pragma unroll
                for (int i = 0; i < TOGETHER; ++i)
                  if (from[i] >= 0 && ((words[i].x ^ run->first_mark) & VIREO_MARK)) {
                    words[i] = vireo_load(xs + from[i]);
                    missing = 1;
                  }
                if (!missing || vireo_tired(run, &spins)) break;
              }
#pragma unroll
              for (int i = 0; i < TOGETHER; ++i) words[i].x &= ~VIREO_MARK;
            }
#pragma unroll
            for (int i = 0; i < TOGETHER; ++i)
              if (me / KC + (begin + i) * EACH < NEEDED) vireo_local_store(to + (begin + i) * (EACH * 16), words[i]);
          }
        }
      }
      fence_proxy();
      barrier_wait(run->full + 8 * run->slot, run->phase);
      meet(1, 256);
      {
        const uint weights = run->ring + run->slot * VIREO_SLOT;
        const uint a_low = (((slab >> 4) + (HALVES == 0 ? 2 * ROW : HALVES == 2 ? 64 * TILES_M : 0) * half_of_tile) & 0x3FFF) |
                           ((uint)ROW << 16);
        const uint b_low = (((weights >> 4) + (HALVES == 0 ? 2 * BN : HALVES == 1 ? 64 : 0) * half_of_tile) & 0x3FFF) |
                           ((uint)BN << 16);
        asm volatile("//@ wgmma.fence.sync.aligned;\n" ::: "memory");
#pragma unroll
        for (int tap = 0; tap < TAPS; ++tap)
#pragma unroll
          for (int k = 0; k < KC; k += HALVES == 0 ? 4 : 2)
#pragma unroll
            for (int tile = 0; tile < TILES_M; ++tile)
              multiply(sums[tile], (8UL << 32) | (ulong)(a_low + k * ROW + taps[tap] + tile * 64),
                       (8UL << 32) | (ulong)(b_low + (tap * KC + k) * BN), CHUNKS > 1 ? chunk | tap | k : tap | k);
        asm volatile("//@ wgmma.commit_group.sync.aligned;\n//@ wgmma.wait_group.sync.aligned 0;\n" ::: "memory");
      }
      if (chunk + 1 < CHUNKS) vireo_next_slot(run);
    }
    {
      const uint at = sums_at + (warp * 16 + (lane >> 2)) * (PITCH * 4) + (lane & 3) * 8 +
                      half_of_tile * (HALVES == 1 ? COLUMNS * 4 : SUMS_PART);
#pragma unroll
      for (int tile = 0; tile < TILES_M; ++tile)
#pragma unroll
        for (int j = 0; j < COLUMNS / 8; ++j) {
          const uint to = at + tile * (64 * PITCH * 4) + j * 32;
          vireo_local_store2(to, sums[tile][j * 4], sums[tile][j * 4 + 1]);
          vireo_local_store2(to + 8 * PITCH * 4, sums[tile][j * 4 + 2], sums[tile][j * 4 + 3]);
        }
    }
    meet(1, 256);
    const uint bias = run->ring + run->slot * VIREO_SLOT + BIAS_AT;
#if SPLIT == 1
#pragma unroll
    for (int i = 0; i < WORDS; ++i) {
      if (pixels[i] < 0) continue;
      const int word = me + i * 256, in_row = word % (BN / 8), row = word / (BN / 8);
      float v[8] = {0, 0, 0, 0, 0, 0, 0, 0};
      const uint at = sums_at + row * (PITCH * 4) + in_row * 32;
      add_sums(v, at);
#if HALVES == 0
      add_sums(v, at + SUMS_PART);
#endif
      add_sums(v, bias + in_row * 32);
#if RESIDUAL
      if (run->polls & 2) vireo_poll(run, rs + pixels[i] * (R_PITCH / 8) + column * (BN / 8) + in_row, others + i,
                                      run->second_mark);
#endif
      finish_word(run, v, others[i], ys + pixels[i] * (Y_PITCH / 8) + column * (BN / 8) + in_row);
    }
#else
    {
      // Word `me`: eight sums of row me / 4, for the part that finishes the row.
      const int row = me / 4, in_row = me % 4, taker = row / (64 / SPLIT), word = row % (64 / SPLIT) * 4 + in_row;
      float v[8] = {0, 0, 0, 0, 0, 0, 0, 0};
      const uint at = sums_at + row * (PITCH * 4) + in_row * 32;
      add_sums(v, at);
      add_sums(v, at + SUMS_PART);
      if (taker == part) {
        const uint at_own = run->parts + (part * (256 / SPLIT) + word) * 32;
        vireo_local_store(at_own, (uint4)(as_uint(v[0]), as_uint(v[1]), as_uint(v[2]), as_uint(v[3])));
        vireo_local_store(at_own + 16, (uint4)(as_uint(v[4]), as_uint(v[5]), as_uint(v[6]), as_uint(v[7])));
      } else {
        // [piece that takes][piece that gives][first or second half][word]
        global uint4 *to = run->exchange + (piece - part + taker) * 512 + part * (512 / SPLIT) + word;
        vireo_store(to, (uint4)((as_uint(v[0]) & ~15u) | run->tag, as_uint(v[1]), as_uint(v[2]), as_uint(v[3])));
        vireo_store(to + 256 / SPLIT,
                    (uint4)((as_uint(v[4]) & ~15u) | run->tag, as_uint(v[5]), as_uint(v[6]), as_uint(v[7])));
      }
      if (me / (256 / SPLIT) != part) {
        global const uint4 *from = run->exchange + piece * 512 + me / (256 / SPLIT) * (512 / SPLIT) + own;
        uint4 first = vireo_load(from), second = vireo_load(from + 256 / SPLIT);
        uint spins = 0;
        while (((first.x ^ run->tag) | (second.x ^ run->tag)) & 15) {
          first = vireo_load(from);
          second = vireo_load(from + 256 / SPLIT);
          if (vireo_tired(run, &spins)) break;
        }
        first.x &= ~15u;  // results don't depend on the run, and infinity stays what it is
        second.x &= ~15u;
        vireo_local_store(run->parts + me * 32, first);
        vireo_local_store(run->parts + me * 32 + 16, second);
      }
    }
    meet(1, 256);
    if (pixel >= 0) {
      float v[8] = {0, 0, 0, 0, 0, 0, 0, 0};
#pragma unroll
      for (int p = 0; p < SPLIT; ++p) add_sums(v, run->parts + (p * (256 / SPLIT) + me) * 32);
      add_sums(v, bias + own % (BN / 8) * 32);
#if RESIDUAL
      if (run->polls & 2) vireo_poll(run, rs + pixel * (R_PITCH / 8) + own_channel, &other, run->second_mark);
#endif
      finish_word(run, v, other, ys + pixel * (Y_PITCH / 8) + own_channel);
    }
#endif
    vireo_next_slot(run);
  }
}
