#include "engine/api/engine.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/runtime/networks.h"

namespace vireo {
namespace {

using testing_networks::branches;
using testing_networks::quick_plan;
using testing_networks::ramp;
using testing_networks::run;

constexpr std::size_t kIn = 3 * 16 * 16, kOut = 4 * 16 * 16;

TEST(Engine, many_contexts_at_once_give_the_results_of_one) {
  auto engine = Engine::load(quick_plan(branches(1)), {}, {.threads = 2});
  std::vector<std::vector<float>> inputs, wanted;
  for (int i = 0; i < 4; ++i) {
    inputs.push_back(ramp(kIn, 0.01f * static_cast<float>(i + 1)));
    wanted.push_back(run(*engine, inputs.back(), 1));
    ASSERT_EQ(wanted.back().size(), kOut);
  }
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      auto context = engine->create_context({.threads = t % 2 ? 1 : 0});
      Stream stream = engine->create_stream();
      const Buffer in = context->allocate("x"), out = context->allocate("y");
      for (int round = 0; round < 50; ++round) {
        const auto k = static_cast<std::size_t>((t + round) % 4);
        std::copy(inputs[k].begin(), inputs[k].end(), in.as<float>());
        if (!context->enqueue(stream).ok() || !stream.synchronize().ok()) ++wrong;
        if (!std::equal(wanted[k].begin(), wanted[k].end(), out.as<float>())) ++wrong;
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Engine, events_are_done_when_the_work_before_them_is) {
  auto engine = Engine::load(quick_plan(branches(1)));
  auto context = engine->create_context();
  const Buffer in = context->allocate("x"), out = context->allocate("y");
  const auto x = ramp(kIn);
  std::copy(x.begin(), x.end(), in.as<float>());
  const auto wanted = run(*engine, x, 1);
  Stream stream = engine->create_stream();
  for (int i = 0; i < 20; ++i) {
    std::fill(out.as<float>(), out.as<float>() + kOut, 0.0f);
    ASSERT_TRUE(context->enqueue(stream).ok());
    const Event event = stream.record();
    ASSERT_TRUE(event.wait().ok());
    EXPECT_TRUE(event.done());
    EXPECT_TRUE(std::equal(wanted.begin(), wanted.end(), out.as<float>()));
  }
}

TEST(Engine, work_of_the_host_is_done_once_between_inferences_of_many_threads) {
  auto engine = Engine::load(quick_plan(branches(1)), {}, {.threads = 3});
  const auto x = ramp(kIn);
  const auto wanted = run(*engine, x, 1);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      auto context = engine->create_context();
      const Buffer in = context->allocate("x"), out = context->allocate("y");
      for (int round = 0; round < 50; ++round) {
        const int tiles = (t + round) % 9;
        std::vector<std::atomic<int>> calls(std::size_t(tiles) + 1);
        engine->run_on_workers(tiles, [&](int tile) {
          ++calls[std::size_t(tile)];
          for (std::size_t i = std::size_t(tile); i < x.size(); i += std::size_t(tiles)) in.as<float>()[i] = x[i];
        });
        for (int tile = 0; tile < tiles; ++tile) wrong += calls[std::size_t(tile)] != 1;
        if (tiles == 0) std::copy(x.begin(), x.end(), in.as<float>());
        if (!context->run().ok() || !std::equal(wanted.begin(), wanted.end(), out.as<float>())) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Engine, each_image_of_a_batch_equals_the_image_alone) {
  auto engine = Engine::load(quick_plan(branches(kUnknown), {{{"x", {1, 3, 16, 16}, {2, 3, 16, 16}, {8, 3, 16, 16}}}}));
  for (std::int64_t batch : {1, 2, 5}) {
    const auto x = ramp(kIn * static_cast<std::size_t>(batch), 0.02f);
    const auto together = run(*engine, x, batch);
    ASSERT_EQ(together.size(), kOut * static_cast<std::size_t>(batch));
    for (std::int64_t b = 0; b < batch; ++b) {
      const auto begin = x.begin() + b * static_cast<std::int64_t>(kIn);
      const auto alone = run(*engine, {begin, begin + static_cast<std::int64_t>(kIn)}, 1);
      for (std::size_t i = 0; i < kOut; ++i)
        ASSERT_NEAR(alone[i], together[static_cast<std::size_t>(b) * kOut + i], 1e-4)
            << "batch " << batch << " image " << b;
    }
  }
}

TEST(Engine, buffers_of_the_user_need_no_alignment) {
  auto engine = Engine::load(quick_plan(branches(1)));
  const auto x = ramp(kIn);
  const auto wanted = run(*engine, x, 1);
  std::vector<float> in(kIn + 1), out(kOut + 1);
  std::copy(x.begin(), x.end(), in.begin() + 1);
  auto context = engine->create_context();
  context->bind("x", Buffer::borrow(in.data() + 1, kIn * 4));
  context->bind("y", Buffer::borrow(out.data() + 1, kOut * 4));
  ASSERT_TRUE(context->run().ok());
  EXPECT_TRUE(std::equal(wanted.begin(), wanted.end(), out.begin() + 1));
}

TEST(Engine, misuse_is_told_clearly) {
  auto engine = Engine::load(quick_plan(branches(1)));
  auto context = engine->create_context();
  EXPECT_THROW(context->set_shape("nobody", {1}), Error);
  EXPECT_THROW(context->set_shape("x", {2, 3, 16, 16}), Error);
  EXPECT_THROW(context->bind("nobody", Buffer::host(4)), Error);
  EXPECT_FALSE(context->run().ok()) << "nothing is bound";
  (void)context->allocate("x");
  EXPECT_THROW(context->bind("x", Buffer::host(8)), Error) << "too small";
  EXPECT_FALSE(context->run().ok()) << "the output is not bound";
  EXPECT_THROW((void)Engine::load(Plan{}), Error);
  EXPECT_THROW((void)Engine::load(quick_plan(branches(1)), Device{"opencl:7"}), Error);
}

TEST(Engine, a_dynamic_input_without_a_shape_is_an_error) {
  auto engine = Engine::load(quick_plan(branches(kUnknown)));
  auto context = engine->create_context();
  EXPECT_THROW((void)context->shape("y"), Error);
  context->set_shape("x", {3, 3, 16, 16});
  EXPECT_EQ(context->shape("y"), (Dims{3, 4, 16, 16}));
}

TEST(Engine, outputs_that_are_inputs_constants_or_repeated_are_copies) {
  Network n;
  const auto x = n.add_input("x", DataType::float32, {2, 3});
  const float one = 1;
  const auto c = n.add_constant("c", DataType::float32, {1}, &one, 4);
  const auto sum = n.add_layer("binary", {x, c}, {{"function", std::string("add")}}, "sum")[0];
  n.mark_output(x, "same");
  n.mark_output(c, "constant");
  n.mark_output(sum, "first");
  n.mark_output(sum, "second");
  auto engine = Engine::load(quick_plan(n));
  auto context = engine->create_context();
  const Buffer in = context->allocate("x");
  for (int i = 0; i < 6; ++i) in.as<float>()[i] = static_cast<float>(i);
  const Buffer same = context->allocate("same"), constant = context->allocate("constant"),
               first = context->allocate("first"), second = context->allocate("second");
  ASSERT_TRUE(context->run().ok());
  EXPECT_EQ(constant.as<float>()[0], 1);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(same.as<float>()[i], static_cast<float>(i));
    EXPECT_EQ(first.as<float>()[i], static_cast<float>(i + 1));
    EXPECT_EQ(second.as<float>()[i], static_cast<float>(i + 1));
  }
}

TEST(Engine, a_workspace_limit_is_kept_or_refused_at_build) {
  BuildOptions options;
  options.budget_s = 0;
  options.max_workspace = 1;
  try {
    const Plan plan = build(branches(1), options);
    EXPECT_NO_THROW((void)Engine::load(plan));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_memory);
    EXPECT_NE(std::string(error.what()).find("limit"), std::string::npos);
  }
}

TEST(Engine, a_cancelled_build_stops) {
  EXPECT_THROW((void)build(branches(1), {}, [](std::string_view, double) { return false; }), Error);
}

}  // namespace
}  // namespace vireo
