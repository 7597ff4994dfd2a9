#include "engine/base/deadline.h"

#include <string>

#include "engine/base/text.h"

namespace vireo::base {

void Deadline::check(std::string_view doing) const {
  if (wanted_ && std::this_thread::get_id() == owner_ && !unwanted_ && !wanted_()) unwanted_ = true;
  if (unwanted_) throw Error(ErrorCode::cancelled, std::string(what_) + " was cancelled");
  if (seconds_ <= 0 || since_.seconds() <= seconds_) return;
  fail(ErrorCode::cancelled, what_, " takes longer than the ", seconds_, " s that it may (", doing,
       " was next); raise limits.max_seconds, or give less to do");
}

}  // namespace vireo::base
