// The synthetic street: frames are pure functions of seed and index, and the truth says where the pixels are.

#include "plugins/scene/scene.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>

#include "plugins/scene/sprites.h"

namespace vireo::scene {
namespace {

struct Frame {
  std::vector<std::uint8_t> pixels;
  std::vector<SceneObject> truth;
};

Frame shot(Scene& scene, std::int64_t index, PixelOrder order = PixelOrder::bgr) {
  const SceneOptions& o = scene.options();
  const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(o.width) * bytes_per_pixel(order);
  Frame frame;
  frame.pixels.resize(static_cast<std::size_t>(stride * o.height));
  frame.truth = scene.render(index, frame.pixels.data(), stride, order);
  return frame;
}

bool same(const SceneObject& a, const SceneObject& b) {
  return a.id == b.id && a.object_class == b.object_class && a.x == b.x && a.y == b.y && a.width == b.width &&
         a.height == b.height && a.visible == b.visible && a.ignore == b.ignore;
}

TEST(Scene, AFrameIsTheSameInWhateverOrderFramesAreRendered) {
  Scene first({.width = 320, .height = 240, .seed = 8}), second({.width = 320, .height = 240, .seed = 8});
  const std::int64_t frames[] = {0, 7, 3000, -50};
  std::vector<Frame> forward, backward;
  for (int i = 0; i < 4; ++i) forward.push_back(shot(first, frames[i]));
  for (int i = 3; i >= 0; --i) backward.insert(backward.begin(), shot(second, frames[i]));
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(forward[i].pixels, backward[i].pixels) << "frame " << frames[i];
    ASSERT_EQ(forward[i].truth.size(), backward[i].truth.size());
    for (std::size_t k = 0; k < forward[i].truth.size(); ++k)
      EXPECT_TRUE(same(forward[i].truth[k], backward[i].truth[k]));
  }
}

TEST(Scene, SeedsAndFramesDiffer) {
  Scene a({.width = 160, .height = 120, .seed = 1}), b({.width = 160, .height = 120, .seed = 2});
  const auto frame = shot(a, 0).pixels;
  EXPECT_NE(frame, shot(b, 0).pixels);
  EXPECT_NE(frame, shot(a, 1).pixels);
}

TEST(Scene, EveryPixelOrderShowsTheSamePicture) {
  Scene scene({.width = 160, .height = 120, .seed = 3});
  const auto bgr = shot(scene, 900, PixelOrder::bgr).pixels, rgb = shot(scene, 900, PixelOrder::rgb).pixels;
  const auto bgrx = shot(scene, 900, PixelOrder::bgrx).pixels, rgbx = shot(scene, 900, PixelOrder::rgbx).pixels;
  for (std::size_t i = 0; i < 160 * 120; ++i)
    for (std::size_t c = 0; c < 3; ++c) {
      ASSERT_EQ(bgr[i * 3 + c], rgb[i * 3 + 2 - c]);
      ASSERT_EQ(bgr[i * 3 + c], bgrx[i * 4 + c]);
      ASSERT_EQ(bgr[i * 3 + c], rgbx[i * 4 + 2 - c]);
      ASSERT_EQ(bgrx[i * 4 + 3], 255);
    }
}

TEST(Scene, OnlyTheRowsAreWritten) {
  constexpr int kWidth = 101, kHeight = 67, kStride = kWidth * 3 + 13;
  Scene scene({.width = kWidth, .height = kHeight, .seed = 4});
  std::vector<std::uint8_t> memory(kStride * (kHeight + 2), 0xA5);
  scene.render(1500, memory.data() + kStride, kStride);
  for (int y = 0; y < kHeight + 2; ++y)
    for (int x = 0; x < kStride; ++x)
      if (y == 0 || y == kHeight + 1 || x >= kWidth * 3) {
        ASSERT_EQ(memory[static_cast<std::size_t>(y * kStride + x)], 0xA5) << x << ", " << y;
      }
}

TEST(Scene, TheTruthIsWithinTheFrameAndConsistent) {
  std::map<ObjectClass, int> count;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Scene scene({.width = 320, .height = 240, .seed = seed});
    for (const std::int64_t index : {0, 400, 2500}) {
      std::set<std::uint32_t> ids;
      for (const SceneObject& o : shot(scene, index).truth) {
        EXPECT_TRUE(ids.insert(o.id).second) << "id " << o.id << " twice, seed " << seed;
        EXPECT_GE(o.x, 0);
        EXPECT_GE(o.y, 0);
        EXPECT_LE(o.x + o.width, 320);
        EXPECT_LE(o.y + o.height, 240);
        EXPECT_GE(o.width, 1);
        EXPECT_GE(o.height, 1);
        EXPECT_GT(o.visible, 0);
        EXPECT_LE(o.visible, 1);
        EXPECT_EQ(o.ignore, o.visible < kIgnoreBelow);
        ++count[o.object_class];
      }
    }
  }
  for (int c = 0; c < kClassCount; ++c)
    EXPECT_GT(count[static_cast<ObjectClass>(c)], 10) << class_name(static_cast<ObjectClass>(c));
}

TEST(Scene, ObjectsKeepTheirIdsAndMoveSmoothly) {
  for (std::uint64_t seed : {1, 4, 8, 21}) {
    Scene scene({.seed = seed});
    std::map<std::uint32_t, SceneObject> last;
    int followed = 0;
    for (std::int64_t index = 100; index < 130; ++index) {
      std::map<std::uint32_t, SceneObject> now;
      for (const SceneObject& o : shot(scene, index).truth) now[o.id] = o;
      for (const auto& [id, o] : now) {
        const auto before = last.find(id);
        if (before == last.end() || o.visible < 0.95f || before->second.visible < 0.95f) continue;
        const float dx = o.x + o.width / 2 - before->second.x - before->second.width / 2;
        const float dy = o.y + o.height / 2 - before->second.y - before->second.height / 2;
        EXPECT_LT(std::hypot(dx, dy), 8) << "id " << id << ", frame " << index << ", seed " << seed;
        EXPECT_EQ(o.object_class, before->second.object_class);
        ++followed;
      }
      last = std::move(now);
    }
    EXPECT_GT(followed, 100);
  }
}

TEST(Scene, ABoxHoldsThePixelsThatItsObjectColours) {
  // Each class at many angles, alone on a flat ground: the owner plane, from which boxes are measured, against the
  // colours.
  constexpr int kSize = 260;
  const Canvas ground = [] {
    Canvas c(kSize, kSize, 4);
    std::fill(c.colour.begin(), c.colour.end(), 128);
    return c;
  }();
  for (int c = 0; c < kClassCount; ++c)
    for (int turn = 0; turn < 9; ++turn) {
      Canvas canvas = ground;
      Actor actor{.id = 1,
                  .object_class = static_cast<ObjectClass>(c),
                  .look = static_cast<std::uint64_t>(turn * 31 + c),
                  .moving = true};
      actor.in_traffic = true;
      const float angle = static_cast<float>(turn) * 0.7f;
      const Pose pose{kSize / 2.0f + 0.3f, kSize / 2.0f, std::cos(angle), std::sin(angle), 1.6f};
      const int covered = Sprites(canvas, ground).draw(actor, pose, 1);
      int owned = 0, changed = 0, far = 0;
      int box[4] = {kSize, kSize, -1, -1};
      for (int y = 0; y < kSize; ++y)
        for (int x = 0; x < kSize; ++x)
          if (canvas.owner[canvas.owner_at(x, y)] == 1) {
            ++owned;
            box[0] = std::min(box[0], x), box[1] = std::min(box[1], y), box[2] = std::max(box[2], x),
            box[3] = std::max(box[3], y);
          }
      for (int y = 0; y < kSize; ++y)
        for (int x = 0; x < kSize; ++x) {
          const std::uint8_t* p = &canvas.colour[canvas.at(x, y) * 3];
          if (p[0] == 128 && p[1] == 128 && p[2] == 128) continue;
          ++changed;
          far += x < box[0] - 1 || y < box[1] - 1 || x > box[2] + 1 || y > box[3] + 1;
        }
      EXPECT_EQ(owned, covered);
      EXPECT_GT(owned, 100);
      EXPECT_EQ(far, 0) << class_name(actor.object_class) << " at turn " << turn;
      EXPECT_GT(changed, owned * 9 / 10);  // a few pixels may be as grey as the ground
    }
}

TEST(Scene, AnyIndexCanBeAskedFor) {
  Scene scene({.width = 96, .height = 64, .seed = 9});
  for (const std::int64_t index : {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(),
                                   std::int64_t{1} << 40, std::int64_t{-1}})
    EXPECT_LT(shot(scene, index).truth.size(), 1000u);
}

TEST(Scene, TallAndWideFramesWork) {
  for (const auto& [w, h] : {std::pair{32, 400}, {700, 32}, {33, 35}}) {
    Scene scene({.width = w, .height = h, .seed = 5});
    EXPECT_EQ(shot(scene, 10).pixels.size(), static_cast<std::size_t>(w * h * 3));
  }
}

TEST(Scene, OptionsOutOfRangeAreRefusedWithTheirValue) {
  const auto message = [](const SceneOptions& o) {
    try {
      Scene scene(o);
    } catch (const std::invalid_argument& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  EXPECT_NE(message({.width = 8}).find("8x480"), std::string::npos);
  EXPECT_NE(message({.height = 100000}).find("640x100000"), std::string::npos);
  EXPECT_NE(message({.fps = 0}).find("fps"), std::string::npos);
  EXPECT_NE(message({.fps = std::nan("")}).find("fps"), std::string::npos);
  EXPECT_NE(message({.day_seconds = 0}).find("day_seconds"), std::string::npos);
  EXPECT_NE(message({.noise = -1}).find("noise"), std::string::npos);
}

}  // namespace
}  // namespace vireo::scene
