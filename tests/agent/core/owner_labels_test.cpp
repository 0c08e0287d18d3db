#include "agent/core/owner_labels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::Pair;

TEST(OwnerLabels, AreReadInBothSpellings)
{
    const label_map service{{"prometheus.io/path", "/a"}, {"prometheus.port", "80"}};
    const label_map none;
    const owner_labels labels(service, none);
    EXPECT_THAT(labels.find("port"), Optional(std::string_view("80")));
    EXPECT_THAT(labels.find("path"), Optional(std::string_view("/a")));
    EXPECT_EQ(labels.find("scheme"), std::nullopt);
}

TEST(OwnerLabels, PreferThePlainSpellingOnOneLevel)
{
    const label_map level{{"prometheus.io/port", "1"}, {"prometheus.port", "2"}};
    const label_map none;
    EXPECT_THAT(owner_labels(level, none).find("port"), Optional(std::string_view("2")));
    EXPECT_THAT(owner_labels(none, level).find("port"), Optional(std::string_view("2")));
}

TEST(OwnerLabels, PreferAnySpellingOnTheServiceToAnyOnTheContainer)
{
    const label_map service{{"prometheus.io/port", "1"}};
    const label_map container{{"prometheus.port", "2"}};
    EXPECT_THAT(owner_labels(service, container).find("port"), Optional(std::string_view("1")));
}

TEST(OwnerLabels, SettleEachKeyByItself)
{
    const label_map service{{"prometheus.port", "1"}};
    const label_map container{{"prometheus.path", "/c"}, {"prometheus.port", "2"}};
    const owner_labels labels(service, container);
    EXPECT_THAT(labels.find("port"), Optional(std::string_view("1")));
    EXPECT_THAT(labels.find("path"), Optional(std::string_view("/c")));
}

TEST(OwnerLabels, LetAnEmptyValueOnTheServiceWin)
{
    const label_map service{{"prometheus.port", ""}};
    const label_map container{{"prometheus.port", "2"}};
    EXPECT_THAT(owner_labels(service, container).find("port"), Optional(std::string_view("")));
}

TEST(OwnerLabels, KnowEnableAsAnAliasOfScrape)
{
    const label_map service{{"prometheus.enable", "true"}};
    const label_map other{{"prometheus.io/enable", "false"}};
    const label_map none;
    EXPECT_THAT(owner_labels(service, none).find("scrape"), Optional(std::string_view("true")));
    EXPECT_THAT(owner_labels(none, other).find("scrape"), Optional(std::string_view("false")));
}

TEST(OwnerLabels, PreferScrapeToItsAliasOnOneLevel)
{
    const label_map level{{"prometheus.enable", "true"}, {"prometheus.io/scrape", "false"}};
    const label_map none;
    EXPECT_THAT(owner_labels(level, none).find("scrape"), Optional(std::string_view("false")));
}

TEST(OwnerLabels, PreferTheAliasOnTheServiceToScrapeOnTheContainer)
{
    const label_map service{{"prometheus.io/enable", "false"}};
    const label_map container{{"prometheus.scrape", "true"}};
    EXPECT_THAT(owner_labels(service, container).find("scrape"), Optional(std::string_view("false")));
}

TEST(OwnerLabels, IgnoreWhatOnlyLooksAlike)
{
    const label_map service{{"Prometheus.port", "1"}, {"com.prometheus.port", "1"}, {"prometheus", "1"},
                            {"prometheus-port", "1"}, {"prometheus.io.port", "1"},  {"prometheus.ioport", "1"},
                            {"prometheus/port", "1"}};
    const label_map none;
    EXPECT_EQ(owner_labels(service, none).find("port"), std::nullopt);
}

TEST(OwnerLabels, GiveAllKeysWithAPrefixInOrder)
{
    const label_map service{{"prometheus.io/label.zone", "eu"}, {"prometheus.label.team", "shop"}};
    const label_map container{{"prometheus.label.area", "7"}, {"prometheus.label.team", "other"}};
    const owner_labels labels(service, container);
    std::vector<std::pair<std::string_view, std::string_view>> found;
    for (const auto& [name, value] : labels.starting_with("label."))
        found.emplace_back(name, value);
    EXPECT_THAT(found, ElementsAre(Pair("area", "7"), Pair("team", "shop"), Pair("zone", "eu")));
    EXPECT_THAT(labels.starting_with("param."), IsEmpty());
}

TEST(OwnerLabels, ReadBooleansInAnyCase)
{
    for (const auto* text : {"true", "1", "yes", "on", "TRUE", "True", "Yes", "oN"})
        EXPECT_THAT(parse_boolean(text), Optional(true)) << text;
    for (const auto* text : {"false", "0", "no", "off", "FALSE", "nO", "Off"})
        EXPECT_THAT(parse_boolean(text), Optional(false)) << text;
}

TEST(OwnerLabels, TakeNoOtherWordForABoolean)
{
    for (const auto* text : {"", " ", "y", "n", "t", "f", "2", "01", "truee", " true", "true ", "enabled", "\xFF"})
        EXPECT_EQ(parse_boolean(text), std::nullopt) << text;
}

} // namespace
} // namespace agent::core
