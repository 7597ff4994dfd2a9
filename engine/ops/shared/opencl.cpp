#include "engine/ops/shared/opencl.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>

#include "engine/base/text.h"
#include "engine/ops/shared/opencl/sources.h"

namespace vireo::ops {
namespace {

std::int32_t narrow(std::int64_t number) {
  if (number < std::numeric_limits<std::int32_t>::min() || number > std::numeric_limits<std::int32_t>::max())
    base::fail(ErrorCode::internal, "a kernel's argument ", number, " is no int");
  return static_cast<std::int32_t>(number);
}

const char* name_of(Activation kind) {
  switch (kind) {
    case Activation::none: return "identity";
    case Activation::relu: return "relu";
    case Activation::leaky_relu: return "leaky_relu";
    case Activation::clip: return "clip";
    case Activation::sigmoid: return "sigmoid";
    case Activation::silu: return "silu";
    case Activation::hard_sigmoid: return "hard_sigmoid";
    case Activation::hard_swish: return "hard_swish";
    case Activation::mish: return "mish";
    case Activation::tanh: return "tanh";
    case Activation::erf: return "erf";
    case Activation::gelu: return "gelu";
    case Activation::gelu_tanh: return "gelu_tanh";
    case Activation::elu: return "elu";
    case Activation::celu: return "celu";
    case Activation::selu: return "selu";
    case Activation::softplus: return "softplus";
    case Activation::softsign: return "softsign";
    case Activation::thresholded_relu: return "thresholded_relu";
  }
  return "identity";
}

/// Whether the word stands in a text, comments aside.
bool says(std::string_view text, std::string_view word) {
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; at += word.size()) {
    if (at > 0 && is_word(text[at - 1])) continue;
    if (at + word.size() < text.size() && is_word(text[at + word.size()])) continue;
    const std::size_t line = text.rfind('\n', at) + 1;  // npos + 1 is 0
    if (text.substr(line, at - line).find("//") == std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

std::string_view opencl_source(std::string_view path) {
  for (const OpenclSource& source : opencl_sources())
    if (source.path == path) return source.text;
  base::fail(ErrorCode::internal, "no OpenCL source is named ", path);
}

std::string_view opencl_type(DataType type) noexcept {
  switch (type) {
    case DataType::float32: return "float";
    case DataType::float16: return "half";
    case DataType::int8: return "char";
    case DataType::uint8:
    case DataType::boolean: return "uchar";
    case DataType::int16: return "short";
    case DataType::uint16: return "ushort";
    case DataType::int32: return "int";
    case DataType::uint32: return "uint";
    case DataType::int64: return "long";
    case DataType::uint64: return "ulong";
    default: return "";
  }
}

namespace {

/// Texts that NVIDIA's compiler (580.159) was seen to take in plan kernels: the operators' tests and networks on an
/// H200. It crashes on some, and with it the program.
bool is_proven(std::string_view path) {
  static constexpr std::string_view kProven[] = {"attention/mma.cl",
                                                 "binary/elements.cl",
                                                 "cast/elements.cl",
                                                 "cast/part.cl",
                                                 "conv/depthwise.cl",
                                                 "conv/depthwise_part.cl",
                                                 "conv/first.cl",
                                                 "conv/gemm.cl",
                                                 "conv/patches.cl",
                                                 "image_conv/part.cl",
                                                 "image_input/pixels.cl",
                                                 "pool/part.cl",
                                                 "pool/strips.cl",
                                                 "pool/window.cl",
                                                 "reduce/lines.cl",
                                                 "reduce/part.cl",
                                                 "resize/part.cl",
                                                 "resize/taps.cl",
                                                 "shared/opencl/conv_any.cl",
                                                 "shared/opencl/movement.cl",
                                                 "shared/opencl/normalize.cl",
                                                 "shared/opencl/product_blocks.cl",
                                                 "shared/opencl/slab.cl",
                                                 "shared/opencl/turn.cl",
                                                 "unary/elements.cl"};
  return std::find(std::begin(kProven), std::end(kProven), path) != std::end(kProven);
}

}  // namespace

KernelCall::KernelCall(std::string_view path, std::string_view entry) {
  kernel_.proven = is_proven(path);
  kernel_.source = base::str(opencl_source("shared/opencl/prelude.cl"), opencl_source("shared/opencl/functions.cl"));
  own_ = common_ = kernel_.source.size();
  kernel_.source += opencl_source(path);
  kernel_.entry = entry;
}

KernelCall& KernelCall::group_part(std::size_t bytes) {
  kernel_.part = bytes ? OpenclKernel::Part::groups : OpenclKernel::Part::items;
  kernel_.local_bytes = bytes;
  return *this;
}

OpenclKernel KernelCall::done() {
  const std::string_view own = std::string_view(kernel_.source).substr(common_);
  if (kernel_.part == OpenclKernel::Part::none && !says(own, "barrier") && !says(own, "local"))
    kernel_.part = OpenclKernel::Part::items;
  return std::move(kernel_);
}

KernelCall& KernelCall::before(std::string_view path) {
  const std::string_view text = opencl_source(path);
  kernel_.source.insert(own_, text);
  own_ += text.size();
  return *this;
}

KernelCall& KernelCall::define_text(std::string_view name, std::string_view value) {
  kernel_.options += base::str(kernel_.options.empty() ? "-D" : " -D", name, "=", value);
  return *this;
}

KernelCall& KernelCall::define(std::string_view name, std::int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value);
  return define_text(name, std::string_view(digits, static_cast<std::size_t>(end.ptr - digits)));
}

KernelCall& KernelCall::define_real(std::string_view name, double value) {
  char digits[24];
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  const auto end = std::to_chars(digits, digits + sizeof(digits), bits, 16);
  return define_text(
      name, base::str("as_float(0x", std::string_view(digits, static_cast<std::size_t>(end.ptr - digits)), "u)"));
}

KernelCall& KernelCall::define_type(std::string_view name, DataType type) {
  return define_text(name, opencl_type(type));
}

KernelCall& KernelCall::compiled_quickly() {
  kernel_.options += " -cl-opt-disable";
  return *this;
}

KernelCall& KernelCall::activation(const ActivationSpec& spec) {
  define_text("ACTIVATION", std::string("f_") + name_of(spec.kind));
  if (spec.alpha != 0) define_real("ALPHA", spec.alpha);
  if (spec.beta != 0) define_real("BETA", spec.beta);
  return *this;
}

KernelCall& KernelCall::input(int index) {
  kernel_.arguments.push_back({device::OpenclArgument::Kind::input, index});
  return *this;
}

KernelCall& KernelCall::output(int index) {
  kernel_.arguments.push_back({device::OpenclArgument::Kind::output, index});
  return *this;
}

KernelCall& KernelCall::state(int index, std::size_t offset) {
  kernel_.arguments.push_back({device::OpenclArgument::Kind::state, index, offset});
  return *this;
}

KernelCall& KernelCall::workspace(std::size_t offset) {
  kernel_.arguments.push_back({device::OpenclArgument::Kind::workspace, 0, offset});
  return *this;
}

KernelCall& KernelCall::counters() {
  kernel_.arguments.push_back({device::OpenclArgument::Kind::counters, 0});
  return *this;
}

KernelCall& KernelCall::fault() {
  kernel_.arguments.push_back({device::OpenclArgument::Kind::fault, 0});
  return *this;
}

KernelCall& KernelCall::map(int index) {
  kernel_.arguments.push_back({device::OpenclArgument::Kind::map, index});
  return *this;
}

KernelCall& KernelCall::integer(std::int64_t number) { return value(narrow(number)); }

KernelCall& KernelCall::over(std::array<std::int64_t, 3> items, std::array<std::size_t, 3> local) {
  for (std::size_t d = 0; d < 3; ++d) {
    kernel_.local[d] = local[d];
    kernel_.groups[d] = (static_cast<std::size_t>(items[d]) + local[d] - 1) / local[d];
  }
  return *this;
}

std::string refuse_opencl(const Problem& problem, std::initializer_list<DataType> types) {
  bool any = false;
  for (const auto* descs : {&problem.inputs, &problem.outputs})
    for (const graph::Desc& desc : *descs) {
      if (!desc.present()) continue;
      if (std::find(types.begin(), types.end(), desc.dtype) == types.end())
        return base::str("takes no tensor of ", desc.dtype);
      const std::int64_t row = desc.dims.empty() ? 1 : desc.dims.back();
      const std::int64_t count = desc.count();
      if (count > 0 && count / row > (std::int64_t{1} << 31) / std::max(desc.pitch, row) - 1)
        return "a tensor has more elements than an int counts";
    }
  for (const graph::Desc& desc : problem.outputs) any = any || (desc.present() && desc.count() > 0);
  return any ? "" : "nothing to do";
}

Int8 loop_dims(const Loop& loop) {
  Int8 all{{1, 1, 1, 1, 1, 1, 1, 1}};
  for (int i = 0; i < loop.rank; ++i) all.at[8 - loop.rank + i] = narrow(loop.dims[i]);
  return all;
}

Int8 loop_strides(const Loop& loop, int tensor) {
  Int8 all{};
  for (int i = 0; i < loop.rank; ++i) all.at[8 - loop.rank + i] = narrow(loop.strides[tensor][i]);
  return all;
}

Int8 int8_of(std::initializer_list<std::int64_t> values) {
  if (values.size() > 8) base::fail(ErrorCode::internal, "an argument of ", values.size(), " numbers");
  Int8 all{};
  std::size_t i = 0;
  for (const std::int64_t value : values) all.at[i++] = narrow(value);
  return all;
}

Int8 int8_last(const Dims& values, std::int32_t fill) {
  if (values.size() > 8) base::fail(ErrorCode::internal, "an argument of ", values.size(), " numbers");
  Int8 all{{fill, fill, fill, fill, fill, fill, fill, fill}};
  for (std::size_t i = 0; i < values.size(); ++i) all.at[8 - values.size() + i] = narrow(values[i]);
  return all;
}

}  // namespace vireo::ops
