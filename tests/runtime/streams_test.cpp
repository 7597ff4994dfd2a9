// What may be asked while inferences run, and what streams wait for.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "engine/api/log.h"
#include "engine/base/caught.h"
#include "tests/passes/check.h"
#include "tests/runtime/networks.h"

namespace vireo {
namespace {

std::shared_ptr<Engine> filter() {
  Network n(std::make_unique<graph::Graph>(passes_testing::parse(R"(
graph "g"
input "x" float32 64
const "flat" int64 1 = -1
"n" = non_zero("x") "n"
"i" = reshape("n", "flat") "i"
"y" = gather("x", "i") "y"
output "y" "y"
)")));
  return Engine::load(testing_networks::quick_plan(n), {}, {.threads = 2});
}

TEST(Streams, shapes_and_results_may_be_asked_for_while_a_run_is_in_flight) {
  auto engine = filter();
  auto context = engine->create_context({.profile = true});
  const Buffer x = context->allocate("x");
  for (int i = 0; i < 64; ++i) x.as<float>()[i] = i % 3 == 0 ? 0.0f : 2.0f;
  ASSERT_TRUE(context->run().ok());
  Stream stream = engine->create_stream();
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::thread asking([&] {
    while (!done) {
      if (context->shape("y") != Dims{42}) ++wrong;
      const Buffer y = context->result("y");
      if (y.bytes() != 42 * sizeof(float) || y.as<float>()[41] != 2.0f) ++wrong;
      (void)context->profile();
    }
  });
  for (int round = 0; round < 300; ++round) {
    if (!context->enqueue(stream).ok()) ++wrong;
    if (round % 3 == 0 && !context->run().ok()) ++wrong;
  }
  if (!stream.synchronize().ok()) ++wrong;
  done = true;
  asking.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Streams, synchronising_waits_for_what_was_enqueued_before_it_only) {
  auto engine = Engine::load(testing_networks::quick_plan(testing_networks::branches(1)), {}, {.threads = 1});
  Stream stream = engine->create_stream();
  const auto context_of = [&] {
    auto context = engine->create_context();
    (void)context->allocate("x");
    (void)context->allocate("y");
    return context;
  };
  // Another thread keeps two inferences in the queue until synchronize() has returned: it would never find it empty.
  std::atomic<bool> back{false}, started{false};
  std::thread busy([&] {
    auto context = context_of();
    std::vector<Event> events;
    while (!back) {
      (void)context->enqueue(stream);
      events.push_back(stream.record());
      if (events.size() > 2) (void)events[events.size() - 3].wait();
      started = true;
    }
  });
  while (!started) std::this_thread::yield();
  auto context = context_of();
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(context->enqueue(stream).ok());
    const Event event = stream.record();
    ASSERT_TRUE(stream.synchronize().ok());
    EXPECT_TRUE(event.done());
  }
  back = true;
  busy.join();
}

TEST(Streams, what_was_caught_keeps_its_kind) {
  const auto status_of = [](auto&& thrown) {
    try {
      throw thrown;
    } catch (...) {
      return base::caught("it failed; the log says why");
    }
  };
  EXPECT_EQ(status_of(Error(ErrorCode::io, "a file")).code(), ErrorCode::io);
  EXPECT_EQ(status_of(std::bad_alloc()).code(), ErrorCode::out_of_memory);
  EXPECT_EQ(status_of(std::logic_error("a bug")).code(), ErrorCode::internal);
  EXPECT_EQ(status_of(42).code(), ErrorCode::internal);
  EXPECT_STREQ(status_of(42).message(), "it failed; the log says why");
}

class Kept : public Logger {
 public:
  void log(LogLevel, std::string_view message) noexcept override { text += std::string(message) + "\n"; }
  std::string text;
};

TEST(Streams, an_error_of_late_layers_keeps_its_message_in_the_log) {
  Network n(std::make_unique<graph::Graph>(passes_testing::parse(R"(
graph "g"
input "x" float32 6
input "shape" int64 2
"y" = reshape("x", "shape") "the reshape"
output "y" "y"
)")));
  auto engine = Engine::load(testing_networks::quick_plan(n));
  auto context = engine->create_context();
  (void)context->allocate("x");
  const Buffer shape = context->allocate("shape");
  shape.as<std::int64_t>()[0] = 4;
  shape.as<std::int64_t>()[1] = 5;
  Kept kept;
  Logger* logger = set_logger(&kept);
  const LogLevel level = log_level();
  set_log_level(LogLevel::error);
  const Status status = context->run();
  set_log_level(level);
  set_logger(logger);
  EXPECT_EQ(status.code(), ErrorCode::invalid_model);
  EXPECT_NE(kept.text.find("the reshape"), std::string::npos) << kept.text;
  shape.as<std::int64_t>()[0] = 2;
  shape.as<std::int64_t>()[1] = 3;
  EXPECT_TRUE(context->run().ok());
  EXPECT_EQ(context->shape("y"), (Dims{2, 3}));
}

}  // namespace
}  // namespace vireo
