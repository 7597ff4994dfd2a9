// `vireo compare --outputs`: what the engine gives against what another one gave, whose outputs lie in files.

#include <fmt/core.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "app/cli/compare_recorded.h"
#include "engine/api/half.h"

namespace vireo::cli {
namespace {

namespace fs = std::filesystem;

/// Every type of element as a double; 64-bit integers beyond 2^53 lose their last bits.
double element(const HostTensor& tensor, std::size_t i) {
  const auto at = [&]<typename T>(T) {
    T value;
    std::memcpy(&value, tensor.data.data() + i * sizeof(T), sizeof(T));
    return value;
  };
  switch (tensor.dtype) {
    case DataType::float32: return at(float{});
    case DataType::float64: return at(double{});
    case DataType::float16: return half_to_float(at(std::uint16_t{}));
    case DataType::bfloat16: return bfloat16_to_float(at(std::uint16_t{}));
    case DataType::int64: return static_cast<double>(at(std::int64_t{}));
    case DataType::uint64: return static_cast<double>(at(std::uint64_t{}));
    case DataType::int32: return at(std::int32_t{});
    case DataType::uint32: return at(std::uint32_t{});
    case DataType::int16: return at(std::int16_t{});
    case DataType::uint16: return at(std::uint16_t{});
    case DataType::int8: return at(std::int8_t{});
    case DataType::uint8:
    case DataType::boolean: return at(std::uint8_t{});
    default:
      throw Error(ErrorCode::unsupported, fmt::format("elements of {} can't be compared", to_string(tensor.dtype)));
  }
}

struct Difference {
  double relative_l2 = 0, max_abs = 0;
  std::size_t beyond = 0, not_finite = 0, count = 0, worst = 0;
};

Difference difference(const HostTensor& ours, const HostTensor& theirs, const Tolerance& tolerance) {
  Difference d;
  d.count = static_cast<std::size_t>(element_count(ours.dims));
  double error = 0, size = 0;
  for (std::size_t i = 0; i < d.count; ++i) {
    const double a = element(ours, i), b = element(theirs, i);
    if (a == b || (std::isnan(a) && std::isnan(b))) {
      if (std::isfinite(b)) size += b * b;
      continue;
    }
    if (!std::isfinite(a) || !std::isfinite(b)) {
      ++d.not_finite;
      continue;
    }
    const double off = std::abs(a - b);
    error += off * off;
    size += b * b;
    if (off > d.max_abs) d.max_abs = off, d.worst = i;
    d.beyond += off > tolerance.absolute + tolerance.relative * std::abs(b);
  }
  d.relative_l2 = error == 0 ? 0 : size > 0 ? std::sqrt(error / size) : std::numeric_limits<double>::infinity();
  return d;
}

/// The files output_0.pb, … Other engines may write them in another order: names count where each has one of ours.
std::vector<HostTensor> read_outputs(const std::string& folder, const std::vector<HostTensor>& ours) {
  std::vector<HostTensor> files;
  for (int k = 0; fs::exists(fs::path(folder) / fmt::format("output_{}.pb", k)); ++k)
    files.push_back(read_tensor(fs::path(folder) / fmt::format("output_{}.pb", k)));
  if (files.size() != ours.size())
    throw Error(ErrorCode::invalid_argument, fmt::format("the network has {} outputs, '{}' holds {} (output_0.pb, …)",
                                                         ours.size(), folder, files.size()));
  std::vector<HostTensor> sorted;
  for (const HostTensor& output : ours)
    for (const HostTensor& file : files)
      if (file.name == output.name) {
        sorted.push_back(file);
        break;
      }
  return sorted.size() == ours.size() ? sorted : files;
}

}  // namespace

int compare_recorded(const ModelFlags& flags, const std::string& inputs, const std::string& outputs,
                     const Tolerance& tolerance) {
  const Outputs files = files_of(flags);
  const Ran ran = run_on_files(flags, files, inputs);
  const std::vector<HostTensor> recorded = read_outputs(outputs, ran.outputs);
  std::size_t wrong = 0;
  fmt::print("{:>10} {:>10} {:>10} {:>8} {:>10}  {}\n", "rel. L2", "max abs", "beyond", "not fin.", "elements",
             "output");
  for (std::size_t k = 0; k < recorded.size(); ++k) {
    const HostTensor &ours = ran.outputs[k], &theirs = recorded[k];
    if (ours.dims != theirs.dims || ours.dtype != theirs.dtype) {
      fmt::print("'{}' is {} {}, recorded is {} {}  <-- WRONG\n", ours.name, to_string(ours.dims),
                 to_string(ours.dtype), to_string(theirs.dims), to_string(theirs.dtype));
      ++wrong;
      continue;
    }
    const Difference d = difference(ours, theirs, tolerance);
    const bool bad = d.beyond > 0 || d.not_finite > 0;
    wrong += bad;
    fmt::print("{:10.2e} {:10.2e} {:10} {:8} {:10}  {}{}\n", d.relative_l2, d.max_abs, d.beyond, d.not_finite, d.count,
               ours.name,
               bad && d.max_abs > 0 ? fmt::format("  <-- WRONG; furthest at element {}: {}, recorded {}", d.worst,
                                                  element(ours, d.worst), element(theirs, d.worst))
               : bad                ? std::string("  <-- WRONG")
                                    : std::string());
  }
  fmt::print("{} of {} outputs within {:.1e} + {:.1e} of what was recorded\n", recorded.size() - wrong, recorded.size(),
             tolerance.absolute, tolerance.relative);
  return wrong ? 1 : 0;
}

}  // namespace vireo::cli
