// Products and convolutions on NVIDIA's tensor cores from sm_80 on: y = activation(scale * a * w^T + bias + residual),
// float16 tensors, float32 sums. A group makes a tile of ROWS pixels x COLUMNS channels; WARPS_M x WARPS_N warps share
// it. Slices of the depth, DEPTH long, pass through a ring of STAGES slots in local memory: each item asks for its
// pieces of 16 bytes (8 channels of one pixel, of one tap) by cp.async, which writes zeros beside the picture and beyond
// the channels; ldmatrix reads them, and the operands of the next 16 terms are read while mma.sync works on the last.
// Pieces of a row lie swizzled, so that eight rows of one piece are in different banks.
//
// What bounds it: mma.sync for tiles with warps of 64 x 64, reading local memory for smaller ones.
//
// Races are excluded so: slot s is written for slice k + STAGES - 1 after the barrier that follows the last reading of
// slice k - 1, which lay there; it is read after the barrier that follows everybody's waiting for their own pieces. The
// tile of the output (and the residual before it) takes the ring's place after one more barrier.
//
// With SPLIT the depth of a tile is cut in parts, each a group's, for products of few tiles. A part leaves its sums in
// `parts`, one float after the other for each item, and counts itself; who counts last adds them all up, in the order of
// the parts whoever came when, so that results don't depend on it. Its reads are ordered after the others' writes by
// their fence, the group's barrier and the counting; it leaves the counter 0.
//
// STAND_IN: the same text for devices without such cores, for tests of it (mma_pieces.cl). Defines that are numbers here
// come as `form` there, so that few programs do for many cases.
//
// Defines: ROWS, COLUMNS, WARPS_M, WARPS_N, DEPTH (32, 64), STAGES; WINDOW (1: rows of `a` are pixels under a window; 0:
// rows of a matrix), TAIL (1: pieces may be there in part), RESIDUAL (0 none, 1 before, 2 after the activation), SPLIT,
// BATCHED, B_ROWS (1: w is [depth][column], else [column][depth]), ACTIVATION.
#ifdef STAND_IN
#define WINDOW form.s0
#define RESIDUAL form.s1
#define SPLIT form.s2
#define BATCHED form.s3
#endif
#define THREADS (WARPS_M * WARPS_N * 32)
#define WM (ROWS / WARPS_M)
#define WN (COLUMNS / WARPS_N)
#define STEPS (DEPTH / 16)
#define PIECES (DEPTH / 8)
#define A_STEP (THREADS / PIECES)  // rows that are asked for at a time
#define A_COUNT (ROWS / A_STEP)
#define A_BYTES (ROWS * DEPTH * 2)
#define SLOT (A_BYTES + COLUMNS * DEPTH * 2)
#define Y_PIECES (COLUMNS / 8)
#if B_ROWS
#define W_PIECES Y_PIECES
#else
#define W_PIECES PIECES
#endif
#define W_STEP (THREADS / W_PIECES)
#define W_COUNT (COLUMNS * DEPTH / 8 / THREADS)

// Where piece `piece` of row `row` lies, of rows of `pieces`: all eight rows from a multiple of eight on are in different
// banks for each piece, and so are the pieces of a row.
INLINE uint swizzled(uint row, uint piece, uint pieces) {
  return (row * pieces + (piece ^ (pieces == 4 ? (row >> 1) & 3 : row & 7))) * 16;
}
// Bytes of a piece that are there when so many elements are.
#if TAIL || defined(STAND_IN)
INLINE int bytes_of(int elements) { return max(0, min(elements, 8)) * 2; }
#else
INLINE int bytes_of(int elements) { return elements > 0 ? 16 : 0; }
#endif

// Rows of the matrices that ldmatrix reads: item l of a warp names one.
#define A_AT(slot, i, step, l) ((slot) * SLOT + swizzled(warp_m + (i) * 16 + ((l) & 15), (step) * 2 + ((l) >> 4), PIECES))
#if B_ROWS
#define W_AT(slot, j, step, l) \
  ((slot) * SLOT + A_BYTES + swizzled((step) * 16 + ((l) & 15), (warp_n >> 3) + (j) * 2 + ((l) >> 4), W_PIECES))
#else
#define W_AT(slot, j, step, l)                                                                              \
  ((slot) * SLOT + A_BYTES +                                                                                \
   swizzled(warp_n + (j) * 16 + ((l) & 7) + (((l) >> 4) << 3), (step) * 2 + (((l) >> 3) & 1), PIECES))
#endif

// The next slice's pieces: of the pixels of `a` under the window's next tap, and of `w`.
#define ASK(slot)                                                                                            \
  {                                                                                                          \
    const uint to = (slot) * SLOT;                                                                           \
    if (WINDOW) {                                                                                            \
      const int down = kh * window.s7, right = kw * window.s6;                                               \
      const int shift = (down * picture.s0 + right) * picture.s4 + channel;                                  \
      const int bytes = kh < window.s1 ? bytes_of(picture.s5 - channel) : 0;                                 \
      UNROLL for (int f = 0; f < A_COUNT; ++f) {                                                             \
        const int y = (corner[f] >> 16) + down, x = (short)corner[f] + right;                                \
        const bool inside = (uint)y < (uint)picture.s1 && (uint)x < (uint)picture.s0;                        \
        FETCH(to + a_to + f * (A_STEP * DEPTH * 2), a + (inside ? from[f] + shift : 0), inside ? bytes : 0); \
      }                                                                                                      \
      channel += DEPTH;                                                                                      \
      while (channel >= picture.s6) {                                                                        \
        channel -= picture.s6;                                                                               \
        if (++kw == window.s0) {                                                                             \
          kw = 0;                                                                                            \
          ++kh;                                                                                              \
        }                                                                                                    \
      }                                                                                                      \
    } else {                                                                                                 \
      const int bytes = bytes_of(picture.s5 - channel);                                                      \
      UNROLL for (int f = 0; f < A_COUNT; ++f) {                                                             \
        const bool inside = bytes > 0 && corner[f] > 0;                                                      \
        FETCH(to + a_to + f * (A_STEP * DEPTH * 2), a + (inside ? from[f] + channel : 0), inside ? bytes : 0); \
      }                                                                                                      \
      channel += DEPTH;                                                                                      \
    }                                                                                                        \
    UNROLL for (int f = 0; f < W_COUNT; ++f) {                                                               \
      const int bytes = W_BYTES(f);                                                                          \
      FETCH(to + A_BYTES + w_to + f * (W_STEP * W_PIECES * 16), w + (bytes > 0 ? W_FROM(f) : 0), bytes);     \
    }                                                                                                        \
    w_depth += DEPTH;                                                                                        \
  }
#if B_ROWS
#define W_BYTES(f) (w_depth + f * W_STEP < strides.s4 ? w_bytes : 0)
#define W_FROM(f) ((w_depth + f * W_STEP) * strides.s3 + w_column)
#else
#define W_BYTES(f) (w_column + f * W_STEP < size.s1 ? bytes_of(strides.s4 - w_depth) : 0)
#define W_FROM(f) ((w_column + f * W_STEP) * strides.s3 + w_depth)
#endif

// size: rows (pixels), columns; slices of the depth; tiles of rows, of columns; parts of the depth; rows of tiles that
//   are walked together.
// picture: width, height; of the output, width, height; elements between pixels; channels, and those rounded up to 8.
//   Without a window: elements between rows and the depth at the same places.
// window: width, height; strides, padding left and above, dilations: along x, y.
// strides: elements between pixels of y, of the residual; the residual's channels; elements between rows of w, and how
//   many a column has of the depth; flags: 1, 2: y and the residual are read and written 16 bytes at a time.
// batch: extents, then strides of a, w, y, residual.
kernel __attribute__((reqd_work_group_size(THREADS, 1, 1))) void mma_product(
    VIREO_TENSOR(a), VIREO_TENSOR(w), VIREO_TENSOR(y), VIREO_TENSOR(residual), VIREO_TENSOR(bias), VIREO_TENSOR(parts),
    VIREO_TENSOR(counters), const int8 size, const int8 picture, const int8 window, const int8 strides,
    const float scale, const int8 batch, const int8 a_batch, const int8 w_batch, const int8 y_batch,
    const int8 r_batch
#ifdef STAND_IN
    , const int4 form
#endif
) {
  local uchar memory[STAGES * SLOT] __attribute__((aligned(1024)));
  VIREO_AT(const ushort, a);
  VIREO_AT(const ushort, w);
  VIREO_AT(ushort, y);
  VIREO_AT(const ushort, residual);
  VIREO_AT(const float, bias);
  const int item = get_local_id(0), lane = item & 31, warp = item >> 5;
  const int warp_m = warp % WARPS_M * WM, warp_n = warp / WARPS_M * WN;
#ifndef STAND_IN
  const uint base = place_of(memory);
  uint a_part[2][WM / 16][4], w_part[2][WN / 16][4];
#endif
  if (BATCHED) {
    const int8 index = vireo_index(get_group_id(1), batch);
    a += vireo_dot(index, a_batch);
    w += vireo_dot(index, w_batch);
    y += vireo_dot(index, y_batch);
    residual += vireo_dot(index, r_batch);
  }
  // Tiles in bands of rows of tiles, so that what is read at a time stays in the second-level cache.
  const int number = SPLIT ? get_group_id(0) / size.s5 : get_group_id(0), part = SPLIT ? get_group_id(0) % size.s5 : 0;
  const int band = size.s6 * size.s4, in_band = number % band, band_first = number / band * size.s6;
  const int band_rows = min(size.s3 - band_first, size.s6);
  const int first_m = (band_first + in_band % band_rows) * ROWS, first_n = in_band / band_rows * COLUMNS;
  const int begin = SPLIT ? size.s2 * part / size.s5 : 0, end = SPLIT ? size.s2 * (part + 1) / size.s5 : size.s2;

  // The pieces that this item asks for: of these rows of `a`, where their window begins, beside the picture where there
  // is no pixel; of these columns of `w`.
  const int a_row = item / PIECES, w_row = item / W_PIECES;
  const uint a_to = swizzled(a_row, item % PIECES, PIECES), w_to = swizzled(w_row, item % W_PIECES, W_PIECES);
  int from[A_COUNT], corner[A_COUNT];
  UNROLL for (int f = 0; f < A_COUNT; ++f) {
    const int pixel = first_m + a_row + f * A_STEP;
    if (WINDOW) {
      const int row = pixel / picture.s2, image = row / picture.s3;
      const int left = (pixel - row * picture.s2) * window.s2 - window.s4;
      const int above = (row - image * picture.s3) * window.s3 - window.s5;
      from[f] = ((image * picture.s1 + above) * picture.s0 + left) * picture.s4;
      corner[f] = (pixel < size.s0 ? above : -32768) * 65536 + (left & 0xffff);
    } else {
      from[f] = pixel * picture.s4;
      corner[f] = pixel < size.s0;
    }
  }
  int channel = begin * DEPTH + item % PIECES * 8, kw = 0, kh = 0;
  if (WINDOW) {
    const int tap = channel / picture.s6;
    channel -= tap * picture.s6;
    kh = tap / window.s0;
    kw = tap - kh * window.s0;
  }
#if B_ROWS
  int w_depth = begin * DEPTH + w_row;
  const int w_column = first_n + item % W_PIECES * 8, w_bytes = bytes_of(size.s1 - w_column);
#else
  int w_depth = begin * DEPTH + item % W_PIECES * 8;
  const int w_column = first_n + w_row;
#endif

#ifdef STAND_IN
  const int blocks_m = max(0, min(WM, size.s0 - first_m - warp_m) + 15) / 16;
  const int blocks_n = max(0, min(WN, size.s1 - first_n - warp_n) + 7) / 8;
#endif
  float sums[WM / 16][WN / 8][4];
  UNROLL for (int i = 0; i < WM / 16; ++i)
    UNROLL for (int j = 0; j < WN / 8; ++j)
      UNROLL for (int q = 0; q < 4; ++q) sums[i][j][q] = 0.0f;
  UNROLL for (int s = 0; s < STAGES - 1; ++s) {
    if (begin + s < end) ASK(s)
    COMMIT;
  }
  WAIT(STAGES - 2);
  barrier(CLK_LOCAL_MEM_FENCE);
  READ(0, 0, 0)
  int slot = 0, next = STAGES - 1;
  for (int k = begin; k < end; ++k) {
    UNROLL for (int step = 0; step < STEPS; ++step) {
      if (step == STEPS - 1) {
        WAIT(STAGES - 2);
        barrier(CLK_LOCAL_MEM_FENCE);
        slot = slot + 1 == STAGES ? 0 : slot + 1;
      }
#ifdef STAND_IN
      if (step < STEPS - 1 || k + 1 < end)  // else what is read is used by nobody
#endif
        READ(slot, (step + 1) % STEPS, (step + 1) & 1)
      if (step == 0) {
        if (k + STAGES - 1 < end) ASK(next)
        COMMIT;
        next = next + 1 == STAGES ? 0 : next + 1;
      }
      MULTIPLY(step & 1)
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);

  bool finishes = true;
  if (SPLIT && size.s5 > 1) {
    const int tile = get_group_id(1) * (size.s3 * size.s4) + number;
    global float4 *all = (global float4 *)(parts_block + parts_offset) + (size_t)tile * size.s5 * (ROWS * COLUMNS / 4);
    global float4 *mine = all + part * (ROWS * COLUMNS / 4) + item;
    UNROLL for (int i = 0; i < WM / 16; ++i)
      UNROLL for (int j = 0; j < WN / 8; ++j)
        mine[(i * (WN / 8) + j) * THREADS] = (float4)(sums[i][j][0], sums[i][j][1], sums[i][j][2], sums[i][j][3]);
    FENCE;
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    volatile global uint *counter = (volatile global uint *)(counters_block + counters_offset) + tile;
    if (item == 0) *(local uint *)memory = COUNT((global uint *)counter);
    barrier(CLK_LOCAL_MEM_FENCE);
    finishes = *(local uint *)memory == size.s5 - 1;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (finishes) {
      FENCE;
      if (item == 0) *counter = 0;
      UNROLL for (int i = 0; i < WM / 16; ++i)
        UNROLL for (int j = 0; j < WN / 8; ++j) {
          float4 sum = (float4)(0.0f);
          for (int s = 0; s < size.s5; ++s)
            sum += PARTIAL(all + s * (ROWS * COLUMNS / 4) + item + (i * (WN / 8) + j) * THREADS);
          sums[i][j][0] = sum.x;
          sums[i][j][1] = sum.y;
          sums[i][j][2] = sum.z;
          sums[i][j][3] = sum.w;
        }
    }
  }
  if (!finishes) return;

  // The tile as halfs in local memory: rows of Y_PIECES. First the residual, for whoever finishes an element there.
  if (RESIDUAL) {
    _Pragma("unroll 4") for (int part_y = 0; part_y < ROWS * Y_PIECES / THREADS; ++part_y) {
      const int e = part_y * THREADS + item;
      const int row = e / Y_PIECES, column = first_n + e % Y_PIECES * 8, pixel = first_m + row;
      const uint to = swizzled(row, e % Y_PIECES, Y_PIECES);
      const int bytes = pixel < size.s0 ? bytes_of(strides.s2 - column) : 0;
      const int at = bytes > 0 ? pixel * strides.s1 + column : 0;
      if (strides.s5 & 2) {
        FETCH(to, residual + at, bytes);
      } else {
        for (int q = 0; q < 8; ++q) ((local ushort *)(memory + to))[q] = q * 2 < bytes ? residual[at + q] : 0;
      }
    }
    COMMIT;
    WAIT(0);
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  UNROLL for (int j = 0; j < WN / 8; ++j) {
    const int column = warp_n + j * 8 + (lane & 3) * 2;
    const float low = bias[first_n + column], high = bias[first_n + column + 1];
    UNROLL for (int i = 0; i < WM / 16; ++i)
      UNROLL for (int h = 0; h < 2; ++h) {
        const uint at = swizzled(warp_m + i * 16 + h * 8 + (lane >> 2), (warp_n >> 3) + j, Y_PIECES) + (lane & 3) * 4;
        float2 v = (float2)(sums[i][j][2 * h] * scale + low, sums[i][j][2 * h + 1] * scale + high);
        const float2 more = RESIDUAL ? halves_of(*(local uint *)(memory + at)) : (float2)(0.0f);
        if (RESIDUAL == 1) v += more;
        v = (float2)(ACTIVATE(v.x), ACTIVATE(v.y));
        if (RESIDUAL == 2) v += more;
        *(local uint *)(memory + at) = pack(v.x, v.y);
      }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  _Pragma("unroll 4") for (int part_y = 0; part_y < ROWS * Y_PIECES / THREADS; ++part_y) {
    const int e = part_y * THREADS + item;
    const int row = e / Y_PIECES, column = first_n + e % Y_PIECES * 8, pixel = first_m + row;
    const uint at = swizzled(row, e % Y_PIECES, Y_PIECES);
    if (pixel >= size.s0 || column >= size.s1) continue;
    global ushort *to = y + pixel * strides.s0 + column;
    if ((strides.s5 & 1) && column + 8 <= size.s1) {
      *(global uint4 *)to = *(const local uint4 *)(memory + at);
    } else {
      for (int q = 0; q < 8 && column + q < size.s1; ++q) to[q] = ((const local ushort *)(memory + at))[q];
    }
  }
}
