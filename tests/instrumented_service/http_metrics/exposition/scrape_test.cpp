#include "instrumented_service/http_metrics/exposition/scrape.hpp"

#include "proto_http/server.hpp"
#include "tests/instrumented_service/http_metrics/exposition/example_families.hpp"
#include "tests/support/gunzip.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/testdata.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace asio = boost::asio;

namespace http_metrics {
namespace {

using namespace std::chrono_literals;
using proto_http::reply;
using proto_http::request;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string openmetrics = "application/openmetrics-text;version=1.0.0";

/// Series of one gauge, whose value is how many readings were begun before; each can be told to throw.
class counting_source final : public metric_source {
public:
    explicit counting_source(std::size_t series = 1, std::string name = "readings")
        : name_(std::move(name)), series_(series)
    {
    }

    [[nodiscard]] std::unique_ptr<metric_reading> read() const override
    {
        on_read();
        return std::make_unique<reading>(*this, readings++);
    }

    std::function<void()> on_read = [] {};
    std::function<void(std::size_t)> on_series = [](std::size_t) {};
    mutable std::atomic<int> readings = 0; ///< begun, on whatever thread
    mutable std::size_t handed_over = 0;   ///< series, of all readings

private:
    class reading final : public metric_reading {
    public:
        reading(const counting_source& of, int number) : of_(of), number_(number) {}

        bool next(metric_sink& to) override
        {
            if (at_ == 0) {
                to.begin({of_.name_, "", metric_type::gauge});
            } else {
                of_.on_series(at_);
                to.add({{{"at", std::to_string(at_)}}, gauge_value{static_cast<double>(number_)}});
                ++of_.handed_over;
            }
            return at_++ < of_.series_;
        }

    private:
        const counting_source& of_;
        int number_;
        std::size_t at_ = 0;
    };

    std::string name_;
    std::size_t series_;
};

std::string_view field_of(const reply& answer, std::string_view name)
{
    return proto_http::find_field(answer.fields, name);
}

/// The end of a body, where the page's own metrics are.
std::string own_metrics(const reply& answer)
{
    return answer.body.substr(std::min(answer.body.find("# HELP promhttp_"), answer.body.size()));
}

struct fixture : ::testing::Test {
    scrape_options options;
    std::vector<std::string> errors;
    std::chrono::steady_clock::time_point now{};
    std::chrono::microseconds each_look{0}; ///< what the clock goes on with each look
    asio::io_context io{1};
    std::optional<scrape_page> page;
    proto_http::handler handler;

    void start(std::vector<scrape_source> sources)
    {
        options.on_error = [this](std::string_view what) { errors.emplace_back(what); };
        options.clock = [this] { return now += each_look; };
        page.emplace(std::move(sources), options);
        handler = page->handler();
    }
    void start(const metric_source& source) { start({{unowned(source)}}); }

    static request asking(proto_http::field_list fields = {})
    {
        request asked;
        asked.method = "GET";
        asked.path = "/metrics";
        asked.fields = std::move(fields);
        return asked;
    }

    support::running<reply> ask(proto_http::field_list fields = {}) { return {io, handler(asking(std::move(fields)))}; }
    reply get(proto_http::field_list fields = {}) { return ask(std::move(fields)).get(); }

    /// A handler that has its turn whenever the reactor is free, as long as `work` goes on; how often it had.
    int turns_during(support::running<reply>& work)
    {
        int turns = 0;
        std::function<void()> take_turn = [&] {
            ++turns;
            if (!work.is_done())
                asio::post(io, take_turn);
        };
        asio::post(io, take_turn);
        EXPECT_TRUE(support::run_until(io, [&] { return work.is_done(); }));
        io.poll();
        return turns;
    }
};

using Scrape = fixture;

TEST_F(Scrape, IsTextForWhoDoesNotSay)
{
    const example_source source;
    start(source);
    const auto answer = get();
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_THAT(answer.body, StartsWith(support::read_testdata("exposition/example.txt")));
    EXPECT_EQ(field_of(answer, "Content-Encoding"), "");
    EXPECT_EQ(field_of(answer, "Vary"), "Accept, Accept-Encoding");
}

TEST_F(Scrape, IsInTheFormatThatTheScraperLikes)
{
    const example_source source;
    start(source);
    const auto answer = get({{"accept", openmetrics + ",text/plain;q=0.5"}});
    EXPECT_EQ(answer.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    EXPECT_THAT(answer.body, ::testing::EndsWith("# EOF\n"));
    EXPECT_THAT(answer.body, HasSubstr("example_requests_created"));
}

TEST_F(Scrape, IsPackedForWhoAcceptsIt)
{
    const example_source source;
    start(source);
    const auto answer = get({{"Accept-Encoding", "gzip"}});
    EXPECT_EQ(field_of(answer, "Content-Encoding"), "gzip");
    EXPECT_THAT(support::gunzip(answer.body), StartsWith(support::read_testdata("exposition/example.txt")));

    options.gzip = false;
    start(source);
    EXPECT_EQ(field_of(get({{"Accept-Encoding", "gzip"}}), "Content-Encoding"), "");
}

TEST_F(Scrape, HasItsOwnMetrics)
{
    start({});
    EXPECT_THAT(own_metrics(get()), HasSubstr("promhttp_metric_handler_requests_total{code=\"200\"} 0\n"));
    const auto second = get().body;
    EXPECT_THAT(second, HasSubstr("promhttp_metric_handler_requests_total{code=\"200\"} 1\n"));
    EXPECT_THAT(second, HasSubstr("promhttp_metric_handler_requests_total{code=\"503\"} 0\n"));
    EXPECT_THAT(second, HasSubstr("promhttp_metric_handler_requests_in_flight 1\n"));
    EXPECT_THAT(second, HasSubstr("promhttp_metric_handler_errors_total{cause=\"gathering\"} 0\n"));
    EXPECT_THAT(second, HasSubstr("scrape_page_render_duration_seconds_count 1\n"));
    EXPECT_THAT(second, HasSubstr("scrape_page_longest_slice_seconds 0\n"));
}

TEST_F(Scrape, IsOfAllSourcesInTheirOrder)
{
    const counting_source first(1, "first");
    const counting_source second(1, "second");
    const counting_source again(1, "first");
    start({{unowned(first)}, {unowned(second)}, {unowned(again)}});
    EXPECT_THAT(get().body,
                StartsWith("# TYPE first gauge\nfirst{at=\"1\"} 0\n# TYPE second gauge\nsecond{at=\"1\"} 0\n"
                           "# HELP promhttp_"))
        << "a family that was there already is left out";
    EXPECT_THAT(own_metrics(get()), HasSubstr("promhttp_metric_handler_errors_total{cause=\"duplicate\"} 1\n"));
}

// --- Slices ---

TEST_F(Scrape, LetsOthersHaveTheirTurnAfterEachSlice)
{
    const counting_source source(10'000);
    options.slice = 500us;
    each_look = 100us; // so that a slice has about five looks, each after four series
    start(source);
    auto work = ask();
    const auto turns = turns_during(work);
    EXPECT_GE(turns, 10'000 / (4 * 5));
    EXPECT_LT(turns, 10'000 / 4);
    EXPECT_THAT(own_metrics(get()), HasSubstr("scrape_page_longest_slice_seconds 6e-04\n"));
}

TEST_F(Scrape, IsOneSliceWhereTimeSuffices)
{
    const counting_source source(10'000);
    start(source);
    auto work = ask();
    EXPECT_LT(turns_during(work), 5);
}

TEST_F(Scrape, IsPackedInSlices)
{
    const counting_source source(20'000);
    options.slice = 0us; // each look at the clock ends a slice
    start(source);
    auto plain = ask();
    const auto plain_turns = turns_during(plain);
    auto packed = ask({{"Accept-Encoding", "gzip"}});
    const auto packed_turns = turns_during(packed);
    const auto text_bytes = static_cast<int>(get().body.size());
    EXPECT_GE(packed_turns - plain_turns, text_bytes / (4 * 1024) - 1) << "a pause after each piece";
}

// --- Several at a time ---

TEST_F(Scrape, IsSharedByWhoAskBeforeItBegins)
{
    const counting_source source(1'000);
    options.slice = 0us;
    start(source);
    auto first = ask();
    ASSERT_TRUE(support::run_until(io, [&] { return source.readings == 1; }));
    auto second = ask();
    auto third = ask();
    auto other_format = ask({{"Accept", openmetrics}});
    const auto first_body = first.get().body;
    const auto second_body = second.get().body;
    const std::string head = "# TYPE readings gauge\nreadings{at=\"1\"} ";
    EXPECT_TRUE(first_body.starts_with(head + "0\n"));
    EXPECT_FALSE(second_body.starts_with(head + "0\n")) << "older than the question";
    EXPECT_TRUE(third.get().body == second_body);
    EXPECT_EQ(other_format.get().status, 200U);
    EXPECT_EQ(source.readings, 3);
}

TEST_F(Scrape, IsRefusedWhenThereAreTooMany)
{
    const counting_source source(1'000);
    options.slice = 0us;
    options.max_requests = 2;
    start(source);
    auto first = ask();
    auto second = ask();
    auto third = ask();
    EXPECT_EQ(third.get().status, 503U);
    EXPECT_FALSE(first.is_done());
    EXPECT_EQ(first.get().status, 200U);
    EXPECT_EQ(second.get().status, 200U);
    EXPECT_THAT(own_metrics(get()), HasSubstr("promhttp_metric_handler_requests_total{code=\"503\"} 1\n"));
}

TEST_F(Scrape, EndsWhenNobodyWaitsAnyMore)
{
    const counting_source source(10'000);
    options.slice = 0us;
    start(source);
    auto first = ask();
    ASSERT_TRUE(support::run_until(io, [&] { return source.handed_over > 100; }));
    first.cancel();
    EXPECT_THROW(first.get(), std::exception);
    io.restart();
    io.poll();
    EXPECT_LT(source.handed_over, 500U);
    EXPECT_THAT(own_metrics(get()), HasSubstr("promhttp_metric_handler_requests_in_flight 1\n"));
    EXPECT_EQ(source.readings, 2);
}

TEST_F(Scrape, GoesOnForTheOthersWhenOneHasGone)
{
    const counting_source source(1'000);
    options.slice = 0us;
    start(source);
    auto first = ask();
    ASSERT_TRUE(support::run_until(io, [&] { return source.handed_over > 10; }));
    auto second = ask();
    auto third = ask();
    first.cancel();
    EXPECT_THROW(first.get(), std::exception);
    second.cancel();
    EXPECT_THROW(second.get(), std::exception);
    EXPECT_EQ(third.get().status, 200U);
}

TEST_F(Scrape, CanBeAskedForOnANewReactorAfterTheOldOneHasGone)
{
    const counting_source source(1'000);
    options.slice = 0us;
    start(source);
    {
        asio::io_context old{1};
        support::running<reply> unfinished(old, handler(asking()));
        ASSERT_TRUE(support::run_until(old, [&] { return source.handed_over > 10; }));
    }
    EXPECT_EQ(get().status, 200U);
}

// --- What goes wrong ---

TEST_F(Scrape, CostsA500WhenASourceThrows)
{
    counting_source source(10);
    start(source);
    source.on_read = [] { throw std::runtime_error("no luck"); };
    EXPECT_EQ(get().status, 500U);
    EXPECT_EQ(get().body, "a source of metrics failed: no luck\n");
    source.on_read = [] {};
    source.on_series = [](std::size_t at) {
        if (at == 5)
            throw 5; // NOLINT(hicpp-exception-baseclass): anything may come
    };
    EXPECT_EQ(get().body, "a source of metrics failed: unknown exception\n");
    EXPECT_THAT(errors, ElementsAre("no luck", "no luck", "unknown exception"));

    source.on_series = [](std::size_t) {};
    const auto body = own_metrics(get());
    EXPECT_THAT(body, HasSubstr("promhttp_metric_handler_requests_total{code=\"500\"} 3\n"));
    EXPECT_THAT(body, HasSubstr("promhttp_metric_handler_errors_total{cause=\"gathering\"} 3\n"));
}

TEST_F(Scrape, IsReadBesideTheReactorWhereThatIsAskedFor)
{
    asio::thread_pool pool(1);
    counting_source source(10);
    std::thread::id reader;
    source.on_read = [&reader] { reader = std::this_thread::get_id(); };
    options.helper = pool.get_executor();
    start({{unowned(source), read_on::helper}});
    EXPECT_THAT(get().body, HasSubstr("readings{at=\"10\"} 0\n"));
    EXPECT_NE(reader, std::this_thread::get_id());

    source.on_read = [] { throw std::runtime_error("no luck there"); };
    EXPECT_EQ(get().body, "a source of metrics failed: no luck there\n");

    source.on_read = [&reader] { reader = std::this_thread::get_id(); };
    options.helper = {};
    start({{unowned(source), read_on::helper}});
    EXPECT_EQ(get().status, 200U);
    EXPECT_EQ(reader, std::this_thread::get_id()) << "there is no helper";
    pool.join();
}

TEST_F(Scrape, EndsWithTheTimeThatTheScraperHas)
{
    asio::thread_pool pool(1);
    constexpr int reads = 3;
    std::counting_semaphore<reads> may_go_on(0);
    counting_source source(10);
    source.on_read = [&may_go_on] { may_go_on.acquire(); };
    options.helper = pool.get_executor();
    start({{unowned(source), read_on::helper}});
    const auto answer = get({{"X-Prometheus-Scrape-Timeout-Seconds", "0.02"}});
    EXPECT_EQ(answer.status, 503U);
    EXPECT_EQ(answer.body, "the metrics were not ready in time\n");

    options.timeout = 10ms;
    start({{unowned(source), read_on::helper}});
    for (const auto* nonsense : {"", "0", "-1", "nan", "soon", "10 s"})
        EXPECT_EQ(get({{"X-Prometheus-Scrape-Timeout-Seconds", nonsense}}).status, 503U) << nonsense;

    may_go_on.release(reads); // one for each page, and one more
    EXPECT_TRUE(support::run_until(io, [&] { return source.readings == 2; }));
    const auto body = get({{"X-Prometheus-Scrape-Timeout-Seconds", "1e300"}}).body;
    EXPECT_THAT(body, HasSubstr("promhttp_metric_handler_errors_total{cause=\"deadline\"} 6\n"));
    pool.join();
}

// --- Behind a server ---

TEST_F(Scrape, AnswersHead)
{
    const example_source source;
    start(source);
    proto_http::server server(proto_http::router({{"metrics", "GET", "/metrics", handler}}));
    auto on = proto_http::listener::bind(io.get_executor(), "127.0.0.1:0").value();
    const proto_http::tcp_address where{"127.0.0.1", on.port()};
    support::running<void> serving(io, server.serve(std::move(on)));
    support::raw_client peer(io);
    const auto head =
        support::run(io, peer.exchange(where, "HEAD /metrics HTTP/1.1\r\nHost: x\r\nAccept: " + openmetrics +
                                                  "\r\nConnection: close\r\n\r\n"));
    EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(head, HasSubstr("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("Content-Length: 0\r\n")));
    EXPECT_THAT(head, ::testing::EndsWith("\r\n\r\n"));
    serving.cancel();
    serving.get();
}

} // namespace
} // namespace http_metrics
