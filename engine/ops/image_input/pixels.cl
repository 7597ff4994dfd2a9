// Images prepared for a first convolution: an item makes TOGETHER neighbours of a row, whose values it asks for before it
// uses one. T: element type of the images, Y: of the result, CHANNELS.
//   shape: pixels, of a row, rows of an image, -      xs: strides of image, row, pixel, channel; to: of a pixel of y
kernel void image_input_pixels(VIREO_TENSOR(x), VIREO_TENSOR(scale), VIREO_TENSOR(shift), VIREO_TENSOR(y),
                               const int4 shape, const int4 xs, const int to) {
  VIREO_AT(T, x);
  VIREO_AT(float, scale);
  VIREO_AT(float, shift);
  VIREO_AT(Y, y);
  const int pixel = get_global_id(0) * TOGETHER;
  if (pixel >= shape.s0) return;
  const int row = pixel / shape.s1;
  const int from = row / shape.s2 * xs.s0 + row % shape.s2 * xs.s1 + pixel % shape.s1 * xs.s2;
  float values[TOGETHER][CHANNELS];
#pragma unroll
  for (int i = 0; i < TOGETHER; ++i)
#pragma unroll
    for (int c = 0; c < CHANNELS; ++c) values[i][c] = (float)GET(T, x, from + i * xs.s2 + c * xs.s3);
#pragma unroll
  for (int i = 0; i < TOGETHER; ++i)
#pragma unroll
    for (int c = 0; c < CHANNELS; ++c)
      PUT(Y, y, (pixel + i) * to + c, values[i][c] * scale[c] + shift[c]);
}
