#pragma once
// One input through everything: import, build, save, load, run. One thread.

#include <filesystem>
#include <functional>
#include <string>

#include "tests/fuzz/mutate.h"

namespace vireo::fuzz_testing {

enum class Stage : int { nothing, make, import, build, save, load, run };
[[nodiscard]] const char* name_of(Stage stage);

/// Empty for a sound input and for one that is refused with an Error; what is wrong otherwise: another exception, or an
/// error that calls itself a fault of the engine's. `enter` is told each stage before it begins. Files go to `scratch`,
/// where external data is looked for, too.
[[nodiscard]] std::string try_input(const Input& input, const std::filesystem::path& scratch,
                                    const std::function<void(Stage)>& enter, bool& refused);

}  // namespace vireo::fuzz_testing
