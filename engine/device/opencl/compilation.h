#pragma once
// The programs of a segment, compiled side by side on threads of their own: a driver's compiler takes half a second for
// a kernel, half a minute for a plan kernel, and can't be told to stop. The thread that wants them looks meanwhile
// whether they are still wanted. Any thread.

#include <memory>
#include <span>
#include <vector>

#include "engine/device/opencl/device.h"

namespace vireo::device::opencl {

/// A program for each of the kernels. Those that the device has are not made again, those in the store are made of what
/// is there, and what the store lacks is put into it where it grows. `loading` is told while it takes time, by the
/// calling thread; when it throws, compilations under way are left to themselves: the device keeps what comes of them.
/// Throws Error of the first kernel that can't be compiled.
[[nodiscard]] std::vector<std::shared_ptr<const Program>> programs_of(const std::shared_ptr<OpenclDevice>& device,
                                                                      std::span<const OpenclKernel* const> kernels,
                                                                      BinaryStore* binaries, const Loading& loading);

}  // namespace vireo::device::opencl
