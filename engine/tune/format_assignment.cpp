#include "engine/tune/format_assignment.h"

#include <algorithm>
#include <cstddef>

#include "engine/tune/min_cut.h"

namespace vireo::tune {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

double reorder_seconds(const FormatTensor& t, const std::vector<char>& labels) {
  const char written = labels[at(t.writer)];
  const bool other = std::any_of(t.readers.begin(), t.readers.end(), [&](int r) { return labels[at(r)] != written; });
  return !other ? 0 : written ? t.to_first : t.to_last;
}

}  // namespace

std::vector<char> cheapest_labels(const FormatNet& net) {
  MinCut cut;
  for (const FormatNode& node : net.nodes) {
    const int id = cut.add_node();
    cut.add_cost(id, node.fixed == 1 ? MinCut::kNever : node.seconds[0],
                 node.fixed == 0 ? MinCut::kNever : node.seconds[1]);
  }
  for (const FormatTensor& t : net.tensors) {
    if (t.readers.size() == 1) {
      cut.add_pair(t.writer, t.readers[0], t.to_last);
      cut.add_pair(t.readers[0], t.writer, t.to_first);
      continue;
    }
    // A node that is 1 as soon as one reader is, and one that is 0 as soon as one reader is: each direction once.
    const int any_last = cut.add_node(), any_first = cut.add_node();
    for (const int reader : t.readers) {
      cut.add_pair(any_last, reader, MinCut::kNever);
      cut.add_pair(reader, any_first, MinCut::kNever);
    }
    cut.add_pair(t.writer, any_last, t.to_last);
    cut.add_pair(any_first, t.writer, t.to_first);
  }
  std::vector<char> labels = cut.solve();
  labels.resize(net.nodes.size());
  return labels;
}

double seconds_of(const FormatNet& net, const std::vector<char>& labels) {
  double seconds = 0;
  for (std::size_t i = 0; i < net.nodes.size(); ++i) seconds += net.nodes[i].seconds[at(labels[i])];
  for (const FormatTensor& t : net.tensors) seconds += reorder_seconds(t, labels);
  return seconds;
}

double reorders_at(const FormatNet& net, const std::vector<char>& labels, int node) {
  double seconds = 0;
  for (const FormatTensor& t : net.tensors)
    if (t.writer == node || std::count(t.readers.begin(), t.readers.end(), node) > 0)
      seconds += reorder_seconds(t, labels);
  return seconds;
}

}  // namespace vireo::tune
