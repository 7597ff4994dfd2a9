// Windows that don't overlap (stride = kernel, no padding), one after the other as rows of a matrix [windows][KH x run],
// so that the convolution is a product: an item moves WIDE halfs. run: elements of a window's row; pitch: of the matrix.
//   out: windows of a row, rows of windows of a picture; from: elements of a picture's row, of a picture
#if WIDE == 8
#define PIECE uint4
#else
#define PIECE ushort
#endif
kernel void conv_patches(VIREO_TENSOR(x), VIREO_TENSOR(y), const int count, const int2 out, const int2 window,
                         const int4 from, const int pitch) {
  const int item = get_global_id(0);
  if (item >= count) return;
  const int run = window.s1 / WIDE;
  const int piece = item % run, kh = item / run % window.s0, row = item / (run * window.s0);
  const int v = row % out.s0, h = row / out.s0 % out.s1, image = row / (out.s0 * out.s1);
  const global ushort *xs = (const global ushort *)(x_block + x_offset);
  global ushort *ys = (global ushort *)(y_block + y_offset);
  const int source = image * from.s1 + (h * from.s2 + kh) * from.s0 + v * window.s1 + piece * WIDE;
  *(global PIECE *)(ys + row * pitch + kh * window.s1 + piece * WIDE) = *(const global PIECE *)(xs + source);
}
