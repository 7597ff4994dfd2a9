#include "engine/ops/shared/opencl_recurrent.h"

#include "engine/graph/packed_weights.h"
#include "engine/ops/shared/recurrent.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kMostSteps = 1024;  ///< each is a launch

bool given(const std::vector<graph::Desc>& descs, std::size_t k) { return k < descs.size() && descs[k].present(); }

struct Recurrence {
  bool batch_first = false, reversed = false, linear_before_reset = false;
  std::int64_t sequence = 0, batch = 0, width = 0, hidden = 0, directions = 0, gates = 0;
  std::vector<std::string> functions;  ///< of one direction
  std::string why;                     ///< not empty: functions that aren't taken

  [[nodiscard]] std::int64_t rows() const { return sequence * batch; }
  [[nodiscard]] std::int64_t columns() const { return gates * hidden; }
  [[nodiscard]] std::int64_t state() const { return directions * batch * hidden; }
  [[nodiscard]] std::int64_t space() const { return directions * rows() * columns() + 3 * state(); }
};

Recurrence recurrence_of(const Problem& p, RecurrentCellKind kind) {
  const Attributes& a = *p.attributes;
  Recurrence r;
  r.batch_first = a.integer("layout", 0) != 0;
  r.reversed = a.text("direction", "forward") == "reverse";
  r.linear_before_reset = a.integer("linear_before_reset", 0) != 0;
  const Dims& x = p.inputs[0].dims;
  r.sequence = x[r.batch_first ? 1 : 0];
  r.batch = x[r.batch_first ? 0 : 1];
  r.width = x[2];
  r.hidden = p.inputs[2].dims[2];
  r.directions = p.inputs[1].dims[0];
  r.gates = kind == RecurrentCellKind::lstm ? 4 : kind == RecurrentCellKind::gru ? 3 : 1;
  std::vector<std::string> defaults{"sigmoid", "tanh", "tanh"};
  if (kind == RecurrentCellKind::rnn) defaults = {"tanh"};
  if (kind == RecurrentCellKind::gru) defaults = {"sigmoid", "tanh"};
  std::vector<GateActivation> all;
  try {
    all = gate_activations(a, defaults, static_cast<std::size_t>(r.directions));
  } catch (const Error& error) {
    r.why = error.what();
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string& name = all[i].name;
    if (name != "sigmoid" && name != "tanh" && name != "relu" && name != "softsign" && name != "softplus")
      r.why = "no kernel of the activation " + name;
    if (i < defaults.size()) r.functions.push_back("f_" + name);
    else if (r.functions[i % defaults.size()] != "f_" + name) r.why = "the directions have different activations";
  }
  return r;
}

/// Weights as they are read: in their own place, or packed with the units side by side.
struct Weights {
  bool packed = false;
  std::int64_t row = 0, step = 0;
  std::size_t offset = 0;
};

template <typename T>
void transpose(std::int64_t matrices, std::int64_t rows, std::int64_t columns, const T* from, T* to) {
  for (std::int64_t d = 0; d < matrices; ++d, from += rows * columns, to += rows * columns)
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j) to[j * rows + i] = from[i * columns + j];
}

/// Input weights and recurrent weights.
std::array<Weights, 2> weights_of(const Problem& p, const Recurrence& r, OpenclLaunch& launch) {
  std::array<Weights, 2> both{Weights{false, r.width, 1, 0}, Weights{false, r.hidden, 1, 0}};
  if (!p.inputs[1].constant || !p.inputs[2].constant) return both;
  const std::size_t size = size_of(p.inputs[1].dtype);
  const std::size_t first = static_cast<std::size_t>(p.inputs[1].count()) * size;
  const std::size_t bytes = first + static_cast<std::size_t>(p.inputs[2].count()) * size;
  const auto memory = graph::packed(p, "opencl recurrent", p.inputs[1].dtype, {1, 2}, bytes, [&](std::byte* block) {
    const auto fill = [&](auto* to) {
      using T = std::remove_pointer_t<decltype(to)>;
      transpose(r.directions, r.columns(), r.width, p.inputs[1].constant->as<T>(), to);
      transpose(r.directions, r.columns(), r.hidden, p.inputs[2].constant->as<T>(), to + p.inputs[1].count());
    };
    if (size == 2) fill(reinterpret_cast<std::uint16_t*>(block));
    else fill(reinterpret_cast<std::uint32_t*>(block));
  });
  launch.states.push_back({memory, memory.get(), bytes});
  launch.state_bytes = bytes;
  launch.unread_inputs = 0b110;
  both = {Weights{true, 1, r.columns(), 0}, Weights{true, 1, r.columns(), first}};
  return both;
}

KernelCall& add_weights(KernelCall& call, const Weights& weights, int input) {
  return weights.packed ? call.state(0, weights.offset) : call.input(input);
}

}  // namespace

std::string refuse_recurrent(const Problem& p, RecurrentCellKind kind) {
  if (given(p.inputs, 4)) return "takes sequences of full length only";
  if (given(p.inputs, 7)) return "has no peepholes";
  if (std::string why = refuse_opencl(p, kReals); !why.empty()) return why;
  for (const auto* descs : {&p.inputs, &p.outputs})
    for (const graph::Desc& desc : *descs)
      if (desc.present() && (!desc.dense() || desc.dtype != p.inputs[0].dtype))
        return "takes dense tensors of one type";
  if (p.attributes->real("clip", 0) != 0 || p.attributes->integer("input_forget", 0) != 0)
    return "has neither clip nor coupled gates";
  if (p.inputs[0].count() == 0) return "nothing to read";
  const Recurrence r = recurrence_of(p, kind);
  if (r.sequence > kMostSteps) return "more steps than launches are made for";
  if (r.rows() > 65535) return "more rows than a grid has";
  return r.space() > INT32_MAX / 4 ? "more gates than an int counts" : r.why;
}

Launch prepare_recurrent(const Problem& p, RecurrentCellKind kind, LineForm form) {
  const Recurrence r = recurrence_of(p, kind);
  OpenclLaunch launch;
  launch.workspace_bytes = static_cast<std::size_t>(r.space()) * sizeof(float);
  const std::array<Weights, 2> weights = weights_of(p, r, launch);
  const bool lstm = kind == RecurrentCellKind::lstm, gru = kind == RecurrentCellKind::gru, biased = given(p.inputs, 3),
             has_h = given(p.inputs, 5), has_c = lstm && given(p.inputs, 6);
  const auto start = [&](std::string_view entry, int mode) {
    KernelCall call("shared/opencl/recurrent.cl", entry);
    call.define_type("T", p.inputs[0].dtype).define("GATES", r.gates).define("MODE", mode);
    for (std::size_t i = 0; i < r.functions.size(); ++i)
      call.define_text(i == 0 ? "F0" : i == 1 ? "F1" : "F2", r.functions[i]);
    if (form == LineForm::serial) call.define("SERIAL", 1);
    else if (p.target->opencl.on_processor) call.compiled_quickly();
    return call;
  };
  const int mode = lstm ? 0 : !gru ? 1 : r.linear_before_reset ? 2 : 4;
  const std::int64_t states = r.directions * r.rows() * r.columns(), other = states + 2 * r.state();
  const std::int64_t d_step = r.batch_first ? r.hidden : r.batch * r.hidden,
                     n_step = r.batch_first ? r.directions * r.hidden : r.hidden;

  KernelCall inputs = start("recurrent_inputs", mode);
  add_weights(inputs.input(0), weights[0], 1).input(biased ? 3 : 0).workspace();
  inputs.integer(biased).integer(!gru).integer(r.columns()).integer(r.rows()).integer(r.width).integer(r.width);
  inputs.integer(weights[0].row).integer(weights[0].step);
  inputs.over({r.columns(), r.rows(), r.directions}, {16, 1, 1});
  launch.kernels.push_back(inputs.done());

  KernelCall first = start("recurrent_start", mode);
  first.input(has_h ? 5 : 0).input(has_c ? 6 : 0).workspace().integer(has_h).integer(has_c).integer(r.hidden);
  first.integer(d_step).integer(n_step).integer(states).integer(other);
  first.over({r.hidden, r.batch, r.directions}, {16, 1, 1});
  launch.kernels.push_back(first.done());

  const auto narrow = [](std::int64_t number) { return static_cast<std::int32_t>(number); };  // refused beyond
  const auto add_step = [&](std::int64_t i, int which) {
    KernelCall step = start("recurrent_step", which);
    add_weights(step, weights[1], 2).input(biased ? 3 : 0).workspace();
    int outputs = 0;
    for (int k = 0; k < 3; ++k) {
      const bool wanted = given(p.outputs, static_cast<std::size_t>(k)) && (k == 0 || i + 1 == r.sequence);
      outputs |= wanted ? 1 << k : 0;
      if (wanted) step.output(k);
      else step.workspace();
    }
    step.integer(biased).integer(outputs).integer(r.hidden).integer(r.batch).integer(r.rows());
    const std::int64_t back = r.sequence - 1 - i;
    step.value(Int4{{narrow(r.reversed ? back : i), narrow(back), narrow(r.batch_first ? 1 : r.batch),
                     narrow(r.batch_first ? r.sequence : 1)}});
    step.value(Int4{{narrow(states + i % 2 * r.state()), narrow(states + (i + 1) % 2 * r.state()), narrow(other)}});
    const std::int64_t y_time = r.directions * r.hidden * (r.batch_first ? 1 : r.batch);
    step.value(Int4{{narrow(y_time), narrow(r.batch_first ? r.hidden : r.batch * r.hidden),
                     narrow(r.batch_first ? r.sequence * r.directions * r.hidden : r.hidden)}});
    step.value(std::array<std::int32_t, 2>{narrow(d_step), narrow(n_step)});
    step.integer(weights[1].row).integer(weights[1].step);
    const std::size_t items = form == LineForm::serial ? 16 : 256;
    step.over({(r.hidden + 15) / 16 * static_cast<std::int64_t>(items), r.batch, r.directions}, {items, 1, 1});
    launch.kernels.push_back(step.done());
  };
  for (std::int64_t i = 0; i < r.sequence; ++i) {
    if (mode == 4) add_step(i, 3);
    add_step(i, mode);
  }
  return launch;
}

double predict_recurrent(const Problem& p, LineForm form) {
  const double hidden = static_cast<double>(p.inputs[2].dims[2]);
  if (p.target->opencl.on_processor) return form == LineForm::serial ? 1e-6 * hidden : 1e-5 * hidden;
  return 5e-6 + hidden * (form == LineForm::serial ? 1e-7 : 1e-8);
}

}  // namespace vireo::ops
