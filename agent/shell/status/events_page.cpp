#include "agent/shell/status/events_page.hpp"

#include <boost/asio/awaitable.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace agent::shell {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

/// Less than proxies let a silent connection live, which is mostly 30 s or more.
constexpr std::chrono::seconds keep_alive{15};

constexpr std::size_t entries_at_once = 64;

/// How long a browser waits before it comes again.
constexpr std::string_view greeting = "retry: 2000\n\n";

std::optional<std::uint64_t> number_in(std::string_view text)
{
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = error == std::errc{} && end == text.data() + text.size() && !text.empty();
    return is_number ? std::optional(number) : std::nullopt;
}

/// The entry after which a reader wants to go on.
std::uint64_t starting_point(const journal& from, const proto_http::request& asked)
{
    for (const auto text : {asked.field("Last-Event-ID"), asked.query_value("after")})
        if (const auto number = number_in(text))
            return *number;
    return from.newest();
}

std::string gap_text(std::uint64_t up_to)
{
    return "data: {\"kind\":\"gap\",\"text\":\"what happened before is not known any more\",\"before\":" +
           std::to_string(up_to) + "}\n\n";
}

std::string text_of(const journal_entry& entry)
{
    return "id: " + std::to_string(entry.id) + "\ndata: " + to_json(entry) + "\n\n";
}

asio::awaitable<void> write_events(chronicle& from, std::uint64_t read_up_to, proto_http::piece_sender send)
{
    const auto& entries = from.entries();
    std::string piece(greeting);
    if (entries.has_lost_some_after(read_up_to)) {
        const auto kept = entries.after(read_up_to, 1);
        piece += gap_text(kept.empty() ? entries.newest() : kept.front()->id);
    }
    bool is_first = true;
    for (bool is_read = true; is_read;) {
        if (!std::exchange(is_first, false) && entries.has_lost_some_after(read_up_to))
            co_return; // it was too slow
        for (const auto* entry : entries.after(read_up_to, entries_at_once)) {
            piece += text_of(*entry);
            read_up_to = entry->id;
        }
        if (piece.empty()) {
            const auto latest = clock::now() + keep_alive;
            co_await from.news().wait_until(latest);
            if (clock::now() < latest)
                continue;
            piece = ":\n\n";
        }
        is_read = co_await send(std::move(piece));
        piece.clear();
    }
}

} // namespace

proto_http::reply events_page(chronicle& from, const proto_http::request& asked)
{
    proto_http::reply page;
    page.content_type = "text/event-stream";
    // Proxies must neither keep it nor gather it.
    page.fields = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
    page.stream = [&from, after = starting_point(from.entries(), asked)](proto_http::piece_sender send) {
        return write_events(from, after, std::move(send));
    };
    page.farewell = "event: end\ndata: {\"kind\":\"end\",\"text\":\"the agent stops\"}\n\n";
    return page;
}

} // namespace agent::shell
