#pragma once
// The text of cells.cl, as the build puts it into the library.

namespace vireo::decode {
[[nodiscard]] const char* cells_source();
}
