// Counts of known runs of integers (n-grams) in each row of x, [C] or [N, C]. `pool` holds the runs, those of length 1
// first, then of length 2, …; `counts[n - 1]` is where those of length n begin, `indexes[i]` the column of the i-th
// run. Lengths `min_length` … `max_length` count, with up to `max_skip` elements left out between neighbours. mode: tf
// (the counts), idf (1 where there is one) or tfidf, both times `weights`, one for each run.
#include <algorithm>
#include "engine/ops/shared/shape.h"

#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void tf_idf_reference(const EvalContext&);

namespace {

constexpr std::int64_t kMostColumnsOfRuns = std::int64_t{1} << 28;
constexpr std::int64_t kMostSkipped = std::int64_t{1} << 20;

void check_pool(InferContext& c) {
  const Ints pool = c.attributes().integers("pool"), counts = c.attributes().integers("counts");
  const auto items = static_cast<std::int64_t>(pool.size());
  std::int64_t runs = 0;
  for (std::size_t n = 0; n < counts.size(); ++n) {
    const std::int64_t begin = counts[n], end = n + 1 < counts.size() ? counts[n + 1] : items;
    const auto length = static_cast<std::int64_t>(n) + 1;
    c.require(begin >= 0 && begin <= end && end <= items && (end - begin) % length == 0,
              "the pool of " + std::to_string(items) + " has no whole runs of length " + std::to_string(length) +
                  " from " + std::to_string(begin) + " to " + std::to_string(end));
    runs += (end - begin) / length;
  }
  const Ints indexes = c.attributes().integers("indexes");
  c.require(!indexes.empty() && runs == static_cast<std::int64_t>(indexes.size()),
            std::to_string(indexes.size()) + " columns for " + std::to_string(runs) + " runs");
}

void infer(InferContext& c) {
  require_rank(c, 0, 1, 2);
  c.require(c.dtype(0) == DataType::int32 || c.dtype(0) == DataType::int64, "takes int32 and int64");
  check_pool(c);
  std::int64_t columns = 0;
  for (const std::int64_t column : c.attributes().integers("indexes")) {
    c.require(column >= 0 && column < kMostColumnsOfRuns, "there is no column " + std::to_string(column));
    columns = std::max(columns, column + 1);
  }
  const std::size_t runs = c.attributes().integers("indexes").size(), weights = c.attributes().reals("weights").size();
  c.require(weights == 0 || weights == runs,
            std::to_string(weights) + " weights for " + std::to_string(runs) + " runs");
  const std::string mode = c.attributes().text("mode", "tf");
  c.require(mode == "tf" || mode == "idf" || mode == "tfidf", "unknown mode '" + mode + "'");
  const std::int64_t low = c.attributes().integer("min_length", 1), high = c.attributes().integer("max_length", 1),
                     skip = c.attributes().integer("max_skip", 0);
  c.require(low >= 1 && low <= high && high < kMostSkipped,
            "runs of length " + std::to_string(low) + " to " + std::to_string(high));
  c.require(skip >= 0 && skip < kMostSkipped, "max_skip is " + std::to_string(skip));
  Dims out = c.dims(0);
  out.back() = columns;
  c.output(0, DataType::float32, out);
}

bool varying(VaryingContext& c) {  // row by row
  if (c.rank(0) != 2 || c.axes(0)[1] != 0) return false;
  c.output(0, {c.axes(0)[0], 0});
  return true;
}

}  // namespace

extern const Operator tf_idf_operator;
const Operator tf_idf_operator{
    .name = "tf_idf", .infer = infer, .reference = tf_idf_reference, .costly = true, .varying = varying};

}  // namespace vireo::ops
