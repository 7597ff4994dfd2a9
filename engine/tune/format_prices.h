#pragma once
// A network's formats with their prices: what the kernels and reformats of the model cost, as far as choices have
// measured them, else as predicted. For formats.cpp alone; borrows both; one thread.

#include <vector>

#include "engine/api/engine.h"
#include "engine/tune/format_model.h"

namespace vireo::tune {

// How far a prediction may be off, either way: by a kernel's own model, and by arithmetic and traffic alone. Of the
// zoo's layers, 90 % of those measured took 0.83 to 1.84 times what was predicted with channels first, 0.86 to 1.18
// with last.
inline constexpr double kModelDoubt = 1.3, kRoughDoubt = 3;

class FormatPrices {
 public:
  struct Seconds {
    double value = 0;
    bool measured = false;
  };

  FormatPrices(const FormatModel& model, const plan::Choices& choices) : model_(model), choices_(choices) {}

  /// Predictions alone from now on, so that answers are the same every time; or again what was measured, too.
  void use_measured(bool yes) { use_measured_ = yes; }
  [[nodiscard]] Seconds of(const OwnProblem& own) const;
  [[nodiscard]] double of(const Reformat& reformat) const;
  /// The net with what is known of its seconds; predictions of both sides of a choice shifted by the doubts about them.
  [[nodiscard]] FormatNet net(bool doubt = false, double reformats = 1) const;
  /// A layer in the cheapest format of a layout, all others as they are.
  [[nodiscard]] LayoutReport::Side side(const FormatNet& net, const std::vector<char>& labels, const FormatLayer& layer,
                                        graph::Layout layout) const;

 private:
  const FormatModel& model_;
  const plan::Choices& choices_;
  bool use_measured_ = true;
};

}  // namespace vireo::tune
