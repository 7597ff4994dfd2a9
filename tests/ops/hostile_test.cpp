// Every operator against hostile cases (hostile.h): a shape rule returns or throws vireo::Error; refuse, predict, flops
// and key return, at once and whatever the extents; what is accepted and small runs, by the reference and by every
// tactic. Each operator runs in a child process, so that a crash or a loop names the case and the others still run.
// VIREO_HOSTILE_ROUNDS, _SEED and _FIRST: more attempts at each case, others, and from which one on.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine/base/cpu.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/table.h"
#include "tests/ops/hostile.h"
#include "tests/support/launch_runner.h"
#include "tests/support/texts.h"

namespace vireo {
namespace {

using graph::ConstantPtr;
using graph::Desc;
using graph::Graph;
using graph::kNone;
using graph::Problem;
using graph::Tactic;
using testing::Attempt;

constexpr std::int64_t kSmall = 1 << 12;  ///< elements that are worth computing
constexpr int kSeconds = 10;              ///< of the processor, for one attempt: a loop that never ends, not a speed

long from_environment(const char* name, long fallback) {
  const char* text = std::getenv(name);
  return text ? std::strtol(text, nullptr, 10) : fallback;
}

/// What the child tells, readable after it died.
struct Progress {
  long attempt;
  char what[2048];
  char stage[128];
  int failures;
  char failed[1 << 16];
};

struct Runner {
  const graph::Operator& op;
  Attempt& a;
  Progress& progress;
  std::mt19937 random{1};

  void stage(std::string_view name) {
    std::snprintf(progress.stage, sizeof progress.stage, "%.*s", static_cast<int>(name.size()), name.data());
  }
  void failed(const std::string& why) {
    ++progress.failures;
    const std::size_t used = std::strlen(progress.failed);
    std::snprintf(progress.failed + used, sizeof progress.failed - used, "%s, at %s:\n  %s\n", progress.what,
                  progress.stage, why.c_str());
  }
  /// False, and a failure, where something else than Error is thrown; false where Error is.
  template <typename F>
  bool guarded(F&& f, bool may_refuse = true) {
    try {
      f();
      return true;
    } catch (const Error& error) {
      if (!may_refuse) failed(std::string("threw: ") + error.what());
    } catch (const std::exception& error) {
      failed(std::string("not an Error: ") + error.what());
    }
    return false;
  }

  static std::int64_t count_of(const Dims& dims) {
    try {
      return element_count(dims);
    } catch (const Error&) {
      return -1;
    }
  }
  /// Whether memory could be addressed that holds it: all that reaches a tactic.
  static bool addressable(DataType type, const Dims& dims) {
    const std::int64_t count = count_of(dims);
    std::int64_t bytes = 0;
    return count >= 0 && size_of(type) > 0 &&
           !__builtin_mul_overflow(count, static_cast<std::int64_t>(size_of(type)), &bytes);
  }

  template <typename T>
  static T cast(double v) {
    if constexpr (std::is_integral_v<T>) {
      if (std::isnan(v)) return T{};
      if (v >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
      if (v <= static_cast<double>(std::numeric_limits<T>::lowest())) return std::numeric_limits<T>::lowest();
      return static_cast<T>(v);
    } else if constexpr (std::is_same_v<T, double>) {
      return v;
    } else {
      const double limit = std::numeric_limits<float>::max();
      return T(std::isfinite(v) && std::abs(v) > limit ? std::copysign(INFINITY, static_cast<float>(v))
                                                       : static_cast<float>(v));
    }
  }
  ConstantPtr value_of(std::size_t k) {
    const DataType type = a.test.dtypes[k];
    graph::MutableConstant value = graph::new_constant(type, a.test.inputs[k]);
    const auto given = a.test.constants.find(static_cast<int>(k));
    std::uniform_real_distribution<double> real(-4, 4);
    std::uniform_int_distribution<int> integer(type == DataType::uint8 || type == DataType::uint64 ? 0 : -3, 4);
    if (type == DataType::string) {
      for (std::int64_t i = 0; i < value.constant->count(); ++i)
        value.as<std::uint64_t>()[i] =
            given != a.test.constants.end() && !given->second.empty()
                ? testing::sample_text(given->second[static_cast<std::size_t>(i) % given->second.size()])
                : testing::sample_text(integer(random) + 3);
      return value.constant;
    }
    if (is_narrow(type)) {
      std::vector<double> drawn(static_cast<std::size_t>(value.constant->count()));
      for (double& v : drawn) v = integer(random);
      if (given != a.test.constants.end() && !given->second.empty())
        for (std::size_t i = 0; i < drawn.size(); ++i) drawn[i] = given->second[i % given->second.size()];
      ops::from_doubles(drawn, {type, a.test.inputs[k], value.data});
      return value.constant;
    }
    ops::dispatch_any(type, [&](auto tag) {
      using T = typename decltype(tag)::type;
      for (std::int64_t i = 0; i < value.constant->count(); ++i) {
        double v = is_float(type) ? real(random) : integer(random);
        if (given != a.test.constants.end() && !given->second.empty())
          v = given->second[static_cast<std::size_t>(i) % given->second.size()];
        value.as<T>()[i] = std::is_same_v<T, bool> ? static_cast<T>(v != 0 && !std::isnan(v)) : cast<T>(v);
      }
    });
    return value.constant;
  }

  /// The layer; inputs are values where they are small and (`all` or stated by the case).
  bool build(Graph& g, graph::LayerId& layer, std::vector<ConstantPtr>& values, bool all) {
    std::vector<graph::TensorId> inputs, outputs;
    values.assign(a.test.inputs.size(), nullptr);
    for (std::size_t k = 0; k < a.test.inputs.size(); ++k) {
      const std::int64_t count = count_of(a.test.inputs[k]);
      const bool can = count >= 0 && count <= kSmall;
      if (all && !can && !a.absent_inputs[k]) return false;
      if (a.absent_inputs[k]) inputs.push_back(kNone);
      else if (can && (all || a.test.constants.count(static_cast<int>(k)))) {
        values[k] = value_of(k);
        inputs.push_back(g.add_constant("c" + std::to_string(k), values[k]));
      } else {
        inputs.push_back(g.add_input("i" + std::to_string(k), a.test.dtypes[k], a.test.inputs[k]));
      }
    }
    for (int k = 0; k < a.test.outputs; ++k) outputs.push_back(g.add_tensor("o" + std::to_string(k)));
    layer = g.add_layer_into(op, "layer", inputs, outputs, a.test.attributes);
    for (std::size_t k = 0; k < a.absent_outputs.size(); ++k)
      if (a.absent_outputs[k]) {
        g.tensor(g.layer(layer).outputs[k]).producer = kNone;
        g.layer(layer).outputs[k] = kNone;
      }
    stage("the shape rule");
    if (!guarded([&] { g.infer(layer); })) return false;
    for (const graph::TensorId id : g.layer(layer).outputs) {
      if (id == kNone || !g.tensor(id).ranked) continue;
      if (g.tensor(id).dtype == DataType::undefined) return failed("an output has no type"), false;
      for (const std::int64_t extent : g.tensor(id).dims)
        if (extent < kUnknown) return failed(base::str("an output has the extent ", extent)), false;
    }
    if (op.data_dependent_axis && !g.layer(layer).outputs.empty() && g.layer(layer).outputs[0] != kNone &&
        g.tensor(g.layer(layer).outputs[0]).ranked) {
      stage("the bound");
      if (!guarded([&] { g.tensor(g.layer(layer).outputs[0]).dims = g.bound_dims(layer); }, false)) return false;
    }
    return true;
  }

  /// False where something is not static or not addressable.
  static bool problem_of(const Graph& g, graph::LayerId id, bool wide, Problem& p) {
    const graph::Layer& layer = g.layer(id);
    p = Problem{.op = layer.op, .attributes = &layer.attributes, .workers = 2};
    const auto add = [&](graph::TensorId t, std::vector<Desc>& list) {
      if (t == kNone) return list.emplace_back(), true;
      const graph::Tensor& tensor = g.tensor(t);
      if (!tensor.is_static() || !addressable(tensor.dtype, tensor.dims)) return false;
      std::int64_t pitch = tensor.dims.empty() ? 0 : tensor.dims.back();
      if (wide && !tensor.constant && !tensor.dims.empty() && pitch < 1 << 20) pitch += 5;
      list.push_back({tensor.dtype, tensor.dims, pitch, tensor.constant});
      return true;
    };
    bool good = true;
    for (const graph::TensorId t : layer.inputs) good = good && add(t, p.inputs);
    for (const graph::TensorId t : layer.outputs) good = good && add(t, p.outputs);
    return good;
  }

  /// What asks before anything is computed, whatever the extents.
  void ask(const Graph& g, graph::LayerId layer) {
    for (const bool wide : {false, true}) {
      Problem p;
      if (!problem_of(g, layer, wide, p)) return;
      stage("key");
      guarded([&] { (void)p.key(); }, false);
      stage("flops");
      if (op.flops)
        guarded(
            [&] {
              if (!(op.flops(p) >= 0)) failed("less than no operations");
            },
            false);
      for (const Tactic& tactic : op.tactics ? op.tactics() : std::span<const Tactic>{}) {
        stage(base::str("refuse of ", tactic.name));
        bool accepted = true;
        if (tactic.refuse && !guarded([&] { accepted = tactic.refuse(p).empty(); }, false)) continue;
        if (!accepted) continue;
        stage(base::str("rows of ", tactic.name));
        if (tactic.rows) guarded([&] { (void)tactic.rows(p); }, false);
        stage(base::str("predict of ", tactic.name));
        if (tactic.predict)
          guarded(
              [&] {
                if (!(tactic.predict(p) >= 0)) failed("less than no time");
              },
              false);
      }
    }
  }

  using Bytes = std::vector<std::byte>;
  static Bytes memory_of(const Desc& desc) {
    return Bytes(desc.present() ? static_cast<std::size_t>(desc.count()) * size_of(desc.dtype) : 0, std::byte{0xfb});
  }

  void compute(const Graph& g, graph::LayerId layer, const std::vector<ConstantPtr>& values) {
    Problem p;
    if (!problem_of(g, layer, false, p)) return;
    for (const Desc& desc : p.outputs)
      if (desc.present() && desc.count() > kSmall) return;
    alignas(64) static std::byte nothing[64];  // an empty tensor is present all the same
    std::vector<Bytes> expected;
    std::vector<graph::View> in, out;
    std::vector<const void*> from;
    for (std::size_t k = 0; k < p.inputs.size(); ++k) {
      from.push_back(!values[k] ? nullptr : values[k]->count() == 0 ? nothing : values[k]->read());
      in.push_back({p.inputs[k].dtype, p.inputs[k].dims, const_cast<void*>(from[k])});
    }
    for (const Desc& desc : p.outputs) {
      expected.push_back(memory_of(desc));
      out.push_back({desc.dtype, desc.dims,
                     !desc.present()           ? nullptr
                     : expected.back().empty() ? nothing
                                               : expected.back().data()});
    }
    stage("the reference");
    const bool known = guarded([&] { op.reference({*p.attributes, in, out}); });
    for (std::size_t k = 0; known && k < out.size(); ++k)
      for (std::size_t i = 0; i < out[k].dims.size(); ++i)
        if (out[k].dims[i] < 0 || out[k].dims[i] > p.outputs[k].dims[i]) failed("dims beyond the bound");
    if (op.evaluate_data_dependent) {
      std::vector<graph::View> again = out;
      for (std::size_t k = 0; k < again.size(); ++k) again[k].dims = p.outputs[k].dims;
      stage("late");
      guarded([&] { op.evaluate_data_dependent({*p.attributes, in, again}); });
    }
    for (const Tactic& tactic : op.tactics ? op.tactics() : std::span<const Tactic>{}) {
      if (!graph::runs_on(tactic.isa, base::cpu_features()) || tactic.device != "cpu") continue;
      for (const bool constants : {true, false}) {
        Problem own = p;
        for (std::size_t k = 0; k < own.inputs.size(); ++k)
          if (!constants && !a.test.constants.count(static_cast<int>(k))) own.inputs[k].constant = nullptr;
        stage(base::str("refuse of ", tactic.name));
        bool accepted = true;
        if (tactic.refuse && !guarded([&] { accepted = tactic.refuse(own).empty(); }, false)) continue;
        if (accepted) run(tactic, own, from, known ? &expected : nullptr);
      }
    }
  }

  void run(const Tactic& tactic, const Problem& p, std::vector<const void*> from, const std::vector<Bytes>* expected) {
    stage(base::str("prepare of ", tactic.name));
    graph::Launch prepared;
    if (!guarded([&] { prepared = tactic.prepare(p); })) return;
    const graph::CpuLaunch& launch = device::cpu_launch(prepared);
    if (launch.scratch_bytes > 1u << 28 || launch.workspace_bytes > 1u << 28)
      return failed(base::str("wants ", launch.scratch_bytes, " + ", launch.workspace_bytes, " bytes"));
    for (const graph::Phase& phase : launch.phases)
      if (phase.tiles < 0 || phase.tiles > 1 << 20) return failed(base::str("has ", phase.tiles, " tiles"));
    std::vector<Bytes> inputs, outputs;
    std::vector<void*> to;
    for (std::size_t k = 0; k < from.size(); ++k) {
      inputs.push_back(memory_of(p.inputs[k]));  // tight
      if (!inputs[k].empty()) std::memcpy(inputs[k].data(), from[k], inputs[k].size());
      from[k] = !from[k] || (launch.unread_inputs >> k & 1u) != 0 ? nullptr : inputs[k].data();
    }
    for (const Desc& desc : p.outputs) outputs.push_back(memory_of(desc));
    for (Bytes& bytes : outputs) to.push_back(bytes.empty() ? nullptr : bytes.data());
    stage(base::str("a run of ", tactic.name));
    const char* fault = testing::run_launch(prepared, from, to, random);
    if (!a.plain_values || !tactic.exact || !expected) return;
    if (fault) return failed(base::str("the reference computes it, the tactic doesn't: ", fault));
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      const Desc& desc = p.outputs[k];
      if (!desc.present() || desc.dtype == DataType::boolean) continue;
      const auto numbers = [&](const Bytes& bytes) {
        const DataType type = desc.dtype == DataType::string ? DataType::uint64 : desc.dtype;
        return ops::to_doubles({type, desc.dims, const_cast<std::byte*>(bytes.data())});
      };
      const std::vector<double> x = numbers(outputs[k]), y = numbers((*expected)[k]);
      double scale = 1;
      for (const double v : y) scale = std::isfinite(v) ? std::max(scale, std::abs(v)) : scale;
      for (std::size_t i = 0; i < x.size(); ++i)
        if (std::isfinite(y[i]) && !(std::abs(x[i] - y[i]) <= 1e-3 * scale))
          return failed(base::str("element ", i, " of output ", k, " is ", x[i], ", expected ", y[i]));
    }
  }

  void operator()() {
    for (const bool all : {false, true}) {  // the values known that the case states; all of them
      Graph g;
      graph::LayerId layer = 0;
      std::vector<ConstantPtr> values;
      guarded(
          [&] {
            if (!build(g, layer, values, all)) return;
            ask(g, layer);
            if (all) compute(g, layer, values);
          },
          false);
    }
  }
};

/// Attempts from `first` on; in the child.
void attempts(const graph::Operator& op, long first, long rounds, std::uint64_t seed, Progress& progress) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const rlimit memory{std::uint64_t{4} << 30, std::uint64_t{4} << 30};
  setrlimit(RLIMIT_AS, &memory);
#endif
  const rlimit core{0, 0};
  setrlimit(RLIMIT_CORE, &core);
  const testing::Vocabulary vocabulary = testing::vocabulary_of(op.name);
  const std::vector<ops::Case> cases = ops::cases_of(op);
  const long total = rounds * static_cast<long>(cases.size());
  for (long i = first; i < total; ++i) {
    const ops::Case& test = cases[static_cast<std::size_t>(i) % cases.size()];
    testing::Mutator mutator(op, vocabulary, seed * 1000003 + static_cast<std::uint64_t>(i));
    Attempt attempt = mutator(test);
    std::snprintf(progress.what, sizeof progress.what, "attempt %ld, case %s:%s", i, std::string(test.name).c_str(),
                  attempt.what.c_str());
    progress.attempt = i;
    const itimerval limit{{0, 0}, {kSeconds, 0}};
    setitimer(ITIMER_PROF, &limit, nullptr);
    Runner{op, attempt, progress}();
  }
}

class Hostile : public ::testing::TestWithParam<const graph::Operator*> {};

TEST_P(Hostile, CasesAreRefusedOrComputed) {
  const graph::Operator& op = *GetParam();
  const long rounds = from_environment("VIREO_HOSTILE_ROUNDS", 100), first = from_environment("VIREO_HOSTILE_FIRST", 0);
  const auto seed = static_cast<std::uint64_t>(from_environment("VIREO_HOSTILE_SEED", 42));
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto* progress = static_cast<Progress*>(
      mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(progress, MAP_FAILED);
  int deaths = 0;
  for (long next = first; deaths < 10; next = progress->attempt + 1, ++deaths) {
    progress->attempt = next;
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      attempts(op, next, rounds, seed, *progress);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    ADD_FAILURE() << progress->what << ", at " << progress->stage << ": "
                  << (WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "the child gave up");
  }
  EXPECT_EQ(progress->failures, 0) << progress->failed;
  munmap(progress, sizeof(Progress));
}

INSTANTIATE_TEST_SUITE_P(Operators, Hostile,
                         ::testing::ValuesIn(ops::all_operators().begin(), ops::all_operators().end()),
                         [](const auto& row) { return std::string(row.param->name); });

}  // namespace
}  // namespace vireo
