#include "app/cli/score.h"

#include <algorithm>

namespace vireo::cli {
namespace {

float iou(const sdk::Detection& a, const sdk::Detection& b) {
  const float w = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const float h = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  if (w <= 0 || h <= 0) return 0;
  return w * h / (a.width * a.height + b.width * b.height - w * h);
}

}  // namespace

void Score::add(const sdk::FrameResult& found, const sdk::FrameResult& truth) {
  ++frames_;
  for (const sdk::Detection& t : truth.detections)
    if (t.score > 0) ++classes_[t.label].objects;
  std::vector<const sdk::Detection*> order;
  for (const sdk::Detection& d : found.detections) order.push_back(&d);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->score > b->score; });
  std::vector<char> taken(truth.detections.size(), 0);
  for (const sdk::Detection* d : order) {
    float best = 0;
    std::size_t match = truth.detections.size();
    bool ignored = false;
    for (std::size_t i = 0; i < truth.detections.size(); ++i) {
      const sdk::Detection& t = truth.detections[i];
      if (t.label != d->label) continue;
      const float overlap = iou(*d, t);
      if (overlap < threshold_) continue;
      if (t.score <= 0) ignored = true;
      else if (!taken[i] && overlap > best) {
        best = overlap;
        match = i;
      }
    }
    if (match < truth.detections.size()) {
      taken[match] = 1;
      classes_[d->label].marks.push_back({d->score, true});
    } else if (!ignored) {
      classes_[d->label].marks.push_back({d->score, false});
    }
  }
}

std::vector<Score::ClassScore> Score::by_class() const {
  std::vector<ClassScore> list;
  for (const auto& [label, c] : classes_) {
    if (c.objects == 0) continue;
    std::vector<Mark> marks = c.marks;
    std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.score > b.score; });
    std::vector<double> precision, recall;
    int hits = 0;
    for (std::size_t i = 0; i < marks.size(); ++i) {
      hits += marks[i].hit;
      precision.push_back(static_cast<double>(hits) / static_cast<double>(i + 1));
      recall.push_back(static_cast<double>(hits) / c.objects);
    }
    double area = 0, envelope = 0;
    for (std::size_t i = marks.size(); i-- > 0;) {
      envelope = std::max(envelope, precision[i]);
      area += envelope * (recall[i] - (i ? recall[i - 1] : 0));
    }
    list.push_back({label, c.objects, area});
  }
  return list;
}

double Score::mean() const {
  const std::vector<ClassScore> list = by_class();
  double sum = 0;
  for (const ClassScore& c : list) sum += c.average_precision;
  return list.empty() ? 0 : sum / static_cast<double>(list.size());
}

}  // namespace vireo::cli
