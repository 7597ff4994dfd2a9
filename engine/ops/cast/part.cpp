// cast of a plan kernel's results to float32 as a part of it (part.cl).
#include "engine/ops/shared/opencl_words.h"

namespace vireo::ops {

std::string refuse_cast_part(const Problem& p) {
  if (p.outputs[0].dtype != DataType::float32) return "makes float32 only";
  if (p.target->opencl.resident_groups < 1) return "needs groups that may wait for each other";
  if (!p.inputs[0].dense() || !p.outputs[0].dense() || p.outputs[0].alignment < 16) return "takes dense tensors";
  Problem flat = p;
  flat.inputs[0].dims = {p.inputs[0].count()};
  flat.inputs[0].pitch = p.inputs[0].count();
  return refuse_words(flat, {0});
}

Launch prepare_cast_part(const Problem& p) {
  const std::int64_t words = p.inputs[0].count() / 8, items = word_items(p, words);
  KernelCall call("cast/part.cl", "cast_part");
  call.before("shared/opencl/words.cl").define("WORDS", words).define("ITEMS", items).input(0).output(0);
  OpenclLaunch launch;
  launch.kernels.push_back(word_part(call.done(), (words + items - 1) / items));
  launch.marks = true;
  return launch;
}

}  // namespace vireo::ops
