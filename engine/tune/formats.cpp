#include "engine/tune/formats.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <set>

#include "engine/base/file.h"
#include "engine/base/text.h"
#include "engine/compile/lower.h"
#include "engine/graph/operator.h"
#include "engine/passes/layout.h"
#include "engine/passes/passes.h"
#include "engine/tune/format_prices.h"
#include "engine/tune/format_timer.h"

namespace vireo::tune {
namespace {

using graph::Format;
using graph::Graph;
using graph::LayerId;
using graph::Layout;
using Labels = std::vector<char>;

// Channels first must win by this much of what it replaces: measured, and where something was only predicted; and by
// so many seconds, less than which is noise of the timings of tiny layers.
constexpr double kMargin = 0.03, kPredictedMargin = 0.25, kLeast_s = 2e-6;
// Shares of the budget for one problem: a first look, and what may become the tactic of a layer.
constexpr double kGlance = 0.01, kLook = 0.1;
constexpr double kForKernels = 0.7;  // share of the budget for the kernels; the rest is for what sinks how far

std::size_t at(int i) { return static_cast<std::size_t>(i); }

class Chooser {
 public:
  Chooser(Graph& network, const FormatSettings& settings, plan::Choices& choices, const Progress& progress)
      : network_(network),
        settings_(settings),
        choices_(choices),
        timer_(settings.compile, settings.budget_s, choices, progress) {
    compile::CompileOptions without = settings.compile;
    for (std::string& name : compile::format_passes()) without.disabled_passes.push_back(std::move(name));
    without.choices = nullptr;
    graph_ = specialise(network, settings.shapes, without);
    model_ = format_model(graph_, without);
  }

  std::vector<LayoutReport> run() {
    find_doubtful();
    for (const FormatLayer& layer : model_.layers)
      if (layer.decided && !doubtful_.contains(layer.node)) hold(layer.node, Layout::nhwc);
    Labels labels = cheapest_labels(prices_.net());
    if (!doubtful_.empty() && !recall(labels)) {
      if (settings_.budget_s > 0) measure();
      labels = settled();
      if (settings_.budget_s > 0) remember(labels);
    }
    for (const FormatLayer& layer : model_.layers)
      if (layer.decided && !last(labels, layer.node)) passes::keep_channels_first(network_, in_network(layer.layer));
    place_reorders(labels);
    return reports(labels);
  }

 private:
  [[nodiscard]] bool last(const Labels& labels, int node) const { return model_.channels_last(labels[at(node)]); }
  [[nodiscard]] const Reformat& reformat(std::size_t tensor, int from, int to) const {
    return model_.reformats[tensor][at(from * model_.labels() + to)];
  }
  /// The label of the only format of this layout; negative where types are to choose.
  [[nodiscard]] int only_label(Layout layout) const {
    int found = -1, count = 0;
    for (int label = 0; label < model_.labels(); ++label)
      if (model_.formats[at(label)].layout == layout) found = label, ++count;
    return count == 1 ? found : -1;
  }
  /// The node has this layout from now on.
  void hold(FormatNet& net, int node, Layout layout) const {
    FormatNode& held = net.nodes[at(node)];
    if (const int only = only_label(layout); only >= 0) {
      held.fixed = only;
      return;
    }
    for (int label = 0; label < model_.labels(); ++label)
      if (model_.formats[at(label)].layout != layout) held.seconds[at(label)] = kCannot;
  }
  void hold(int node, Layout layout) {
    held_.insert(node);
    hold(model_.net, node, layout);
  }
  [[nodiscard]] bool held(int node) const { return model_.net.nodes[at(node)].fixed >= 0 || held_.contains(node); }

  /// The layers that would keep their channels first if the predictions were off in favour of it as far as they may be.
  /// From predictions alone, so that it is the same every time.
  void find_doubtful() {
    prices_.use_measured(false);
    for (const FormatLayer& layer : model_.layers) {
      const auto computed = [&](int label) { return layer.either[at(label)]->predicted < kCannot / 10; };
      const bool possible = computed(model_.first) && computed(model_.last);
      if (layer.decided && (!possible || moves_nothing(layer.node) || in_network(layer.layer) == graph::kNone))
        hold(layer.node, Layout::nhwc);
    }
    doubtful_ = first_by_doubt();
    prices_.use_measured(true);
  }

  /// Nodes that are channels first in the cheapest labels if seconds that aren't measured are off in favour of it.
  std::set<int> first_by_doubt() {
    std::set<int> nodes;
    in_play_.clear();
    for (const double reformats : {kRoughDoubt, 1 / kRoughDoubt}) {
      in_play_.push_back(cheapest_labels(prices_.net(true, reformats)));
      for (const FormatLayer& layer : model_.layers)
        if (layer.decided && !last(in_play_.back(), layer.node)) nodes.insert(layer.node);
    }
    return nodes;
  }

  /// All its tensors are the same in either layout, as those of one pixel are.
  [[nodiscard]] bool moves_nothing(int node) const {
    for (std::size_t i = 0; i < model_.net.tensors.size(); ++i) {
      const FormatTensor& t = model_.net.tensors[i];
      const bool moves = !reformat(i, model_.first, model_.last).steps.empty();
      if (moves && (t.writer == node || std::ranges::count(t.readers, node))) return false;
    }
    return true;
  }

  /// The doubtful layers with channels first; beside channels last where that leaves the choice open; then the
  /// reformats that any of the answers in play needs. What the time doesn't suffice for stays predicted.
  void measure() {
    for (const FormatLayer& layer : model_.layers)
      if (doubtful_.contains(layer.node) && !time_first(layer)) return;
    const std::set<int> open = first_by_doubt();
    for (const int node : doubtful_)
      if (!open.contains(node)) hold(node, Layout::nhwc);
    if (open.empty()) return;
    for (const FormatLayer& layer : model_.layers)
      if (open.contains(layer.node) && !time_both(layer)) return;
    FormatNet all_last = prices_.net();
    for (const int node : open) hold(all_last, node, Layout::nhwc);
    in_play_.push_back(cheapest_labels(all_last));
    constexpr int kRounds = 4;  // what was measured may bring other reformats into play
    for (int round = 0; round < kRounds; ++round) {
      in_play_.push_back(cheapest_labels(prices_.net()));
      for (const Labels& labels : in_play_)
        for (std::size_t i = 0; i < model_.net.tensors.size(); ++i)
          for (const int reader : model_.net.tensors[i].readers)
            for (const auto& step : reformat(i, labels[at(model_.net.tensors[i].writer)], labels[at(reader)]).steps)
              if (!timer_.time(step->problem, kGlance, kForKernels)) return;
      in_play_.clear();
    }
  }

  /// The layer in every format with channels first; false when time is over.
  bool time_first(const FormatLayer& layer) {
    for (int label = 0; label < model_.labels(); ++label)
      if (const auto& own = layer.either[at(label)]; own && !model_.channels_last(label))
        if (!timer_.time(own->problem, kGlance, kForKernels)) return false;
    return true;
  }
  /// The layer with channels first beside channels last, of every type that has both.
  bool time_both(const FormatLayer& layer) {
    for (int a = 0; a < model_.labels(); ++a)
      for (int b = 0; b < model_.labels(); ++b) {
        Format turned = model_.formats[at(a)];
        turned.layout = Layout::nhwc;
        const auto &first = layer.either[at(a)], &last = layer.either[at(b)];
        if (!first || !last || model_.channels_last(a) || model_.formats[at(b)] != turned) continue;
        if (!timer_.time_both(*first, *last, kLook, kForKernels)) return false;
      }
    return true;
  }

  /// Groups of layers with channels first that no reformat parts.
  [[nodiscard]] std::vector<std::vector<int>> islands(const Labels& labels) const {
    std::vector<int> group(labels.size());
    std::iota(group.begin(), group.end(), 0);
    const auto root = [&](int i) {
      while (group[at(i)] != i) i = group[at(i)];
      return i;
    };
    const auto inside = [&](int i) { return !last(labels, i) && !held(i); };
    for (const FormatTensor& t : model_.net.tensors)
      for (const int reader : t.readers)
        if (inside(t.writer) && inside(reader)) group[at(root(reader))] = root(t.writer);
    std::map<int, std::vector<int>> by_root;
    for (const int node : doubtful_)
      if (inside(node)) by_root[root(node)].push_back(node);
    std::vector<std::vector<int>> list;
    for (auto& [first, nodes] : by_root) list.push_back(std::move(nodes));
    return list;
  }

  /// The cheapest labels of which every island of channels first is worth it.
  Labels settled() {
    for (;;) {
      const FormatNet net = prices_.net();
      const Labels labels = cheapest_labels(net);
      bool all_worth_it = true;
      for (const std::vector<int>& island : islands(labels)) {
        FormatNet other = net;
        double replaced = 0;
        for (const int node : island) hold(other, node, Layout::nhwc);
        const Labels turned = cheapest_labels(other);
        for (const int node : island)
          replaced += other.nodes[at(node)].seconds[at(turned[at(node)])] + reformats_at(other, turned, node);
        bool known = true;
        for (const FormatLayer& layer : model_.layers)
          if (std::ranges::count(island, layer.node))
            for (const Labels* of : {&labels, &turned})
              known = known && prices_.of(*layer.either[at((*of)[at(layer.node)])]).measured;
        const double least = std::max((known ? kMargin : kPredictedMargin) * replaced, kLeast_s);
        const double gain = seconds_of(other, turned) - seconds_of(net, labels);
        if (gain > least && realised_gain(island) > least) continue;
        for (const int node : island) hold(node, Layout::nhwc);
        all_worth_it = false;
      }
      if (all_worth_it) return labels;
    }
  }

  /// Seconds that the network is faster for the island, all other doubtful layers channels last: transposes may have
  /// gone another way than the net thinks.
  double realised_gain(const std::vector<int>& island) { return realised({}) - realised(island); }
  double realised(const std::vector<int>& island) {
    const auto [known, fresh] = realised_.try_emplace(island, 0);
    if (!fresh) return known->second;
    std::vector<LayerId> first;
    for (const FormatLayer& layer : model_.layers)
      if (std::count(island.begin(), island.end(), layer.node) > 0) first.push_back(in_network(layer.layer));
    const Graph compiled = carried_out(first);
    for (const compile::LayerProblem& lp : problems(compiled, settings_.compile))
      known->second += timer_.seconds_of(lp.problem);
    return known->second;
  }

  /// What the passes make of the network with the channels of these layers first too.
  [[nodiscard]] Graph carried_out(const std::vector<LayerId>& first) const {
    Graph g = network_;
    for (const LayerId id : first) passes::keep_channels_first(g, id);
    passes::PassOptions pass_options;
    pass_options.disabled.insert(settings_.compile.disabled_passes.begin(), settings_.compile.disabled_passes.end());
    passes::run_passes(g, pass_options);
    return specialise(g, settings_.shapes, settings_.compile);
  }

  /// Transposes sink towards the outputs, through all layers that work on either layout alike, also where tensors grow
  /// on the way. They stop where the cheapest labels have it otherwise and what differs then is faster.
  void place_reorders(const Labels& decided) {
    for (const FormatLayer& layer : model_.layers)
      if (layer.decided) model_.net.nodes[at(layer.node)].fixed = decided[at(layer.node)];
    prices_.use_measured(false);  // the same question every time
    const Labels labels = cheapest_labels(prices_.net());
    prices_.use_measured(true);
    std::set<LayerId> stops;
    for (const FormatTensor& t : model_.net.tensors)
      for (const int reader : t.readers)
        if (last(labels, t.writer) && !last(labels, reader) && model_.through[at(reader)] != graph::kNone)
          stops.insert(in_network(model_.through[at(reader)]));
    stops.erase(graph::kNone);
    for (auto it = stops.begin(); it != stops.end();)
      it = network_.layer(*it).attributes.has("layout") ? stops.erase(it) : std::next(it);
    if (stops.empty()) return;
    const std::string key = decision_key("reorders");
    const auto known = choices_.find(key);
    const bool stop = known != choices_.end() ? known->second.tactic == "stop" : stopping_is_faster(stops);
    if (settings_.budget_s > 0 && known == choices_.end()) choices_[key] = {stop ? "stop" : "sink", 1e-9};
    if (!stop) return;
    for (const LayerId id : stops) passes::keep_channels_first(network_, id);
  }

  bool stopping_is_faster(const std::set<LayerId>& stops) {
    const Graph sinks = carried_out({}), stopped = carried_out({stops.begin(), stops.end()});
    const std::vector<compile::LayerProblem> before = problems(sinks, settings_.compile),
                                             after = problems(stopped, settings_.compile);
    std::map<std::string, int> count;  // of the problems that only one of both has
    for (const compile::LayerProblem& lp : before) ++count[choice_key(lp.problem, settings_.compile)];
    for (const compile::LayerProblem& lp : after) --count[choice_key(lp.problem, settings_.compile)];
    std::map<std::string, const graph::Problem*> differ;
    for (const std::vector<compile::LayerProblem>* list : {&before, &after})
      for (const compile::LayerProblem& lp : *list) {
        std::string key = choice_key(lp.problem, settings_.compile);
        if (count[key] != 0) differ[std::move(key)] = &lp.problem;
      }
    const auto gains = [&](double margin, const auto& seconds_of) {
      double replaced = 0, gain = 0;
      for (const auto& [key, problem] : differ) {
        const double seconds = seconds_of(*problem) * count[key];
        gain += seconds;
        replaced += std::max(seconds, 0.0);
      }
      return gain > std::max(margin * replaced, kLeast_s);
    };
    const auto predicted = [&](const graph::Problem& p) { return predict_best(p, settings_.compile).seconds; };
    if (!gains(kMargin, predicted)) return false;
    bool known = settings_.budget_s > 0;
    for (const bool again : {false, true})  // at two times, so that something else on the machine can't decide
      for (const auto& [key, problem] : differ) known = known && timer_.time(*problem, kGlance, 1, again);
    return gains(known ? kMargin : kPredictedMargin, [&](const graph::Problem& p) { return timer_.seconds_of(p); });
  }

  /// Layer of the network that a layer of the graph at the tuning shapes stands for.
  [[nodiscard]] LayerId in_network(LayerId layer) const {
    const graph::Layer& wanted = graph_.layer(layer);
    const auto is_it = [&](LayerId id) {
      const graph::Layer& l = network_.layer(id);
      return l.alive() && l.op == wanted.op && l.name == wanted.name;
    };
    if (layer < network_.layer_count() && is_it(layer)) return layer;
    for (LayerId id = 0; id < network_.layer_count(); ++id)
      if (is_it(id)) return id;
    return graph::kNone;
  }

  /// The layer in every format with channels last.
  [[nodiscard]] std::string key_of(const FormatLayer& layer) const {
    std::string text;
    for (int label = 0; label < model_.labels(); ++label)
      if (const auto& own = layer.either[at(label)]; own && model_.channels_last(label)) text += own->key;
    return text;
  }
  /// What the decision is kept under: everything that was weighed.
  [[nodiscard]] std::string decision_key(std::string_view what = "layouts") const {
    std::string text;
    for (const FormatLayer& layer : model_.layers) text += base::str(layer.node, key_of(layer), ";");
    for (const FormatTensor& t : model_.net.tensors) {
      text += base::str(t.writer, ":");
      for (const int reader : t.readers) text += base::str(reader, ",");
    }
    return base::str(what, " ", base::checksum(text.data(), text.size()), " ", settings_.compile.workers);
  }
  void remember(const Labels& labels) {
    std::string text = "channels_last";
    for (const int node : doubtful_)
      if (!last(labels, node)) text += base::str(text == "channels_last" ? ",but:" : ",", node);
    choices_[decision_key()] = {text, seconds_of(prices_.net(), labels)};
  }
  /// The decision that was made before, if any.
  bool recall(Labels& labels) {
    const auto it = choices_.find(decision_key());
    if (it == choices_.end()) return false;
    std::set<int> first;
    const std::string& text = it->second.tactic;
    for (std::size_t i = text.find(':'); i < text.size(); i = text.find(',', i + 1)) {
      int node = -1;
      std::from_chars(text.data() + i + 1, text.data() + text.size(), node);
      if (!doubtful_.contains(node)) return false;
      first.insert(node);
    }
    for (const int node : doubtful_) hold(node, first.contains(node) ? Layout::nchw : Layout::nhwc);
    labels = cheapest_labels(prices_.net());
    return true;
  }

  [[nodiscard]] std::vector<LayoutReport> reports(const Labels& labels) const {
    const FormatNet net = prices_.net();
    std::vector<LayoutReport> list;
    for (const FormatLayer& layer : model_.layers) {
      if (!layer.decided) continue;
      LayoutReport report;
      report.layer = graph_.layer(layer.layer).name;
      report.op = graph_.layer(layer.layer).op->name;
      report.channels_last = last(labels, layer.node);
      report.first = prices_.side(net, labels, layer, Layout::nchw);
      report.last = prices_.side(net, labels, layer, Layout::nhwc);
      list.push_back(std::move(report));
    }
    return list;
  }

  Graph& network_;
  const FormatSettings& settings_;
  plan::Choices& choices_;
  FormatTimer timer_;
  Graph graph_;
  FormatModel model_;
  FormatPrices prices_{model_, choices_};
  std::set<int> doubtful_;       ///< nodes
  std::set<int> held_;           ///< nodes whose layout is settled
  std::vector<Labels> in_play_;  ///< answers whose reorders matter
  std::map<std::vector<int>, double> realised_;
};

}  // namespace

std::vector<LayoutReport> choose_formats(Graph& network, const FormatSettings& settings, plan::Choices& choices,
                                         const Progress& progress) {
  return Chooser(network, settings, choices, progress).run();
}

}  // namespace vireo::tune
