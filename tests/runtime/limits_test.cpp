// What a model may ask for, and sizes that no machine has.

#include <gtest/gtest.h>

#include "engine/base/memory.h"
#include "engine/compile/memory_plan.h"
#include "engine/graph/operator.h"
#include "engine/tune/timing.h"
#include "engine/tune/trial.h"
#include "tests/runtime/networks.h"

namespace vireo {
namespace {

using testing_networks::branches;

template <typename Call>
std::string error_of(Call&& call, ErrorCode code = ErrorCode::out_of_memory) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

bool tells(const std::string& message, std::initializer_list<const char*> words) {
  bool all = true;
  for (const char* word : words) all = all && message.find(word) != std::string::npos;
  if (!all) ADD_FAILURE() << message;
  return all;
}

TEST(Limits, sizes_are_checked_sums_and_products) {
  EXPECT_EQ(byte_count(DataType::float32, {2, 3}), 24u);
  EXPECT_EQ(byte_count(DataType::int64, {}), 8u);
  EXPECT_EQ(byte_count(DataType::float32, {std::int64_t{1} << 62, 0}), 0u);
  EXPECT_EQ(byte_count(DataType::uint8, {std::int64_t{1} << 62}), std::size_t{1} << 62);
  EXPECT_THROW((void)byte_count(DataType::float32, {std::int64_t{1} << 62}), Error);
  EXPECT_THROW((void)byte_count(DataType::uint16, {std::int64_t{1} << 62}), Error);
  EXPECT_THROW((void)byte_count(DataType::uint8, {std::int64_t{1} << 32, std::int64_t{1} << 32}), Error);
  EXPECT_THROW((void)byte_count(DataType::float32, {kUnknown}), Error);
  EXPECT_THROW((void)base::padded(static_cast<std::size_t>(INT64_MAX) - 8), Error);
  EXPECT_THROW((void)base::allocate_aligned(SIZE_MAX - 8), Error);
  EXPECT_THROW((void)base::checked_product(std::size_t{1} << 40, std::size_t{1} << 40), Error);
  std::vector<compile::Block> blocks{{std::size_t{1} << 62, 0, 1}, {std::size_t{1} << 62, 0, 1}};
  EXPECT_THROW((void)compile::plan_memory(blocks), Error);
}

TEST(Limits, an_extent_beyond_all_memory_is_an_error_that_names_the_input) {
  for (const std::int64_t batch : {std::int64_t{1} << 62, std::int64_t{1} << 53, std::int64_t{1} << 40}) {
    auto engine = Engine::load(testing_networks::quick_plan(branches(kUnknown)));
    auto context = engine->create_context();
    context->set_shape("x", {batch, 3, 16, 16});
    tells(error_of([&] { (void)context->shape("y"); }), {"input 'x'", batch >> 50 ? "63 bits" : "max_tensor_bytes"});
    (void)context->run().ok();
    context->set_shape("x", {1, 3, 16, 16});
    EXPECT_EQ(context->shape("y"), (Dims{1, 4, 16, 16}));
  }
  auto engine = Engine::load(testing_networks::quick_plan(branches(kUnknown)), {}, {.limits = {0, 0, 0}});
  auto context = engine->create_context();
  context->set_shape("x", {std::int64_t{1} << 62, 3, 16, 16});
  error_of([&] { (void)context->shape("y"); });
  EXPECT_EQ(context->run().code(), ErrorCode::out_of_memory) << "without a limit too";
}

TEST(Limits, a_tensor_that_is_too_large_is_named_at_build_and_at_load) {
  BuildOptions options;
  options.budget_s = 0;
  options.limits.max_tensor_bytes = 4000;
  tells(error_of([&] { (void)build(branches(1), options); }), {"tensor", "4.0 KB", "limits.max_tensor_bytes"});
  const Plan plan = testing_networks::quick_plan(branches(1));
  EngineOptions engine;
  engine.limits.max_tensor_bytes = 4000;
  tells(error_of([&] { (void)Engine::load(plan, {}, engine); }), {"tensor", "limits.max_tensor_bytes"});
  options.limits.max_tensor_bytes = 0;
  EXPECT_NO_THROW((void)build(branches(1), options));
}

TEST(Limits, memory_is_limited_at_build_and_at_load) {
  BuildOptions options;
  options.budget_s = 0;
  options.limits.max_memory_bytes = 1000;
  tells(error_of([&] { (void)build(branches(1), options); }), {"most of it for", "limits.max_memory_bytes", "1.0 KB"});
  const Plan plan = testing_networks::quick_plan(branches(kUnknown));
  EngineOptions engine_options;
  engine_options.limits.max_memory_bytes = 4 << 20;
  auto engine = Engine::load(plan, {}, engine_options);
  auto context = engine->create_context();
  context->set_shape("x", {1, 3, 16, 16});
  EXPECT_NO_THROW((void)context->shape("y"));
  context->set_shape("x", {4096, 3, 16, 16});
  tells(error_of([&] { (void)context->shape("y"); }), {"tensor '", "limits.max_memory_bytes"});
}

TEST(Limits, time_is_limited_between_the_steps_of_a_build) {
  BuildOptions options;
  options.limits.max_seconds = 1e-9;
  tells(error_of([&] { (void)build(branches(1), options); }, ErrorCode::cancelled),
        {"the build takes longer than", "limits.max_seconds"});
}

TEST(Limits, there_is_a_default_that_knows_the_machine) {
  EXPECT_GT(Limits{}.max_memory_bytes, std::uint64_t{1} << 28);
  EXPECT_LE(Limits{}.max_memory_bytes, list_devices().front().memory_bytes);
}

// Tactics that go wrong.

void right(const graph::TileArgs& args) noexcept {
  // Slow enough to lose against whatever does nothing.
  auto* y = static_cast<volatile float*>(args.outputs[0]);
  for (int i = 0; i < 20000; ++i) y[i % 16] = static_cast<float>(i);
}
void wrong(const graph::TileArgs& args) noexcept { args.fault->store("it can't"); }

graph::Launch launch_of(graph::TileFunction run) {
  graph::CpuLaunch launch;
  launch.phases = {{run, 1}};
  return launch;
}

std::span<const graph::Tactic> three_tactics() {
  static const graph::Tactic tactics[] = {
      {.name = "faulty", .prepare = [](const graph::Problem&) { return launch_of(wrong); }},
      {.name = "throwing", .prepare = [](const graph::Problem&) -> graph::Launch { throw std::runtime_error("no"); }},
      {.name = "sound", .prepare = [](const graph::Problem&) { return launch_of(right); }}};
  return tactics;
}
std::span<const graph::Tactic> faulty_tactics() { return three_tactics().first(2); }

graph::Problem problem_of(const graph::Operator& op, const graph::Attributes& attributes) {
  graph::Problem problem;
  problem.op = &op;
  problem.attributes = &attributes;
  problem.inputs = {{DataType::float32, {16}, 16, nullptr}};
  problem.outputs = problem.inputs;
  return problem;
}

TEST(Trials, tactics_that_fail_are_out) {
  const graph::Operator op{.name = "made_up", .tactics = three_tactics};
  const graph::Attributes attributes;
  const auto choice = tune::time_problem(problem_of(op, attributes), {}, std::make_shared<device::ThreadPool>(1), 0.05);
  EXPECT_EQ(choice.tactic, "sound");
  EXPECT_GT(choice.seconds, 0);
  EXPECT_TRUE(choice.beside.empty()) << choice.beside.front().first;
}

TEST(Trials, where_all_fail_the_reference_stays) {
  const graph::Operator op{.name = "made_up", .tactics = faulty_tactics};
  const graph::Attributes attributes;
  const auto choice = tune::time_problem(problem_of(op, attributes), {}, std::make_shared<device::ThreadPool>(1), 0.05);
  EXPECT_EQ(choice.tactic, "reference");
  EXPECT_EQ(choice.seconds, 0);
}

}  // namespace
}  // namespace vireo
