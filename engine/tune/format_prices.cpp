#include "engine/tune/format_prices.h"

#include <limits>

namespace vireo::tune {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

FormatPrices::Seconds FormatPrices::of(const OwnProblem& own) const {
  const auto it = use_measured_ ? choices_.find(own.key) : choices_.end();
  if (it != choices_.end() && it->second.seconds > 0) return {it->second.seconds, true};
  return {own.predicted, false};
}

double FormatPrices::of(const Reformat& reformat) const {
  double sum = 0;
  for (const auto& step : reformat.steps) sum += of(*step).value;
  return reformat.possible ? sum : kCannot;
}

FormatNet FormatPrices::net(bool doubt, double reformats) const {
  FormatNet net = model_.net;
  for (const FormatLayer& layer : model_.layers)
    for (int label = 0; label < model_.labels(); ++label) {
      double& price = net.nodes[at(layer.node)].seconds[at(label)];
      if (price >= kCannot) continue;
      const OwnProblem& own = *layer.either[at(label)];
      Seconds known = of(own);
      const double by = own.has_model ? kModelDoubt : kRoughDoubt;
      if (doubt && !known.measured) known.value = model_.channels_last(label) ? known.value * by : known.value / by;
      price = known.value;
    }
  for (std::size_t i = 0; i < net.tensors.size(); ++i)
    for (std::size_t k = 0; k < model_.reformats[i].size(); ++k)
      net.tensors[i].reformat[k] = reformats * of(model_.reformats[i][k]);
  return net;
}

LayoutReport::Side FormatPrices::side(const FormatNet& net, const std::vector<char>& labels, const FormatLayer& layer,
                                      graph::Layout layout) const {
  LayoutReport::Side best;
  double least = std::numeric_limits<double>::infinity();
  for (int label = 0; label < model_.labels(); ++label) {
    if (!layer.either[at(label)] || model_.formats[at(label)].layout != layout) continue;
    std::vector<char> flipped = labels;
    flipped[at(layer.node)] = static_cast<char>(label);
    const Seconds kernel = of(*layer.either[at(label)]);
    const double reformats = reformats_at(net, flipped, layer.node);
    if (kernel.value + reformats >= least) continue;
    least = kernel.value + reformats;
    best = {kernel.value * 1e3, reformats * 1e3, kernel.measured};
  }
  return best;
}

}  // namespace vireo::tune
