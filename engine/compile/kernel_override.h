#pragma once
// VIREO_FORCE_KERNEL's names of tactics: for finding the kernel that goes wrong, and for tests. Pure functions; any
// thread.

#include <functional>
#include <vector>

#include "engine/compile/compile.h"

namespace vireo::compile {

/// Throws Error(invalid_argument) when a name fits no tactic of any operator.
void check_kernel_override();

/// Where an accepted candidate is named and admitted (else `admits` notes why not), refuses all others. A layer whose
/// operator lacks the named tactics, or that they refuse, keeps its candidates.
void apply_kernel_override(std::vector<Candidate>& list, const std::function<bool(Candidate&)>& admits);

}  // namespace vireo::compile
