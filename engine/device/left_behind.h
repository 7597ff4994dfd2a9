#pragma once
// Threads that work on something which nobody waits for any more: a device's compiler can't be told to stop. They end
// when it does; a process that ends by exit() waits for them. Any thread.

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace vireo::device {

/// Takes over threads that end by themselves and own all that they use: `work`, which they alone hold from now on.
void leave_behind(std::vector<std::thread> threads, const std::weak_ptr<const void>& work);

/// Compilations under way, those that somebody waits for included.
[[nodiscard]] std::atomic<int>& compilations() noexcept;

}  // namespace vireo::device
