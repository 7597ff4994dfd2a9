// Convolutions with stride 1 and at most COLUMNS filters on Hopper's tensor cores, whose pixels are loaded once for
// all places of the window: y = activation(conv(a, w) + bias + residual), float16 tensors, float32 sums. wgmma.cl has
// pixels gathered by the copy engine for each place again; with few filters that is what bounds it, for local memory
// gives a multiprocessor 128 bytes a clock, all of which wgmma with 64 columns reads. On an H200, 128 x 56x56, 64 ->
// 64 channels, 3x3: 55 us (533 TFLOP/s), as a product 74. With 128 filters and more both take as long, less what
// positions cost that are padding.
//
// Positions: pictures with their padding in one line, rows of `wide` and pictures of `high` rows, where the padding on
// the right of a row is that on the left of the next one, and the padding below a picture that above the next one.
// With pixel (0, 0) of an output at position q, its window's place (i, j) is the input at position q + i * step_y + j
// * step_x, whatever q. So a tile is ROWS positions one after the other, its slab those and the `reach` of the window
// behind them, 64 channels of each; each place of the window is the same slab from another position on, which is
// another address in the descriptor: the swizzle of 128 bytes is one of absolute addresses, so that it fits from every
// position on (base offset 0). Output positions that are padding (right of and below a picture) are computed and not
// stored.
//
// A group is two warpgroups that multiply and one whose first warp loads weights, all at the beginning, to stay, and
// whose second loads slabs. Slabs come in boxes of `box` positions of a row (a divisor of `wide`), from the box of the
// tile's first position to that of the last one needed; outside of pictures the copy engine writes zeros. The
// warpgroups have tiles in turn, so that one writes while the other multiplies. Sums leave through local memory, where
// the residual was copied meanwhile, in pieces of 16 bytes.
//
// Races are excluded as in wgmma.cl: `full` and `empty` hand slabs on, each read by one warpgroup; `turns` says that a
// warpgroup has seen all slabs of its tile, which the other one waits for, so that no wait is more than one round
// ahead of what fills a slab. The place for output is the warpgroup's own and ordered by its named barrier.
//
// Defines: ROWS, COLUMNS, RESIDUAL (0 none, 1 before, 2 after the activation), ACTIVATION.
#define THREADS 384
#define BLOCKS (ROWS / 64)
#define W_BYTES (COLUMNS * 128)
#define OUT_BYTES (ROWS * COLUMNS * 2)
#define MEMORY 229376
#define MOST_SLABS 4

#if RESIDUAL == 1
#define FINISH(v, r) ACTIVATE((v) + (r))
#elif RESIDUAL == 2
#define FINISH(v, r) (ACTIVATE(v) + (r))
#else
#define FINISH(v, r) ACTIVATE(v)
#endif

INLINE void load_4d(uint to, global const uchar *map, int c, int x, int y, int image, uint full) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%0],[%1,{%2,%3,%4,%5}],[%6];" ::"r"(
          to),
      "l"(map), "r"(c), "r"(x), "r"(y), "r"(image), "r"(full)
      : "memory");
}

// The pixel of y at a position, counted from its first; -1 where that is none.
INLINE int pixel_of(uint q, const int8 grid, const uint2 inverse, uint positions) {
  const uint row = mul_hi(q, inverse.x), x = q - row * (uint)grid.s0;
  const uint image = mul_hi(row, inverse.y), line = row - image * (uint)grid.s1;
  return q < positions && x < (uint)grid.s2 && line < (uint)grid.s3 ? (image * grid.s3 + line) * grid.s2 + x : -1;
}

// sizes: tiles, slices of 64 channels, slabs, bytes of one, positions. grid: wide, high, width and height of an
// output, width and places of the window, step_x, step_y. boxes: box, boxes a row, padding left and above, reach.
// ends: channels of y, bytes between its pixels, channels of the residual, bytes between its pixels. inverses: 2^32 /
// wide, 2^32 / high, rounded up.
__attribute__((reqd_work_group_size(THREADS, 1, 1))) kernel void wgmma_window(
    VIREO_ADDRESS(a), VIREO_ADDRESS(w), VIREO_ADDRESS(y), VIREO_ADDRESS(residual), VIREO_ADDRESS(bias),
    const int8 sizes, const int8 grid, const int8 boxes, const int4 ends, const int2 inverses) {
  local uchar memory[MEMORY] __attribute__((aligned(1024)));
  local ulong barriers[2 * MOST_SLABS + 3];
  local float shifts[2 * COLUMNS] __attribute__((aligned(16)));
  global const uchar *map_a = (global const uchar *)a_address;
  global const uchar *map_w = (global const uchar *)w_address;
  const int tiles = sizes.s0, chunks = sizes.s1, slabs = sizes.s2, slab_bytes = sizes.s3, taps = grid.s5;
  const uint weights = (uint)(size_t)memory + 2 * OUT_BYTES, slabs_at = weights + chunks * taps * W_BYTES;
  const uint full = (uint)(size_t)barriers, empty = full + 8 * MOST_SLABS;
  const uint landed = empty + 8 * MOST_SLABS, turns = landed + 8;
  const uint me = item(), group = me >> 7;
  if (me == 256) {
    for (int i = 0; i < slabs; ++i) {
      barrier_init(full + 8 * i, 1);
      barrier_init(empty + 8 * i, 1);
    }
    barrier_init(landed, 1);
    barrier_init(turns, 1);
    barrier_init(turns + 8, 1);
    asm volatile("fence.mbarrier_init.release.cluster;\nfence.proxy.async;" ::: "memory");
  }
  if (group == 2) {
    if (me >= 256 + 32) meet(0, THREADS);
    else arrive(0, THREADS);  // whoever made the barriers waits for nobody
    if (me == 256) {
      barrier_expect(landed, chunks * taps * W_BYTES);
      for (int chunk = 0; chunk < chunks; ++chunk)
        for (int t = 0; t < taps; ++t)
          load_2d(weights + (chunk * taps + t) * W_BYTES, map_w, (t * chunks + chunk) * 64, 0, landed);
    } else if (me == 256 + 32) {
      uint slab = 0, parity = 1;
      const int box = boxes.s0, of_row = boxes.s1, box_bytes = box * 128;
      for (int tile = get_group_id(0); tile < tiles; tile += get_num_groups(0)) {
        const int first = floor_quotient(tile * ROWS, box);
        const int count = floor_quotient(tile * ROWS + ROWS - 1 + boxes.s4, box) - first + 1;
        const int first_row = floor_quotient(first, of_row), first_image = floor_quotient(first_row, grid.s1);
        for (int chunk = 0; chunk < chunks; ++chunk) {
          barrier_wait(empty + 8 * slab, parity);
          barrier_expect(full + 8 * slab, count * box_bytes);
          uint to = slabs_at + slab * slab_bytes;
          int x = first - first_row * of_row, image = first_image, line = first_row - image * grid.s1;
          for (int i = 0; i < count; ++i) {
            load_4d(to, map_a, chunk * 64, x * box - boxes.s2, line - boxes.s3, image, full + 8 * slab);
            to += box_bytes;
            if (++x == of_row) {
              x = 0;
              if (++line == grid.s1) {
                line = 0;
                ++image;
              }
            }
          }
          if (++slab == slabs) {
            slab = 0;
            parity ^= 1;
          }
        }
      }
    }
    return;
  }
  meet(0, THREADS);
  const uint2 inverse = (uint2)((uint)inverses.x, (uint)inverses.y);
  const uint mine = me & 127, lane = me & 31, warp = (me >> 5) & 3;
  const uint row = warp * 16 + ((lane >> 3) & 1) * 8 + (lane & 7);
  // Pieces of 16 bytes of the place for output: one of eight in every 16th row is this item's.
  const uint my_row = mine >> 3, my_piece = mine & 7;
  const uint output = (uint)(size_t)memory + group * OUT_BYTES;
  const uint my_place = output + my_row * 128 + ((my_piece ^ (my_row & 7)) << 4);
  global uchar *y = (global uchar *)*(global const ulong *)y_address;  // a tensor map begins with the tensor's address
#if RESIDUAL
  global const uchar *r = (global const uchar *)*(global const ulong *)residual_address;
#endif
  const uint shift = (uint)(size_t)shifts + group * (COLUMNS * 4);
  if (mine < COLUMNS / 4)
    asm volatile("cp.async.cg.shared.global [%0],[%1],16;" ::"r"(shift + mine * 16),
                 "l"((global const float *)bias_address + mine * 4)
                 : "memory");
  float sums[BLOCKS][COLUMNS / 2];
  barrier_wait(landed, 0);
  int turn = group;
  for (int tile = get_group_id(0) + group * get_num_groups(0); tile < tiles; tile += 2 * get_num_groups(0)) {
#if RESIDUAL
    meet(1 + group, 128);  // all have stored what lay there
    for (int j = 0; j < BLOCKS * 4; ++j) {
      const int pixel = pixel_of(tile * ROWS + j * 16 + my_row, grid, inverse, sizes.s4);
      for (int c = 0; c < COLUMNS / 64; ++c) {
        const int channel = c * 64 + my_piece * 8, bytes = pixel >= 0 && channel < ends.s2 ? 16 : 0;
        asm volatile("cp.async.cg.shared.global [%0],[%1],16,%2;" ::"r"(my_place + c * (ROWS * 128) + j * 2048),
                     "l"(bytes ? r + (long)pixel * ends.s3 + channel * 2 : r), "r"(bytes)
                     : "memory");
      }
    }
#endif
    const int turns_before = floor_quotient(turn * chunks, slabs);
    uint slab = turn * chunks - turns_before * slabs, parity = turns_before & 1;
    const int from = tile * ROWS - floor_quotient(tile * ROWS, boxes.s0) * boxes.s0;
    if (turn > 0) barrier_wait(turns + 8 * (1 - group), (turn - 1) / 2 & 1);
    turn += 2;
#pragma unroll
    for (int i = 0; i < BLOCKS; ++i)
#pragma unroll
      for (int q = 0; q < COLUMNS / 2; ++q) sums[i][q] = 0.0f;  // else ptxas puts a wait behind each wgmma (C7515)
    uint before = 0;
    ulong dw = descriptor(weights);
    for (int chunk = 0; chunk < chunks; ++chunk) {
      barrier_wait(full + 8 * slab, parity);
      ulong da = descriptor(slabs_at + slab * slab_bytes + from * 128);
      for (int t = 0, j = 0; t < taps; ++t) {
        asm volatile("//@ wgmma.fence.sync.aligned;\n" ::: "memory");
#pragma unroll
        for (int s = 0; s < 4; ++s) {
#pragma unroll
          for (int i = 0; i < BLOCKS; ++i) multiply(sums[i], da + i * 512 + s * 2, dw + s * 2, 1);
        }
        asm volatile("//@ wgmma.commit_group.sync.aligned;\n//@ wgmma.wait_group.sync.aligned 1;\n" ::: "memory");
        if (t == 0 && chunk > 0 && mine == 0) barrier_arrive(empty + 8 * before);
        dw += W_BYTES >> 4;
        da += grid.s6 * 8;  // descriptors count in 16 bytes
        if (++j == grid.s4) {
          j = 0;
          da += (grid.s7 - grid.s4 * grid.s6) * 8;
        }
      }
      before = slab;
      if (++slab == slabs) {
        slab = 0;
        parity ^= 1;
      }
    }
    if (mine == 0) barrier_arrive(turns + 8 * group);
    asm volatile("//@ wgmma.wait_group.sync.aligned 0;\n" ::: "memory");
    if (mine == 0) barrier_arrive(empty + 8 * before);
    asm volatile("cp.async.wait_all;" ::: "memory");
    meet(1 + group, 128);  // all have stored what lay there, and copied
    const uint bias_at = shift + (lane & 3) * 8;
#pragma unroll
    for (int j = 0; j < COLUMNS / 16; ++j) {
      const float2 b0 = local_pair(bias_at + j * 64), b1 = local_pair(bias_at + j * 64 + 32);
      const uint piece = (2 * (j % 4) + (lane >> 4)) ^ (row & 7);
      const uint of_columns = output + j / 4 * (ROWS * 128) + row * 128 + (piece << 4);
#pragma unroll
      for (int i = 0; i < BLOCKS; ++i) {
        const uint at = of_columns + i * 8192;
        const float *v = sums[i] + j * 8;
        uint r0 = 0, r1 = 0, r2 = 0, r3 = 0;
#if RESIDUAL
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3},[%4];"
                     : "=r"(r0), "=r"(r1), "=r"(r2), "=r"(r3)
                     : "r"(at));
#endif
        const uint p0 = pack(FINISH(v[0] + b0.x, low_of(r0)), FINISH(v[1] + b0.y, high_of(r0)));
        const uint p1 = pack(FINISH(v[2] + b0.x, low_of(r1)), FINISH(v[3] + b0.y, high_of(r1)));
        const uint p2 = pack(FINISH(v[4] + b1.x, low_of(r2)), FINISH(v[5] + b1.y, high_of(r2)));
        const uint p3 = pack(FINISH(v[6] + b1.x, low_of(r3)), FINISH(v[7] + b1.y, high_of(r3)));
        asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0],{%1,%2,%3,%4};" ::"r"(at), "r"(p0), "r"(p1),
                     "r"(p2), "r"(p3));
      }
    }
    meet(1 + group, 128);
#pragma unroll 4
    for (int i = 0; i < BLOCKS * 4; ++i) {
      const int pixel = pixel_of(tile * ROWS + i * 16 + my_row, grid, inverse, sizes.s4);
#pragma unroll
      for (int c = 0; c < COLUMNS / 64; ++c) {
        const int channel = c * 64 + my_piece * 8;
        uint p0, p1, p2, p3;
        asm volatile("ld.shared.v4.u32 {%0,%1,%2,%3},[%4];"
                     : "=r"(p0), "=r"(p1), "=r"(p2), "=r"(p3)
                     : "r"(my_place + c * (ROWS * 128) + i * 2048)
                     : "memory");
        if (pixel >= 0 && channel < ends.s0)
          *(global uint4 *)(y + (long)pixel * ends.s1 + channel * 2) = (uint4)(p0, p1, p2, p3);
      }
    }
  }
}
