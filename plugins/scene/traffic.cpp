// The motion of everything. Vehicles of a free lane keep one speed and random gaps; at a signal each cycle has a queue
// that arrives, stands, and leaves when the light turns; walkers wait at the kerb for their half of the cycle. All of
// it is solved in closed form: no state goes from frame to frame.

#include "plugins/scene/traffic.h"

#include <numbers>

namespace vireo::scene {
namespace {

constexpr double kCycle = 16.0;   // seconds; each half is green once
constexpr double kAllRed = 0.8;   // before each green
constexpr double kGreen = 6.2, kYellow = 0.9;
constexpr float kPi = std::numbers::pi_v<float>;

double green_start(int half, double cycle) { return cycle * kCycle + half * (kCycle / 2) + kAllRed; }

/// The distance covered `u` seconds after starting from rest.
double travel(double u, double speed, double acceleration) {
  const double ramp = speed / acceleration;
  return u < ramp ? 0.5 * acceleration * u * u : speed * (u - 0.5 * ramp);
}

class Gatherer {
 public:
  Gatherer(const Layout& layout, double seconds, std::vector<Actor>& actors)
      : layout_(layout), t_(seconds), actors_(actors) {}

  void run() {
    std::uint32_t id = 1;
    for (const Resident& resident : layout_.residents) add_resident(resident, id++);
    for (std::size_t i = 0; i < layout_.lanes.size(); ++i) {
      const Lane& lane = layout_.lanes[i];
      if (lane.traffic == Traffic::walkers) walkers(lane, i);
      else if (lane.signal) queues(lane, i);
      else stream(lane, i);
    }
  }

 private:
  static std::uint32_t id_of(std::size_t lane, std::int64_t k) {
    return static_cast<std::uint32_t>((lane + 1) << 20) | static_cast<std::uint32_t>(k & 0xFFFFF);
  }
  std::uint64_t key(std::size_t lane, std::int64_t k) const {
    return hash(layout_.seed, lane + 77, static_cast<std::uint64_t>(k));
  }

  static ObjectClass vehicle_class(std::uint64_t look) {
    return hash(look, 3) % 100 < 30 ? ObjectClass::truck : ObjectClass::car;
  }

  void add_resident(const Resident& r, std::uint32_t id) {
    Actor actor{.id = id, .object_class = r.object_class, .position = r.position, .heading = r.heading, .look = r.look};
    if (r.loop_x > 0) {
      const double radius = 0.5 * (r.loop_x + r.loop_y);
      const double a = r.heading + r.speed / radius * t_;
      const auto c = static_cast<float>(std::cos(a)), s = static_cast<float>(std::sin(a));
      const float way = r.speed < 0 ? -1.0f : 1.0f;
      actor.position = {r.position.x + r.loop_x * c, r.position.y + r.loop_y * s};
      actor.heading = std::atan2(way * r.loop_y * c, -way * r.loop_x * s);
      actor.travelled = static_cast<float>(std::fmod(std::fabs(r.speed) * t_, 4096.0));
      actor.moving = true;
    } else if (r.object_class == ObjectClass::pedestrian) {
      actor.heading += 0.35f * static_cast<float>(std::sin(t_ * 0.6 + static_cast<double>(r.look % 64)));
    }
    actors_.push_back(actor);
  }

  void add(const Lane& lane, int direction, double p, float lateral, Actor actor) {
    if (!(std::fabs(p) < layout_.reach)) return;
    const auto point = lane.path.at(static_cast<float>(direction * p), lateral);
    actor.position = point.position;
    actor.heading = point.heading + (direction < 0 ? kPi : 0.0f);
    actor.travelled = static_cast<float>(p + layout_.reach);
    actor.in_traffic = true;
    actors_.push_back(actor);
  }

  Actor passenger(const Lane& lane, std::size_t index, std::int64_t k) const {
    Actor actor{.id = id_of(index, k), .look = key(index, k)};
    actor.object_class = lane.traffic == Traffic::vehicles ? vehicle_class(actor.look) : ObjectClass::bicycle;
    return actor;
  }
  static float sway(const Lane& lane, std::uint64_t look) {
    return lane.lateral + Random(look, 5).uniform(-1, 1) * (lane.spread + 1.2f);
  }

  void stream(const Lane& lane, std::size_t index) {
    const double offset = lane.speed * t_;
    const auto first = static_cast<std::int64_t>(std::floor((-layout_.reach - offset) / lane.spacing)) - 1;
    const auto last = static_cast<std::int64_t>(std::ceil((layout_.reach - offset) / lane.spacing)) + 1;
    for (std::int64_t k = first; k <= last; ++k) {
      Actor actor = passenger(lane, index, k);
      Random random(actor.look, 1);
      if (random.chance(0.16f)) continue;
      const float room = lane.spacing - body_of(actor.object_class, actor.look).length - 24;
      actor.moving = true;
      add(lane, lane.direction,
          static_cast<double>(k) * lane.spacing + random.uniform(0, std::max(room, 1.0f)) + offset,
          sway(lane, actor.look), actor);
    }
  }

  void queues(const Lane& lane, std::size_t index) {
    const bool bicycles = lane.traffic == Traffic::bicycles;
    const double acceleration = bicycles ? 40 : 72, speed = lane.speed;
    const auto now = static_cast<std::int64_t>(std::floor(t_ / kCycle));
    for (std::int64_t cycle = now - 2; cycle <= now + 2; ++cycle) {
      Random random(key(index, cycle), 2);
      const double green = green_start(lane.half, static_cast<double>(cycle));
      const int n = random.below(bicycles ? 3 : 4);
      double arrival = green - kCycle / 2 + 0.5 + random.uniform(0, 2);
      double place = lane.stop;
      for (int q = 0; q < n; ++q) {
        Actor actor = passenger(lane, index, cycle * 8 + q);
        const double half = 0.5 * body_of(actor.object_class, actor.look).length;
        place -= half;
        const double start = green + 0.3 + 0.8 * q;
        double p = place;
        actor.moving = t_ < arrival || t_ > start;
        if (t_ < arrival) p -= travel(arrival - t_, speed, acceleration);
        else if (t_ > start) p += travel(t_ - start, speed, acceleration);
        add(lane, lane.direction, p, sway(lane, actor.look), actor);
        place -= half + random.uniform(9, 20);
        arrival += 1.3 + random.uniform(0, 1.3f);
      }
      // One more that finds the light green and the queue gone.
      if (n < (bicycles ? 1 : 3)) {
        Actor actor = passenger(lane, index, cycle * 8 + 7);
        actor.moving = true;
        const double pass = green + (bicycles ? 0.8 : 2.0) + 1.3 * n + random.uniform(0, 0.8f);
        add(lane, lane.direction, lane.stop + speed * (t_ - pass), sway(lane, actor.look), actor);
      }
    }
  }

  void walkers(const Lane& lane, std::size_t index) {
    const double reach = layout_.reach, longest = 2 * reach / (lane.speed * 0.7) + (lane.signal ? kCycle : 0);
    const auto first = static_cast<std::int64_t>(std::floor((t_ - longest) / lane.spacing)) - 1;
    const auto last = static_cast<std::int64_t>(std::ceil(t_ / lane.spacing));
    for (std::int64_t k = first; k <= last; ++k) {
      Actor actor{
          .id = id_of(index, k), .object_class = ObjectClass::pedestrian, .look = key(index, k), .moving = true};
      Random random(actor.look, 1);
      const double enter = (static_cast<double>(k) + random.unit()) * lane.spacing;
      const double speed = lane.speed * random.uniform(0.7f, 1.3f);
      const int direction = lane.both_ways && random.chance(0.5f) ? -lane.direction : lane.direction;
      const float lateral = lane.lateral + random.uniform(-1, 1) * lane.spread;
      double p = -reach + speed * (t_ - enter);
      if (lane.signal) p = crossing(lane, direction, enter, speed, random, actor);
      add(lane, direction, p, lateral, actor);
    }
  }

  /// The way of a walker who has to cross the road at `lane.stop`.
  double crossing(const Lane& lane, int direction, double enter, double speed, Random& random, Actor& actor) const {
    const double kerb = direction * lane.stop - lane.kerb - random.uniform(0, 16);
    const double across = direction * lane.stop + lane.kerb;
    const double arrival = enter + (kerb + layout_.reach) / speed;
    const double cycle = std::floor((arrival - green_start(lane.half, 0)) / kCycle);
    double start = arrival;
    if (arrival - green_start(lane.half, cycle) > 1.4)
      start = green_start(lane.half, cycle + 1) + random.uniform(0.2f, 1.0f);
    const double quick = std::max(speed, (across - kerb) / 5.0);  // be over before the light turns
    const double done = start + (across - kerb) / quick;
    if (t_ < arrival) return kerb - speed * (arrival - t_);
    if (t_ < start) {
      actor.moving = false;
      return kerb;
    }
    return t_ < done ? kerb + quick * (t_ - start) : across + speed * (t_ - done);
  }

  const Layout& layout_;
  double t_;
  std::vector<Actor>& actors_;
};

}  // namespace

Body body_of(ObjectClass object_class, std::uint64_t look) {
  Random random(look, 9);
  switch (object_class) {
    case ObjectClass::car: return {random.uniform(46, 57), random.uniform(21.5f, 24.5f), random.uniform(10, 14)};
    case ObjectClass::truck: return {random.uniform(80, 108), random.uniform(27, 30), random.uniform(24, 32)};
    case ObjectClass::bicycle: return {random.uniform(29, 33), 13, 14};
    default: return {12, random.uniform(14.5f, 17.5f), 15};
  }
}

SignalColour signal_colour(int half, double seconds) {
  const double cycle = std::floor((seconds - green_start(half, 0)) / kCycle);
  const double since = seconds - green_start(half, cycle);
  if (since < kGreen) return SignalColour::green;
  return since < kGreen + kYellow ? SignalColour::yellow : SignalColour::red;
}

void gather(const Layout& layout, double seconds, std::vector<Actor>& actors) {
  actors.clear();
  Gatherer(layout, seconds, actors).run();
}

}  // namespace vireo::scene
