#include "engine/tune/spill.h"

#include <string_view>
#include <unordered_map>

#include "engine/api/log.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"

namespace vireo::tune {

void spill_weights(graph::Graph& g) {
  constexpr std::size_t kWorthIt = std::size_t{32} << 20;
  constexpr char kZeros[2 * base::kAlignment] = {};
  std::unordered_map<const std::byte*, std::size_t> offsets;  // weights that several tensors share stay shared
  std::vector<std::string_view> parts;
  std::size_t size = 0;
  const auto moves = [](const graph::Tensor& t) { return t.constant && !t.constant->seal && t.constant->bytes() > 0; };
  for (graph::TensorId id = 0; id < g.tensor_count(); ++id) {
    if (!moves(g.tensor(id))) continue;
    const graph::Constant& c = *g.tensor(id).constant;
    if (!offsets.try_emplace(c.data.get(), size).second) continue;
    const std::size_t end = size + c.bytes(), next = base::align_up(end + base::kAlignment);
    parts.emplace_back(reinterpret_cast<const char*>(c.data.get()), c.bytes());
    parts.emplace_back(kZeros, next - end);
    size = next;
  }
  if (size < kWorthIt) return;
  const base::MappedFile file = base::spill(parts);
  if (!file.data) return log(LogLevel::info, "/var/tmp has no room for the weights; they stay in memory");
  for (graph::TensorId id = 0; id < g.tensor_count(); ++id) {
    graph::Tensor& t = g.tensor(id);
    if (!moves(t)) continue;
    auto seal = std::make_shared<graph::Seal>();
    seal->checksum = t.constant->checksum();
    seal->where = "weight '" + t.name + "', set aside in /var/tmp,";
    seal->checked = true;
    const std::shared_ptr<const std::byte> data(file.data, file.data.get() + offsets.at(t.constant->data.get()));
    t.constant =
        std::make_shared<graph::Constant>(graph::Constant{t.constant->dtype, t.constant->dims, data, std::move(seal)});
  }
  base::return_free_memory();
}

}  // namespace vireo::tune
