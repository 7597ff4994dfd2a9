// Images prepared for a first convolution: an item a pixel. T: element type of the images.
//   shape: pixels, of a row, rows of an image, channels      xs: strides of image, row, pixel, channel; y: of a pixel
kernel void image_input_pixels(VIREO_TENSOR(x), VIREO_TENSOR(scale), VIREO_TENSOR(shift), VIREO_TENSOR(y),
                               const int4 shape, const int4 xs, const int to) {
  VIREO_AT(T, x);
  VIREO_AT(float, scale);
  VIREO_AT(float, shift);
  VIREO_AT(float, y);
  const int pixel = get_global_id(0);
  if (pixel >= shape.s0) return;
  const int row = pixel / shape.s1;
  const int from = row / shape.s2 * xs.s0 + row % shape.s2 * xs.s1 + pixel % shape.s1 * xs.s2;
  for (int c = 0; c < shape.s3; ++c) y[pixel * to + c] = (float)x[from + c * xs.s3] * scale[c] + shift[c];
}
