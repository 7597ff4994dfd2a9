#include "engine/graph/packed_weights.h"

#include <cinttypes>

#include "engine/base/memory.h"
#include "engine/base/text.h"

namespace vireo::graph {

std::shared_ptr<const std::byte> packed(const Problem& problem, std::string_view layout, DataType elements,
                                        std::initializer_list<std::size_t> inputs, std::size_t bytes,
                                        const FillPacked& fill) {
  if (size_of(elements) == 0 || bytes % size_of(elements) != 0)
    base::fail(ErrorCode::internal, "packed weights '", layout, "': ", bytes, " bytes are no whole number of ",
               elements);
  const auto fill_and_release = [&](std::byte* block) {
    fill(block);
    for (const std::size_t k : inputs)
      if (k < problem.inputs.size() && problem.inputs[k].constant) problem.inputs[k].constant->release();
  };
  if (!problem.packs) {
    std::shared_ptr<std::byte> own = base::allocate_aligned(bytes);
    fill_and_release(own.get());
    return own;
  }
  std::string key = base::str(elements, " ", layout, " b", bytes);
  for (const std::size_t k : inputs) {
    const Constant* constant = k < problem.inputs.size() ? problem.inputs[k].constant.get() : nullptr;
    if (!constant) {
      key += " -";
      continue;
    }
    char checksum[20];
    std::snprintf(checksum, sizeof checksum, "%016" PRIx64, constant->checksum());
    key += base::str(" ", constant->dims, ":", checksum);
  }
  return problem.packs->get(key, bytes, fill_and_release);
}

DataType elements_of(std::string_view key) noexcept { return data_type_from(key.substr(0, key.find(' '))); }

}  // namespace vireo::graph
