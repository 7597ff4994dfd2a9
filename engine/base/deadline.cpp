#include "engine/base/deadline.h"

#include "engine/base/text.h"

namespace vireo::base {

void Deadline::check(std::string_view doing) const {
  if (seconds_ <= 0 || since_.seconds() <= seconds_) return;
  fail(ErrorCode::cancelled, what_, " takes longer than the ", seconds_, " s that it may (", doing,
       " was next); raise limits.max_seconds, or give less to do");
}

}  // namespace vireo::base
