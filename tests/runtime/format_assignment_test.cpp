// The minimum cut beside all labels tried one by one, and what the labelling of a network says where it is plain.

#include "engine/tune/format_assignment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/tune/min_cut.h"

namespace vireo::tune {
namespace {

/// All labels tried, but for those that a node is not free to have.
double cheapest_by_trying(const FormatNet& net) {
  const std::size_t count = net.nodes.size();
  double best = 1e300;
  std::vector<char> labels(count);
  for (std::uint32_t bits = 0; bits < (1u << count); ++bits) {
    bool allowed = true;
    for (std::size_t i = 0; i < count; ++i) {
      labels[i] = static_cast<char>(bits >> i & 1);
      allowed = allowed && (net.nodes[i].fixed < 0 || net.nodes[i].fixed == labels[i]);
    }
    if (allowed) best = std::min(best, seconds_of(net, labels));
  }
  return best;
}

TEST(MinCut, TellsPairsApartByTheirOrder) {
  MinCut cut;
  const int a = cut.add_node(), b = cut.add_node();
  cut.add_cost(a, 0, 5);
  cut.add_cost(b, 5, 0);
  cut.add_pair(b, a, 100);  // only the other way round is dear
  EXPECT_EQ(cut.solve(), (std::vector<char>{0, 1}));
  cut.add_pair(a, b, 100);
  const std::vector<char> labels = cut.solve();
  EXPECT_EQ(labels[0], labels[1]);
}

TEST(LayoutLabels, AreAsCheapAsTheBestOfAllOnRandomGraphs) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<std::uint32_t>(n)); };
  for (int round = 0; round < 400; ++round) {
    FormatNet net;
    const int count = 2 + below(9);
    for (int i = 0; i < count; ++i) {
      FormatNode node;
      for (double& s : node.seconds) s = below(20) * 1e-5;
      node.fixed = below(5) == 0 ? below(2) : -1;
      net.nodes.push_back(node);
    }
    for (int i = 0; i + 1 < count; ++i) {
      FormatTensor t{i, {}, below(12) * 1e-5, below(12) * 1e-5};
      for (int j = i + 1; j < count; ++j)
        if (j == i + 1 || below(4) == 0) t.readers.push_back(j);
      net.tensors.push_back(t);
    }
    const std::vector<char> labels = cheapest_labels(net);
    for (std::size_t i = 0; i < net.nodes.size(); ++i)
      EXPECT_TRUE(net.nodes[i].fixed < 0 || net.nodes[i].fixed == labels[i]) << "round " << round;
    EXPECT_NEAR(seconds_of(net, labels), cheapest_by_trying(net), 1e-12) << "round " << round;
  }
}

/// Input and output of the network stand in layout 0; between them free nodes with these seconds.
FormatNet chain(const std::vector<std::pair<double, double>>& layers, double reorder) {
  FormatNet net;
  net.nodes.push_back({{0, 0}, 0});
  for (const auto& [first, last] : layers) {
    net.nodes.push_back({{first, last}, -1});
    net.tensors.push_back(
        {static_cast<int>(net.nodes.size()) - 2, {static_cast<int>(net.nodes.size()) - 1}, reorder, reorder});
  }
  net.nodes.push_back({{0, 0}, 0});
  net.tensors.push_back(
      {static_cast<int>(net.nodes.size()) - 2, {static_cast<int>(net.nodes.size()) - 1}, reorder, reorder});
  return net;
}

TEST(LayoutLabels, ACheapLayerAloneDoesNotPayForReorders) {
  EXPECT_EQ(cheapest_labels(chain({{3, 2}}, 1)), (std::vector<char>{0, 0, 0}));
}

TEST(LayoutLabels, SeveralOfThemTogetherDo) {
  EXPECT_EQ(cheapest_labels(chain({{3, 2}, {0, 0}, {3, 2}, {3, 2}}, 1)), (std::vector<char>{0, 1, 1, 1, 1, 0}));
}

TEST(LayoutLabels, EquallyGoodOnesHaveChannelsLast) {
  EXPECT_EQ(cheapest_labels(chain({{4, 2}}, 1)), (std::vector<char>{0, 1, 0}));
}

TEST(LayoutLabels, OneReorderServesAllReadersOfATensor) {
  FormatNet net;
  net.nodes = {{{0, 0}, 0}, {{2, 1.5}, -1}, {{2, 1.5}, -1}, {{2, 1.5}, -1}};
  net.tensors = {{0, {1, 2, 3}, 1.2, 1.2}};
  EXPECT_EQ(cheapest_labels(net), (std::vector<char>{0, 1, 1, 1}));  // 1.5 saved for 1.2
  net.tensors = {{0, {1}, 1.2, 1.2}, {0, {2}, 1.2, 1.2}, {0, {3}, 1.2, 1.2}};
  EXPECT_EQ(cheapest_labels(net), (std::vector<char>{0, 0, 0, 0}));
}

TEST(LayoutLabels, ReordersOfALayerAreThoseOfItsOwnTensors) {
  const FormatNet net = chain({{3, 0}, {3, 0}}, 1);
  EXPECT_DOUBLE_EQ(reorders_at(net, {0, 1, 1, 0}, 1), 1);
  EXPECT_DOUBLE_EQ(reorders_at(net, {0, 1, 0, 0}, 1), 2);
  EXPECT_DOUBLE_EQ(reorders_at(net, {0, 0, 0, 0}, 1), 0);
}

}  // namespace
}  // namespace vireo::tune
