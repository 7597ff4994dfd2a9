// The sampling grid of affine maps, an item an output element. T: element type.
//   extents: of the two or three spatial axes, outermost first, then ones
//   shape: elements, axes, aligned corners, pitch of y
//   steps: from map to map, from row to row of one
inline float centre_of(int i, int extent, int align) {
  if (align) return extent > 1 ? -1.0f + 2.0f * i / (extent - 1) : 0.0f;
  return (2.0f * i + 1.0f) / extent - 1.0f;
}

kernel void affine_grid_elements(VIREO_TENSOR(theta), VIREO_TENSOR(y), const int4 extents, const int4 shape,
                                 const int2 steps) {
  VIREO_AT(T, theta);
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item >= shape.s0) return;
  const int coordinate = item % shape.s1, point = item / shape.s1;
  const int row = point / (extents.s0 * extents.s1 * extents.s2) * steps.s0 + coordinate * steps.s1;
  float value = GET(T, theta, row + shape.s1);
  int rest = point;
  for (int i = 0; i < shape.s1; ++i) {  // the innermost axis first
    const int axis = shape.s1 - 1 - i, extent = axis == 0 ? extents.s0 : axis == 1 ? extents.s1 : extents.s2;
    value += GET(T, theta, row + i) * centre_of(rest % extent, extent, shape.s2);
    rest /= extent;
  }
  PUT(T, y, point * shape.s3 + coordinate, value);
}
