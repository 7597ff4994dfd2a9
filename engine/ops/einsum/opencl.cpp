// einsum on OpenCL devices: equations of two inputs that are a product of matrices go the way of matmul, the others
// have an item for each output.
#include "engine/ops/einsum/opencl.h"

#include <algorithm>
#include <map>

#include "engine/ops/einsum/equation.h"
#include "engine/ops/shared/opencl_lines.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

EinsumAxes einsum_axes(const Problem& p) {
  std::vector<std::size_t> ranks;
  for (const graph::Desc& in : p.inputs) ranks.push_back(in.dims.size());
  const Equation equation = parse_equation(p.attributes->text("equation", ""), ranks);
  std::map<char, std::int64_t> extents;
  for (std::size_t k = 0; k < ranks.size(); ++k)
    for (std::size_t i = 0; i < ranks[k]; ++i) {
      std::int64_t& extent = extents.try_emplace(equation.inputs[k][i], 1).first->second;
      extent = std::max(extent, p.inputs[k].dims[i]);
    }
  std::string labels = equation.output;
  for (const auto& [label, extent] : extents)
    if (labels.find(label) == std::string::npos) labels += label;
  EinsumAxes axes;
  axes.output = strides_of(p.outputs[0]);
  axes.output.resize(labels.size());
  for (char label : labels) {
    axes.summed.push_back(axes.dims.size() >= equation.output.size());
    axes.dims.push_back(extents.at(label));
  }
  for (std::size_t k = 0; k < ranks.size(); ++k) {
    const Dims own = strides_of(p.inputs[k]);
    Dims& strides = axes.inputs.emplace_back(labels.size());
    for (std::size_t i = 0; i < ranks[k]; ++i)
      if (p.inputs[k].dims[i] != 1) strides[labels.find(equation.inputs[k][i])] += own[i];
  }
  return axes;
}

OpenclProduct einsum_opencl(const Problem& p) {
  OpenclProduct none{.k = 0}, g{.packs = false};
  if (p.inputs.size() != 2) return none;
  const EinsumAxes axes = einsum_axes(p);
  // Axes of rows, columns and sum, each of which must merge into one; all others are the batch.
  Dims dims[4], strides[4][3];
  for (std::size_t i = 0; i < axes.dims.size(); ++i) {
    const std::int64_t a = axes.inputs[0][i], b = axes.inputs[1][i];
    const int which = axes.summed[i] ? 2 : a != 0 && b == 0 ? 0 : a == 0 && b != 0 ? 1 : 3;
    if (which == 2 && axes.dims[i] > 1 && (a == 0 || b == 0)) return none;
    dims[which].push_back(axes.dims[i]);
    const std::int64_t own[] = {a, b, axes.output[i]};
    for (int t = 0; t < 3; ++t) strides[which][t].push_back(own[t]);
  }
  Loop loops[3];
  for (int w = 0; w < 3; ++w)
    if (!plan_loop(dims[w], strides[w], loops[w]) || loops[w].rank > 1) return none;
  const Dims batch[] = {strides[3][0], strides[3][1], strides[3][2], Dims(dims[3].size())};
  if (!plan_loop(dims[3], batch, g.batch)) return none;
  g.m = loops[0].dims[0], g.n = loops[1].dims[0], g.k = loops[2].dims[0];
  g.a_row = loops[0].strides[0][0], g.c_row = loops[0].strides[2][0];
  g.b_column = loops[1].strides[1][0], g.c_column = loops[1].strides[2][0];
  g.a_step = loops[2].strides[0][0], g.b_step = loops[2].strides[1][0];
  return g;
}

namespace {

bool opencl_lines(const Problem& p, Lines& lines) {
  const EinsumAxes axes = einsum_axes(p);
  std::vector<Dims> strides = axes.inputs;
  strides.push_back(axes.output);
  return plan_lines(axes.dims, axes.summed, strides, lines);
}

std::string refuse_einsum_elements(const Problem& p) {
  if (std::string why = refuse_opencl(p, kReals); !why.empty()) return why;
  if (p.inputs.size() > 3) return "more than three inputs";
  for (const graph::Desc& in : p.inputs)
    if (in.count() == 0) return "the sums are empty";
  Lines lines;
  return opencl_lines(p, lines) ? "" : "too many axes";
}

Launch prepare_einsum_elements(const Problem& p) {
  Lines lines;
  (void)opencl_lines(p, lines);
  KernelCall call = line_call(p, "einsum/elements.cl", "einsum_elements", lines, LineForm::serial);
  call.define_type("T", p.inputs[0].dtype).define("INPUTS", static_cast<std::int64_t>(p.inputs.size()));
  for (std::size_t k = 0; k < p.inputs.size(); ++k) call.input(static_cast<int>(k));
  call.output(0);
  add_lines(call, lines, LineForm::serial);
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

double predict_einsum_elements(const Problem& p) {
  Lines lines;
  return opencl_lines(p, lines) ? 2 * predict_lines(p, lines, LineForm::serial) : 1;
}

template <ProductForm kForm>
constexpr Tactic product_row(std::string_view name) {
  using Product = ProductTactic<einsum_opencl, kForm>;
  return {.name = name,
          .refuse = Product::refuse,
          .prepare = Product::prepare,
          .device = "opencl",
          .predict = Product::predict};
}

constexpr Tactic kTactics[] = {
    product_row<ProductForm::tiles64>("einsum_tiles64_opencl"),
    product_row<ProductForm::tiles32>("einsum_tiles32_opencl"),
    product_row<ProductForm::rows>("einsum_rows_opencl"),
    product_row<ProductForm::blocks>("einsum_blocks_opencl"),
    {.name = "einsum_elements_opencl",
     .refuse = refuse_einsum_elements,
     .prepare = prepare_einsum_elements,
     .device = "opencl",
     .predict = predict_einsum_elements},
};

}  // namespace

std::span<const Tactic> einsum_tactics() { return kTactics; }

}  // namespace vireo::ops
