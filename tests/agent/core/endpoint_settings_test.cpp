#include "agent/core/endpoint_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace agent::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class EndpointSettings : public ::testing::Test {
protected:
    /// All endpoints that these labels of a service make.
    std::vector<endpoint_settings> read(label_map labels)
    {
        std::sort(labels.begin(), labels.end());
        skipped = {};
        static const label_map none;
        return read_endpoints(owner_labels(labels, none), skipped);
    }

    /// Labels on the targets of the only endpoint.
    sd_writer::label_set labels_of(label_map labels)
    {
        const auto endpoints = read(std::move(labels));
        EXPECT_THAT(endpoints, SizeIs(1));
        return endpoints.front().labels;
    }

    std::size_t count(bad_label reason) const { return skipped.labels.at(static_cast<std::size_t>(reason)); }

    std::size_t count_all() const
    {
        std::size_t sum = 0;
        for (const auto number : skipped.labels)
            sum += number;
        return sum;
    }

    skip_counts skipped;
};

// --- Ports ---

TEST_F(EndpointSettings, ReadAListOfPortsAsWritten)
{
    EXPECT_THAT(parse_ports("9100").good, ElementsAre(9100));
    EXPECT_THAT(parse_ports("9102,80,9101").good, ElementsAre(9102, 80, 9101));
    EXPECT_THAT(parse_ports("1,65535").good, ElementsAre(1, 65535));
}

TEST_F(EndpointSettings, AllowBlanksAroundAPort)
{
    const auto ports = parse_ports(" 9100 ,\t9101");
    EXPECT_THAT(ports.good, ElementsAre(9100, 9101));
    EXPECT_EQ(ports.bad, 0U);
}

TEST_F(EndpointSettings, CountAPortThatStandsThereTwiceOnce)
{
    const auto ports = parse_ports("80,81,80,080");
    EXPECT_THAT(ports.good, ElementsAre(80, 81));
    EXPECT_EQ(ports.bad, 0U);
}

TEST_F(EndpointSettings, CountBadPortsAndKeepTheGoodOnes)
{
    const auto ports = parse_ports("80,http,0,65536,-1,+1,1.5,0x50,8 0,81");
    EXPECT_THAT(ports.good, ElementsAre(80, 81));
    EXPECT_EQ(ports.bad, 8U);
}

TEST_F(EndpointSettings, TakeAnEmptyEntryForABadPort)
{
    EXPECT_EQ(parse_ports("").bad, 1U);
    EXPECT_EQ(parse_ports("80,").bad, 1U);
    EXPECT_EQ(parse_ports(",").bad, 2U);
}

TEST_F(EndpointSettings, TellAnAbsentPortLabelFromABadOne)
{
    EXPECT_FALSE(read({}).front().ports);
    const auto bad = read({{"prometheus.port", "none"}}).front().ports;
    ASSERT_TRUE(bad);
    EXPECT_THAT(bad->good, IsEmpty());
    EXPECT_EQ(bad->bad, 1U);
}

// --- Networks ---

TEST_F(EndpointSettings, NameNetworksInOrder)
{
    EXPECT_THAT(read({{"prometheus.network", "front"}}).front().networks, ElementsAre("front"));
    EXPECT_THAT(read({{"prometheus.network", "front, back"}}).front().networks, ElementsAre("front", "back"));
    EXPECT_THAT(read({}).front().networks, IsEmpty());
}

TEST_F(EndpointSettings, LoseANetworkLabelThatNamesNone)
{
    for (const auto* value : {"", " ", ","}) {
        EXPECT_THAT(read({{"prometheus.network", value}}).front().networks, IsEmpty()) << value;
        EXPECT_GE(count(bad_label::empty), 1U) << value;
    }
}

// --- Labels ---

TEST_F(EndpointSettings, AreEmptyWithoutLabels)
{
    EXPECT_THAT(labels_of({}), IsEmpty());
    EXPECT_EQ(count_all(), 0U);
}

TEST_F(EndpointSettings, SetTheJob)
{
    EXPECT_THAT(labels_of({{"prometheus.job", "shop"}}), ElementsAre(Pair("job", "shop")));
    EXPECT_THAT(labels_of({{"prometheus.io/job", "shop"}}), ElementsAre(Pair("job", "shop")));
}

TEST_F(EndpointSettings, SetThePath)
{
    EXPECT_THAT(labels_of({{"prometheus.path", "/actuator/prometheus"}}),
                ElementsAre(Pair("__metrics_path__", "/actuator/prometheus")));
    EXPECT_THAT(labels_of({{"prometheus.path", "/"}}), ElementsAre(Pair("__metrics_path__", "/")));
}

TEST_F(EndpointSettings, LoseAPathWithoutSlashOrWithQuery)
{
    for (const auto* path : {"metrics", "?a=1", "/metrics?a=1", " /metrics", "http://host/", "/a\nb", "/a\x7f"}) {
        EXPECT_THAT(labels_of({{"prometheus.path", path}}), IsEmpty()) << path;
        EXPECT_EQ(count(bad_label::path), 1U) << path;
    }
    EXPECT_THAT(labels_of({{"prometheus.path", "/" + std::string(1024, 'a')}}), IsEmpty());
    EXPECT_EQ(count(bad_label::path), 1U);
}

TEST_F(EndpointSettings, SetTheScheme)
{
    EXPECT_THAT(labels_of({{"prometheus.scheme", "https"}}), ElementsAre(Pair("__scheme__", "https")));
    EXPECT_THAT(labels_of({{"prometheus.scheme", "http"}}), ElementsAre(Pair("__scheme__", "http")));
}

TEST_F(EndpointSettings, LoseASchemeThatIsNeitherHttpNorHttps)
{
    for (const auto* scheme : {"HTTPS", "ftp", "http ", "https://", "unix"}) {
        EXPECT_THAT(labels_of({{"prometheus.scheme", scheme}}), IsEmpty()) << scheme;
        EXPECT_EQ(count(bad_label::scheme), 1U) << scheme;
    }
}

TEST_F(EndpointSettings, SetParameters)
{
    EXPECT_THAT(labels_of({{"prometheus.param.module", "tcp"}, {"prometheus.io/param.collect", "cpu"}}),
                ElementsAre(Pair("__param_collect", "cpu"), Pair("__param_module", "tcp")));
    EXPECT_THAT(labels_of({{"prometheus.param.0", "x"}}), ElementsAre(Pair("__param_0", "x")));
}

TEST_F(EndpointSettings, LoseParametersWithBadNames)
{
    for (const auto* name : {"", "a-b", "a.b", "collect[]", "\xC3\xB6"}) {
        EXPECT_THAT(labels_of({{std::string("prometheus.param.") + name, "x"}}), IsEmpty()) << name;
        EXPECT_EQ(count(bad_label::name), 1U) << name;
    }
}

TEST_F(EndpointSettings, SetLabels)
{
    EXPECT_THAT(labels_of({{"prometheus.label.team", "shop"}, {"prometheus.label._private", "1"}}),
                ElementsAre(Pair("_private", "1"), Pair("team", "shop")));
}

TEST_F(EndpointSettings, F34_NeverSetReservedOrBadLabelNames)
{
    for (const auto* name :
         {"__address__", "__meta_x", "__", "task", "job", "instance", "", "9a", "a-b", "a.b", "a b"}) {
        EXPECT_THAT(labels_of({{std::string("prometheus.label.") + name, "x"}}), IsEmpty()) << name;
        EXPECT_EQ(count(bad_label::name), 1U) << name;
    }
}

TEST_F(EndpointSettings, LoseEmptyValues)
{
    for (const auto* key : {"job", "path", "scheme", "interval", "timeout", "param.a", "label.a"}) {
        EXPECT_THAT(labels_of({{std::string("prometheus.") + key, ""}}), IsEmpty()) << key;
        EXPECT_EQ(count(bad_label::empty), 1U) << key;
        EXPECT_EQ(count_all(), 1U) << key;
    }
}

TEST_F(EndpointSettings, LoseABadLabelAlone)
{
    EXPECT_THAT(labels_of({{"prometheus.job", "shop"}, {"prometheus.label.a-b", "x"}, {"prometheus.path", "bad"}}),
                ElementsAre(Pair("job", "shop")));
}

TEST_F(EndpointSettings, PassOverKeysOfOthers)
{
    EXPECT_THAT(labels_of({{"prometheus.ignore", "true"}, {"prometheus.labels", "x"}, {"prometheus.Job", "x"}}),
                IsEmpty());
    EXPECT_EQ(count_all(), 0U);
}

// --- Times ---

TEST_F(EndpointSettings, SetIntervalAndTimeoutAsWritten)
{
    EXPECT_THAT(labels_of({{"prometheus.interval", "1m30s"}, {"prometheus.timeout", "20s"}}),
                ElementsAre(Pair("__scrape_interval__", "1m30s"), Pair("__scrape_timeout__", "20s")));
    EXPECT_THAT(labels_of({{"prometheus.interval", "60m"}, {"prometheus.timeout", "500ms"}}),
                ElementsAre(Pair("__scrape_interval__", "60m"), Pair("__scrape_timeout__", "500ms")));
}

TEST_F(EndpointSettings, SetATimeoutOfTenSecondsWithAnInterval)
{
    EXPECT_THAT(labels_of({{"prometheus.interval", "30s"}}),
                ElementsAre(Pair("__scrape_interval__", "30s"), Pair("__scrape_timeout__", "10s")));
}

TEST_F(EndpointSettings, NeverSetATimeoutAboveTheInterval)
{
    EXPECT_THAT(labels_of({{"prometheus.interval", "7s"}}),
                ElementsAre(Pair("__scrape_interval__", "7s"), Pair("__scrape_timeout__", "7s")));
    EXPECT_THAT(labels_of({{"prometheus.interval", "30s"}, {"prometheus.timeout", "1m"}}),
                ElementsAre(Pair("__scrape_interval__", "30s"), Pair("__scrape_timeout__", "30s")));
}

TEST_F(EndpointSettings, ClampTheInterval)
{
    EXPECT_THAT(labels_of({{"prometheus.interval", "4999ms"}}),
                ElementsAre(Pair("__scrape_interval__", "5s"), Pair("__scrape_timeout__", "5s")));
    EXPECT_THAT(labels_of({{"prometheus.interval", "1h1ms"}, {"prometheus.timeout", "2h"}}),
                ElementsAre(Pair("__scrape_interval__", "1h"), Pair("__scrape_timeout__", "1h")));
    EXPECT_THAT(labels_of({{"prometheus.interval", "5000ms"}}),
                ElementsAre(Pair("__scrape_interval__", "5000ms"), Pair("__scrape_timeout__", "5000ms")));
    EXPECT_EQ(count_all(), 0U);
}

TEST_F(EndpointSettings, SetATimeoutAlone)
{
    EXPECT_THAT(labels_of({{"prometheus.timeout", "3s"}}), ElementsAre(Pair("__scrape_timeout__", "3s")));
    EXPECT_THAT(labels_of({{"prometheus.timeout", "60s"}}), ElementsAre(Pair("__scrape_timeout__", "60s")));
}

TEST_F(EndpointSettings, HoldATimeoutAloneToTheIntervalThatJobsHaveByDefault)
{
    for (const auto* timeout : {"60001ms", "2m", "1w"})
        EXPECT_THAT(labels_of({{"prometheus.timeout", timeout}}), ElementsAre(Pair("__scrape_timeout__", "1m")));
}

TEST_F(EndpointSettings, LoseZeroOrUnreadableDurations)
{
    for (const auto* text : {"0", "0s", "0ms", "30", "1.5s", "-5s", "often"})
        for (const auto* key : {"prometheus.interval", "prometheus.timeout"}) {
            EXPECT_THAT(labels_of({{key, text}}), IsEmpty()) << key << text;
            EXPECT_EQ(count(bad_label::period), 1U) << key << text;
        }
}

TEST_F(EndpointSettings, KeepTheOtherTimeWhenOneIsBad)
{
    EXPECT_THAT(labels_of({{"prometheus.interval", "30s"}, {"prometheus.timeout", "soon"}}),
                ElementsAre(Pair("__scrape_interval__", "30s"), Pair("__scrape_timeout__", "10s")));
    EXPECT_THAT(labels_of({{"prometheus.interval", "often"}, {"prometheus.timeout", "20s"}}),
                ElementsAre(Pair("__scrape_timeout__", "20s")));
}

// --- Named endpoints ---

TEST_F(EndpointSettings, ReplaceTheUnnamedEndpointByTheNamedOnes)
{
    const auto endpoints = read({{"prometheus.endpoints.admin.port", "9000"},
                                 {"prometheus.endpoints.app.port", "8080"},
                                 {"prometheus.port", "80"}});
    ASSERT_THAT(endpoints, SizeIs(2));
    EXPECT_THAT(endpoints[0].ports->good, ElementsAre(9000));
    EXPECT_THAT(endpoints[1].ports->good, ElementsAre(8080));
}

TEST_F(EndpointSettings, InheritWhatANamedEndpointDoesNotSay)
{
    const auto endpoints = read({{"prometheus.endpoints.admin.path", "/admin"},
                                 {"prometheus.job", "shop"},
                                 {"prometheus.label.team", "a"},
                                 {"prometheus.network", "front"},
                                 {"prometheus.param.m", "x"},
                                 {"prometheus.path", "/metrics"},
                                 {"prometheus.port", "80,81"},
                                 {"prometheus.scheme", "https"},
                                 {"prometheus.interval", "20s"}});
    ASSERT_THAT(endpoints, SizeIs(1));
    EXPECT_THAT(endpoints[0].ports->good, ElementsAre(80, 81));
    EXPECT_THAT(endpoints[0].networks, ElementsAre("front"));
    EXPECT_THAT(endpoints[0].labels,
                ElementsAre(Pair("__metrics_path__", "/admin"), Pair("__param_m", "x"), Pair("__scheme__", "https"),
                            Pair("__scrape_interval__", "20s"), Pair("__scrape_timeout__", "10s"), Pair("job", "shop"),
                            Pair("team", "a")));
}

TEST_F(EndpointSettings, OverrideEveryKeyInANamedEndpoint)
{
    const auto endpoints = read({{"prometheus.endpoints.admin.interval", "1m"},
                                 {"prometheus.endpoints.admin.job", "admin"},
                                 {"prometheus.endpoints.admin.label.team", "b"},
                                 {"prometheus.endpoints.admin.network", "back"},
                                 {"prometheus.endpoints.admin.param.m", "y"},
                                 {"prometheus.endpoints.admin.path", "/admin"},
                                 {"prometheus.endpoints.admin.port", "9000"},
                                 {"prometheus.endpoints.admin.scheme", "http"},
                                 {"prometheus.endpoints.admin.timeout", "2s"},
                                 {"prometheus.interval", "20s"},
                                 {"prometheus.job", "shop"},
                                 {"prometheus.label.team", "a"},
                                 {"prometheus.network", "front"},
                                 {"prometheus.param.m", "x"},
                                 {"prometheus.path", "/metrics"},
                                 {"prometheus.port", "80"},
                                 {"prometheus.scheme", "https"},
                                 {"prometheus.timeout", "1s"}});
    ASSERT_THAT(endpoints, SizeIs(1));
    EXPECT_THAT(endpoints[0].ports->good, ElementsAre(9000));
    EXPECT_THAT(endpoints[0].networks, ElementsAre("back"));
    EXPECT_THAT(endpoints[0].labels,
                ElementsAre(Pair("__metrics_path__", "/admin"), Pair("__param_m", "y"), Pair("__scheme__", "http"),
                            Pair("__scrape_interval__", "1m"), Pair("__scrape_timeout__", "2s"), Pair("job", "admin"),
                            Pair("team", "b")));
}

TEST_F(EndpointSettings, KeepNamedEndpointsApart)
{
    const auto endpoints =
        read({{"prometheus.endpoints.a.label.only", "a"}, {"prometheus.endpoints.b.label.other", "b"}});
    ASSERT_THAT(endpoints, SizeIs(2));
    EXPECT_THAT(endpoints[0].labels, ElementsAre(Pair("only", "a")));
    EXPECT_THAT(endpoints[1].labels, ElementsAre(Pair("other", "b")));
}

TEST_F(EndpointSettings, GatherOneEndpointFromAllSpellingsAndLevels)
{
    const label_map service{{"prometheus.io/endpoints.a.port", "1"}};
    const label_map container{{"prometheus.endpoints.a.path", "/c"}, {"prometheus.endpoints.a.port", "2"}};
    const auto endpoints = read_endpoints(owner_labels(service, container), skipped);
    ASSERT_THAT(endpoints, SizeIs(1));
    EXPECT_THAT(endpoints[0].ports->good, ElementsAre(1));
    EXPECT_THAT(endpoints[0].labels, ElementsAre(Pair("__metrics_path__", "/c")));
}

TEST_F(EndpointSettings, TakeGoodEndpointNamesOnly)
{
    for (const auto& name : {std::string("a"), std::string("a-b_9"), std::string(32, 'x')}) {
        EXPECT_THAT(read({{"prometheus.endpoints." + name + ".port", "1"}}).front().ports->good, ElementsAre(1))
            << name;
        EXPECT_EQ(count_all(), 0U) << name;
    }
    for (const auto& name : {std::string(), std::string("A"), std::string("a b"), std::string(33, 'x')}) {
        const auto endpoints = read({{"prometheus.endpoints." + name + ".port", "1"}, {"prometheus.port", "2"}});
        ASSERT_THAT(endpoints, SizeIs(1)) << name;
        EXPECT_THAT(endpoints[0].ports->good, ElementsAre(2)) << name;
        EXPECT_EQ(count(bad_label::endpoint), 1U) << name;
    }
}

TEST_F(EndpointSettings, TakeEveryKeyInANamedEndpointButScrape)
{
    for (const auto* key : {"scrape", "enable", "", "unknown", "ports", "endpoints.b.port"}) {
        const auto endpoints = read({{std::string("prometheus.endpoints.a.") + key, "1"}, {"prometheus.port", "2"}});
        ASSERT_THAT(endpoints, SizeIs(1)) << key;
        EXPECT_THAT(endpoints[0].ports->good, ElementsAre(2)) << key;
        EXPECT_EQ(count(bad_label::endpoint), 1U) << key;
    }
    (void)read({{"prometheus.endpoints.a", "1"}});
    EXPECT_EQ(count(bad_label::endpoint), 1U);
}

TEST_F(EndpointSettings, LetABadValueOfANamedEndpointLoseThatKeyAlone)
{
    const auto endpoints = read(
        {{"prometheus.endpoints.a.path", "bad"}, {"prometheus.endpoints.a.port", "1"}, {"prometheus.job", "shop"}});
    ASSERT_THAT(endpoints, SizeIs(1));
    EXPECT_THAT(endpoints[0].ports->good, ElementsAre(1));
    EXPECT_THAT(endpoints[0].labels, ElementsAre(Pair("job", "shop")));
}

} // namespace
} // namespace agent::core
