#pragma once
// A model with one input x, run by the references, built, and from a saved plan, to the same values.

#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "engine/api/builder.h"
#include "engine/api/compare.h"
#include "engine/api/engine.h"
#include "tests/import/model.h"

namespace vireo::import_testing {

using Values = std::vector<double>;

inline BuildOptions quick() {
  BuildOptions options;
  options.budget_s = 0;
  options.threads = 2;
  return options;
}

struct Given {
  Dims dims;
  Values x;
};

/// The network built, and again from a saved plan: each given x in turn through one context, all outputs as the
/// references have them. Gives the values of output 0.
class Built {
 public:
  explicit Built(const Model& model, const BuildOptions& options = quick()) : network_(model.load()) {
    const Plan plan = build(network_, options);
    const auto path = std::filesystem::temp_directory_path() / ("vireo_built_" + std::to_string(::getpid()));
    plan.save(path);
    for (const Plan& one : {plan, Plan::load(path)}) {
      engines_.push_back(Engine::load(one));
      contexts_.push_back(engines_.back()->create_context());
    }
    std::filesystem::remove(path);
  }

  Values operator()(const Given& given) {
    const graph::MutableConstant x = graph::new_constant(DataType::float32, given.dims);
    for (std::size_t i = 0; i < given.x.size(); ++i) x.as<float>()[i] = static_cast<float>(given.x[i]);
    const std::vector<graph::ConstantPtr> wanted = graph::evaluate_graph(network_.graph(), {x.constant});
    for (const auto& context : contexts_) {
      context->set_shape("x", given.dims);
      const Buffer in = context->allocate("x");
      if (x.constant->bytes()) std::memcpy(in.data(), x.data, x.constant->bytes());
      std::vector<Buffer> bound;
      for (const TensorInfo& output : network_.outputs()) {
        try {
          bound.push_back(context->allocate(output.name));
        } catch (const Error& error) {
          EXPECT_NE(std::string(error.what()).find("depends on data"), std::string::npos) << error.what();
        }
      }
      const Status status = context->run();
      EXPECT_TRUE(status.ok()) << status.message();
      if (!status.ok()) return {};
      for (std::size_t k = 0; k < wanted.size(); ++k) {
        const TensorInfo info = network_.outputs()[k];
        EXPECT_EQ(context->shape(info.name), wanted[k]->dims) << "output " << k;
        EXPECT_EQ(engines_[0]->outputs()[k].dtype, wanted[k]->dtype) << "output " << k;
        EXPECT_EQ(engines_[1]->outputs()[k].dtype, wanted[k]->dtype) << "output " << k;
        const Buffer result = context->result(info.name);
        EXPECT_GE(result.bytes(), wanted[k]->bytes());
        for (std::int64_t i = 0; wanted[k]->dtype == DataType::float32 && i < wanted[k]->count(); ++i)
          EXPECT_NEAR(result.as<float>()[i], wanted[k]->as<float>()[i], 1e-4) << "output " << k << ", element " << i;
        if (wanted[k]->dtype != DataType::float32 && wanted[k]->bytes() > 0) {
          EXPECT_EQ(std::memcmp(result.data(), wanted[k]->read(), wanted[k]->bytes()), 0) << "output " << k;
        }
      }
    }
    return graph::to_reals(*wanted[0]);
  }

  /// What `vireo compare` says of the outputs.
  void expect_compared(const Given& given, const BuildOptions& options = quick()) const {
    const Buffer x = Buffer::host(given.x.size() * sizeof(float));
    for (std::size_t i = 0; i < given.x.size(); ++i) x.as<float>()[i] = static_cast<float>(given.x[i]);
    int outputs = 0;
    for (const LayerError& row : compare(network_, options, {{"x", given.dims}}, {{"x", x}})) {
      EXPECT_LE(row.relative_l2, 1e-5) << row.layer;
      outputs += row.op == "network output" ? 1 : 0;
    }
    EXPECT_EQ(outputs, static_cast<int>(network_.outputs().size()));
  }

  [[nodiscard]] const Network& network() const { return network_; }

 private:
  Network network_;
  std::vector<std::shared_ptr<Engine>> engines_;
  std::vector<std::unique_ptr<Context>> contexts_;
};

}  // namespace vireo::import_testing
