// Regular expressions of RE2's syntax over whole texts.
#include "engine/ops/regex_match/regex.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/api/error.h"

namespace vireo::ops {
namespace {

bool matches(std::string_view pattern, std::string_view text) { return Regex(pattern).matches(text); }

TEST(Regex, TheWholeTextMatches) {
  EXPECT_TRUE(matches("abc", "abc"));
  EXPECT_FALSE(matches("abc", "abcd"));
  EXPECT_FALSE(matches("abc", "xabc"));
  EXPECT_TRUE(matches("", ""));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_TRUE(matches("a|bc|", "bc"));
  EXPECT_TRUE(matches("a|bc|", ""));
}

TEST(Regex, RepetitionsCount) {
  EXPECT_TRUE(matches("a{2,3}", "aaa"));
  EXPECT_FALSE(matches("a{2,3}", "aaaa"));
  EXPECT_FALSE(matches("a{2,3}", "a"));
  EXPECT_TRUE(matches("(ab){2}", "abab"));
  EXPECT_TRUE(matches("a{0}", ""));
  EXPECT_TRUE(matches("a{,2}", "a{,2}")) << "a brace that is no count stands for itself";
  EXPECT_TRUE(matches("a+?b*?", "aab"));
}

TEST(Regex, ClassesHoldRangesNamesAndTheirOpposites) {
  EXPECT_TRUE(matches("[a-c\\d_-]+", "b7-_a"));
  EXPECT_TRUE(matches("[]a]+", "]a"));
  EXPECT_TRUE(matches("[^a-z]+", "ABC 1"));
  EXPECT_FALSE(matches("[^a-z]", "q"));
  EXPECT_TRUE(matches("[[:alpha:]]+[[:^alpha:]]", "abc1"));
  EXPECT_TRUE(matches("\\w+\\s\\S+\\W", "a1 b\xc3\xa4!"));
  EXPECT_FALSE(matches(".", "\n"));
  EXPECT_TRUE(matches("(?s).", "\n"));
}

TEST(Regex, LettersAreCodePoints) {
  EXPECT_TRUE(matches(".", "\xc3\xa4"));
  EXPECT_TRUE(matches("\\x{e4}", "\xc3\xa4"));
  EXPECT_TRUE(matches("[\xc3\xa4-\xc3\xbc]", "\xc3\xb6"));
  EXPECT_TRUE(matches("(?i)\xc3\x84", "\xc3\xa4"));
  EXPECT_FALSE(matches("\xc3\xa4", "\xc3"));
}

TEST(Regex, FlagsHoldToTheEndOfTheirGroup) {
  EXPECT_TRUE(matches("(?i)AbC", "aBc"));
  EXPECT_TRUE(matches("a(?i:b)c", "aBc"));
  EXPECT_FALSE(matches("a(?i:b)c", "aBC"));
  EXPECT_TRUE(matches("a(?i)b(?-i)c", "aBc"));
  EXPECT_FALSE(matches("(?i)[^k]", "K"));
}

TEST(Regex, AssertionsLookAtBothSides) {
  EXPECT_TRUE(matches("^a$", "a"));
  EXPECT_FALSE(matches("a^b", "ab"));
  EXPECT_TRUE(matches("(?m)a$\\n^b", "a\nb"));
  EXPECT_TRUE(matches("\\ba\\b.\\bb", "a b"));
  EXPECT_TRUE(matches("a\\Bb", "ab"));
  EXPECT_FALSE(matches("a\\bb", "ab"));
  EXPECT_TRUE(matches("\\Aa\\z", "a"));
  EXPECT_TRUE(matches("\\Qa.b\\E+", "a.bbb"));
}

TEST(Regex, TakesTimeInProportionToTheText) {
  const std::string many(20000, 'a');
  EXPECT_FALSE(matches("(a*)*b", many));
  EXPECT_FALSE(matches("(a|aa)+b", many));
  EXPECT_TRUE(matches("(x+x+)+y|a*", many));
  EXPECT_FALSE(matches("((a?){30}){5}a{20}", many));
}

TEST(Regex, SaysWhatIsWrongWithAPattern) {
  for (const char* pattern : {"(", ")", "[a", "a{3,2}", "a{1001}", "*", "a**", "[b-a]", "(?z)", "\\q", "[[:none:]]",
                              "(?P<n", "\\x{110000}", "\\xg", "\\"}) {
    try {
      (void)Regex(pattern);
      ADD_FAILURE() << pattern;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_model) << pattern;
      EXPECT_NE(std::string(error.what()).find(pattern), std::string::npos) << error.what();
    }
  }
  for (const char* pattern : {"(?=a)", "(?<!a)", "(a)\\1", "\\pL", "\\C", "((((a{99}){99}){99}){99})"}) {
    try {
      (void)Regex(pattern);
      ADD_FAILURE() << pattern;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << pattern << ": " << error.what();
    }
  }
  EXPECT_THROW((void)Regex(std::string(2000, '(') + std::string(2000, ')')), Error);
}

}  // namespace
}  // namespace vireo::ops
