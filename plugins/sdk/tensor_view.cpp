#include "plugins/sdk/tensor_view.h"

#include <string>

#include "engine/api/error.h"

namespace vireo::sdk {

TensorView slice_batch(const TensorView& tensor, std::int64_t index, std::int64_t batch) {
  if (batch == 1 && index == 0) return tensor;
  const bool divides = !tensor.dims.empty() && batch > 0 && tensor.dims[0] % batch == 0;
  if (!divides || index < 0 || index >= batch) {
    throw Error(ErrorCode::invalid_argument, "output '" + std::string(tensor.name) + "': can't take image " +
                                                 std::to_string(index) + " of a batch of " + std::to_string(batch) +
                                                 " from the first extent of " + to_string(tensor.dims));
  }
  TensorView view = tensor;
  view.dims[0] /= batch;
  const std::size_t bytes = byte_count(view.dtype, view.dims);
  view.data = static_cast<const std::byte*>(tensor.data) + std::size_t(index) * bytes;
  return view;
}

}  // namespace vireo::sdk
