#include "tests/fuzz/try_input.h"

#include "engine/api/builder.h"
#include "engine/api/engine.h"
#include "engine/base/text.h"
#include "tests/import/model.h"

namespace vireo::fuzz_testing {
namespace {

/// Unknown extents become small ones; inputs get ones, or what a boolean or index may be.
void run_engine(Engine& engine, std::size_t first_extent) {
  const auto context = engine.create_context();
  for (const TensorInfo& input : engine.inputs()) {
    Dims dims = input.dims;
    for (std::int64_t& extent : dims)
      if (extent < 0) extent = static_cast<std::int64_t>(first_extent);
    if (dims != input.dims) context->set_shape(input.name, dims);
  }
  for (const TensorInfo& input : engine.inputs()) {
    const Buffer buffer = context->allocate(input.name);
    for (std::size_t i = 0; i < buffer.bytes(); ++i)
      buffer.as<unsigned char>()[i] = i % size_of(input.dtype) == 0 ? 1 : 0;
    if (input.dtype == DataType::float32)
      for (std::size_t i = 0; i < buffer.bytes() / 4; ++i) buffer.as<float>()[i] = static_cast<float>(i % 7) - 3;
  }
  for (const TensorInfo& output : engine.outputs())
    if (is_static(context->shape(output.name))) (void)context->allocate(output.name);
  if (!context->run().ok()) return;
  for (const TensorInfo& output : engine.outputs()) {
    const Buffer result = context->result(output.name);
    const auto bytes = static_cast<std::size_t>(element_count(context->shape(output.name))) * size_of(output.dtype);
    if (result.bytes() < bytes)
      base::fail(ErrorCode::internal, "output '", output.name, "' has ", result.bytes(), " bytes of ", bytes);
  }
}

}  // namespace

const char* name_of(Stage stage) {
  constexpr const char* kNames[] = {"nothing", "make", "import", "build", "save", "load", "run"};
  return kNames[static_cast<int>(stage)];
}

std::string try_input(const Input& input, const std::filesystem::path& scratch, const std::function<void(Stage)>& enter,
                      bool& refused) {
  refused = true;
  const std::filesystem::path path = scratch / "fuzz.plan";
  try {
    if (input.plan) {
      enter(Stage::save);
      std::FILE* file = std::fopen(path.c_str(), "wb");
      if (file == nullptr) return "the scratch folder can't be written";
      (void)std::fwrite(input.bytes.data(), 1, input.bytes.size(), file);
      std::fclose(file);
    } else {
      enter(Stage::import);
      Network network = import_onnx(std::as_bytes(std::span(input.bytes)), scratch);
      enter(Stage::build);
      BuildOptions options;
      options.budget_s = 0;
      options.threads = 1;
      const Plan plan = build(std::move(network), options);
      enter(Stage::save);
      plan.save(path);
    }
    enter(Stage::load);
    const auto engine = Engine::load(path, {}, {.threads = 1});
    refused = false;
    enter(Stage::run);
    run_engine(*engine, 1 + input.bytes.size() % 3);
    return {};
  } catch (const Error& error) {
    return error.code() == ErrorCode::internal ? base::str("internal error: ", error.what()) : std::string();
  } catch (const std::exception& error) {
    return base::str("exception: ", error.what());
  }
}

}  // namespace vireo::fuzz_testing
