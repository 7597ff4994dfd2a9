// Keeps one side of the diagonal that is k columns to the right. T: an unsigned integer of the elements' size.
kernel void trilu_elements(VIREO_TENSOR(x), VIREO_TENSOR(y), const int count, const int rows, const int columns,
                           const int x_pitch, const int y_pitch, const int upper, const int k) {
  VIREO_AT(T, x);
  VIREO_AT(T, y);
  const int item = get_global_id(0);
  if (item >= count) return;
  const int line = item / columns, column = item % columns, edge = line % rows + k;
  const bool keeps = upper ? column >= edge : column <= edge;
  y[line * y_pitch + column] = keeps ? x[line * x_pitch + column] : (T)0;
}
