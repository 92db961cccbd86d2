// conf/api.md says what the route table says.
#include <gtest/gtest.h>

#include "http/api_page.h"
#include "http/page.h"
#include "http/route.h"

namespace laketide::http {
namespace {

TEST(ApiPage, ThePageIsTheTable) { expect_page("api.md", api_page()); }

TEST(ApiPage, NamesEveryOperationAndLinksToWhatIsThere) {
  const std::string page = api_page();
  for (const Route& route : routes()) {
    EXPECT_NE(page.find("### " + std::string(route.method) + " `" + std::string(route.path) + "`\n"), std::string::npos) << route.operation;
  }
  for (size_t at = 0; (at = page.find("](#", at)) != std::string::npos; ++at) {
    const std::string name = page.substr(at + 3, page.find(')', at) - at - 3);
    EXPECT_NE(page.find("\n### " + name + "\n"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace laketide::http
