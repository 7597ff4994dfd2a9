// The window, on an X server of its own without a screen. Skipped where there is no Xvfb.

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "app/deployment/sinks.h"
#include "tests/deployment/harness.h"

#ifdef VIREO_X11
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#endif

extern char** environ;

namespace vireo::deployment {
namespace {

#ifndef VIREO_X11

TEST(Display, IsTested) { GTEST_SKIP() << "built without libx11-dev"; }

#else

/// An X server, found by DISPLAY as long as it lives.
class Screen {
 public:
  Screen() {
    int ends[2];
    if (::pipe(ends) != 0) return;
    std::string name = "Xvfb", flag = "-displayfd", to = std::to_string(ends[1]), nolisten = "-nolisten", tcp = "tcp",
                screen = "-screen", zero = "0", size = "1600x1200x24";
    char* arguments[] = {name.data(),   flag.data(), to.data(),   nolisten.data(), tcp.data(),
                         screen.data(), zero.data(), size.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0);
    if (::posix_spawnp(&id_, "Xvfb", &actions, nullptr, arguments, environ) != 0) id_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    std::string number;
    char one = 0;
    while (id_ > 0 && ::read(ends[0], &one, 1) == 1 && one != '\n') number += one;
    ::close(ends[0]);
    if (number.empty()) return;
    ::setenv("DISPLAY", (":" + number).c_str(), 1);
    display_ = ::XOpenDisplay(nullptr);
  }
  ~Screen() {
    if (display_) ::XCloseDisplay(display_);
    if (id_ > 0) {
      ::kill(id_, SIGTERM);
      ::waitpid(id_, nullptr, 0);
    }
    ::unsetenv("DISPLAY");
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  [[nodiscard]] bool works() const { return display_ != nullptr; }

  /// The windows that are to be seen.
  [[nodiscard]] std::vector<Window> windows() const {
    Window root = 0, parent = 0, *children = nullptr;
    unsigned count = 0;
    std::vector<Window> seen;
    if (!::XQueryTree(display_, DefaultRootWindow(display_), &root, &parent, &children, &count)) return seen;
    for (unsigned i = 0; i < count; ++i) {
      XWindowAttributes attributes;
      if (::XGetWindowAttributes(display_, children[i], &attributes) && attributes.map_state == IsViewable)
        seen.push_back(children[i]);
    }
    if (children) ::XFree(children);
    return seen;
  }
  /// How many different colours the window shows: a picture has many, an empty window one.
  [[nodiscard]] std::size_t colours(Window window) const {
    XWindowAttributes attributes;
    if (!::XGetWindowAttributes(display_, window, &attributes)) return 0;
    XImage* image = ::XGetImage(display_, window, 0, 0, unsigned(attributes.width), unsigned(attributes.height),
                                AllPlanes, ZPixmap);
    if (!image) return 0;
    std::set<unsigned long> found;
    for (int y = 0; y < image->height; y += 3)
      for (int x = 0; x < image->width; x += 3) found.insert(XGetPixel(image, x, y));
    XDestroyImage(image);
    return found.size();
  }
  void move(Window window, int x, int y) const {
    ::XMoveWindow(display_, window, x, y);
    ::XSync(display_, False);
  }
  /// What a window manager does when the user presses the cross.
  void close(Window window) const {
    XEvent event{};
    event.xclient.type = ClientMessage;
    event.xclient.window = window;
    event.xclient.message_type = ::XInternAtom(display_, "WM_PROTOCOLS", False);
    event.xclient.format = 32;
    event.xclient.data.l[0] = long(::XInternAtom(display_, "WM_DELETE_WINDOW", False));
    ::XSendEvent(display_, window, False, NoEventMask, &event);
    ::XSync(display_, False);
  }

 private:
  pid_t id_ = -1;
  ::Display* display_ = nullptr;
};

class DisplaySink : public testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("WAYLAND_DISPLAY");
    // Windows that go while they are looked at are no errors here.
    ::XSetErrorHandler([](::Display*, XErrorEvent*) { return 0; });
    if (!screen_.works()) GTEST_SKIP() << "no Xvfb here";
    if (find_display_sink().empty()) GTEST_SKIP() << "GStreamer has no sink for X11; install gstreamer1.0-x";
  }
  static config::StreamConfig shown(const std::string& name) {
    config::StreamConfig stream = street(name, 0);
    stream.source.live = true;
    add_sink(stream, "display");
    return stream;
  }
  Screen screen_;
};

TEST_F(DisplaySink, ShowsThePictureAndGoesWhenItsStreamEnds) {
  {
    Deployment deployment;
    deployment.apply(only(shown("street")));
    ASSERT_TRUE(eventually([&] { return screen_.windows().size() == 1; }));
    const Window window = screen_.windows().front();
    EXPECT_TRUE(eventually([&] { return screen_.colours(window) > 20; })) << screen_.colours(window);
    deployment.stop();
    deployment.wait();
    EXPECT_TRUE(sum_up(deployment.snapshot()).failures.empty());
  }
  EXPECT_TRUE(eventually([&] { return screen_.windows().empty(); }));
}

TEST_F(DisplaySink, IsSeenByAStreamThatWatchesTheScreen) {
  if (!has_element("ximagesrc")) GTEST_SKIP() << "GStreamer has no ximagesrc; install gstreamer1.0-plugins-good";
  Deployment deployment;
  deployment.apply(only(shown("street")));
  ASSERT_TRUE(eventually([&] { return screen_.windows().size() == 1 && screen_.colours(screen_.windows()[0]) > 20; }));
  Scratch scratch;
  config::DeploymentConfig config = only(shown("street"));
  for (const char* address : {"screen", "all"}) {
    config.streams.push_back(street(address, 0));
    config::StreamConfig& watcher = config.streams.back();
    watcher.source = {};
    watcher.source.uri = "screen";
    watcher.source.fps = 10;
    watcher.draw = false;
    if (watcher.name == "all") watcher.source.uri = std::string("screen://") + ::getenv("DISPLAY");
    else watcher.source.width = 320, watcher.source.height = 240;  // where the window is
    add_sink(watcher, "snapshot:" + scratch.file("%05d-") + address + ".png");
    watcher.sinks.back().properties["every"] = {"0", {}};
  }
  deployment.apply(config);
  EXPECT_TRUE(eventually([&] { return find(deployment.snapshot(), "screen").frames > 5; }));
  EXPECT_TRUE(eventually([&] { return find(deployment.snapshot(), "all").frames > 1; }));
  const auto file = [&](const char* name) {
    return fs::exists(scratch.file(name)) ? fs::file_size(scratch.file(name)) : 0;
  };
  // Bytes of a picture as PNG: a street has many, an empty screen few.
  EXPECT_TRUE(eventually([&] { return file("00003-screen.png") > 20000; }));
  EXPECT_GT(find(deployment.snapshot(), "screen").inferred, 0u);
  deployment.stop();
  deployment.wait();
  EXPECT_TRUE(sum_up(deployment.snapshot()).failures.empty());
}

TEST_F(DisplaySink, EndsItsStreamAndNoOtherWhenTheUserClosesIt) {
  Scratch scratch;
  config::DeploymentConfig config = only(shown("seen"));
  add_sink(first(config), scratch.file("seen.mp4"));
  config.streams.push_back(street("other", 0));
  config.streams.back().source.live = true;
  Deployment deployment;
  const auto now = [&](const char* name) { return find(deployment.snapshot(), name); };
  deployment.apply(config);
  ASSERT_TRUE(eventually([&] { return screen_.windows().size() == 1; }));
  const Window window = screen_.windows().front();
  ASSERT_TRUE(eventually([&] { return screen_.colours(window) > 20 && now("seen").frames > 10; }));
  screen_.close(window);
  ASSERT_TRUE(eventually([&] { return now("seen").state == StreamState::ended; }));
  EXPECT_EQ(now("seen").problem, "");
  EXPECT_GT(read_back(scratch.file("seen.mp4")).frames, 10u) << "its other sinks are finished";
  const std::uint64_t frames = now("other").frames;
  EXPECT_TRUE(eventually([&] { return now("other").frames > frames + 10; })) << "the other one goes on";
  EXPECT_EQ(now("other").state, StreamState::playing);
  deployment.stop();
  deployment.wait();
  EXPECT_TRUE(sum_up(deployment.snapshot()).failures.empty());
}

TEST_F(DisplaySink, ShowsTwoStreamsInTwoWindows) {
  config::DeploymentConfig config = only(shown("one"));
  config.streams.push_back(shown("two"));
  Deployment deployment;
  deployment.apply(config);
  ASSERT_TRUE(eventually([&] { return screen_.windows().size() == 2; }));
  const std::vector<Window> windows = screen_.windows();
  screen_.move(windows[1], 800, 600);  // without a window manager they lie upon each other
  for (const Window window : windows)
    EXPECT_TRUE(eventually([&] { return screen_.colours(window) > 20; }, 20)) << screen_.colours(window);
  screen_.close(windows[0]);
  EXPECT_TRUE(eventually([&] { return screen_.windows().size() == 1; }));
  deployment.stop();
  deployment.wait();
}

#endif

}  // namespace
}  // namespace vireo::deployment
