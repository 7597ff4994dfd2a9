// Files of any kind under a name that a user gave: what is no regular file is an error at once, and what is written
// appears whole, where the name points to.

#include "engine/base/file.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>

#include "engine/api/builder.h"
#include "engine/api/error.h"
#include "engine/api/plan.h"
#include "engine/api/tensor_file.h"
#include "plugins/decode/labels.h"

namespace vireo::base {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("vireo_files_" + std::to_string(::getpid()));
    fs::create_directories(folder_ / "folder");
    ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
    put("file", "twelve bytes");
  }
  void TearDown() override { fs::remove_all(folder_); }
  void put(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  [[nodiscard]] std::string get(const std::string& name) const { return read_file(folder_ / name); }
  void write(const fs::path& path, std::string_view text) const {
    const std::string_view parts[] = {text.substr(0, text.size() / 2), text.substr(text.size() / 2)};
    write_file_atomically(path, parts);
  }
  [[nodiscard]] mode_t mode_of(const std::string& name) const {
    struct stat info {};
    EXPECT_EQ(::stat((folder_ / name).c_str(), &info), 0);
    return info.st_mode & 07777;
  }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  fs::path folder_;
};

/// The message, once the call has thrown Error.
template <typename Call>
std::string error_of(const Call& call, ErrorCode wanted = ErrorCode::io) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), wanted) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return "";
}

TEST_F(Files, are_read_whole) {
  EXPECT_EQ(get("file"), "twelve bytes");
  const MappedFile mapped = map_file(folder_ / "file");
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(mapped.data.get()), mapped.bytes), "twelve bytes");
  char some[4];
  const InputFile file(folder_ / "file");
  EXPECT_EQ(file.size(), 12u);
  EXPECT_EQ(file.read(10, some, sizeof some), 2u) << "the file ends there";
  EXPECT_EQ(file.read(1000, some, sizeof some), 0u);
}

TEST_F(Files, longer_than_permitted_are_refused) {
  EXPECT_EQ(read_file(folder_ / "file", 12), "twelve bytes");
  (void)error_of([&] { (void)read_file(folder_ / "file", 11); }, ErrorCode::invalid_argument);
}

TEST_F(Files, of_another_kind_are_refused_at_once_by_every_reader) {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  (folder_ / "socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  fs::create_symlink(folder_ / "fifo", folder_ / "link to the fifo");
  for (const fs::path& path : {folder_ / "fifo", folder_ / "folder", folder_ / "socket", folder_ / "link to the fifo",
                               fs::path("/dev/null"), fs::path("/dev/zero")}) {
    SCOPED_TRACE(path);
    EXPECT_NE(error_of([&] { (void)InputFile(path); }).find(path.string()), std::string::npos);
    (void)error_of([&] { (void)map_file(path); });
    (void)error_of([&] { (void)read_file(path); });
    (void)error_of([&] { (void)import_onnx(path); });
    (void)error_of([&] { (void)read_tensor(path); });
    (void)error_of([&] { (void)Plan::load(path); });
    EXPECT_FALSE(Plan::is_plan(path));
    sdk::ModelDescription description;
    (void)error_of([&] {
      (void)decode::choose_labels(description, sdk::Params{{"labels", "file:" + path.string()}}, 1);
    });
    Network network;
    network.mark_output(network.add_layer("unary", {network.add_input("x", DataType::float32, {1})},
                                          {{"function", std::string("neg")}})[0]);
    BuildOptions options;
    options.budget_s = 0;
    options.timing_cache = path;
    (void)error_of([&] { (void)build(network, options); });
  }
  ::close(listener);
}

TEST_F(Files, that_are_missing_are_not_found) {
  (void)error_of([&] { (void)read_file(folder_ / "nothing"); }, ErrorCode::not_found);
  fs::create_symlink("nothing", folder_ / "link");
  (void)error_of([&] { (void)read_file(folder_ / "link"); }, ErrorCode::not_found);
}

TEST_F(Files, are_replaced_whole_and_keep_their_permissions) {
  for (const mode_t mode : {0600, 0444, 0755}) {
    ASSERT_EQ(::chmod((folder_ / "file").c_str(), mode), 0);
    write(folder_ / "file", "new text");
    EXPECT_EQ(get("file"), "new text");
    EXPECT_EQ(mode_of("file"), mode);
  }
  EXPECT_EQ(entries(), 3u) << "no temporary file is left";
}

TEST_F(Files, that_are_new_have_the_permissions_of_the_umask) {
  const mode_t before = ::umask(027);
  write(folder_ / "new", "text");
  ::umask(before);
  EXPECT_EQ(mode_of("new"), 0640u);
}

TEST_F(Files, are_written_where_a_link_points_to) {
  fs::create_symlink("../" + folder_.filename().string() + "/file", folder_ / "folder" / "inner");
  fs::remove(folder_ / "folder" / "inner");
  fs::create_symlink("../file", folder_ / "folder" / "inner");
  fs::create_symlink("folder/inner", folder_ / "link");
  fs::create_symlink("folder/later", folder_ / "dangling");
  write(folder_ / "link", "through two links");
  write(folder_ / "dangling", "made there");
  EXPECT_EQ(get("file"), "through two links");
  EXPECT_EQ(get("folder/later"), "made there");
  for (const char* name : {"link", "dangling", "folder/inner"}) EXPECT_TRUE(fs::is_symlink(folder_ / name)) << name;
}

TEST_F(Files, of_another_kind_are_not_written) {
  for (const char* name : {"folder", "fifo"}) {
    EXPECT_NE(error_of([&] { write(folder_ / name, "text"); }).find(name), std::string::npos);
    EXPECT_FALSE(fs::is_regular_file(folder_ / name));
  }
  (void)error_of([&] { write(folder_ / "no folder" / "file", "text"); }, ErrorCode::not_found);
  fs::create_symlink("circle", folder_ / "circle");
  (void)error_of([&] { write(folder_ / "circle", "text"); });
}

TEST_F(Files, character_devices_are_written_as_they_are) {
  write("/dev/null", "text");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  (void)error_of([&] { write("/dev/full", "text"); });
}

TEST_F(Files, stay_as_they_were_when_writing_fails) {
  const std::string_view parts[] = {"new text"};
  EXPECT_THROW(
      write_file_atomically(folder_ / "file", parts, [](std::string_view) { throw std::runtime_error("stopped"); }),
      std::runtime_error);
  EXPECT_EQ(get("file"), "twelve bytes");
  EXPECT_EQ(entries(), 3u) << "no temporary file is left";
}

TEST_F(Files, with_the_longest_names_can_be_written) {
  const std::string name(255, 'n');
  write(folder_ / name, "text");
  EXPECT_EQ(get(name), "text");
}

}  // namespace
}  // namespace vireo::base
