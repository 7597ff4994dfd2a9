// The first convolution of an image network on tensor cores, float16, channels-last, at most 4 input channels. A group
// loads the rows of the picture that a tile of outputs needs into local memory once, 4 channels (8 bytes) a pixel, zeros
// around the picture; with an even stride the window row of an output pixel begins at a multiple of 16 bytes there, so
// that ldmatrix reads the operand of the product right out of overlapping windows. Depth: KH window rows of KW pixels x
// 4 channels, each rounded up to 16. A tile is TILE_H output rows of SEGMENT pixels (a multiple of 16) x 64 channels; 8
// warps: 4 share the pixels, 2 the channels. Weights: [channels padded to 64][KH][DEPTH_ROW].
// What bounds it: writing the output.
// Defines: KH, KW, SH, SW, CHANNELS, TILE_H, SEGMENT, ACTIVATION.
#define DEPTH_ROW ((KW * 4 + 15) / 16 * 16)
#define DEPTH (KH * DEPTH_ROW)
#define W_PITCH (DEPTH + 8)
#define ROWS ((TILE_H - 1) * SH + KH)
#define PIXELS (((SEGMENT - 1) * SW + DEPTH_ROW / 4 + 1) / 2 * 2)
#define PARTS (SEGMENT / 16)
#define COUNT (TILE_H * PARTS)       // products of 16 pixels
#define EACH ((COUNT + 3) / 4)       // of them, for each warp
#define TOGETHER (EACH < 4 ? EACH : 4)

// in: height, width, elements between pixels, images. out: height, width, elements between pixels, channels.
// grid: segments of a row, tiles of rows, blocks of channels; padding left, above.
kernel __attribute__((reqd_work_group_size(256, 1, 1))) void conv_first(VIREO_TENSOR(x), VIREO_TENSOR(w),
                                                                        VIREO_TENSOR(bias), VIREO_TENSOR(y),
                                                                        const int4 in, const int4 out,
                                                                        const int8 grid) {
  VIREO_LOCAL(ushort, picture, ROWS * PIXELS * 4);
  VIREO_LOCAL(ushort, weights, 64 * W_PITCH);
  const global ushort *xs = (const global ushort *)(x_block + x_offset);
  const global uint4 *ws = (const global uint4 *)(w_block + w_offset);
  VIREO_AT(float, bias);
  global ushort *ys = (global ushort *)(y_block + y_offset);
  const int item = get_local_id(0), lane = item & 31, warp = item >> 5;
  const int block = get_group_id(0) % grid.s2, groups = get_num_groups(0) / grid.s2;
  const int total = grid.s0 * grid.s1 * in.s3;

  for (int e = item; e < 64 * (DEPTH / 8); e += 256)
    *(local uint4 *)(weights + e / (DEPTH / 8) * W_PITCH + e % (DEPTH / 8) * 8) = ws[block * (64 * DEPTH / 8) + e];
  const int half_block = warp & 1;  // 32 of the 64 channels
  float shift[4][2];
#pragma unroll
  for (int n = 0; n < 4; ++n)
#pragma unroll
    for (int j = 0; j < 2; ++j) shift[n][j] = bias[block * 64 + half_block * 32 + n * 8 + (lane & 3) * 2 + j];

  for (int tile = get_group_id(0) / grid.s2; tile < total; tile += groups) {
    const int column = tile % grid.s0 * SEGMENT, row = tile / grid.s0 % grid.s1 * TILE_H;
    const int image = tile / (grid.s0 * grid.s1);
    const int left = column * SW - grid.s3, above = row * SH - grid.s4;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int e = item; e < ROWS * PIXELS; e += 256) {
      const int v = e % PIXELS + left, h = e / PIXELS + above;
      ushort4 pixel = (ushort4)(0);
      if ((uint)h < (uint)in.s0 && (uint)v < (uint)in.s1) {
        const global ushort *from = xs + ((image * in.s0 + h) * in.s1 + v) * in.s2;
        pixel.s0 = from[0];
#if CHANNELS > 1
        pixel.s1 = from[1];
#endif
#if CHANNELS > 2
        pixel.s2 = from[2];
#endif
#if CHANNELS > 3
        pixel.s3 = from[3];
#endif
      }
      *(local ushort4 *)(picture + e * 4) = pixel;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int begin = 0; begin < EACH; begin += TOGETHER) {
      float sums[TOGETHER][4][4];
      uint from[TOGETHER];
#pragma unroll
      for (int t = 0; t < TOGETHER; ++t) {
        const int part = min((begin + t) * 4 + (warp >> 1), COUNT - 1);
        const int pixel = part % PARTS * 16 + (lane & 7) + ((lane >> 3) & 1) * 8;
        from[t] = place_of(picture + ((part / PARTS * SH) * PIXELS + pixel * SW) * 4 + (lane >> 4) * 8);
#pragma unroll
        for (int n = 0; n < 4; ++n)
#pragma unroll
          for (int j = 0; j < 4; ++j) sums[t][n][j] = 0.0f;
      }
      uint columns_at = place_of(weights + (half_block * 32 + (lane & 7) + ((lane >> 4) << 3)) * W_PITCH +
                                 ((lane >> 3) & 1) * 8);
      for (int kh = 0; kh < KH; ++kh) {
#pragma unroll
        for (int k = 0; k < DEPTH_ROW / 16; ++k) {
          uint b[2][4];
          load_matrices(columns_at, b[0]);
          load_matrices(columns_at + 16 * W_PITCH * 2, b[1]);
          columns_at += 32;
#pragma unroll
          for (int t = 0; t < TOGETHER; ++t) {
            uint a[4];
            load_matrices(from[t] + kh * (PIXELS * 8) + k * 32, a);
            multiply_add(sums[t][0], a, b[0][0], b[0][1]);
            multiply_add(sums[t][1], a, b[0][2], b[0][3]);
            multiply_add(sums[t][2], a, b[1][0], b[1][1]);
            multiply_add(sums[t][3], a, b[1][2], b[1][3]);
          }
        }
      }
#pragma unroll
      for (int t = 0; t < TOGETHER; ++t) {
        const int part = (begin + t) * 4 + (warp >> 1);
        const int h = row + part / PARTS;
        if (part >= COUNT || h >= out.s0) continue;
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          const int v = column + part % PARTS * 16 + (lane >> 2) + i * 8;
          if (v >= out.s1) continue;
          global ushort *to = ys + ((image * out.s0 + h) * out.s1 + v) * out.s2;
#pragma unroll
          for (int n = 0; n < 4; ++n) {
            const int channel = block * 64 + half_block * 32 + n * 8 + (lane & 3) * 2;
            if (channel < out.s3)
              *(global uint *)(to + channel) = pack(ACTIVATE(sums[t][n][i * 2] + shift[n][0]),
                                                    ACTIVATE(sums[t][n][i * 2 + 1] + shift[n][1]));
          }
        }
      }
    }
  }
}
