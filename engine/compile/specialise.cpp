#include "engine/base/text.h"
#include "engine/compile/compile.h"
#include "engine/compile/limits.h"
#include "engine/graph/operator.h"
#include "engine/passes/passes.h"

namespace vireo::compile {
using graph::Graph;
using graph::Tensor;
using graph::TensorId;

namespace {

void set_input_dims(Graph& g, TensorId id, const Dims& dims) {
  Tensor& t = g.tensor(id);
  bool fits = dims.size() == t.dims.size() && is_static(dims);
  for (std::size_t i = 0; fits && i < dims.size(); ++i) fits = t.dims[i] == kUnknown || t.dims[i] == dims[i];
  if (!fits) base::fail(ErrorCode::invalid_argument, "input '", t.name, "' takes ", t.dims, ", not ", dims);
  t.dims = dims;
}

/// Extents with the same symbol ("batch", "height") are one number in all inputs.
void check_symbols(const Graph& original, const Graph& g) {
  std::map<std::string, std::pair<std::int64_t, std::string>> known;
  for (std::size_t i = 0; i < g.inputs().size(); ++i) {
    const Tensor& before = original.tensor(original.inputs()[i]);
    const Tensor& now = g.tensor(g.inputs()[i]);
    for (std::size_t d = 0; d < now.dims.size(); ++d) {
      if (before.dims[d] != kUnknown || d >= before.symbols.size() || before.symbols[d].empty() ||
          before.symbols[d] == "?")
        continue;
      const auto [it, fresh] = known.try_emplace(before.symbols[d], now.dims[d], now.name);
      if (!fresh && it->second.first != now.dims[d])
        base::fail(ErrorCode::invalid_argument, "extent '", before.symbols[d], "' is ", it->second.first, " in input '",
                   it->second.second, "' and ", now.dims[d], " in input '", now.name, "'");
    }
  }
}

}  // namespace

Graph specialise(const Graph& original, const std::map<std::string, Dims>& shapes, const CompileOptions& options) {
  Graph g = original;
  bool dynamic = false;
  for (TensorId id : g.inputs()) {
    const auto it = shapes.find(g.tensor(id).name);
    dynamic |= !g.tensor(id).is_static();
    if (it != shapes.end()) set_input_dims(g, id, it->second);
    else if (!g.tensor(id).is_static())
      base::fail(ErrorCode::invalid_argument, "input '", g.tensor(id).name, "' is dynamic (", g.tensor(id).dims,
                 "); give its shape");
  }
  check_symbols(original, g);
  check_inputs(g, options.limits);
  g.infer_all();
  bool all_known = true;
  for (graph::LayerId layer = 0; layer < g.layer_count(); ++layer)
    for (TensorId output : g.layer(layer).outputs)
      if (output != graph::kNone) all_known &= g.tensor(output).is_static();
  // A branch must be there to be compiled, also where nobody wants the pass to run.
  const bool branched = passes::run_pass(g, "branches");
  if (dynamic || !all_known || branched) {
    passes::PassOptions pass_options;
    pass_options.disabled.insert(options.disabled_passes.begin(), options.disabled_passes.end());
    do {
      passes::run_passes(g, pass_options);
      g.infer_all();
    } while (passes::run_pass(g, "branches"));
  }
  check_tensors(g, options.limits);
  return g;
}

}  // namespace vireo::compile
