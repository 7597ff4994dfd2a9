// Pools regions of images by bilinear sampling, an item an output element. T, R, I: types of x, of the regions and of
// their images' numbers. A region whose image there isn't becomes NaN.
//   shape: regions, channels, rows, columns of the output   image: images, height, width, samples of a bin (0: as fit)
//   xs: strides of image, channel, row, then the regions' pitch      ys: of region, channel, row
//   flags: 1 max, 2 half a pixel off
kernel void roi_align_regions(VIREO_TENSOR(x), VIREO_TENSOR(regions), VIREO_TENSOR(images), VIREO_TENSOR(y),
                              const int4 shape, const int4 image, const int4 xs, const int4 ys, const float scale,
                              const int flags) {
  VIREO_AT(T, x);
  VIREO_AT(R, regions);
  VIREO_AT(I, images);
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item >= shape.s0 * shape.s1 * shape.s2 * shape.s3) return;
  const int j = item % shape.s3, i = item / shape.s3 % shape.s2, channel = item / (shape.s3 * shape.s2) % shape.s1;
  const int r = item / (shape.s3 * shape.s2 * shape.s1);
  const int to = r * ys.s0 + channel * ys.s1 + i * ys.s2 + j;
  const long n = images[r];
  if (n < 0 || n >= image.s0) {
    PUT(T, y, to, NAN);
    return;
  }
  const float shift = flags & 2 ? 0.5f : 0.0f;
  const float x1 = GET(R, regions, r * xs.s3) * scale - shift, y1 = GET(R, regions, r * xs.s3 + 1) * scale - shift;
  float w = GET(R, regions, r * xs.s3 + 2) * scale - shift - x1;
  float h = GET(R, regions, r * xs.s3 + 3) * scale - shift - y1;
  if (!(flags & 2)) {
    w = fmax(w, 1.0f);
    h = fmax(h, 1.0f);
  }
  const float bin_h = h / shape.s2, bin_w = w / shape.s3;
  const int count_h = image.s3 > 0 ? image.s3 : clamp((int)ceil(fmin(bin_h, 1e4f)), 0, 1024);
  const int count_w = image.s3 > 0 ? image.s3 : clamp((int)ceil(fmin(bin_w, 1e4f)), 0, 1024);
  const int plane = (int)n * xs.s0 + channel * xs.s1, height = image.s1, width = image.s2;
  float sum = 0.0f, top = -INFINITY;
  for (int a = 0; a < count_h; ++a)
    for (int b = 0; b < count_w; ++b) {
      float py = y1 + (i + (a + 0.5f) / count_h) * bin_h, px = x1 + (j + (b + 0.5f) / count_w) * bin_w;
      if (!(py >= -1.0f && py <= (float)height && px >= -1.0f && px <= (float)width)) {
        sum += 0.0f * GET(T, x, plane);
        top = fmax(top, 0.0f);
        continue;
      }
      py = fmax(py, 0.0f);
      px = fmax(px, 0.0f);
      const int top_row = min((int)py, height - 1), left = min((int)px, width - 1);
      const int bottom = min(top_row + 1, height - 1), right = min(left + 1, width - 1);
      const float fy = top_row == bottom ? 0.0f : py - top_row, fx = left == right ? 0.0f : px - left;
      const float v0 = (1.0f - fy) * (1.0f - fx) * GET(T, x, plane + top_row * xs.s2 + left);
      const float v1 = (1.0f - fy) * fx * GET(T, x, plane + top_row * xs.s2 + right);
      const float v2 = fy * (1.0f - fx) * GET(T, x, plane + bottom * xs.s2 + left);
      const float v3 = fy * fx * GET(T, x, plane + bottom * xs.s2 + right);
      sum += v0 + v1 + v2 + v3;
      top = fmax(top, fmax(fmax(v0, v1), fmax(v2, v3)));
    }
  const int count = count_h * count_w;
  PUT(T, y, to, count == 0 ? 0.0f : flags & 1 ? top : sum / count);
}
