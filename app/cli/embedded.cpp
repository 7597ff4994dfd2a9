#include "app/cli/embedded.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/api/error.h"

// The assembler includes the file's bytes; the path comes from the build.
asm(R"(
  .section .rodata
  .balign 64
  .global vireo_demo_model
vireo_demo_model:
  .incbin ")" VIREO_DEMO_MODEL R"("
  .global vireo_demo_model_end
vireo_demo_model_end:
  .byte 0
  .previous
)");

extern "C" const char vireo_demo_model[];
extern "C" const char vireo_demo_model_end[];

namespace vireo::cli {

EmbeddedFile::~EmbeddedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string EmbeddedFile::path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

EmbeddedFile embedded_model() {
  EmbeddedFile file(::memfd_create("street.onnx", MFD_CLOEXEC));
  const auto bytes = static_cast<std::size_t>(vireo_demo_model_end - vireo_demo_model);
  const int descriptor = ::open(file.path().c_str(), O_WRONLY | O_CLOEXEC);
  std::size_t done = 0;
  while (descriptor >= 0 && done < bytes) {
    const ssize_t written = ::write(descriptor, vireo_demo_model + done, bytes - done);
    if (written <= 0) break;
    done += static_cast<std::size_t>(written);
  }
  if (descriptor >= 0) ::close(descriptor);
  if (done != bytes) throw Error(ErrorCode::io, "the embedded model can't be put into memory");
  return file;
}

}  // namespace vireo::cli
