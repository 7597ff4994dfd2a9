#include "engine/tune/format_assignment.h"

#include <algorithm>
#include <array>

#include "engine/tune/min_cut.h"

namespace vireo::tune {
namespace {

using Labels = std::vector<char>;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// A label for each time that some reader wants one, once.
double reformat_seconds(const FormatNet& net, const FormatTensor& t, const Labels& labels) {
  double seconds = 0;
  for (auto r = t.readers.begin(); r != t.readers.end(); ++r) {
    const char wanted = labels[at(*r)];
    const auto has_it = [&](int reader) { return labels[at(reader)] == wanted; };
    if (std::none_of(t.readers.begin(), r, has_it)) seconds += net.reformat(t, labels[at(t.writer)], wanted);
  }
  return seconds;
}

/// Whether the node may have the label at all.
bool may_have(const FormatNode& node, int label) {
  return node.fixed >= 0 ? node.fixed == label : node.seconds[at(label)] < kCannot;
}

/// How a cost that isn't a cut's is taken for one.
enum class Doubt { dearer, cheaper };

/// The best of all answers that have, of each node, one of two labels; `exact` where that is what it gives.
class TwoLabels {
 public:
  TwoLabels(const FormatNet& net, const Labels& zero, const Labels& one, Doubt doubt)
      : net_(net), zero_(zero), one_(one), doubt_(doubt) {}

  Labels solve() {
    for (std::size_t i = 0; i < net_.nodes.size(); ++i) {
      const int id = cut_.add_node();
      if (zero_[i] != one_[i])
        cut_.add_cost(id, net_.nodes[i].seconds[at(zero_[i])], net_.nodes[i].seconds[at(one_[i])]);
    }
    for (const FormatTensor& t : net_.tensors) add(t);
    const Labels taken = cut_.solve();
    Labels labels = zero_;
    for (std::size_t i = 0; i < labels.size(); ++i)
      if (taken[i]) labels[i] = one_[i];
    return labels;
  }
  [[nodiscard]] bool exact() const { return exact_; }

 private:
  /// A tensor costs, for each label that a reader has, what comes there from the writer's.
  void add(const FormatTensor& t) {
    for (int label = 0; label < net_.labels; ++label) {
      bool always = false;
      std::vector<int> with_zero, with_one;  // readers that have it only with that of their two labels
      for (const int r : t.readers) {
        const bool zero = zero_[at(r)] == label, one = one_[at(r)] == label;
        if (zero && one) always = true;
        else if (zero) with_zero.push_back(r);
        else if (one) with_one.push_back(r);
      }
      const double from_zero = net_.reformat(t, zero_[at(t.writer)], label),
                   from_one = net_.reformat(t, one_[at(t.writer)], label);
      if (always) cut_.add_cost(t.writer, from_zero, from_one);
      else if (!with_zero.empty()) add_kept(t.writer, with_zero, from_zero, from_one);
      else if (!with_one.empty()) add_taken(t.writer, with_one, from_zero, from_one);
    }
  }

  /// Paid while some reader has 0.
  void add_kept(int writer, const std::vector<int>& readers, double from_zero, double from_one) {
    int any = readers[0];
    if (readers.size() > 1) {
      any = cut_.add_node();
      for (const int r : readers) cut_.add_pair(r, any, MinCut::kNever);
    }
    cut_.add_cost(any, settled(writer, from_zero, from_one), 0);
    cut_.add_pair(any, writer, from_one - from_zero);
  }
  /// Paid as soon as some reader has 1.
  void add_taken(int writer, const std::vector<int>& readers, double from_zero, double from_one) {
    int any = readers[0];
    if (readers.size() > 1) {
      any = cut_.add_node();
      for (const int r : readers) cut_.add_pair(any, r, MinCut::kNever);
    }
    cut_.add_cost(any, 0, settled(writer, from_one, from_zero));
    cut_.add_pair(writer, any, from_zero - from_one);
  }
  /// What is paid whatever the writer has: `alike` with the readers' label, else `other`, which a pair adds to where it
  /// is more. No pair can take off what it is less.
  double settled(int writer, double alike, double other) {
    if (other >= alike) return alike;
    if (zero_[at(writer)] == one_[at(writer)]) return alike;
    exact_ = false;
    return doubt_ == Doubt::dearer ? alike : other;
  }

  const FormatNet& net_;
  const Labels &zero_, &one_;
  Doubt doubt_;
  MinCut cut_;
  bool exact_ = true;
};

class Cheapest {
 public:
  explicit Cheapest(const FormatNet& net) : net_(net), count_(net.nodes.size()) {}

  Labels of_two() const {
    Labels zero(count_), one(count_);
    for (std::size_t i = 0; i < count_; ++i) {
      const int fixed = net_.nodes[i].fixed;
      zero[i] = static_cast<char>(fixed < 0 ? 0 : fixed);
      one[i] = static_cast<char>(fixed < 0 ? 1 : fixed);
    }
    return TwoLabels(net_, zero, one, Doubt::dearer).solve();
  }

  Labels of_more() {
    const Labels alone = cheapest_alone();
    starts_.push_back({seconds_of(net_, alone), alone});
    for (int a = 0; a < net_.labels; ++a)
      for (int b = a + 1; b < net_.labels; ++b) {
        const Labels zero = where_allowed(a, alone), one = where_allowed(b, zero);
        Labels labels = TwoLabels(net_, where_allowed(a, one), one, Doubt::dearer).solve();
        starts_.push_back({seconds_of(net_, labels), std::move(labels)});
      }
    std::stable_sort(starts_.begin(), starts_.end(),
                     [](const Answer& x, const Answer& y) { return x.seconds < y.seconds; });
    Answer best = starts_[0];
    for (std::size_t i = 0; i < std::min(starts_.size(), kStarts); ++i) {
      const Answer found = expanded(starts_[i]);
      if (found.seconds < best.seconds) best = found;
    }
    return best.labels;
  }

 private:
  static constexpr std::size_t kStarts = 8;  ///< of which expansions go out
  struct Answer {
    double seconds;
    Labels labels;
  };

  /// The label in every node that may have it.
  [[nodiscard]] Labels where_allowed(int label, const Labels& else_) const {
    Labels labels = else_;
    for (std::size_t i = 0; i < count_; ++i)
      if (may_have(net_.nodes[i], label)) labels[i] = static_cast<char>(label);
    return labels;
  }

  /// Of each node, the cheapest by itself.
  [[nodiscard]] Labels cheapest_alone() const {
    Labels labels(count_);
    for (std::size_t i = 0; i < count_; ++i) {
      const FormatNode& node = net_.nodes[i];
      const auto least = std::min_element(node.seconds.begin(), node.seconds.begin() + net_.labels);
      labels[i] = static_cast<char>(node.fixed >= 0 ? node.fixed : least - node.seconds.begin());
    }
    return labels;
  }

  /// Moves into one label after the other, while any makes it cheaper.
  [[nodiscard]] Answer expanded(Answer answer) const {
    for (int without = 0, label = 0; without < net_.labels; label = (label + 1) % net_.labels) {
      bool cheaper = false;
      const Labels into = where_allowed(label, answer.labels);
      for (const Doubt doubt : {Doubt::dearer, Doubt::cheaper}) {
        TwoLabels move(net_, answer.labels, into, doubt);
        Labels moved = move.solve();
        const double seconds = seconds_of(net_, moved);
        if (seconds < answer.seconds * (1 - 1e-12)) {
          answer = {seconds, std::move(moved)};
          cheaper = true;
          break;
        }
        if (move.exact()) break;
      }
      without = cheaper ? 0 : without + 1;
    }
    return answer;
  }

  const FormatNet& net_;
  std::size_t count_;
  std::vector<Answer> starts_;
};

}  // namespace

std::vector<char> cheapest_labels(const FormatNet& net) {
  return net.labels == 2 ? Cheapest(net).of_two() : Cheapest(net).of_more();
}

double seconds_of(const FormatNet& net, const std::vector<char>& labels) {
  double seconds = 0;
  for (std::size_t i = 0; i < net.nodes.size(); ++i) seconds += net.nodes[i].seconds[at(labels[i])];
  for (const FormatTensor& t : net.tensors) seconds += reformat_seconds(net, t, labels);
  return seconds;
}

double reformats_at(const FormatNet& net, const std::vector<char>& labels, int node) {
  double seconds = 0;
  for (const FormatTensor& t : net.tensors)
    if (t.writer == node || std::count(t.readers.begin(), t.readers.end(), node) > 0)
      seconds += reformat_seconds(net, t, labels);
  return seconds;
}

}  // namespace vireo::tune
