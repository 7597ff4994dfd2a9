// Sums and means over the pixels of pictures, channels last, as a part of plan kernels (device/opencl/plan_kernel.h),
// float16. A piece of work is WB blocks of 8 channels, whose pixels 256 / WB items each share, or, with PARTS, one of so
// many parts of their pixels: the last part gets the others' sums through the exchange (words with the step's tag, as
// split products have; shared/opencl/slab.cl) and adds them in the order of the parts. It waits only for pieces before
// its own.
// Defines: BLOCKS of a picture, PIXELS, X_PITCH, Y_PITCH, IMAGES, WB, PARTS, TOGETHER loads, FACTOR; RESIDUAL 0, ACTIVATION.
#define SLICES (256 / WB)
#define COLUMN_PIECES ((IMAGES * BLOCKS + WB - 1) / WB)
#define CHUNK ((PIXELS + PARTS - 1) / PARTS)
#define LOADS ((CHUNK + SLICES - 1) / SLICES)
#define NUMBERS (WB * 8)         // of a slice
#define FOLDS (256 / NUMBERS)    // groups of slices that are added first

INLINE void add_numbers(float *to, uint4 a, uint4 b) {
  to[0] += as_float(a.x);
  to[1] += as_float(a.y);
  to[2] += as_float(a.z);
  to[3] += as_float(a.w);
  to[4] += as_float(b.x);
  to[5] += as_float(b.y);
  to[6] += as_float(b.z);
  to[7] += as_float(b.w);
}

kernel void reduce_part(VIREO_RUN, VIREO_TENSOR(x), VIREO_TENSOR(y)) {
  global const uint4 *xs = (global const uint4 *)(x_block + x_offset);
  global uint4 *ys = (global uint4 *)(y_block + y_offset);
  for (int piece = run->group; piece < COLUMN_PIECES * PARTS; piece += run->groups) {
    const int part = piece % PARTS, w = run->me % WB, slice = run->me / WB, block = piece / PARTS * WB + w;
    const int image = block / BLOCKS, end = min(PIXELS, (part + 1) * CHUNK);
    const bool there = block < IMAGES * BLOCKS;
    float sums[8] = {0, 0, 0, 0, 0, 0, 0, 0};
#pragma unroll 1
    for (int begin = 0; begin < LOADS; begin += TOGETHER) {
      uint4 words[TOGETHER];
      int from[TOGETHER];
#pragma unroll
      for (int i = 0; i < TOGETHER; ++i) {
        const int pixel = part * CHUNK + slice + (begin + i) * SLICES;
        from[i] = there && pixel < end ? (image * PIXELS + pixel) * (X_PITCH / 8) + block % BLOCKS : -1;
        words[i] = (uint4)(0);
        if (from[i] >= 0) words[i] = vireo_load(xs + from[i]);
      }
      await_words(run, 1, TOGETHER, xs, from, words);
#pragma unroll
      for (int i = 0; i < TOGETHER; ++i) {
        float v[8];
        numbers_of(words[i], v);
#pragma unroll
        for (int n = 0; n < 8; ++n) sums[n] += v[n];
      }
    }
    const uint own = LOCAL_PARTS + run->me * 32;
    LOCAL_STORE(own, ((uint4)(as_uint(sums[0]), as_uint(sums[1]), as_uint(sums[2]), as_uint(sums[3]))));
    LOCAL_STORE(own + 16, ((uint4)(as_uint(sums[4]), as_uint(sums[5]), as_uint(sums[6]), as_uint(sums[7]))));
    MEET_ALL();
    {
      // Four numbers of a slice, of every FOLDS-th slice.
      const int fours = NUMBERS / 4, four = run->me % fours, fold = run->me / fours;
      if (fold < FOLDS) {
        float4 sum = (float4)(0.0f);
#pragma unroll
        for (int s = 0; s < SLICES / FOLDS; ++s)
          sum += as_float4(LOCAL_LOAD(LOCAL_PARTS + ((s * FOLDS + fold) * fours + four) * 16));
        LOCAL_STORE(LOCAL_SUMS + (fold * fours + four) * 16, as_uint4(sum));
      }
    }
    MEET_ALL();
    if (run->me < WB) {
#pragma unroll
      for (int n = 0; n < 8; ++n) sums[n] = 0.0f;
#pragma unroll
      for (int fold = 0; fold < FOLDS; ++fold) {
        const uint at = LOCAL_SUMS + (fold * WB + run->me) * 32;
        add_numbers(sums, LOCAL_LOAD(at), LOCAL_LOAD(at + 16));
      }
    }
#if PARTS > 1
    // [column piece][part][block][half of its numbers]
    global uint4 *shared_sums = run->exchange + (piece / PARTS) * (PARTS * WB * 2);
    if (run->me < WB) {
      global uint4 *to = shared_sums + (part * WB + run->me) * 2;
      vireo_store(to, (uint4)((as_uint(sums[0]) & ~15u) | run->tag, as_uint(sums[1]), as_uint(sums[2]),
                              as_uint(sums[3])));
      vireo_store(to + 1, (uint4)((as_uint(sums[4]) & ~15u) | run->tag, as_uint(sums[5]), as_uint(sums[6]),
                                  as_uint(sums[7])));
    }
    if (part == PARTS - 1) {
      MEET_ALL();  // its own words are there
      if (run->me < PARTS * WB) {
        uint4 first = vireo_load(shared_sums + run->me * 2), second = vireo_load(shared_sums + run->me * 2 + 1);
        uint spins = 0;
        while (((first.x ^ run->tag) | (second.x ^ run->tag)) & 15) {
          first = vireo_load(shared_sums + run->me * 2);
          second = vireo_load(shared_sums + run->me * 2 + 1);
          if (vireo_tired(run, &spins)) break;
        }
        first.x &= ~15u;
        second.x &= ~15u;
        LOCAL_STORE(own, first);
        LOCAL_STORE(own + 16, second);
      }
      MEET_ALL();
      if (run->me < WB) {
#pragma unroll
        for (int n = 0; n < 8; ++n) sums[n] = 0.0f;
#pragma unroll 8
        for (int p = 0; p < PARTS; ++p) {
          const uint at = LOCAL_PARTS + (p * WB + run->me) * 32;
          add_numbers(sums, LOCAL_LOAD(at), LOCAL_LOAD(at + 16));
        }
      }
    }
#endif
    if (part == PARTS - 1 && run->me < WB && there) {
#pragma unroll
      for (int n = 0; n < 8; ++n) sums[n] *= FACTOR;
      finish_word(run, sums, (uint4)(0), ys + image * (Y_PITCH / 8) + block % BLOCKS);
    }
    MEET_ALL();
  }
}
