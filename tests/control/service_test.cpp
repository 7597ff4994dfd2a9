// What the service manager is told, and when it is told nothing.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "app/control/controller.h"
#include "app/control/health.h"
#include "app/control/notify.h"
#include "app/control/secrets.h"
#include "app/deployment/gst_objects.h"

namespace vireo::control {
namespace {

using deployment::Snapshot;
using deployment::StreamSnapshot;
using deployment::StreamState;

/// The other end: a datagram socket in the abstract namespace.
class Manager {
 public:
  explicit Manager(const std::string& name) : name_("@" + name), socket_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto length = socklen_t(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), length) != 0) throw std::runtime_error("no socket");
  }
  ~Manager() { ::close(socket_); }
  [[nodiscard]] const char* name() const { return name_.c_str(); }
  /// The next datagram; "" where none is there.
  [[nodiscard]] std::string next() const {
    char text[512];
    const ssize_t length = ::recv(socket_, text, sizeof text, MSG_DONTWAIT);
    return length > 0 ? std::string(text, std::size_t(length)) : "";
  }

 private:
  std::string name_;
  int socket_;
};

TEST(Service, TellsEachStateOnce) {
  const Manager manager("vireo-service-test-" + std::to_string(getpid()));
  ServiceNotify service(manager.name(), "20000000");
  EXPECT_EQ(service.watchdog(), std::chrono::seconds(20));
  service.ready("2 of 2 streams playing");
  EXPECT_EQ(manager.next(), "READY=1\nSTATUS=2 of 2 streams playing");
  service.reloading();
  const std::string reloading = manager.next();
  EXPECT_TRUE(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC=")) << reloading;
  EXPECT_GT(std::stoll(reloading.substr(reloading.rfind('=') + 1)), 0);
  service.ping("x");
  EXPECT_EQ(manager.next(), "WATCHDOG=1\nSTATUS=x");
  service.stopping();
  EXPECT_TRUE(manager.next().starts_with("STOPPING=1"));
  EXPECT_EQ(manager.next(), "");
}

TEST(Service, PingsFourTimesInTheWatchdogsTime) {
  const Manager manager("vireo-service-test-" + std::to_string(getpid()));
  ServiceNotify hourly(manager.name(), "3600000000");
  EXPECT_TRUE(hourly.ping_is_due());
  EXPECT_FALSE(hourly.ping_is_due()) << "a quarter of an hour has not passed";
  ServiceNotify none(manager.name(), nullptr);
  EXPECT_FALSE(none.ping_is_due());
}

TEST(Service, SaysNothingWithoutAManager) {
  for (const char* socket : {static_cast<const char*>(nullptr), "", "relative", "@"}) {
    ServiceNotify service(socket, "1000000");
    service.ready("nobody hears");
    service.stopping();
  }
  ServiceNotify gone("/nonexistent/socket", nullptr);
  gone.ready("it warns and goes on");
  ServiceNotify long_name(("/" + std::string(200, 'x')).c_str(), nullptr);
  long_name.ready("no address can hold this");
}

StreamSnapshot stream(StreamState state, std::int64_t last_out_ns, std::int64_t alive_ns) {
  StreamSnapshot stream;
  stream.state = state;
  stream.last_out_ns = last_out_ns;
  stream.alive_ns = alive_ns;
  return stream;
}

constexpr std::int64_t kSecond = 1'000'000'000, kNow = 1000 * kSecond;
constexpr auto kLimit = std::chrono::seconds(30);

Snapshot of(std::vector<StreamSnapshot> streams) {
  Snapshot snapshot;
  snapshot.streams = std::move(streams);
  return snapshot;
}

TEST(Health, ACameraThatIsAwayIsAliveAndNotReady) {
  const Snapshot away = of({stream(StreamState::waiting, kNow - 100 * kSecond, kNow)});
  EXPECT_TRUE(is_alive(away, kNow, kLimit));
  EXPECT_FALSE(readiness_of(away, kNow).ready);
}

TEST(Health, AThreadThatHangsIsNotAlive) {
  EXPECT_FALSE(
      is_alive(of({stream(StreamState::playing, kNow, kNow), stream(StreamState::playing, kNow, kNow - 31 * kSecond)}),
               kNow, kLimit));
  EXPECT_TRUE(is_alive(of({stream(StreamState::starting, 0, kNow - 300 * kSecond)}), kNow, kLimit))
      << "a model that is being built takes its time";
}

TEST(Health, OneThatFailedOrEndedIsNotWaitedForButAllThatFailedAre) {
  const StreamSnapshot plays = stream(StreamState::playing, kNow - kSecond, kNow);
  const StreamSnapshot failed = stream(StreamState::failed, 0, 0), ended = stream(StreamState::ended, kSecond, kSecond);
  EXPECT_TRUE(readiness_of(of({plays, failed, ended}), kNow).ready);
  EXPECT_TRUE(is_alive(of({plays, failed, ended}), kNow, kLimit));
  EXPECT_FALSE(readiness_of(of({failed, failed}), kNow).ready);
  EXPECT_FALSE(is_alive(of({failed, failed}), kNow, kLimit));
  EXPECT_TRUE(readiness_of(of({}), kNow).ready) << "it waits for streams";
  EXPECT_TRUE(is_alive(of({}), kNow, kLimit));
}

TEST(Health, TellsWhichStreamKeepsItFromBeingReady) {
  StreamSnapshot silent = stream(StreamState::playing, kNow - 11 * kSecond, kNow);
  silent.name = "silent";
  const Readiness readiness = readiness_of(of({stream(StreamState::playing, kNow, kNow), silent}), kNow);
  ASSERT_EQ(readiness.waiting.size(), 1u);
  EXPECT_EQ(readiness.waiting[0].name, "silent");
}

TEST(Secrets, AreNeverToldAndFoundAgain) {
  config::StreamConfig known;
  known.source.uri = "rtsp://admin:secret@camera/1?key=hidden";
  known.source.properties["user-pw"] = {"secret", {}};
  known.source.properties["protocols"] = {"tcp", {}};
  known.sinks.emplace_back().to = "rtsp://me:secret@0.0.0.0:8554/x";
  config::StreamConfig told = without_secrets(known);
  EXPECT_EQ(told.source.uri, "rtsp://camera/1");
  EXPECT_EQ(told.source.properties["user-pw"].value, "***");
  EXPECT_EQ(told.source.properties["protocols"].value, "tcp");
  EXPECT_EQ(told.sinks[0].to.find("secret"), std::string::npos);
  restore_secrets(told, known);
  EXPECT_EQ(told, known);
  config::StreamConfig other = without_secrets(known);
  other.source.uri = "rtsp://elsewhere/1";
  restore_secrets(other, known);
  EXPECT_EQ(other.source.uri, "rtsp://elsewhere/1") << "a secret goes to its own camera alone";
}

}  // namespace
}  // namespace vireo::control
