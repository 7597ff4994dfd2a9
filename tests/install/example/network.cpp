// A network by the API: y = relu(x + 1), built, saved, loaded and run. network PLAN
#include <vireo/builder.h>
#include <vireo/engine.h>
#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    vireo::Network network;
    const auto x = network.add_input("x", vireo::DataType::float32, {1, 4});
    const float one = 1;
    const auto c = network.add_constant("c", vireo::DataType::float32, {1}, &one, sizeof one);
    const auto sum = network.add_layer("binary", {x, c}, {{"function", std::string("add")}});
    network.mark_output(network.add_layer("unary", sum, {{"function", std::string("relu")}})[0], "y");
    vireo::BuildOptions options;
    options.budget_s = 0;
    vireo::build(network, options).save(argv[1]);

    const auto engine = vireo::Engine::load(argv[1]);
    const auto context = engine->create_context();
    vireo::Buffer in = context->allocate("x"), out = context->allocate("y");
    const float values[4] = {-3, -1, 0, 2};
    std::memcpy(in.data(), values, sizeof values);
    const vireo::Status status = context->run();
    if (!status.ok()) throw vireo::Error(status.code(), status.message());
    const float* y = reinterpret_cast<const float*>(out.data());
    std::printf("%g %g %g %g\n", y[0], y[1], y[2], y[3]);
  } catch (const vireo::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
