// The scene through a C interface, for Python's ctypes: train.py compiles this file with the scene's sources into a
// shared library, so that training renders its frames on the fly with the very code that the demo runs.

#include <cstring>

#include "plugins/scene/scene.h"

using vireo::scene::Scene;
using vireo::scene::SceneObject;
using vireo::scene::SceneOptions;

extern "C" {

void* street_create(int width, int height, unsigned long long seed, double fps, double day_seconds, float noise) {
  try {
    return new Scene(SceneOptions{width, height, seed, fps, day_seconds, noise});
  } catch (...) {
    return nullptr;
  }
}

void street_destroy(void* scene) { delete static_cast<Scene*>(scene); }

/// Renders BGR rows without gaps. Each object is 7 floats: class, x, y, width, height, visible, ignore. Returns how
/// many objects there are; at most `capacity` are written.
int street_render(void* scene, long long frame, unsigned char* pixels, float* objects, int capacity) {
  auto* s = static_cast<Scene*>(scene);
  const auto& truth = s->render(frame, pixels, static_cast<std::ptrdiff_t>(s->options().width) * 3);
  int n = 0;
  for (const SceneObject& o : truth) {
    if (n == capacity) break;
    const float row[7] = {
        static_cast<float>(o.object_class), o.x, o.y, o.width, o.height, o.visible, o.ignore ? 1.0f : 0.0f};
    std::memcpy(objects + static_cast<std::ptrdiff_t>(n++) * 7, row, sizeof row);
  }
  return static_cast<int>(truth.size());
}
}
