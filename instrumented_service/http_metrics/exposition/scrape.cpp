#include "instrumented_service/http_metrics/exposition/scrape.hpp"

#include "instrumented_service/http_metrics/exposition/page_body.hpp"
#include "instrumented_service/http_metrics/exposition/scrape_counts.hpp"
#include "proto_http/doorbell.hpp"
#include "proto_http/gzip.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <list>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace asio = boost::asio;

namespace http_metrics {

using proto_http::reply;
using proto_http::request;
using steady = std::chrono::steady_clock;

namespace {

constexpr unsigned server_error = 500;
constexpr unsigned unavailable = 503;

/// Room for the first body; later ones have what the one before took. Memory that is not written to costs nothing.
constexpr std::size_t first_room_bytes = 8 * 1024 * 1024;
constexpr std::size_t spare_room_bytes = 64 * 1024;

/// A series takes about 0.2 to 4 us, a look at the clock 0.02.
constexpr unsigned steps_between_looks = 4;

/// More than any scraper waits.
constexpr std::chrono::hours longest_wait{1};

/// One body in the making, and who waits for it.
struct rendering {
    std::list<proto_http::doorbell> waiting;
    bool is_done = false;
    std::optional<std::string> problem; ///< why there is no body
    std::string body;

    [[nodiscard]] bool is_wanted() const { return !waiting.empty(); }

    void finish()
    {
        is_done = true;
        for (auto& bell : waiting)
            bell.ring();
    }

    /// For one of those who wait; the last one need not copy.
    [[nodiscard]] std::string take_body() { return waiting.size() > 1 ? body : std::move(body); }
};

/// The renderings of one format and coding.
struct lane {
    std::shared_ptr<rendering> next; ///< not begun yet: what is asked now can still be answered by it
    bool is_busy = false;            ///< whether there is a coroutine that will come to `next`
    std::size_t room_bytes = first_room_bytes;
};

} // namespace

struct scrape_state {
    std::vector<scrape_source> sources;
    scrape_options options;
    std::shared_ptr<scrape_counts> counts = std::make_shared<scrape_counts>();
    std::array<lane, exposition_format_count * 2> lanes;

    [[nodiscard]] lane& lane_of(page_kind kind)
    {
        return lanes.at(static_cast<std::size_t>(kind.format) * 2 + (kind.is_packed ? 1 : 0));
    }
};

namespace {

// --- Rendering ---

/// Says when the reactor has been held long enough.
class slices {
public:
    explicit slices(const scrape_options& options)
        : clock_(options.clock), budget_(options.slice), began_(clock_()), longest_(steady::duration::zero())
    {
    }

    /// After each step; only some of them look at the clock.
    [[nodiscard]] bool is_over() { return ++steps_ % steps_between_looks == 0 && is_over_now(); }
    [[nodiscard]] bool is_over_now() const { return clock_() - began_ >= budget_; }

    void end() { longest_ = std::max(longest_, clock_() - began_); }
    void begin() { began_ = clock_(); }

    [[nodiscard]] steady::duration longest() const { return longest_; }

private:
    const std::function<steady::time_point()>& clock_;
    steady::duration budget_;
    steady::time_point began_;
    steady::duration longest_;
    unsigned steps_ = 0;
};

/// Lets the reactor do what else there is.
asio::awaitable<void> pause(slices& pace)
{
    const auto executor = co_await asio::this_coro::executor;
    pace.end();
    co_await asio::post(executor, asio::use_awaitable);
    pace.begin();
}

using reading_pointer = std::unique_ptr<metric_reading>;

asio::awaitable<reading_pointer> read_there(std::shared_ptr<const metric_source> source)
{
    co_return source->read();
}

asio::awaitable<reading_pointer> begin_reading(scrape_source from, asio::any_io_executor helper, slices& pace)
{
    if (from.where == read_on::reactor || !helper)
        co_return from.source->read();
    pace.end();
    auto begun = co_await asio::co_spawn(helper, read_there(std::move(from.source)), asio::use_awaitable);
    pace.begin();
    co_return begun;
}

/// Goes through one source, as long as somebody waits for it.
asio::awaitable<void> copy_all(reading_pointer from, page_body& to, slices& pace, const rendering& of)
{
    bool more = true;
    while (more && of.is_wanted()) {
        more = from->next(to);
        if (pace.is_over())
            co_await pause(pace);
        bool has_packed = to.pack_some();
        while (has_packed) {
            if (pace.is_over_now())
                co_await pause(pace);
            has_packed = to.pack_some();
        }
    }
}

asio::awaitable<void> pack_rest(page_body& of, slices& pace)
{
    of.finish();
    bool has_packed = of.pack_some();
    while (has_packed) {
        if (pace.is_over_now())
            co_await pause(pace);
        has_packed = of.pack_some();
    }
}

/// @return nothing when nobody waits any more
asio::awaitable<std::optional<std::string>> write_body(std::shared_ptr<scrape_state> page, page_kind kind,
                                                       std::shared_ptr<const rendering> of)
{
    const auto began = steady::now();
    page_body body(kind, page->lane_of(kind).room_bytes);
    slices pace(page->options);
    auto sources = page->sources;
    sources.push_back({page->counts});
    for (const auto& each : sources) {
        auto reading = co_await begin_reading(each, page->options.helper, pace);
        co_await copy_all(std::move(reading), body, pace, *of);
        if (!of->is_wanted())
            co_return std::nullopt;
    }
    co_await pack_rest(body, pace);
    pace.end();
    page->counts->rendered(steady::now() - began, pace.longest());
    page->counts->failed(scrape_counts::cause::duplicate, body.skipped_families());
    co_return body.take();
}

/// Never throws: those who wait are told what went wrong.
asio::awaitable<void> render(std::shared_ptr<scrape_state> page, page_kind kind, std::shared_ptr<rendering> into)
{
    try {
        if (auto body = co_await write_body(page, kind, into)) {
            into->body = *std::move(body);
            page->lane_of(kind).room_bytes = into->body.size() + into->body.size() / 8 + spare_room_bytes;
        }
        co_return;
    } catch (const std::exception& thrown) {
        into->problem = thrown.what();
    } catch (...) {
        into->problem = "unknown exception";
    }
    page->counts->failed(scrape_counts::cause::gathering);
    if (page->options.on_error)
        page->options.on_error(*into->problem);
}

/// Also when the reactor goes with the coroutine in the middle of it.
class busy_mark {
public:
    explicit busy_mark(bool& mark) : mark_(mark) { mark_ = true; }
    busy_mark(const busy_mark&) = delete;
    busy_mark& operator=(const busy_mark&) = delete;
    ~busy_mark() { mark_ = false; }

private:
    bool& mark_;
};

asio::awaitable<void> run_lane(std::shared_ptr<scrape_state> page, page_kind kind)
{
    auto& own = page->lane_of(kind);
    const busy_mark busy(own.is_busy);
    while (own.next) {
        const auto now = std::exchange(own.next, nullptr);
        if (now->is_wanted())
            co_await render(page, kind, now);
        now->finish();
    }
}

// --- Requests ---

class in_flight_mark {
public:
    explicit in_flight_mark(scrape_counts& counts) : counts_(counts) { counts_.request_began(); }
    in_flight_mark(const in_flight_mark&) = delete;
    in_flight_mark& operator=(const in_flight_mark&) = delete;
    ~in_flight_mark() { counts_.request_ended(); }

private:
    scrape_counts& counts_;
};

class waiter {
public:
    waiter(std::shared_ptr<rendering> on, const asio::any_io_executor& executor)
        : on_(std::move(on)), bell_(on_->waiting.emplace(on_->waiting.end(), executor))
    {
    }
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;
    ~waiter() { on_->waiting.erase(bell_); }

    /// Returns when the rendering is done, or at that time.
    asio::awaitable<void> wait_until(steady::time_point latest)
    {
        if (!on_->is_done)
            co_await bell_->wait_until(latest);
    }

private:
    std::shared_ptr<rendering> on_;
    std::list<proto_http::doorbell>::iterator bell_;
};

/// How long a request may take.
///
/// @param header  X-Prometheus-Scrape-Timeout-Seconds
steady::duration time_allowed(std::string_view header, const scrape_options& options)
{
    double seconds = 0;
    const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
    if (error != std::errc{} || end != header.data() + header.size() || !(seconds > 0))
        return options.timeout;
    using double_seconds = std::chrono::duration<double>;
    const double_seconds asked(std::min(seconds, double_seconds(longest_wait).count()));
    const double_seconds without_slack = asked - options.timeout_slack;
    return std::chrono::duration_cast<steady::duration>(std::max(without_slack, asked / 2));
}

reply failure(unsigned status, std::string text)
{
    reply answer;
    answer.status = status;
    answer.body = std::move(text) + "\n";
    return answer;
}

void start(const std::shared_ptr<scrape_state>& page, page_kind kind, const asio::any_io_executor& executor)
{
    // run_lane throws nothing but for want of memory, and then those who wait run into their deadlines.
    asio::co_spawn(executor, run_lane(page, kind), [](const std::exception_ptr&) {});
}

asio::awaitable<reply> scrape(std::shared_ptr<scrape_state> page, request asked)
{
    const auto& options = page->options;
    const auto wanted = negotiate(asked.field("Accept"), options.formats);
    page_kind kind;
    kind.format = wanted.format;
    kind.is_packed = options.gzip && proto_http::accepts_gzip(asked.field("Accept-Encoding"));
    const auto allowed = time_allowed(asked.field("X-Prometheus-Scrape-Timeout-Seconds"), options);
    const auto latest = steady::now() + allowed;

    const auto executor = co_await asio::this_coro::executor;
    auto& own = page->lane_of(kind);
    if (!own.next)
        own.next = std::make_shared<rendering>();
    const auto awaited = own.next;
    waiter self(awaited, executor);
    if (!own.is_busy)
        start(page, kind, executor);
    co_await self.wait_until(latest);

    if (!awaited->is_done) {
        page->counts->failed(scrape_counts::cause::deadline);
        co_return failure(unavailable, "the metrics were not ready in time");
    }
    if (awaited->problem)
        co_return failure(server_error, "a source of metrics failed: " + *awaited->problem);
    reply answer;
    answer.content_type = wanted.content_type;
    answer.body = awaited->take_body();
    answer.fields.emplace_back("Vary", "Accept, Accept-Encoding");
    if (kind.is_packed)
        answer.fields.emplace_back("Content-Encoding", "gzip");
    co_return answer;
}

asio::awaitable<reply> answer_scrape(std::shared_ptr<scrape_state> page, request asked)
{
    const in_flight_mark mark(*page->counts);
    reply answer;
    if (page->counts->in_flight() > page->options.max_requests)
        answer = failure(unavailable, "too many scrapes at a time, try again later");
    else
        answer = co_await scrape(page, std::move(asked));
    page->counts->answered(answer.status, answer.body.size());
    co_return answer;
}

} // namespace

scrape_page::scrape_page(std::vector<scrape_source> sources, scrape_options options)
    : state_(std::make_shared<scrape_state>())
{
    state_->sources = std::move(sources);
    state_->options = std::move(options);
}

proto_http::handler scrape_page::handler() const
{
    return [page = state_](request asked) { return answer_scrape(page, std::move(asked)); };
}

} // namespace http_metrics
