#include "ledger/intents_in_use.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/ledger.h"
#include "support/temp_dir.h"

namespace laketide {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(IntentsInUse, ShowsWhatTheHolderWantsAndNothingOnceItIsGone) {
  const TempDir folder;
  const std::string state = folder.path() + "/state";
  EXPECT_THAT(*intents_in_use(state), IsEmpty()) << "no such directory";
  auto ledger = Ledger::open(state);
  ASSERT_TRUE(ledger.ok());
  ASSERT_TRUE((*ledger)->save_intent({"a", "running", "", "file", "", ""}).ok());
  ASSERT_TRUE((*ledger)->save_intent({"b", "stopped", "", "file", "", ""}).ok());
  EXPECT_THAT(*intents_in_use(state), ElementsAre(Pair("a", "running"), Pair("b", "stopped")));
  ASSERT_TRUE((*ledger)->save_intent({"a", "paused", "", "file", "", ""}).ok());
  EXPECT_EQ(intents_in_use(state)->at("a"), "paused") << "also what was written since";
  ledger->reset();
  EXPECT_THAT(*intents_in_use(state), IsEmpty());
  EXPECT_TRUE(Ledger::open(state).ok()) << "a look holds nothing";
}

}  // namespace
}  // namespace laketide
