#include "base/eight_digits.h"

#include <string>

#include <gtest/gtest.h>

namespace laketide {
namespace {

TEST(EightDigits, EndAtTheFirstCharacterThatIsNone) {
  for (int other = 0; other < 256; ++other) {
    if (other >= '0' && other <= '9') continue;
    for (int at = 0; at < 8; ++at) {
      std::string text = "98765430";
      text[static_cast<size_t>(at)] = static_cast<char>(other);
      EXPECT_EQ(leading_digits(eight_at(text.data())), at) << other;
    }
  }
  EXPECT_EQ(leading_digits(eight_at("00000000")), 8);
}

TEST(EightDigits, AreTheNumberThatTheyAre) {
  for (int count = 1; count <= 8; ++count) {
    for (const std::string digits : {"00000000", "12345678", "99999999", "10000000", "00000001", "90807060"}) {
      std::string text = digits;
      for (size_t behind = static_cast<size_t>(count); behind < text.size(); ++behind) text[behind] = '}';
      EXPECT_EQ(digits_value(eight_at(text.data()), count), std::stoull(digits.substr(0, static_cast<size_t>(count)))) << text;
    }
  }
}

}  // namespace
}  // namespace laketide
