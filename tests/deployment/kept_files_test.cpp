// Files under a pattern: names, and that nothing but what was written is ever removed.

#include "app/deployment/kept_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <set>

#include "app/deployment/recording_file.h"
#include "tests/deployment/harness.h"

namespace vireo::deployment {
namespace {

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// What lies in the folder, but for the list.
std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    if (!entry.path().filename().string().ends_with(".written")) names.insert(entry.path().filename().string());
  return names;
}

fs::path write(KeptFiles& kept, const std::string& text) {
  const fs::path name = kept.next(), part = name.string() + ".part";
  std::ofstream(part) << text;
  kept.add({{name, part}});
  rename_to_free(part, name);
  kept.settle(name);
  return name;
}

void make_older(const fs::path& file, double seconds) {
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  const timespec times[2] = {{0, UTIME_OMIT}, {info.st_mtim.tv_sec - time_t(seconds), 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
}

TEST(NamePattern, HasOneNumberOrOneTime) {
  EXPECT_EQ(NamePattern::parse("a/rec-%05d.mp4")->path(7, 0), "a/rec-00007.mp4");
  EXPECT_EQ(NamePattern::parse("rec-%d.mp4")->path(123456, 0), "rec-123456.mp4");
  EXPECT_EQ(NamePattern::parse("%3d.mp4")->path(1234, 0), "1234.mp4");
  EXPECT_EQ(NamePattern::parse("n-%t.mp4")->path(1, 1795899904123), "n-20261128T210504.123Z.mp4");
  for (const char* none :
       {"rec.mp4", "100%.mp4", "a%20b.mp4", "%05d-%t.mp4", "%d%d.mp4", "rec-%0005d.mp4", "%05d/rec.mp4"})
    EXPECT_FALSE(NamePattern::parse(none)) << none;
}

TEST(NamePattern, KnowsItsOwnNamesAndNoOthers) {
  const NamePattern numbers = *NamePattern::parse("rec-%05d.mp4"), times = *NamePattern::parse("rec-%t.mp4");
  EXPECT_EQ(numbers.number_of("rec-00012.mp4"), 12u);
  EXPECT_EQ(numbers.number_of("rec-123456.mp4"), 123456u);
  for (const char* other : {"rec-0012.mp4", "rec-000012.mp4", "rec-00012.MP4", "rec-+0012.mp4", "rec-00012.mp4.bak",
                            "my-rec-00012.mp4", "rec-.mp4", "rec-00012-2.mp4", "rec- 0012.mp4"})
    EXPECT_FALSE(numbers.number_of(other)) << other;
  EXPECT_TRUE(times.number_of("rec-20261128T205504.123Z.mp4"));
  EXPECT_FALSE(times.number_of("rec-20261128T205504Z.mp4"));
}

TEST(KeptFiles, GoWhenThereAreTooManyAndNothingElseGoes) {
  Scratch scratch;
  const std::string pattern = scratch.file("rec-%05d.mp4");
  const std::set<std::string> foreign = {"rec-00000.mp4", "rec-00001.mp4.bak", "Rec-00003.mp4", "rec-3.mp4",
                                         "other.mp4",     "rec-00001.json",    "rec-00004.mp4", "rec-00005.mp4"};
  for (const std::string& name : foreign) std::ofstream(scratch.path / name) << "the user's";
  fs::remove(scratch.path / "rec-00004.mp4");
  fs::create_symlink("other.mp4", scratch.path / "rec-00004.mp4");
  fs::remove(scratch.path / "rec-00005.mp4");
  fs::create_hard_link(scratch.path / "other.mp4", scratch.path / "rec-00005.mp4");
  {
    KeptFiles kept(pattern, {2, 0, 0});
    EXPECT_EQ(write(kept, "a").filename(), "rec-00006.mp4") << "behind all there are";
    for (const char* text : {"b", "c", "d"}) write(kept, text);
  }
  std::set<std::string> all = foreign;
  all.insert({"rec-00008.mp4", "rec-00009.mp4"});
  EXPECT_EQ(names_in(scratch.path), all);
  {
    KeptFiles kept(pattern, {1, 0, 0});  // the next run goes on, with less to keep
    EXPECT_EQ(write(kept, "e").filename(), "rec-00010.mp4");
  }
  all.erase("rec-00008.mp4");
  all.erase("rec-00009.mp4");
  all.insert("rec-00010.mp4");
  EXPECT_EQ(names_in(scratch.path), all);
  for (const std::string& name : foreign) EXPECT_EQ(text_of(scratch.path / name), "the user's") << name;
}

TEST(KeptFiles, ThatAreFinishedAtTheSameTimeAreAllCounted) {
  const Scratch scratch;
  Keep keep;
  keep.files = 1;
  KeptFiles kept(scratch.path / "rec-%d.mp4", keep);
  std::vector<fs::path> names;
  for (int i = 0; i < 3; ++i) {  // all are in the list before the first has its name
    names.push_back(kept.next());
    const fs::path part = names.back().string() + ".part";
    std::ofstream(part) << i;
    kept.add({{names.back(), part}});
  }
  for (const int i : {2, 0, 1}) {
    rename_to_free(names[std::size_t(i)].string() + ".part", names[std::size_t(i)]);
    kept.settle(names[std::size_t(i)]);
  }
  EXPECT_EQ(names_in(scratch.path), (std::set<std::string>{"rec-2.mp4"}));
}

TEST(KeptFiles, ThatNeverGotTheirNameHoldUpNothing) {
  const Scratch scratch;
  Keep keep;
  keep.files = 1;
  KeptFiles kept(scratch.path / "rec-%d.mp4", keep);
  const fs::path failed = kept.next();
  std::ofstream(failed.string() + ".part") << "x";
  kept.add({{failed, failed.string() + ".part"}});
  kept.settle(failed);  // its disk was full
  for (int i = 0; i < 3; ++i) write(kept, "y");
  EXPECT_EQ(names_in(scratch.path), (std::set<std::string>{"rec-0.mp4.part", "rec-3.mp4"}));
}

TEST(KeptFiles, ThatTheUserHasTouchedAreTheUsers) {
  Scratch scratch;
  const std::string pattern = scratch.file("rec-%05d.mp4");
  KeptFiles kept(pattern, {1, 0, 0});
  const fs::path first = write(kept, "first");
  std::ofstream(first, std::ios::app) << " and a note";
  const fs::path second = write(kept, "second");
  EXPECT_EQ(text_of(first), "first and a note") << "it was written to";
  fs::remove(second);
  std::ofstream(second) << "SECOND";
  const fs::path third = write(kept, "third");
  EXPECT_EQ(text_of(second), "SECOND") << "it was put in its place";
  fs::rename(third, scratch.path / "keep-me.mp4");
  fs::create_symlink("keep-me.mp4", third);
  const fs::path fourth = write(kept, "fourth");
  EXPECT_TRUE(fs::is_symlink(third));
  EXPECT_EQ(text_of(scratch.path / "keep-me.mp4"), "third");
  fs::create_hard_link(fourth, scratch.path / "copy.mp4");
  write(kept, "fifth");
  EXPECT_FALSE(fs::exists(fourth));
  EXPECT_EQ(text_of(scratch.path / "copy.mp4"), "fourth") << "another name of it stays";
}

TEST(KeptFiles, AreLimitedByBytesAndByAge) {
  Scratch scratch;
  {
    KeptFiles kept(scratch.file("a-%05d.bin"), {0, 10, 0});
    for (int i = 0; i < 5; ++i) write(kept, "1234");
    EXPECT_EQ(names_in(scratch.path), (std::set<std::string>{"a-00003.bin", "a-00004.bin"}));
    write(kept, "more than all together");
    EXPECT_EQ(names_in(scratch.path), (std::set<std::string>{"a-00005.bin"})) << "the newest always stays";
  }
  fs::remove(scratch.path / "a-00005.bin");
  KeptFiles kept(scratch.file("b-%t.bin"), {0, 0, 3600});
  std::vector<fs::path> files;
  for (int i = 0; i < 3; ++i) {
    const fs::path name = kept.next(), part = name.string() + ".part";
    std::ofstream(part) << i;
    if (i == 0) make_older(part, 3700);
    if (i == 1) make_older(part, 3500);
    kept.add({{name, part}});
    rename_to_free(part, name);
    kept.settle(name);
    files.push_back(name.filename());
  }
  EXPECT_EQ(names_in(scratch.path), (std::set<std::string>{files[1].string(), files[2].string()}));
}

TEST(KeptFiles, OfOnePatternHaveOneWriter) {
  Scratch scratch;
  KeptFiles kept(scratch.file("rec-%05d.mp4"), {});
  write(kept, "a");
  try {
    KeptFiles second(scratch.file("rec-%05d.mp4"), {});
    FAIL() << "two write the same names";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("another sink or process"), std::string::npos) << error.what();
  }
  KeptFiles other(scratch.file("cam-%05d.mp4"), {});
}

TEST(KeptFiles, RemainKnownThroughThousandsOfThem) {
  Scratch scratch;
  const std::string pattern = scratch.file("rec-%05d.mp4");
  {
    KeptFiles kept(pattern, {3, 0, 0});
    for (int i = 0; i < 2500; ++i) write(kept, "x");
    EXPECT_LT(fs::file_size(scratch.path / ".rec-%05d.mp4.written"), 100000u) << "the list is written anew";
    EXPECT_THROW(KeptFiles(pattern, {}), Error) << "and stays locked";
  }
  KeptFiles kept(pattern, {1, 0, 0});
  EXPECT_EQ(names_in(scratch.path), (std::set<std::string>{"rec-02499.mp4"}));
}

TEST(KeptFiles, GoTogetherWithWhatLiesBesideThem) {
  Scratch scratch;
  KeptFiles kept(scratch.file("clip-%05d.mp4"), {1, 0, 0});
  std::ofstream(scratch.path / "clip-00001.json") << "the user's";
  for (int i = 0; i < 2; ++i) {
    const fs::path name = kept.next(".json");
    fs::path beside = name;
    beside.replace_extension(".json");
    for (const fs::path& file : {name, beside}) std::ofstream(file) << i;
    kept.add({{name, name}, {beside, beside}});
    kept.settle(name);
  }
  EXPECT_EQ(names_in(scratch.path), (std::set<std::string>{"clip-00001.json", "clip-00002.json", "clip-00002.mp4"}));
}

config::Option option(const char* text) { return {text, {"file:1:2"}}; }

TEST(SinkOptions, SayWhatIsAccepted) {
  config::SinkConfig sink;
  sink.properties = {{"keep", option("7d, 20GB,100")}, {"segment", option("90s")}, {"after", option("2min")}};
  const SinkOptions good(sink, {"keep", "segment", "after"});
  EXPECT_EQ(good.keep().files, 100u);
  EXPECT_EQ(good.keep().bytes, 20000000000u);
  EXPECT_EQ(good.keep().seconds, 7 * 86400);
  EXPECT_EQ(good.time_or_bytes("segment", {}).value, 90);
  EXPECT_EQ(good.time("after", 5, 0, 3600), 120 * GST_SECOND);
  EXPECT_EQ(good.time("before", 5, 0, 3600), 5 * GST_SECOND);
  for (const char* bad : {"", "0", "many", "5 apples", "10,20", "-3", "1d,2d", "0.5", "nan", "1e99"}) {
    sink.properties["keep"] = option(bad);
    EXPECT_THROW((void)SinkOptions(sink, {}).keep(), Error) << bad;
  }
  for (const char* bad : {"", "60", "0s", "5B", "yes"}) {
    sink.properties["segment"] = option(bad);
    EXPECT_THROW((void)SinkOptions(sink, {}).time_or_bytes("segment", {}), Error) << bad;
  }
}

TEST(When, NamesClassesAndLeastScores) {
  const auto detection = [](const char* label, float score) {
    sdk::Detection one;
    one.label = label;
    one.score = score;
    return one;
  };
  const When when(option("person>0.5, traffic light,car>=0.25"));
  EXPECT_TRUE(when.matches(detection("person", 0.6f)));
  EXPECT_FALSE(when.matches(detection("person", 0.5f)));
  EXPECT_TRUE(when.matches(detection("traffic light", 0.01f)));
  EXPECT_TRUE(when.matches(detection("car", 0.25f)));
  EXPECT_FALSE(when.matches(detection("dog", 0.9f)));
  EXPECT_TRUE(When(option("*>0.9")).matches(detection("dog", 0.95f)));
  for (const char* bad : {"", ",", "person>", "person>2", ">0.5", "person>x"})
    EXPECT_THROW(When{option(bad)}, Error) << bad;
}

}  // namespace
}  // namespace vireo::deployment
