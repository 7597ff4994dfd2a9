#include <map>

#include "engine/ops/einsum/equation.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void einsum_reference(const EvalContext& c) {
  std::vector<std::size_t> ranks;
  for (const View& in : c.inputs) ranks.push_back(in.dims.size());
  const Equation equation = parse_equation(c.attributes.text("equation", ""), ranks);
  std::map<char, std::int64_t> extents;
  for (std::size_t k = 0; k < ranks.size(); ++k)
    for (std::size_t i = 0; i < ranks[k]; ++i) {
      const std::int64_t extent = c.inputs[k].dims[i];
      const auto [entry, fresh] = extents.try_emplace(equation.inputs[k][i], extent);
      if (!fresh && extent != 1) entry->second = extent;
    }
  std::string labels = equation.output;  // then the summed ones
  for (const auto& [label, extent] : extents)
    if (labels.find(label) == std::string::npos) labels += label;
  Dims summed;
  for (std::size_t i = equation.output.size(); i < labels.size(); ++i) summed.push_back(extents[labels[i]]);
  // How far each label moves in each input; 0 where the axis is broadcast.
  std::vector<Dims> outer(ranks.size(), Dims(equation.output.size())), inner(ranks.size(), Dims(summed.size()));
  for (std::size_t k = 0; k < ranks.size(); ++k) {
    const Dims strides = strides_of(c.inputs[k].dims);
    for (std::size_t i = 0; i < ranks[k]; ++i) {
      const std::size_t at = labels.find(equation.inputs[k][i]);
      const std::int64_t step = c.inputs[k].dims[i] == 1 ? 0 : strides[i];
      (at < equation.output.size() ? outer[k][at] : inner[k][at - equation.output.size()]) += step;
    }
  }
  dispatch_number(c.inputs[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = c.outputs[0].as<T>();
    walk_index(c.outputs[0].dims, [&](const Dims& o) {
      std::vector<const T*> base;
      for (std::size_t k = 0; k < ranks.size(); ++k) {
        base.push_back(c.inputs[k].as<T>());
        for (std::size_t i = 0; i < o.size(); ++i) base.back() += o[i] * outer[k][i];
      }
      Wide<T> sum = 0;
      walk_index(summed, [&](const Dims& s) {
        Wide<T> value = 1;
        for (std::size_t k = 0; k < ranks.size(); ++k) {
          std::int64_t at = 0;
          for (std::size_t i = 0; i < s.size(); ++i) at += s[i] * inner[k][i];
          value = wrapping_mul(value, static_cast<Wide<T>>(base[k][at]));
        }
        sum = wrapping_add(sum, value);
      });
      *y++ = static_cast<T>(sum);
    });
  });
}

}  // namespace vireo::ops
