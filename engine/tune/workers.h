#pragma once
// Steps so small that handing their tiles to other workers costs more than it saves: found by running the whole
// program, so that the barriers, and caches that other workers filled, are part of what is measured.

#include <memory>
#include <string>

#include "engine/api/builder.h"
#include "engine/compile/compile.h"
#include "engine/device/cpu/thread_pool.h"
#include "engine/device/program.h"

namespace vireo::tune {

/// Runs the program with its small steps on 1, 2, 4, … workers and on all, and adds the fastest for each to `choices`,
/// if the program as a whole gains by that. Does nothing for one worker, where all is known, where small steps are
/// a small part of the whole, and where the budget is too short to tell. The pool has program.workers workers.
/// Steps that take up to `small_s` on all workers are small: above, a hand-over of a few µs doesn't matter.
void time_workers(const device::Segment& program, const std::shared_ptr<device::ThreadPool>& pool, double budget_s,
                  plan::Choices& choices, const Progress& progress, double small_s = 60e-6);

}  // namespace vireo::tune
