#include "lake/text_bound.h"

#include <gtest/gtest.h>

#include <random>

namespace laketide::lake {
namespace {

TEST(TextBound, short_text_is_its_own_bound) {
  EXPECT_EQ(lower_text_bound("abc", 32), "abc");
  EXPECT_EQ(upper_text_bound("abc", 32), "abc");
  EXPECT_EQ(upper_text_bound(std::string(32, 'a'), 32), std::string(32, 'a'));
  EXPECT_EQ(upper_text_bound("", 32), "");
}

TEST(TextBound, long_text_is_cut_and_the_maximum_gets_a_tie_breaker) {
  EXPECT_EQ(lower_text_bound(std::string(33, 'a'), 32), std::string(32, 'a'));
  EXPECT_EQ(upper_text_bound(std::string(33, 'a'), 32), std::string(32, 'a') + "\x7f");
  EXPECT_EQ(upper_text_bound(std::string(32, 'a') + "ä", 32), std::string(32, 'a') + "\xF4\x8F\xBF\xBF");
}

TEST(TextBound, cuts_at_characters_and_not_inside_of_one) {
  std::string umlauts;
  for (int i = 0; i < 40; ++i) umlauts += "ä";
  EXPECT_EQ(lower_text_bound(umlauts, 32), umlauts.substr(0, 64));
  EXPECT_EQ(upper_text_bound(umlauts, 32), umlauts.substr(0, 64) + "\xF4\x8F\xBF\xBF");
}

TEST(TextBound, behind_the_largest_character_the_prefix_grows_or_there_is_no_bound) {
  const std::string largest = "\xF4\x8F\xBF\xBF";
  EXPECT_EQ(upper_text_bound("ab" + largest + "cd", 2), "ab" + largest + "\x7f");
  std::string all;
  for (int i = 0; i < 10; ++i) all += largest;
  EXPECT_EQ(upper_text_bound(all, 2), std::nullopt);
}

TEST(TextBound, bytes_that_are_no_text_have_no_bound) {
  EXPECT_EQ(lower_text_bound("\xff\xfe", 32), std::nullopt);
  EXPECT_EQ(upper_text_bound(std::string(40, 'a') + "\xff", 32), std::nullopt);
}

TEST(TextBound, bounds_every_text) {
  std::mt19937 random(7);
  const std::string pieces[] = {"a", "\x7f", "z", "ß", "€", "😀", "\xF4\x8F\xBF\xBF"};
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (auto length = random() % 12; length > 0; --length) text += pieces[random() % std::size(pieces)];
    const auto low = lower_text_bound(text, 3), high = upper_text_bound(text, 3);
    ASSERT_TRUE(low.has_value());
    EXPECT_LE(*low, text);
    EXPECT_GE(high.value_or(text), text);
  }
}

}  // namespace
}  // namespace laketide::lake
