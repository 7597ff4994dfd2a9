// The sampling grid of affine maps, an item an output element. T: element type.
//   extents: of the two or three spatial axes, outermost first      shape: elements, axes, aligned corners, y's pitch
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
  const int coordinate = item % shape.s1, extent[3] = {extents.s0, extents.s1, extents.s2};
  int point = item / shape.s1;
  const int to = point * shape.s3 + coordinate;
  float at[3];
  for (int axis = shape.s1 - 1; axis >= 0; --axis) {
    at[axis] = centre_of(point % extent[axis], extent[axis], shape.s2);
    point /= extent[axis];
  }
  const int row = point * steps.s0 + coordinate * steps.s1;
  float value = GET(T, theta, row + shape.s1);
  for (int i = 0; i < shape.s1; ++i) value += GET(T, theta, row + i) * at[shape.s1 - 1 - i];
  PUT(T, y, to, value);
}
