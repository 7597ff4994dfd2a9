// A deployment that is changed, looked at and measured over HTTP while it runs.

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include "app/control/api.h"
#include "app/control/metrics.h"
#include "app/control/server.h"
#include "app/deployment/deployment.h"
#include "tests/control/client.h"
#include "tests/deployment/harness.h"

namespace vireo::control {
namespace {

using deployment::eventually;
using deployment::StreamState;
using nlohmann::json;

/// A deployment with a server, as `vireo run MODEL --control 0` makes it.
struct Running {
  deployment::Scratch scratch;
  deployment::Deployment deployment;
  Controller controller{deployment, deployment::element_knobs(), scratch.path};
  std::unique_ptr<Server> server;
  int port = 0;

  explicit Running(config::DeploymentConfig config = {}, const std::string& token_file = "") {
    config.defaults.stages = {deployment::street_stage()};
    controller.apply(config);
    server = std::make_unique<Server>(controller, config::ControlConfig{"0", {}, token_file, {}});
    const std::string address = server->address();
    port = std::stoi(address.substr(address.rfind(':') + 1));
  }
  Reply get(const std::string& path) const { return ask(port, "GET", path); }
  Reply put(const std::string& path, const json& body) const { return ask(port, "PUT", path, body.dump()); }
  Reply patch(const std::string& path, const json& body) const { return ask(port, "PATCH", path, body.dump()); }
  std::uint64_t frames(const std::string& name) const {
    for (const auto& stream : deployment.snapshot().streams)
      if (stream.name == name) return stream.frames;
    return 0;
  }
  bool more_frames(const std::string& name, std::uint64_t than = 0) const {
    return eventually([&] { return frames(name) > than; });
  }
};

json scene(bool live = true) {
  return {{"source", {{"uri", "vireoscene"}, {"width", 320}, {"height", 240}, {"live", live}}}};
}

TEST(Control, StreamsComeChangeAndGo) {
  const Running running;
  EXPECT_EQ(running.get("/v1/streams").json(), json({{"streams", json::array()}}));
  EXPECT_EQ(running.put("/v1/streams/a", scene()).status, 201);
  EXPECT_EQ(running.put("/v1/streams/b", scene()).status, 201);
  ASSERT_TRUE(running.more_frames("a"));
  ASSERT_TRUE(running.more_frames("b"));
  const auto all = [&] { return running.get("/v1/streams").json()["streams"]; };
  ASSERT_EQ(all().size(), 2u);
  EXPECT_EQ(all()[0]["name"], "a");
  EXPECT_TRUE(eventually([&] { return all()[0]["state"] == "playing"; }));  // a frame can come before it is told

  const std::uint64_t before = running.frames("b");
  json larger = scene();
  larger["source"]["width"] = 400;
  const Reply replaced = running.put("/v1/streams/a", larger);
  EXPECT_EQ(replaced.status, 200);
  EXPECT_EQ(replaced.json()["config"]["source"]["width"], 400);
  EXPECT_GE(running.frames("b"), before) << "the other one goes on";

  EXPECT_EQ(ask(running.port, "DELETE", "/v1/streams/a").status, 204);
  EXPECT_EQ(running.get("/v1/streams/a").status, 404);
  EXPECT_EQ(ask(running.port, "DELETE", "/v1/streams/a").status, 404);
  EXPECT_TRUE(running.more_frames("b", running.frames("b")));
}

TEST(Control, AThresholdChangesWithoutAPause) {
  const Running running;
  ASSERT_EQ(running.put("/v1/streams/a", scene()).status, 201);
  ASSERT_TRUE(running.more_frames("a", 5));
  const Reply changed = running.patch("/v1/streams/a", {{"stage", {{{"infer", {{"score_threshold", 0.75}}}}}}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.json()["config"]["stage"][0]["infer"]["score_threshold"], 0.75);
  EXPECT_GE(changed.json()["status"]["frames"], 5) << "it was not begun anew";

  const Reply restart = running.patch("/v1/streams/a", {{"source", {{"width", 640}}}});
  EXPECT_EQ(restart.status, 409) << restart.body;
  EXPECT_EQ(running.get("/v1/streams/a").json()["config"]["source"]["width"], 320) << "nothing was changed";
  EXPECT_EQ(running.patch("/v1/streams/none", scene()).status, 404);
}

TEST(Control, RefusesWithTheFieldsPlaceAndChangesNothing) {
  const Running running;
  ASSERT_EQ(running.put("/v1/streams/a", scene()).status, 201);
  const std::string before = running.get("/v1/config").body;
  struct Case {
    const char *body, *field, *word;
  };
  const Case cases[] = {
      {R"({"source": )", "", "Unexpected end"},
      {R"([])", "", "Root element"},
      {R"({"sorce": {}})", "$.sorce", "accepted are name, source"},
      {R"({"source": {"uri": "test", "widht": 1}})", "$.source.widht", "width"},
      {R"({"source": {"uri": "test", "width": "broad"}})", "$.source.width", "broad"},
      {R"({"source": {"uri": "test", "width": -1}})", "$.source.width", "0 or more"},
      {R"({"source": {"uri": "none.mp4"}})", "$.source.uri", "no such file"},
      {R"({"source": {"uri": "test"}, "stage": [{"infer": {"score_threshold": 7}}]})",
       "$.stage[0].infer.score_threshold", "-1..1"},
      {R"({"source": {"uri": "test"}, "stage": [{"infer": {"scores": 7}}]})", "$.stage[0].infer.scores",
       "score_threshold"},
      {R"({"source": {"uri": "test"}, "stage": [{"infer": {"model": "none.onnx"}}]})", "$.stage[0].infer.model",
       "no file"},
      {R"({"source": {"uri": "test"}, "sink": [{"to": "none"}, {"to": "what.ever"}]})", "$.sink[1].to", "accepted are"},
      {R"({"source": {"uri": "test", "property": {"patern": "1"}}})", "$.source.property.patern", "pattern"},
      {R"({"name": "b", "source": {"uri": "test"}})", "$.name", "the address says 'a'"},
      {R"({})", "", "source"},
  };
  for (const Case& c : cases) {
    const Reply refused = ask(running.port, "PUT", "/v1/streams/a", c.body);
    EXPECT_EQ(refused.status, 400) << c.body << ": " << refused.body;
    const json error = refused.json()["error"];
    if (*c.field) EXPECT_EQ(error.value("field", ""), c.field) << refused.body;
    EXPECT_NE(error["message"].get<std::string>().find(c.word), std::string::npos) << refused.body;
  }
  EXPECT_EQ(running.get("/v1/config").body, before);
  EXPECT_TRUE(running.more_frames("a", running.frames("a")));
}

TEST(Control, TheWholeConfigurationComesBackAsItWent) {
  const Running running;
  json a = scene();
  a["draw"] = {{"thickness", 3}};
  a["sink"] = {{{"to", "jsonl:a.jsonl"}}};
  ASSERT_EQ(running.put("/v1/streams/a", a).status, 201);
  ASSERT_EQ(running.put("/v1/streams/b", scene()).status, 201);
  ASSERT_TRUE(running.more_frames("a", 3));
  const json config = running.get("/v1/config").json();
  EXPECT_EQ(config["stream"][0]["draw"]["thickness"], 3);
  EXPECT_EQ(config["stream"][0]["sink"][0]["to"], "jsonl:" + running.scratch.file("a.jsonl"));
  const std::uint64_t before = running.frames("a");
  const Reply same = running.put("/v1/config", config);
  ASSERT_EQ(same.status, 200) << same.body;
  EXPECT_EQ(same.json(), config);
  EXPECT_GE(running.frames("a"), before) << "the same configuration changes nothing";
  EXPECT_TRUE(running.deployment.snapshot().removed.empty());

  json without = config;
  without["stream"].erase(0);
  ASSERT_EQ(running.put("/v1/config", without).status, 200);
  EXPECT_EQ(running.get("/v1/streams/a").status, 404);
  without["control"] = {{"listen", "1"}};
  EXPECT_EQ(running.put("/v1/config", without).json()["error"]["field"], "$.control");
}

TEST(Control, SecretsStayHere) {
  const Running running;
  const json camera = {
      {"source", {{"uri", "rtsp://admin:secret@127.0.0.1:9/1"}, {"property", {{"user-pw", "hidden"}}}}}};
  ASSERT_EQ(running.put("/v1/streams/camera", camera).status, 201);
  const json config = running.get("/v1/config").json();
  std::string told;
  for (const char* path : {"/v1/config", "/v1/streams", "/v1/streams/camera", "/metrics", "/readyz"})
    told += running.get(path).body;
  for (const char* secret : {"secret", "admin", "hidden"}) EXPECT_EQ(told.find(secret), std::string::npos) << told;
  const Reply back = running.put("/v1/config", config);
  ASSERT_EQ(back.status, 200) << back.body;
  EXPECT_TRUE(running.deployment.snapshot().removed.empty()) << "it kept its password, so it is the same";
}

TEST(Control, ShowsTheNextFrameWithItsDrawings) {
  const Running running;
  ASSERT_EQ(running.put("/v1/streams/a", scene()).status, 201);
  ASSERT_TRUE(running.more_frames("a"));
  const Reply jpeg = running.get("/v1/streams/a/snapshot.jpg"), png = running.get("/v1/streams/a/snapshot.png");
  ASSERT_EQ(jpeg.status, 200) << jpeg.body;
  EXPECT_NE(jpeg.headers.find("image/jpeg"), std::string::npos);
  EXPECT_TRUE(jpeg.body.starts_with("\xff\xd8\xff"));
  EXPECT_TRUE(running.get("/v1/streams/a/snapshot").body.starts_with("\xff\xd8\xff"));
  EXPECT_NE(png.headers.find("image/png"), std::string::npos);
  EXPECT_TRUE(png.body.starts_with("\x89PNG"));
  std::ofstream(running.scratch.file("a.png")) << png.body;
  EXPECT_EQ(deployment::read_back(running.scratch.file("a.png")).width, 320);
  EXPECT_EQ(running.get("/v1/streams/none/snapshot.jpg").status, 404);
  ASSERT_EQ(running.put("/v1/streams/away", {{"source", {{"uri", "rtsp://127.0.0.1:9/x"}}}}).status, 201);
  const Reply none = running.get("/v1/streams/away/snapshot.jpg");
  EXPECT_EQ(none.status, 503);
  EXPECT_EQ(none.json()["error"]["code"], "no_frame");
}

TEST(Control, IsReadyWhenFramesCome) {
  const Running running;
  EXPECT_EQ(running.get("/healthz").status, 200);
  EXPECT_EQ(running.get("/readyz").status, 200) << "it waits for streams";
  ASSERT_EQ(running.put("/v1/streams/a", scene()).status, 201);
  EXPECT_TRUE(eventually([&] { return running.get("/readyz").status == 200 && running.frames("a") > 0; }));
  ASSERT_EQ(running.put("/v1/streams/away", {{"source", {{"uri", "rtsp://127.0.0.1:9/x"}}}}).status, 201);
  const Reply waits = running.get("/readyz");
  EXPECT_EQ(waits.status, 503);
  EXPECT_EQ(waits.json()["waiting"][0]["name"], "away");
}

TEST(Control, CountsForPrometheus) {
  const Running running;
  json a = scene(false);
  a["max_frames"] = 20;
  a["sink"] = {{{"to", "jsonl:a.jsonl"}}};
  ASSERT_EQ(running.put("/v1/streams/a\"b", a).status, 201);
  ASSERT_TRUE(eventually([&] { return running.deployment.done(); }));
  const Reply metrics = running.get("/metrics");
  ASSERT_EQ(metrics.status, 200);
  const auto has = [&](const std::string& line) {
    EXPECT_NE(("\n" + metrics.body).find("\n" + line), std::string::npos) << line << " in\n" << metrics.body;
  };
  const std::string stream = "stream=\"a\\\"b\"";
  for (const char* name : {"vireo_frames_in_total", "vireo_frames_out_total", "vireo_inferences_total"})
    has(std::string(name) + "{" + stream + "} 20");
  for (const char* reason : {"queue_full", "newer", "late"})
    has("vireo_frames_dropped_total{" + stream + ",reason=\"" + reason + "\"} 0");
  has("vireo_stream_state{" + stream + ",state=\"ended\"} 1");
  has("vireo_stream_state{" + stream + ",state=\"playing\"} 0");
  has("vireo_latency_seconds_count{" + stream + "} 20");
  has("vireo_latency_seconds_bucket{" + stream + ",le=\"+Inf\"} 20");
  has("vireo_input_restarts_total{" + stream + "} 0");
  has("vireo_sink_frames_total{" + stream + ",sink=\"jsonl:" + running.scratch.file("a.jsonl") + "\"} 20");
  has("process_resident_memory_bytes ");
  has("process_cpu_seconds_total ");
  // Buckets never fall, and no series appears twice.
  std::map<std::string, double> seen;
  double last = 0;
  std::istringstream lines(metrics.body);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    const std::size_t blank = line.rfind(' ');
    EXPECT_TRUE(seen.emplace(line.substr(0, blank), 0).second) << line;
    if (!line.starts_with("vireo_latency_seconds_bucket")) continue;
    const double count = std::stod(line.substr(blank));
    EXPECT_GE(count, last) << line;
    last = count;
  }
}

TEST(Control, TellsEverySeriesOnceAlsoWhereSinksDifferInSecretsAlone) {
  deployment::Snapshot snapshot;
  snapshot.streams.resize(1);
  snapshot.streams[0].name = "a";
  snapshot.streams[0].outputs.resize(2);
  snapshot.streams[0].outputs[0].to = "mqtt://me:one@host/x";
  snapshot.streams[0].outputs[1].to = "mqtt://me:two@host/x";
  std::istringstream lines(metrics_text(snapshot, 0));
  std::set<std::string> series;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
    EXPECT_EQ(line.find("one"), std::string::npos) << line;
  }
  EXPECT_TRUE(series.contains("vireo_sink_frames_total{stream=\"a\",sink=\"mqtt://host/x #2\"}"));
}

TEST(Control, EveryRouteIsInTheDocumentAndTheReverse) {
  std::set<std::string> served, written;
  for (const Route& route : routes()) served.insert(std::string(route.method) + " " + std::string(route.path));
  const json document = json::parse(openapi());
  EXPECT_EQ(document["openapi"], "3.1.0");
  for (const auto& [path, item] : document["paths"].items())
    for (const auto& [method, operation] : item.items()) {
      if (method == "parameters") continue;
      std::string upper = method;
      for (char& c : upper) c = char(std::toupper(static_cast<unsigned char>(c)));
      written.insert(upper + " " + path);
      EXPECT_TRUE(operation.contains("operationId") && operation.contains("responses")) << path;
    }
  EXPECT_EQ(served, written);
  const Running running;
  EXPECT_EQ(running.get("/openapi.json").json(), document);
  // Each reference leads somewhere.
  const std::string text = openapi(), mark = "\"$ref\": \"#";
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const std::size_t begin = at + mark.size();
    EXPECT_TRUE(document.contains(json::json_pointer(text.substr(begin, text.find('"', begin) - begin))));
  }
}

TEST(Control, AnswersWhatIsNoRequestOfIts) {
  const Running running;
  EXPECT_EQ(running.get("/").status, 404);
  EXPECT_EQ(running.get("/v1/streams/").status, 404);
  EXPECT_EQ(running.get("/v1/streams/../../etc/passwd").status, 404);
  EXPECT_EQ(running.get("/v1/streams/a%2Fb").status, 404);
  EXPECT_EQ(ask(running.port, "PUT", "/v1/streams/..", scene().dump()).status, 400)
      << "it would be part of files' names";
  EXPECT_EQ(ask(running.port, "PUT", "/v1/streams/a%0Ab", scene().dump()).status, 400);
  const Reply method = ask(running.port, "POST", "/v1/streams/a", "{}");
  EXPECT_EQ(method.status, 405);
  EXPECT_NE(method.headers.find("Allow: GET, PUT, PATCH, DELETE"), std::string::npos) << method.headers;
  EXPECT_EQ(ask(running.port, "GET", "/" + std::string(3000, 'x')).status, 414);
  EXPECT_EQ(ask(running.port, "PUT", "/v1/streams/a", std::string(3 << 20, ' ')).status, 413);
  EXPECT_EQ(ask(running.port, "PUT", "/v1/streams/a", "{\"" + std::string(900000, 'k') + "\": 1}").status, 400);
  const std::string form = "Content-Type: application/x-www-form-urlencoded\r\n";  // as curl -d says
  const Reply large = ask(running.port, "PUT", "/v1/streams/a", "{\"" + std::string(100000, 'k') + "\": 1}", form);
  EXPECT_EQ(large.status, 400) << "it was read";
  EXPECT_EQ(ask(running.port, "PUT", "/v1/streams/a", "").status, 411);
  EXPECT_EQ(ask(running.port, "PUT", "/v1/streams/a", "", "Transfer-Encoding: chunked\r\n").status, 411);
  EXPECT_EQ(ask(running.port, "DELETE", "/v1/streams/a", "", "Transfer-Encoding: chunked\r\n").status, 411);
  EXPECT_EQ(ask(running.port, "PUT", "/v1/streams/a", "{}", "Content-Encoding: gzip\r\n").status, 415);
  EXPECT_EQ(ask(running.port, "PUT", "/v1/streams/a", "x", "Content-Type: multipart/form-data; boundary=x\r\n").status,
            415);
  std::string deep = "1";
  for (int i = 0; i < 5000; ++i) deep = "{\"source\": " + deep + "}";
  EXPECT_EQ(ask(running.port, "PUT", "/v1/streams/a", deep).status, 400);
  EXPECT_EQ(ask(running.port, "GET", "/v1/streams", "", "", "evil.example").status, 403);
  EXPECT_EQ(ask(running.port, "GET", "/v1/streams", "", "Origin: https://evil.example\r\n").status, 403);
  for (const char* noise : {"\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02", "GET / HTTP/9.9\r\n\r\n"}) {
    const Connection connection(running.port);
    connection.send(noise);
  }
  EXPECT_EQ(running.get("/healthz").status, 200);
}

TEST(Control, MoreClientsThanAreServedWaitAndNoneIsLost) {
  const Running running;
  std::vector<std::unique_ptr<Connection>> silent;
  for (int i = 0; i < 17; ++i) {  // say half a request and no more
    silent.push_back(std::make_unique<Connection>(running.port));
    silent.back()->send("GET /healthz HTTP/1.1\r\nHost: loc");
  }
  EXPECT_EQ(running.get("/healthz").status, 200) << "silence was ended, and its place taken";
}

TEST(Control, ThoseWhoSpeakForEverLoseTheirPlaces) {
  const Running running;
  std::atomic<bool> over{false};
  std::vector<std::thread> slow;
  for (int i = 0; i < 17; ++i) {
    slow.emplace_back([&, i] {
      const Connection connection(running.port);
      // Half of them in a header, half in a body.
      connection.send(i % 2 == 0 ? "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: "
                                 : "PUT /v1/streams/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n");
      while (!over) {
        connection.send("x");
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
      }
    });
  }
  EXPECT_EQ(running.get("/healthz").status, 200);
  over = true;
  for (std::thread& client : slow) client.join();
}

TEST(Control, AsksForTheTokenWhereOneIsGiven) {
  const deployment::Scratch scratch;
  std::ofstream(scratch.file("token")) << "0123456789abcdef\n";
  const Running running({}, scratch.file("token"));
  EXPECT_EQ(running.get("/v1/streams").status, 401);
  EXPECT_EQ(running.get("/metrics").status, 401);
  EXPECT_EQ(ask(running.port, "PUT", "/v1/streams/a", scene().dump()).status, 401);
  EXPECT_EQ(running.get("/healthz").status, 200);
  EXPECT_FALSE(running.get("/readyz").json().contains("waiting"));
  const std::string token = "Authorization: Bearer 0123456789abcdef\r\n";
  EXPECT_EQ(ask(running.port, "GET", "/v1/streams", "", token).status, 200);
  EXPECT_TRUE(ask(running.port, "GET", "/readyz", "", token).json().contains("waiting"));
}

TEST(Control, ManyClientsChangeOneDeployment) {
  const Running running;
  std::vector<std::thread> clients;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&, i] {
      const std::string path = "/v1/streams/s" + std::to_string(i);
      for (int round = 0; round < 3; ++round) {
        wrong += running.put(path, scene()).status != 201;
        wrong += running.get("/v1/streams").status != 200;
        wrong += running.get("/metrics").status != 200;
        wrong += ask(running.port, "DELETE", path).status != 204;
      }
    });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(running.deployment.snapshot().streams.empty());
}

}  // namespace
}  // namespace vireo::control
