#include "engine/api/buffer.h"

#include <cstring>

#include "engine/api/device.h"
#include "engine/base/text.h"
#include "engine/device/device.h"

namespace vireo {
namespace {

void check_inside(std::size_t offset, std::size_t bytes, std::size_t all) {
  if (offset > all || bytes > all - offset)
    base::fail(ErrorCode::invalid_argument, bytes, " bytes from byte ", offset, " on don't lie inside of a buffer of ",
               all);
}

/// To and from memory that the host doesn't see.
void copy_now(device::Memory& memory, const device::Region& to, const device::Region& from, std::size_t bytes) {
  const std::unique_ptr<device::Queue> queue = memory.device()->create_queue();
  queue->copy(to, from, bytes);
  if (const Status status = queue->synchronize(); !status.ok()) throw Error(status.code(), status.message());
}

}  // namespace

Buffer Buffer::on(const Device& device, MemoryKind kind, std::size_t bytes) {
  std::shared_ptr<device::Memory> memory = device::open(device.name)->allocate(bytes, kind);
  Buffer buffer(std::shared_ptr<std::byte>(memory, memory->host()), bytes);
  buffer.memory_ = std::move(memory);
  return buffer;
}

MemoryKind Buffer::kind() const noexcept { return memory_ ? memory_->kind() : MemoryKind::host; }

void Buffer::read(void* to, std::size_t bytes, std::size_t offset) const {
  check_inside(offset, bytes, bytes_);
  if (bytes == 0) return;
  if (data_) std::memcpy(to, data_.get() + offset, bytes);
  else copy_now(*memory_, {nullptr, static_cast<std::byte*>(to), 0}, {memory_.get(), nullptr, offset}, bytes);
}

void Buffer::write(const void* from, std::size_t bytes, std::size_t offset) const {
  check_inside(offset, bytes, bytes_);
  if (bytes == 0) return;
  auto* source = const_cast<std::byte*>(static_cast<const std::byte*>(from));
  if (data_) std::memcpy(data_.get() + offset, from, bytes);
  else copy_now(*memory_, {memory_.get(), nullptr, offset}, {nullptr, source, 0}, bytes);
}

}  // namespace vireo
