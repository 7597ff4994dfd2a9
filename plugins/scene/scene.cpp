#include "plugins/scene/scene.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "plugins/scene/background.h"
#include "plugins/scene/light.h"
#include "plugins/scene/sprites.h"
#include "plugins/scene/traffic.h"

namespace vireo::scene {
namespace {

SceneOptions checked(const SceneOptions& o) {
  const auto require = [](bool ok, const std::string& what) {
    if (!ok) throw std::invalid_argument("scene: " + what);
  };
  require(o.width >= 32 && o.width <= 8192 && o.height >= 32 && o.height <= 8192,
          "the size is " + std::to_string(o.width) + "x" + std::to_string(o.height) +
              "; each side can be 32 to 8192 pixels");
  require(o.fps >= 0.1 && o.fps <= 1000, "fps is " + std::to_string(o.fps) + "; it can be 0.1 to 1000");
  require(o.day_seconds >= 1 && o.day_seconds <= 1e7,
          "day_seconds is " + std::to_string(o.day_seconds) + "; it can be 1 to 1e7");
  require(o.noise >= 0 && o.noise <= 20, "noise is " + std::to_string(o.noise) + "; it can be 0 to 20");
  return o;
}

/// At least 640 x 480 units of the street are in view.
float scale_of(const SceneOptions& o) {
  return std::min(static_cast<float>(o.width) / 640.0f, static_cast<float>(o.height) / 480.0f);
}

Pose world_of(const SceneOptions& o, float rotation) {
  return {static_cast<float>(o.width) * 0.5f, static_cast<float>(o.height) * 0.5f, std::cos(rotation),
          std::sin(rotation), scale_of(o)};
}

/// Seed 1, which everybody sees first, is a crossroads on an afternoon that becomes dusk.
std::uint64_t street_of(std::uint64_t seed) { return seed + 7; }

constexpr float kLongest = 125;  // units: no object reaches further than this from its edge in the frame

}  // namespace

struct Scene::State {
  explicit State(const SceneOptions& o)
      : options(checked(o)),
        layout(make_layout(street_of(o.seed), static_cast<float>(o.width) / scale_of(o),
                           static_cast<float>(o.height) / scale_of(o))),
        world(world_of(o, layout.rotation)),
        background(paint_background(layout, world, o.width, o.height)),
        canvas(o.width, o.height, static_cast<int>(kLongest * world.scale) + 2),
        developer(o.width, o.seed, o.noise) {}

  Pose pose_of(const Actor& actor) const { return world.moved(actor.position).turned(actor.heading); }
  bool near(const Pose& pose) const {
    const float reach = kLongest * 0.5f * world.scale;
    return pose.x > -reach && pose.y > -reach && pose.x < static_cast<float>(options.width) + reach &&
           pose.y < static_cast<float>(options.height) + reach;
  }

  void draw_actors(const Light& light, double seconds);
  void draw_signals(const Light& light, double seconds);
  void cover();
  void measure();

  SceneOptions options;
  Layout layout;
  Pose world;
  Background background;
  Canvas canvas;
  Developer developer;
  std::vector<Actor> actors;
  std::vector<Pose> poses;
  std::vector<int> covered;  // pixels of each actor, hidden or not
  std::vector<Glow> glows;
  std::vector<SceneObject> truth;
};

void Scene::State::draw_actors(const Light& light, double seconds) {
  gather(layout, seconds, actors);
  std::erase_if(actors, [&](const Actor& a) { return !near(pose_of(a)); });
  // Whoever is smaller is drawn later, so that a walker next to a car is never under it.
  std::stable_sort(actors.begin(), actors.end(),
                   [](const Actor& a, const Actor& b) { return a.object_class < b.object_class; });
  poses.clear();
  covered.clear();
  glows.clear();
  Sprites sprites(canvas, background.ground);
  const float rotated_x = layout.sun_x * world.cos - layout.sun_y * world.sin,
              rotated_y = layout.sun_x * world.sin + layout.sun_y * world.cos;
  for (const Actor& actor : actors) {
    const Pose pose = pose_of(actor);
    poses.push_back(pose);
    sprites.shadow(actor, pose,
                   {rotated_x * pose.cos + rotated_y * pose.sin, rotated_y * pose.cos - rotated_x * pose.sin});
  }
  for (std::size_t i = 0; i < actors.size(); ++i) {
    covered.push_back(sprites.draw(actors[i], poses[i], static_cast<std::uint16_t>(i + 1)));
    sprites.lights(actors[i], poses[i], light.night, glows);
  }
}

void Scene::State::draw_signals(const Light& light, double seconds) {
  for (const Signal& signal : layout.signals) {
    const Pose pose = world.moved(signal.position).turned(signal.heading);
    const SignalColour now = signal_colour(signal.half, seconds);
    const Colour lamp = now == SignalColour::green    ? rgb(0x30e070)
                        : now == SignalColour::yellow ? rgb(0xffc020)
                                                      : rgb(0xff3020);
    const auto paint = [&](const Box& box, Colour colour) {
      rasterise(pose, box, 1.0f, canvas.frame(), [&](int x, int y, int coverage) {
        const std::size_t i = canvas.at(x, y);
        blend(&canvas.colour[i * 3], colour, coverage);
        if (coverage >= 128) canvas.owner[canvas.owner_at(x, y)] = Canvas::kHidden;
      });
    };
    paint({0, 0, 5.5f, 2.4f, 1}, rgb(0x202226));
    const float at = now == SignalColour::green ? -3.2f : now == SignalColour::yellow ? 0.0f : 3.2f;
    paint(disc(at, 0, 1.5f), lamp);
    glows.push_back({pose, disc(at, 0, 1.6f), scaled(lamp, 0.35f + 0.4f * light.night), 5.0f * world.scale});
  }
}

/// Tree tops and lamp arms go over everything.
void Scene::State::cover() {
  for (const Span& span : background.overlay_spans) {
    for (int x = span.x0; x < span.x1; ++x) {
      const std::size_t i = canvas.at(x, span.y);
      const std::uint8_t* p = &background.overlay[i * 4];
      const int a = p[3] + (p[3] >> 7);
      blend(&canvas.colour[i * 3], {p[0], p[1], p[2]}, a);
      canvas.sun[i] = static_cast<std::uint8_t>(canvas.sun[i] + (((235 - canvas.sun[i]) * a) >> 8));
      if (a >= 128) canvas.owner[canvas.owner_at(x, span.y)] = Canvas::kHidden;
    }
  }
}

void Scene::State::measure() {
  truth.clear();
  for (std::size_t i = 0; i < actors.size(); ++i) {
    const Pose& pose = poses[i];
    const Body body = body_of(actors[i].object_class, actors[i].look);
    // A radius around the object that is sure to hold it: steps, bags and mirrors stick out a little.
    const int radius =
        static_cast<int>((std::sqrt(body.length * body.length + body.width * body.width) * 0.5f + 6) * world.scale) + 2;
    const int cx = static_cast<int>(pose.x), cy = static_cast<int>(pose.y);
    const int x0 = std::max(0, cx - radius), x1 = std::min(canvas.width, cx + radius + 1);
    const int y0 = std::max(0, cy - radius), y1 = std::min(canvas.height, cy + radius + 1);
    int left = canvas.width, right = -1, top = canvas.height, bottom = -1, seen = 0;
    for (int y = y0; y < y1; ++y) {
      const std::uint16_t* row = &canvas.owner[canvas.owner_at(0, y)];
      for (int x = x0; x < x1; ++x) {
        if (row[x] != i + 1) continue;
        ++seen;
        left = std::min(left, x);
        right = std::max(right, x);
        top = std::min(top, y);
        bottom = y;
      }
    }
    if (seen == 0) continue;
    SceneObject object{.id = actors[i].id, .object_class = actors[i].object_class};
    object.x = static_cast<float>(left);
    object.y = static_cast<float>(top);
    object.width = static_cast<float>(right - left + 1);
    object.height = static_cast<float>(bottom - top + 1);
    object.visible = static_cast<float>(seen) / static_cast<float>(std::max(seen, covered[i]));
    object.heading = std::atan2(pose.sin, pose.cos);
    object.ignore = object.visible < kIgnoreBelow;
    truth.push_back(object);
  }
}

Scene::Scene(const SceneOptions& options) : state_(std::make_unique<State>(checked(options))) {}
Scene::~Scene() = default;
Scene::Scene(Scene&&) noexcept = default;
Scene& Scene::operator=(Scene&&) noexcept = default;

const SceneOptions& Scene::options() const { return state_->options; }

const std::vector<SceneObject>& Scene::render(std::int64_t index, std::uint8_t* pixels, std::ptrdiff_t stride,
                                              PixelOrder order) {
  State& s = *state_;
  const double seconds = static_cast<double>(index) / s.options.fps;
  const Light light = light_at(street_of(s.options.seed), seconds, s.options.day_seconds);
  const Canvas& ground = s.background.ground;
  std::copy(ground.colour.begin(), ground.colour.end(), s.canvas.colour.begin());
  std::copy(ground.sun.begin(), ground.sun.end(), s.canvas.sun.begin());
  if (light.night > 0.02f) std::copy(ground.lamp.begin(), ground.lamp.end(), s.canvas.lamp.begin());
  std::fill(s.canvas.owner.begin(), s.canvas.owner.end(), Canvas::kNobody);
  s.draw_actors(light, seconds);
  s.draw_signals(light, seconds);
  s.cover();
  s.measure();
  s.developer.develop(s.canvas, light, index, pixels, stride, order);
  for (const Glow& glow : s.glows) Developer::glow(s.canvas, glow, pixels, stride, order);
  return s.truth;
}

const char* class_name(ObjectClass object_class) {
  switch (object_class) {
    case ObjectClass::car: return "car";
    case ObjectClass::truck: return "truck";
    case ObjectClass::bicycle: return "bicycle";
    case ObjectClass::pedestrian: return "pedestrian";
  }
  return "unknown";
}

int bytes_per_pixel(PixelOrder order) { return order == PixelOrder::bgr || order == PixelOrder::rgb ? 3 : 4; }

}  // namespace vireo::scene
