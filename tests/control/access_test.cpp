// Who may ask: addresses, tokens, hosts.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/control/access.h"
#include "engine/api/error.h"

namespace vireo::control {
namespace {

struct TokenFile {
  std::string path;
  explicit TokenFile(const std::string& text) {
    path = (std::filesystem::temp_directory_path() / ("vireo-token-" + std::to_string(getpid()))).string();
    std::ofstream(path) << text;
  }
  ~TokenFile() { std::filesystem::remove(path); }
};

const std::string kToken = "0123456789abcdef0123456789abcdef";

std::string refusal_of(const std::string& listen, const std::string& token_file = "") {
  try {
    const Access access({listen, {"here"}, token_file, {"there"}});
    return "none";
  } catch (const Error& error) {
    return error.what();
  }
}

Request request(const std::string& host, const std::string& authorization = "",
                const std::string& path = "/v1/streams") {
  Request request;
  request.method = "GET";
  request.path = path;
  request.host = host;
  request.authorization = authorization;
  return request;
}

TEST(Access, ListensAtThisMachineAloneUnlessATokenIsThere) {
  for (const char* good : {"8080", "0", "localhost:1", "127.0.0.1:65535", "127.1.2.3:8080", "[::1]:8080"})
    EXPECT_EQ(refusal_of(good), "none") << good;
  for (const char* open :
       {"0.0.0.0:8080", "[::]:8080", "192.168.1.2:8080", "example.org:80", "127.0.0.1.example.org:80"})
    EXPECT_NE(refusal_of(open).find("token"), std::string::npos) << refusal_of(open);
  for (const char* wrong : {"", "x", "99999", "-1", "8080x", ":8080", "::1:8080", "host:", "1 "})
    EXPECT_TRUE(refusal_of(wrong).starts_with("here: control: found")) << wrong << ": " << refusal_of(wrong);
  const TokenFile token(kToken + "\n");
  EXPECT_EQ(refusal_of("0.0.0.0:8080", token.path), "none");
  EXPECT_EQ(Access({"[::1]:1", {}, "", {}}).address(8080), "http://[::1]:8080");
}

TEST(Access, TakesNoTokenThatCanBeGuessed) {
  for (const char* weak : {"", "\n", "short", "with a blank in the middle of it"})
    EXPECT_NE(refusal_of("8080", TokenFile(weak).path).find("a token is 16"), std::string::npos) << weak;
  EXPECT_NE(refusal_of("8080", "/nonexistent/token").find("there: "), std::string::npos);
  const std::string said = refusal_of("8080", TokenFile("guess-me now").path);
  EXPECT_EQ(said.find("guess-me"), std::string::npos) << said;
}

TEST(Access, AsksForTheTokenAndTellsIfItIsWrong) {
  const TokenFile file("  " + kToken + " \n");
  const Access access({"0.0.0.0:8080", {}, file.path, {}});
  EXPECT_FALSE(access.refusal(request("anything", "Bearer " + kToken)));
  EXPECT_FALSE(access.refusal(request("anything", "bearer " + kToken)));
  const std::vector<std::string> wrongs = {
      "", "Bearer", "Bearer ", "Bearer " + kToken + "0", "Bearer " + kToken.substr(1), "Basic " + kToken, kToken};
  for (const std::string& wrong : wrongs) {
    const auto refused = access.refusal(request("anything", wrong));
    ASSERT_TRUE(refused) << wrong;
    EXPECT_EQ(refused->status, 401);
    EXPECT_EQ(refused->body.find(kToken.substr(1)), std::string::npos);
  }
  for (const char* open : {"/healthz", "/readyz"}) {
    EXPECT_FALSE(access.refusal(request("anything", "", open)));
    EXPECT_FALSE(access.knows_token(request("anything", "", open)));
  }
}

TEST(Access, RefusesPagesThatHaveNamedThemselvesLikeThisMachine) {
  const Access access({"8080", {}, "", {}});
  for (const char* good : {"localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:8080", "127.9.9.9"})
    EXPECT_FALSE(access.refusal(request(good))) << good;
  for (const char* bad : {"", "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example",
                          "[", "127.0.0.1@evil", "[::2]"}) {
    const auto refused = access.refusal(request(bad));
    ASSERT_TRUE(refused) << bad;
    EXPECT_EQ(refused->status, 403);
  }
  Request page = request("localhost:8080");
  page.origin = "https://evil.example";
  EXPECT_TRUE(access.refusal(page));
  page.origin = "null";
  EXPECT_TRUE(access.refusal(page));
  page.origin = "http://localhost:3000";
  EXPECT_FALSE(access.refusal(page));
}

TEST(Access, ComparesAllOfWhatWasGiven) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  for (const char* other : {"", "ab", "abcd", "abcabc", "abd", "xbc"})
    EXPECT_FALSE(equal_in_constant_time("abc", other));
  EXPECT_TRUE(equal_in_constant_time("", ""));
}

TEST(Access, ErrorsNameTheField) {
  const auto of = [](const std::string& message) {
    return nlohmann::json::parse(error_response(400, "x", message).body)["error"];
  };
  EXPECT_EQ(of("$.stage[0].infer.score_threshold: score-threshold: found '7'")["field"],
            "$.stage[0].infer.score_threshold");
  EXPECT_EQ(of("stream 'a': $.source.uri: no").value("field", ""), "$.source.uri");
  EXPECT_FALSE(of("nothing is to blame").contains("field"));
  EXPECT_EQ(of("bytes \xff that are no text").contains("message"), true);
  EXPECT_EQ(of("$." + std::string(1 << 20, 'a'))["field"].get<std::string>().size(), (1u << 20) + 2);
}

}  // namespace
}  // namespace vireo::control
