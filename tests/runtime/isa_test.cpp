// VIREO_FORCE_KERNEL: what it names is used, and every instruction set gives the same results. The engine reads it
// once, so each value has a process of its own; the parent uses no engine.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "engine/api/catalog.h"
#include "tests/runtime/many_kinds.h"
#include "tests/support/child.h"

namespace vireo {
namespace {

using namespace testing_networks;
using tests::ChildResult;
using tests::in_child;

constexpr const char* kVariable = "VIREO_FORCE_KERNEL";
// Relative L2 against the references: of the reference's arithmetic in another order, and with Winograd and its like.
constexpr double kExact = 1e-5, kInexact = 1e-4;

std::string to_text(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}
std::vector<float> to_values(const std::string& text) {
  std::vector<float> values(text.size() / sizeof(float));
  std::memcpy(values.data(), text.data(), values.size() * sizeof(float));
  return values;
}

std::shared_ptr<Engine> make_engine(bool exact, int threads) {
  BuildOptions options;
  options.budget_s = 0;
  options.threads = threads;
  options.exact = exact;
  return Engine::load(build(many_kinds(), options), {}, {.threads = threads});
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

int rank(const std::string& isa) {
  const std::vector<std::string> all{"scalar", "avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx_bf16"};
  return static_cast<int>(std::find(all.begin(), all.end(), isa) - all.begin());
}

/// The tactics of a layer: of a group, one for each member.
std::vector<std::string> tactics_of(const LayerReport& layer) {
  std::vector<std::string> names;
  std::istringstream stream(layer.tactic);
  for (std::string name; std::getline(stream, name, '>');) names.push_back(name);
  return names;
}

/// "" or what is wrong: a layer that runs by a kernel of a higher instruction set.
std::string above(Engine& engine, const std::string& isa) {
  for (const LayerReport& layer : engine.report())
    for (const std::string& name : tactics_of(layer))
      for (const KernelInfo& kernel : list_kernels())
        if (kernel.name == name && kernel.device == "cpu" && rank(kernel.isa) > rank(isa))
          return layer.name + " runs by " + name + " under " + isa;
  return "";
}

/// Instruction sets of this processor, by name.
std::vector<std::string> levels() {
  return lines_of(in_child(kVariable, "", [] {
                    std::string text = "scalar\n";
                    for (const char* level : {"avx2", "avx512"})
                      for (const KernelInfo& kernel : list_kernels())
                        if (kernel.isa == level && kernel.usable) {
                          text += std::string(level) + "\n";
                          break;
                        }
                    return text;
                  }).text);
}

TEST(Isa, every_instruction_set_of_this_processor_gives_the_same_results) {
  const ChildResult wanted = in_child(kVariable, "", [] { return to_text(reference_of_many_kinds()); });
  ASSERT_TRUE(wanted.ok) << wanted.text;
  const std::vector<float> reference = to_values(wanted.text);
  ASSERT_GT(reference.size(), 1000u);
  for (const bool exact : {true, false}) {
    const double limit = exact ? kExact : kInexact;
    std::vector<std::pair<std::string, std::vector<float>>> results;
    for (const std::string& level : levels()) {
      const ChildResult got = in_child(kVariable, level, [&] {
        const auto engine = make_engine(exact, 2);
        const std::string wrong = above(*engine, level);
        if (!wrong.empty()) throw std::runtime_error(wrong);
        return to_text(run_many_kinds(*engine));
      });
      ASSERT_TRUE(got.ok) << level << ": " << got.text;
      const auto values = to_values(got.text);
      EXPECT_LT(relative_l2(values, reference), limit) << level << (exact ? " exact" : "");
      for (const auto& [other, its] : results) EXPECT_LT(relative_l2(values, its), limit) << level << " and " << other;
      results.emplace_back(level, values);
    }
  }
}

/// The child's report on one forced tactic: "used" and "refused" counts, then the results; throws where it isn't used.
std::string force_one(const std::string& op, const std::string& tactic) {
  const auto engine = make_engine(false, 2);
  int used = 0, refused = 0;
  for (const LayerReport& layer : engine->report()) {
    if (layer.op != op && layer.op.find('>') == std::string::npos) continue;
    const auto names = tactics_of(layer);
    if (layer.op == op && names[0] == tactic) ++used;
    else if (layer.op == op) {
      const bool says_why = std::any_of(layer.refused.begin(), layer.refused.end(),
                                        [&](const std::string& reason) { return reason.rfind(tactic + ": ", 0) == 0; });
      if (!says_why) throw std::runtime_error(layer.name + " runs by " + layer.tactic + " without saying why");
      ++refused;
    } else {
      used += static_cast<int>(std::count(names.begin(), names.end(), tactic));
    }
  }
  return std::to_string(used) + "\n" + std::to_string(refused) + "\n" + to_text(run_many_kinds(*engine));
}

TEST(ForcedKernel, is_used_by_every_layer_that_takes_it_and_gives_the_same_results) {
  const ChildResult kernels = in_child(kVariable, "", [] {
    std::string text;
    for (const KernelInfo& kernel : list_kernels())
      if (kernel.usable && kernel.device == "cpu") text += kernel.op + " " + kernel.name + "\n";
    return text;
  });
  ASSERT_TRUE(kernels.ok) << kernels.text;
  const ChildResult wanted = in_child(kVariable, "", [] { return to_text(reference_of_many_kinds()); });
  ASSERT_TRUE(wanted.ok) << wanted.text;
  const std::vector<float> reference = to_values(wanted.text);
  const std::vector<std::string> ops{"conv", "conv_transpose", "matmul", "gemm", "pool", "softmax", "layer_norm"};
  int tried = 0, in_use = 0;
  for (const std::string& line : lines_of(kernels.text)) {
    const std::string op = line.substr(0, line.find(' ')), tactic = line.substr(line.find(' ') + 1);
    if (tactic == "reference" || std::find(ops.begin(), ops.end(), op) == ops.end()) continue;
    const ChildResult got = in_child(kVariable, tactic, [&] { return force_one(op, tactic); });
    ASSERT_TRUE(got.ok) << tactic << ": " << got.text;
    const std::size_t first = got.text.find('\n'), second = got.text.find('\n', first + 1);
    ++tried;
    in_use += std::stoi(got.text) > 0;
    EXPECT_LT(relative_l2(to_values(got.text.substr(second + 1)), reference), kInexact) << tactic;
  }
  EXPECT_GT(tried, 10);
  EXPECT_GT(2 * in_use, tried) << "most kernels of these operators fit some layer of the network";
}

TEST(ForcedKernel, may_be_the_reference_or_a_pattern_beside_an_instruction_set) {
  const ChildResult by_reference = in_child(kVariable, "reference", [] { return force_one("conv", "reference"); });
  EXPECT_TRUE(by_reference.ok) << by_reference.text;
  EXPECT_EQ(by_reference.text[0], '5') << "all convolutions but those that write parts of a tensor";
  const ChildResult scalar = in_child(kVariable, "scalar,*winograd*", [] {
    const auto engine = make_engine(false, 1);
    const std::string wrong = above(*engine, "scalar");
    int winograd = 0;
    for (const LayerReport& layer : engine->report()) winograd += layer.tactic.find("winograd") != std::string::npos;
    return wrong.empty() && winograd > 0 ? "ok" : wrong + " " + std::to_string(winograd);
  });
  EXPECT_TRUE(scalar.ok);
  EXPECT_EQ(scalar.text, "ok");
}

TEST(ForcedKernel, that_its_weights_forbid_leaves_the_layer_to_the_others) {
  const ChildResult got = in_child(kVariable, "*winograd*", [] {
    Network n;
    std::vector<float> values(32 * 32 * 9, 1e-3f);
    values[40 * 9] = 3e38f;  // of an output channel that the guard's sample may pass over
    const auto w = n.add_constant("w", DataType::float32, {32, 32, 3, 3}, values.data(), values.size() * sizeof(float));
    const auto x = n.add_input("x", DataType::float32, {1, 32, 24, 24});
    n.mark_output(n.add_convolution(x, w, {}, {.pads = {1, 1, 1, 1}}, "conv"), "y");
    std::string text = "no convolution";
    for (const LayerReport& layer : Engine::load(build(n, {.budget_s = 0, .threads = 1}), {}, {.threads = 1})->report())
      if (layer.op.find("conv") != std::string::npos) text = layer.tactic;
    return text;
  });
  ASSERT_TRUE(got.ok) << got.text;
  EXPECT_NE(got.text.find("conv_"), std::string::npos) << got.text;
  EXPECT_EQ(got.text.find("winograd"), std::string::npos) << got.text;
}

TEST(ForcedKernel, that_does_not_exist_is_an_error_of_the_build) {
  for (const char* value : {"conv2d_direct_avx1024", "avx2,winnograd*"}) {
    const ChildResult got = in_child(kVariable, value, [] { return make_engine(false, 1) ? "built" : ""; });
    EXPECT_FALSE(got.ok) << value;
    const std::string text(value);
    EXPECT_NE(got.text.find(text.substr(text.find(',') + 1)), std::string::npos) << got.text;
    EXPECT_NE(got.text.find("list kernels"), std::string::npos) << got.text;
  }
  for (const char* value : {"avx2,avx512", "avx2,,scalar", "two words"}) {
    const ChildResult got = in_child(kVariable, value, [] { return make_engine(false, 1) ? "built" : ""; });
    EXPECT_FALSE(got.ok) << value;
    EXPECT_NE(got.text.find("VIREO_FORCE_KERNEL"), std::string::npos) << got.text;
  }
}

}  // namespace
}  // namespace vireo
