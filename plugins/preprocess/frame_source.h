#pragma once
// The text of frame.cl, as the build puts it into the library.

namespace vireo::preprocess {
[[nodiscard]] const char* frame_source();
}
