#pragma once
// Independent work on several threads, for what is prepared once.

#include <cstddef>
#include <functional>

namespace vireo::compile {

/// Calls work(i) for each i < count, on up to `threads` threads, in any order. Rethrows the first exception, by number,
/// when all are done.
void for_each_parallel(std::size_t count, int threads, const std::function<void(std::size_t)>& work);
/// The same for work that takes long: none of it is done by the calling thread, which calls meanwhile() several times a
/// second. When that throws, work that has not begun is left out, and the exception is rethrown when the rest is done.
void for_each_parallel(std::size_t count, int threads, const std::function<void(std::size_t)>& work,
                       const std::function<void()>& meanwhile);

}  // namespace vireo::compile
