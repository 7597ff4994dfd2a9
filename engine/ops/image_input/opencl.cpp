// image_input on OpenCL devices: an item a pixel, or four of a row.
#include "engine/ops/shared/opencl.h"
#include "engine/ops/image_input/kernels.h"
#include "engine/ops/shared/loop_plan.h"

namespace vireo::ops {

std::string refuse_image_input_opencl(const Problem& p) {
  return refuse_opencl(p, {DataType::uint8, DataType::float32, DataType::float16});
}

Launch prepare_image_input_opencl(const Problem& p) {
  const Dims& y = p.outputs[0].dims;
  const Dims from = strides_of(p.inputs[0]);
  const bool planes = p.attributes->text("layout", "nchw") == "nchw";
  const std::int64_t pixels = y[0] * y[1] * y[2];
  const auto four = [](std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) {
    return Int4{{static_cast<std::int32_t>(a), static_cast<std::int32_t>(b), static_cast<std::int32_t>(c),
                 static_cast<std::int32_t>(d)}};
  };
  KernelCall call("image_input/pixels.cl", "image_input_pixels");
  call.define_type("T", p.inputs[0].dtype).define_type("Y", p.outputs[0].dtype).define("CHANNELS", y[3]);
  const std::int64_t together = y[2] % 4 == 0 && y[3] <= 4 && !p.target->opencl.on_processor ? 4 : 1;
  call.define("TOGETHER", together);
  call.input(0).input(1).input(2).output(0).value(four(pixels, y[2], y[1], y[3]));
  call.value(planes ? four(from[0], from[2], from[3], from[1]) : four(from[0], from[1], from[2], from[3]));
  call.integer(p.outputs[0].pitch);
  call.over({pixels / together, 1, 1}, {64, 1, 1});
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops
