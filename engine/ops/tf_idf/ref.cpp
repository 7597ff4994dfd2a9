#include <algorithm>
#include <map>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// Runs as a tree: where an element leads from a node, and which run ends in a node.
struct Runs {
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> next;
  std::vector<std::int64_t> ends{-1};

  [[nodiscard]] std::int64_t step(std::int64_t node, std::int64_t element) const {
    const auto found = next.find({node, element});
    return found == next.end() ? -1 : found->second;
  }
  void add(const std::int64_t* run, std::int64_t length, std::int64_t index) {
    std::int64_t node = 0;
    for (std::int64_t k = 0; k < length; ++k) {
      const auto [place, fresh] = next.try_emplace({node, run[k]}, static_cast<std::int64_t>(ends.size()));
      if (fresh) ends.push_back(-1);
      node = place->second;
    }
    ends[static_cast<std::size_t>(node)] = index;
  }
};

Runs read_runs(const Attributes& a) {
  const auto pool = a.integers("pool"), counts = a.integers("counts");
  const std::int64_t low = a.integer("min_length", 1), high = a.integer("max_length", 1);
  Runs runs;
  std::size_t run = 0;
  for (std::size_t n = 0; n < counts.size(); ++n) {
    const auto end = n + 1 < counts.size() ? counts[n + 1] : static_cast<std::int64_t>(pool.size());
    const auto length = static_cast<std::int64_t>(n) + 1;
    for (std::int64_t at = counts[n]; at < end; at += length, ++run)
      if (length >= low && length <= high) runs.add(pool.data() + at, length, static_cast<std::int64_t>(run));
  }
  return runs;
}

}  // namespace

void tf_idf_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const Attributes& a = c.attributes;
  const std::int64_t low = a.integer("min_length", 1), high = a.integer("max_length", 1), columns = out.dims.back(),
                     length = in.dims.back(), rows = product(in.dims, 0, in.dims.size() - 1);
  // Whatever is left out beyond the row's length finds nothing.
  const std::int64_t steps = std::min(a.integer("max_skip", 0), length) + 1;
  const Runs runs = read_runs(a);
  const std::vector<std::int64_t> x = read_integers(in), indexes = a.integers("indexes");
  const std::vector<double> weights = a.reals("weights");
  const std::string mode = a.text("mode", "tf");
  auto* y = out.as<float>();
  std::fill(y, y + out.count(), 0.0f);
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t* row = x.data() + r * length;
    std::int64_t shortest = low;
    for (std::int64_t step = 1; step <= steps && shortest <= high; ++step) {
      for (std::int64_t start = 0; start < length; ++start) {
        std::int64_t node = 0, at = start;
        for (std::int64_t n = 1; n <= high && at < length; ++n, at += step) {
          node = runs.step(node, row[at]);
          if (node < 0) break;
          const std::int64_t run = runs.ends[static_cast<std::size_t>(node)];
          if (n < shortest || run < 0) continue;
          const auto found = static_cast<std::size_t>(run);
          float& count = y[r * columns + indexes[found]];
          const float weight = mode == "tf" || weights.empty() ? 1.0f : static_cast<float>(weights[found]);
          count = mode == "idf" ? weight : count + weight;
        }
      }
      shortest = std::max<std::int64_t>(shortest, 2);  // single elements don't depend on the step
    }
  }
}

}  // namespace vireo::ops
