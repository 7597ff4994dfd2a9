// Networks as plan kernels (engine/device/opencl/plan_kernel.h): what texts are made one of, results, and that
// thousands of runs on changing inputs, of two contexts in two streams, are equal bit by bit. On GPUs that have them;
// elsewhere with VIREO_PLAN_KERNELS=1, as this test is run, with one group. VIREO_RUNS: how many.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "engine/compile/form.h"
#include "engine/compile/lower.h"
#include "engine/device/device.h"
#include "engine/device/opencl/plan_kernel.h"
#include "engine/device/opencl/resident_lock.h"
#include "engine/graph/operator.h"
#include "engine/ops/table.h"
#include "engine/plan/plan_state.h"
#include "tests/runtime/opencl_networks.h"

namespace vireo {
namespace {

using namespace testing_networks;

class PlanKernels : public testing::WithOpencl {
 protected:
  void SetUp() override {
    WithOpencl::SetUp();
    if (IsSkipped()) return;
    if (device::open("opencl:0")->target().opencl.resident_groups == 0)
      GTEST_SKIP() << "no plan kernels on this device";
  }
};

/// Weights are positive, so that what they make is scaled down. What small convolutional networks have: a first layer,
/// blocks of 1x1 and 3x3 with a branch beside, deep ones, a stride, two heads that have nothing to do with each other.
Network blocks() {
  return parsed(R"(
graph "blocks"
input "x" float32 1x3x32x32
const "w0" float32 32x3x3x3 @1
const "w1" float32 64x32x1x1 @2
const "w2" float32 64x64x3x3 @3
const "w3" float32 256x64x1x1 @4
const "w4" float32 256x32x1x1 @5
const "w5" float32 64x256x3x3 @6
const "w6" float32 256x64x1x1 @7
const "w7" float32 40x256x3x3 @8
const "w8" float32 24x256x1x1 @9
const "b3" float32 256 @10
const "k1" float32 1 = 0.05
const "k2" float32 1 = 0.003
const "k3" float32 1 = 0.03
const "k5" float32 1 = 0.0015
"c0" = conv("x", "w0") {pads=[1, 1, 1, 1], strides=[2, 2]} "c0"
"r0" = unary("c0") {function="relu"} "r0"
"c1" = conv("r0", "w1") "c1"
"r1" = unary("c1") {function="relu"} "r1"
"m1" = binary("r1", "k1") {function="mul"} "m1"
"c2" = conv("m1", "w2") {pads=[1, 1, 1, 1]} "c2"
"m2" = binary("c2", "k2") {function="mul"} "m2"
"r2" = unary("m2") {function="relu"} "r2"
"c3" = conv("r2", "w3", "b3") "c3"
"m3" = binary("c3", "k3") {function="mul"} "m3"
"c4" = conv("r0", "w4") "c4"
"m4" = binary("c4", "k1") {function="mul"} "m4"
"s1" = binary("m3", "m4") {function="add"} "s1"
"r3" = unary("s1") {function="relu"} "r3"
"c5" = conv("r3", "w5") {pads=[1, 1, 1, 1], strides=[2, 2]} "c5"
"m5" = binary("c5", "k5") {function="mul"} "m5"
"r5" = unary("m5") {function="tanh"} "r5"
"c6" = conv("r5", "w6") "c6"
"m6" = binary("c6", "k3") {function="mul"} "m6"
"r6" = unary("m6") {function="tanh"} "r6"
"h1" = conv("r6", "w7") {pads=[1, 1, 1, 1]} "h1"
"h2" = conv("r6", "w8") "h2"
output "h1" "y"
output "h2" "z"
)");
}
constexpr std::size_t kPicture = 3 * 32 * 32;

TEST(PlanTexts, functions_types_and_macros_are_found) {
  const device::opencl::FileNames names = device::opencl::names_of(R"(
#define ONE 1
#define TWO(a)   \
  do {           \
    three(a);    \
  } while (0)
typedef unsigned int word;
INLINE word four(word a) { return a; }  // five(
static int six(int a) {
  if (a) seven(a);
  return a;
}
kernel __attribute__((reqd_work_group_size(256, 1, 1))) void eight(global int *x) {
  x[0] = six(1);
}
__attribute__((reqd_work_group_size(N * 2, 1, 1))) kernel void nine(
    global int *x) {
}
)");
  EXPECT_EQ(names.functions, (std::vector<std::string>{"word", "four", "six", "eight", "nine"}));
  EXPECT_EQ(names.macros, (std::vector<std::string>{"ONE", "TWO"}));
}

TEST(PlanLock, is_had_by_one_at_a_time) {
  device::Target target, other;
  target.name = "opencl:7";
  other.name = "opencl:8";
  target.description = other.description = "a device of this test";
  device::opencl::ResidentLock second, third;
  {
    device::opencl::ResidentLock first;
    EXPECT_TRUE(first.take(target));
    EXPECT_FALSE(second.take(target));
    EXPECT_TRUE(third.take(other));
  }
  EXPECT_TRUE(second.take(target));
}

TEST_F(PlanKernels, agree_with_the_cpu) {
  for (const Precision precision : {Precision::fp32, Precision::fp16}) {
    const double limit = precision == Precision::fp32 ? kFloat : kHalf;
    const auto x = ramp(kIn, 0.01f);
    for (const Network& network : {branches(1), varied()})
      EXPECT_LT(relative_l2(run(*on_opencl(network, precision), x), on_cpu(network, x)), limit);
    const auto picture = ramp(kPicture, 0.01f);
    EXPECT_LT(relative_l2(run(*on_opencl(blocks(), precision), picture), on_cpu(blocks(), picture)), limit);
  }
}

TEST_F(PlanKernels, are_guessed_where_their_compilation_is_worth_the_wait_and_what_was_guessed_stays_in_the_plan) {
  const Plan plan = build(blocks(), quick(Precision::fp16));
  const plan::Section& section = plan.state().sections.front();
  const std::shared_ptr<device::Device> device = device::open("opencl:0");
  compile::CompileOptions options = compile::options_of(section, {}, 1);
  options.target = &device->target();
  const graph::Graph g = compile::specialise(compile::lower(plan.state(), section), {}, options);
  ASSERT_TRUE(section.choices.contains(compile::form_key(g)));
  EXPECT_EQ(section.choices.at(compile::form_key(g)).tactic, compile::kPlanForm);
  options.patience_s = 0;
  EXPECT_EQ(compile::compile(g, options).form, compile::kPlanForm) << "its programs are in the plan";
  options.choices = nullptr;
  const device::Program launches = compile::compile(g, options);
  EXPECT_EQ(launches.form, compile::kLaunchForm);
  EXPECT_EQ(compile::plan_compile_seconds(launches, device->target()), 0);
  options.patience_s = compile::kPatience_s;
  const device::Program guessed = compile::compile(g, options);
  EXPECT_EQ(guessed.form, compile::kPlanForm);
  EXPECT_GT(compile::plan_compile_seconds(guessed, device->target()), 0);
}

TEST_F(PlanKernels, thousands_of_runs_are_equal_bit_by_bit) {
  const char* asked = std::getenv("VIREO_RUNS");
  const bool alone = device::open("opencl:0")->target().opencl.resident_groups == 1;
  const int runs = asked ? std::atoi(asked) : alone ? 40 : 10000;
  const auto engine = on_opencl(blocks(), Precision::fp16);
  constexpr std::size_t kPictures = 7;  // a number that no tag's period has to do with
  std::vector<std::vector<float>> pictures, wanted;
  for (std::size_t i = 0; i < kPictures; ++i) {
    pictures.push_back(ramp(kPicture, 0.01f + 0.003f * static_cast<float>(i)));
    wanted.push_back(run(*engine, pictures.back()));
    ASSERT_FALSE(wanted.back().empty());
    ASSERT_TRUE(std::all_of(wanted.back().begin(), wanted.back().end(), [](float v) { return std::isfinite(v); }));
  }
  struct Side {
    std::unique_ptr<Context> context;
    Stream stream;
    std::vector<std::pair<Buffer, std::vector<Buffer>>> buffers;  ///< an input and its outputs, two in turn
  };
  std::vector<Side> sides;
  for (int s = 0; s < 2; ++s) {
    Side& side = sides.emplace_back(Side{engine->create_context(), engine->create_stream(), {}});
    for (int b = 0; b < 2; ++b) {
      side.buffers.emplace_back(side.context->allocate("x"), std::vector<Buffer>{});
      for (const TensorInfo& output : engine->outputs())
        side.buffers.back().second.push_back(side.context->allocate(output.name));
    }
  }
  int different = 0;
  for (int i = 0; i < runs && different < 5; ++i) {
    for (std::size_t s = 0; s < sides.size(); ++s) {
      Side& side = sides[s];
      auto& [in, out] = side.buffers[static_cast<std::size_t>(i) / 16 % 2];  // bindings move now and then
      in.write(pictures[(static_cast<std::size_t>(i) * 3 + s) % kPictures].data(), in.bytes());
      side.context->bind("x", in);
      for (std::size_t k = 0; k < out.size(); ++k) side.context->bind(engine->outputs()[k].name, out[k]);
      ASSERT_TRUE(side.context->enqueue(side.stream).ok());
    }
    for (std::size_t s = 0; s < sides.size(); ++s) {
      Side& side = sides[s];
      const Status status = side.stream.synchronize();
      ASSERT_TRUE(status.ok()) << status.message();
      std::vector<float> values;
      for (const Buffer& out : side.buffers[static_cast<std::size_t>(i) / 16 % 2].second)
        values.insert(values.end(), out.as<float>(), out.as<float>() + out.bytes() / 4);
      const bool equal = values == wanted[(static_cast<std::size_t>(i) * 3 + s) % kPictures];
      different += !equal;
      EXPECT_TRUE(equal) << "run " << i << " of context " << s;
    }
  }
}

TEST_F(PlanKernels, of_several_streams_take_turns_however_these_change) {
  const auto engine = on_opencl(blocks(), Precision::fp32);
  const auto picture = ramp(kPicture, 0.01f);
  const std::vector<float> wanted = run(*engine, picture);
  struct Side {
    std::unique_ptr<Context> context;
    Stream stream;
    Buffer in, out;
  };
  std::vector<Side> sides;
  for (int s = 0; s < 3; ++s) {
    Side& side = sides.emplace_back(Side{engine->create_context(), engine->create_stream(), {}, {}});
    side.stream.trace();
    side.in = side.context->allocate("x");
    side.in.write(picture.data(), side.in.bytes());
    side.out = side.context->allocate(engine->outputs()[0].name);
    (void)side.context->allocate(engine->outputs()[1].name);
  }
  // One alone for longer than anything is kept of it, then turns, some of them twice in a row.
  for (std::size_t i = 0; i < 60; ++i) {
    Side& side = sides[i < 20 ? 0 : i * i / 3 % 3];
    ASSERT_TRUE(side.context->enqueue(side.stream).ok());
  }
  std::vector<std::pair<double, double>> kernels;
  for (Side& side : sides) {
    ASSERT_TRUE(side.stream.synchronize().ok());
    EXPECT_TRUE(std::equal(side.out.as<float>(), side.out.as<float>() + side.out.bytes() / 4, wanted.begin()));
    for (const StreamWork& work : side.stream.traced())
      if (work.name == "plan kernel") kernels.emplace_back(work.started, work.ended);
  }
  EXPECT_GE(kernels.size(), 60u);
  std::sort(kernels.begin(), kernels.end());
  // Each stream's clock was brought to the host's by itself, so the times agree to some microseconds.
  for (std::size_t k = 1; k < kernels.size(); ++k) {
    const double shorter = std::min(kernels[k - 1].second - kernels[k - 1].first, kernels[k].second - kernels[k].first);
    EXPECT_LT(kernels[k - 1].second - kernels[k].first, shorter / 2) << k;
  }
}

TEST_F(PlanKernels, end_with_an_error_where_words_never_come_and_the_next_run_is_right) {
  const auto device = device::open("opencl:0");
  graph::Attributes attributes;
  attributes.set("layout", std::string("nhwc"));
  attributes.set("kernel_shape", std::vector<std::int64_t>{1, 1});
  graph::Problem problem{.op = ops::find_operator("pool"), .attributes = &attributes, .target = &device->target()};
  const graph::Desc words{DataType::float16, {1, 3, 5, 16}, 16, nullptr, 64};
  problem.inputs = problem.outputs = {words};
  const auto tactics = problem.op->tactics();
  const auto part = std::ranges::find(tactics, std::string_view("pool_part_opencl"), &graph::Tactic::name);
  ASSERT_NE(part, tactics.end());
  ASSERT_EQ(part->refuse(problem), "");

  auto segment = std::make_shared<device::Segment>();
  device::Step& step = segment->steps.emplace_back();
  step.layer = "pool";
  step.launch = part->prepare(problem);
  step.wave = 0;
  step.waits_for = 1;  // for words with the run's mark: those of the first run are 1, of the second 0, and so on
  step.inputs = {{device::Place::In::binding, 0, 0}};
  step.outputs = {{device::Place::In::binding, 1, 0}};
  segment->bindings.resize(2);
  std::vector<std::uint16_t> given(static_cast<std::size_t>(words.count())), made(given.size());
  for (std::size_t i = 0; i < given.size(); ++i) given[i] = static_cast<std::uint16_t>(0x3c00 + 2 * i);
  const auto queue = device->create_queue();
  std::vector<std::shared_ptr<device::Memory>> memory;
  std::vector<device::Region> regions;
  for (int k = 0; k < 2; ++k) {
    memory.push_back(device->allocate(given.size() * 2, MemoryKind::device));
    regions.push_back({memory.back().get(), nullptr, 0});
  }
  queue->copy(regions[0], {nullptr, reinterpret_cast<std::byte*>(given.data()), 0}, given.size() * 2);
  const auto executable = device->load(segment, {});
  for (const bool comes : {false, true, false, true}) {
    queue->run(*executable, regions);
    const Status status = queue->synchronize();
    EXPECT_EQ(status.ok(), comes) << status.message();
    if (!comes) EXPECT_NE(std::string(status.message()).find("a plan kernel gave up"), std::string::npos);
    if (comes) {
      queue->copy({nullptr, reinterpret_cast<std::byte*>(made.data()), 0}, regions[1], made.size() * 2);
      ASSERT_TRUE(queue->synchronize().ok());
      EXPECT_EQ(made, given);
    }
  }
}

}  // namespace
}  // namespace vireo
