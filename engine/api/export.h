#pragma once
// VIREO_API marks what Vireo's shared libraries offer to programs; cmake/libraries.map keeps everything else inside
// them. The mark matters in programs that are compiled with hidden visibility themselves: an Error thrown by the
// library is caught there as the same class, and a Logger of the program is the library's.

#if defined(__GNUC__)
#define VIREO_API __attribute__((visibility("default")))
#else
#define VIREO_API
#endif
