#include "engine/base/caught.h"

#include <new>

#include "engine/api/log.h"

namespace vireo::base {

Status caught(const char* failed) noexcept {
  try {
    throw;
  } catch (const Error& error) {
    log(LogLevel::error, error.what());
    return {error.code(), failed};
  } catch (const std::bad_alloc&) {
    log(LogLevel::error, failed);
    return {ErrorCode::out_of_memory, "memory ran out"};
  } catch (const std::exception& error) {
    log(LogLevel::error, error.what());
    return {ErrorCode::internal, failed};
  } catch (...) {
    log(LogLevel::error, failed);
    return {ErrorCode::internal, failed};
  }
}

}  // namespace vireo::base
