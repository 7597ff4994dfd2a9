#pragma once
// A network of a model whose weights are not at hand, for measuring it.

#include <cstdint>
#include <filesystem>

#include "engine/api/export.h"
#include "engine/api/network.h"

namespace vireo {

/// As import_onnx(path), with weights drawn from `seed` for those that the file names and has no bytes for: stripped
/// initializers, and external data whose file is missing. The same seed gives the same values, tensor by tensor: floats
/// scaled so that activations don't grow, biases around 0, other floats of one dimension or none around 1 (a variance
/// is positive), 8-bit integers over their range, int32 zeros. Refused, all at once, is what else is missing and whose
/// value matters: int64, bool, scales of Resize and the like. A network with weights that were drawn has the metadata
/// "vireo.random_weights": how many.
[[nodiscard]] VIREO_API Network import_onnx_topology(const std::filesystem::path& path, std::uint64_t seed,
                                                     const Limits& limits = {});

}  // namespace vireo
