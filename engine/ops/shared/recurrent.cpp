#include "engine/ops/shared/recurrent.h"

#include <algorithm>
#include <cmath>

namespace vireo::ops {

void infer_recurrent(InferContext& c, std::int64_t gates, int states) {
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k)) require_computable(c, k);
  for (int k = 0; k < 3; ++k) require_rank(c, k, 3, 3);
  require_float(c, 0);
  const std::string direction = c.attributes().text("direction", "forward");
  c.require(direction == "forward" || direction == "reverse" || direction == "bidirectional",
            "unknown direction '" + direction + "'");
  const std::int64_t directions = direction == "bidirectional" ? 2 : 1, hidden = c.dims(2)[2];
  c.require(hidden != kUnknown && c.dims(1)[1] != kUnknown, "the weights' extents must be known");
  const std::int64_t stated = c.attributes().integer("hidden_size", hidden);
  c.require(stated == hidden,
            "hidden_size is " + std::to_string(stated) + ", the weights say " + std::to_string(hidden));
  const bool batch_first = c.attributes().integer("layout", 0) != 0;
  constexpr std::int64_t most = std::int64_t{1} << 32;
  c.require(hidden <= most, "the weights have " + std::to_string(hidden) + " units, accepted: up to 2^32");
  (void)c.attributes().real("clip", 0);  // of the right types
  for (const char* name : {"input_forget", "linear_before_reset"}) (void)c.attributes().integer(name, 0);
  for (const char* name : {"activation_alpha", "activation_beta"}) (void)c.attributes().reals(name);
  (void)c.attributes().text("activations", "");
  const std::int64_t batch = c.dims(0)[batch_first ? 0 : 1], sequence = c.dims(0)[batch_first ? 1 : 0];
  require_extent(c, 1, 0, directions, "weights for each direction");
  require_extent(c, 2, 0, directions, "weights for each direction");
  require_extent(c, 1, 1, gates * hidden, "a row for each gate");
  require_extent(c, 2, 1, gates * hidden, "a row for each gate");
  require_extent(c, 1, 2, c.dims(0)[2], "a column for each input");
  if (c.has_input(3)) {
    require_rank(c, 3, 2, 2);
    require_extent(c, 3, 0, directions, "biases for each direction");
    require_extent(c, 3, 1, 2 * gates * hidden, "biases of input and recurrence");
  }
  if (c.has_input(4)) require_extent(c, 4, 0, batch, "a length for each sequence");
  const Dims state = batch_first ? Dims{batch, directions, hidden} : Dims{directions, batch, hidden};
  for (int k = 5; k < 5 + states; ++k)
    if (c.has_input(k)) {
      require_rank(c, k, 3, 3);
      for (std::size_t i = 0; i < 3; ++i) require_extent(c, k, i, state[i], "an initial state for each unit");
    }
  if (c.has_input(7)) {
    require_rank(c, 7, 2, 2);
    require_extent(c, 7, 0, directions, "peepholes for each direction");
    require_extent(c, 7, 1, 3 * hidden, "three peepholes for each unit");
  }
  c.output(0, c.dtype(0),
           batch_first ? Dims{batch, sequence, directions, hidden} : Dims{sequence, directions, batch, hidden});
  for (int k = 1; k < c.output_count(); ++k) c.output(k, c.dtype(0), state);
}

double GateActivation::operator()(double x) const {
  if (clip > 0) x = std::clamp(x, -clip, clip);
  if (name == "sigmoid") return 1 / (1 + std::exp(-x));
  if (name == "tanh") return std::tanh(x);
  if (name == "relu") return std::max(x, 0.0);
  if (name == "affine") return alpha * x + beta;
  if (name == "leakyrelu") return x < 0 ? alpha * x : x;
  if (name == "thresholdedrelu") return x > alpha ? x : 0;
  if (name == "scaledtanh") return alpha * std::tanh(beta * x);
  if (name == "hardsigmoid") return std::clamp(alpha * x + beta, 0.0, 1.0);
  if (name == "elu") return x < 0 ? alpha * std::expm1(x) : x;
  if (name == "softsign") return x / (1 + std::abs(x));
  if (name == "softplus") return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
  throw Error(ErrorCode::unsupported, "unknown recurrent activation '" + name + "'");
}

std::vector<GateActivation> gate_activations(const Attributes& attributes, const std::vector<std::string>& defaults,
                                             std::size_t directions) {
  std::vector<std::string> names{""};
  for (char ch : attributes.text("activations", ""))
    if (ch == ',' || ch == ' ') names.emplace_back();
    else names.back() += static_cast<char>(ch >= 'A' && ch <= 'Z' ? ch - 'A' + 'a' : ch);
  std::erase(names, "");
  if (names.empty())
    for (std::size_t d = 0; d < directions; ++d) names.insert(names.end(), defaults.begin(), defaults.end());
  if (names.size() != defaults.size() * directions)
    throw Error(ErrorCode::invalid_model, "activations names " + std::to_string(names.size()) +
                                              " functions, expected " + std::to_string(defaults.size() * directions));
  const std::vector<double> alphas = attributes.reals("activation_alpha"), betas = attributes.reals("activation_beta");
  std::size_t next_alpha = 0, next_beta = 0;
  std::vector<GateActivation> list;
  for (const std::string& name : names) {
    GateActivation a{name, 1, 0, attributes.real("clip", 0)};
    const bool takes_alpha = name == "affine" || name == "leakyrelu" || name == "thresholdedrelu" ||
                             name == "scaledtanh" || name == "hardsigmoid" || name == "elu";
    const bool takes_beta = name == "affine" || name == "scaledtanh" || name == "hardsigmoid";
    if (name == "leakyrelu") a.alpha = 0.01;
    if (name == "hardsigmoid") a.alpha = 0.2, a.beta = 0.5;
    if (name == "scaledtanh") a.beta = 1;
    if (takes_alpha && next_alpha < alphas.size()) a.alpha = alphas[next_alpha++];
    if (takes_beta && next_beta < betas.size()) a.beta = betas[next_beta++];
    (void)a(0);  // refuses unknown names
    list.push_back(a);
  }
  return list;
}

double dot(const double* row, const std::vector<double>& h) {
  double sum = 0;
  for (std::size_t i = 0; i < h.size(); ++i) sum += row[i] * h[i];
  return sum;
}

void run_recurrent(const EvalContext& c, std::int64_t gates, int states, bool add_recurrent_bias,
                   const RecurrentCell& cell) {
  const Dims& in = c.inputs[0].dims;
  const bool batch_first = c.attributes.integer("layout", 0) != 0;
  const std::int64_t batch = in[batch_first ? 0 : 1], sequence = in[batch_first ? 1 : 0], width = in[2];
  const std::int64_t directions = c.inputs[1].dims[0], hidden = c.inputs[2].dims[2], rows = gates * hidden;
  const bool reversed = c.attributes.text("direction", "forward") == "reverse";
  const auto optional = [&](std::size_t k) {
    return k < c.inputs.size() ? to_doubles(c.inputs[k]) : std::vector<double>{};
  };
  if (batch == 0 || hidden == 0) return;
  const std::vector<double> x = to_doubles(c.inputs[0]), w = to_doubles(c.inputs[1]), b = optional(3);
  const std::vector<double> h0 = optional(5), c0 = states > 1 ? optional(6) : std::vector<double>{};
  const std::vector<std::int64_t> lengths = has_input(c, 4)
                                                ? read_integers(c.inputs[4])
                                                : std::vector<std::int64_t>(static_cast<std::size_t>(batch), sequence);
  std::vector<double> y(static_cast<std::size_t>(sequence * directions * batch * hidden)),
      last_h(static_cast<std::size_t>(directions * batch * hidden)), last_c = last_h;
  std::vector<double> gate(static_cast<std::size_t>(rows));
  for (std::int64_t d = 0; d < directions; ++d)
    for (std::int64_t n = 0; n < batch; ++n) {
      const std::int64_t state_at = (batch_first ? n * directions + d : d * batch + n) * hidden;
      const auto initial = [&](const std::vector<double>& from) {
        return from.empty() ? std::vector<double>(static_cast<std::size_t>(hidden))
                            : std::vector<double>(from.begin() + state_at, from.begin() + state_at + hidden);
      };
      std::vector<double> h = initial(h0), cell_state = initial(c0);
      const std::int64_t length = std::clamp<std::int64_t>(lengths.at(static_cast<std::size_t>(n)), 0, sequence);
      for (std::int64_t i = 0; i < length; ++i) {
        const std::int64_t t = reversed || d == 1 ? length - 1 - i : i;
        const double* row = &x[static_cast<std::size_t>((batch_first ? n * sequence + t : t * batch + n) * width)];
        for (std::int64_t g = 0; g < rows; ++g) {
          double sum = 0;
          for (std::int64_t k = 0; k < width; ++k)
            sum += w[static_cast<std::size_t>((d * rows + g) * width + k)] * row[k];
          if (!b.empty()) sum += b[static_cast<std::size_t>(d * 2 * rows + g)];
          if (!b.empty() && add_recurrent_bias) sum += b[static_cast<std::size_t>(d * 2 * rows + rows + g)];
          gate[static_cast<std::size_t>(g)] = sum;
        }
        cell.step(static_cast<std::size_t>(d), gate, h, cell_state);
        const std::int64_t at =
            (batch_first ? (n * sequence + t) * directions + d : (t * directions + d) * batch + n) * hidden;
        std::copy(h.begin(), h.end(), y.begin() + at);
      }
      std::copy(h.begin(), h.end(), last_h.begin() + state_at);
      std::copy(cell_state.begin(), cell_state.end(), last_c.begin() + state_at);
    }
  if (has_output(c, 0)) from_doubles(y, c.outputs[0]);
  if (has_output(c, 1)) from_doubles(last_h, c.outputs[1]);
  if (states > 1 && has_output(c, 2)) from_doubles(last_c, c.outputs[2]);
}

}  // namespace vireo::ops
