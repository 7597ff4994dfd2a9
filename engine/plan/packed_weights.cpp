#include "engine/plan/packed_weights.h"

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"

namespace vireo::plan {

void PackedWeightStore::add(Block block, std::string where) {
  const std::lock_guard lock(mutex_);
  where_ = std::move(where);
  auto slot = std::make_unique<Slot>();
  slot->data = std::move(block.data);
  slot->bytes = block.bytes;
  slot->checksum = block.checksum;
  slot->checked = false;
  slots_[std::move(block.key)] = std::move(slot);
}

void PackedWeightStore::keep(Keep which) {
  const std::lock_guard lock(mutex_);
  keep_ = which;
}

std::vector<PackedWeightStore::Block> PackedWeightStore::blocks() const {
  const std::lock_guard lock(mutex_);
  std::vector<Block> list;
  for (const auto& [key, slot] : slots_) {
    const std::lock_guard own(slot->mutex);
    if (!slot->data) continue;
    const std::uint64_t checksum = slot->checksum ? slot->checksum : base::checksum(slot->data.get(), slot->bytes);
    list.push_back({key, slot->data, slot->bytes, checksum});
  }
  return list;
}

void PackedWeightStore::check(const std::string& key, Slot& slot) const {
  if (!slot.checked && base::checksum(slot.data.get(), slot.bytes) != slot.checksum)
    base::fail(ErrorCode::invalid_model, where_, " is damaged: packed weights (", key,
               ") don't match their checksum; build it again");
  slot.checked = true;
}

PackedWeightStore::Block PackedWeightStore::find(const std::string& key) {
  Slot* slot = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto known = slots_.find(key);
    if (known == slots_.end()) return {};
    slot = known->second.get();
  }
  const std::lock_guard lock(slot->mutex);
  if (!slot->data) return {};
  check(key, *slot);
  return {key, slot->data, slot->bytes, slot->checksum};
}

void PackedWeightStore::put(const std::string& key, std::shared_ptr<const std::byte> data, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  auto slot = std::make_unique<Slot>();
  slot->data = std::move(data);
  slot->bytes = bytes;
  slots_.try_emplace(key, std::move(slot));
}

bool PackedWeightStore::keeps() const {
  const std::lock_guard lock(mutex_);
  return keep_ != Keep::none;
}

std::shared_ptr<const std::byte> PackedWeightStore::get(const std::string& key, std::size_t bytes,
                                                        const graph::FillPacked& fill) {
  Slot* slot = nullptr;
  Keep keep = Keep::none;
  {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Slot>& place = slots_[key];
    if (!place) place = std::make_unique<Slot>();
    slot = place.get();  // stays where it is as long as the store lives
    keep = keep_;
  }
  const std::lock_guard lock(slot->mutex);
  if (slot->data && slot->bytes == bytes) {
    check(key, *slot);
    return slot->data;
  }
  if (auto shared = slot->made.lock(); shared && slot->bytes == bytes) return shared;
  const std::shared_ptr<std::byte> fresh = base::allocate_aligned(bytes);
  fill(fresh.get());
  const bool kept = keep == Keep::all || (keep == Keep::small && bytes <= kSmall);
  slot->data = kept ? fresh : nullptr;
  slot->made = fresh;
  slot->bytes = bytes;
  slot->checksum = 0;
  slot->checked = true;
  return fresh;
}

}  // namespace vireo::plan
