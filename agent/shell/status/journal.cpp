#include "agent/shell/status/journal.hpp"

#include "agent/shell/json_text.hpp"
#include "agent/shell/status/utc_time.hpp"

#include <algorithm>
#include <utility>

namespace agent::shell {
namespace {

/// More than happens in a second. Numbers stay below 2^53, so that JavaScript can hold them, until the year 2255.
constexpr std::uint64_t numbers_per_second = 1'000'000;

std::uint64_t first_number(std::chrono::system_clock::time_point begin)
{
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(begin.time_since_epoch()).count();
    return static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 0)) * numbers_per_second;
}

std::size_t size_of(const journal_entry& entry)
{
    return sizeof entry + entry.text.size() + entry.fields.size();
}

} // namespace

std::string to_json(const journal_entry& entry)
{
    return R"({"id":)" + std::to_string(entry.id) + R"(,"at":")" + utc_text(entry.at) + R"(","kind":)" +
           quoted(entry.kind) + R"(,"text":)" + quoted(entry.text) + (entry.fields.empty() ? "" : ",") + entry.fields +
           "}";
}

journal::journal(time_point begin, limits bounds) : limits_(bounds), newest_(first_number(begin)), lost_(newest_) {}

void journal::add(std::string_view kind, journal_note note, time_point now)
{
    tell_of_omitted(now);
    put(others_, kind, std::move(note), now);
}

bool journal::takes_heard(time_point now)
{
    // The clock may be set back.
    if (now < second_ || now - second_ >= std::chrono::seconds(1)) {
        tell_of_omitted(now);
        second_ = now;
        in_second_ = 0;
    }
    const bool takes = in_second_ < limits_.heard_per_second;
    ++(takes ? in_second_ : omitted_);
    return takes;
}

void journal::add_heard(journal_note note, time_point now)
{
    put(heard_, "heard", std::move(note), now);
}

void journal::tell_of_omitted(time_point now)
{
    if (const auto count = std::exchange(omitted_, 0); count > 0)
        put(heard_, "heard_more", {"… and " + std::to_string(count) + " more", R"("count":)" + std::to_string(count)},
            now);
}

void journal::put(ring& into, std::string_view kind, journal_note note, time_point now)
{
    const auto& entry = into.entries.emplace_back(
        journal_entry{++newest_, now, std::string(kind), std::move(note.text), std::move(note.fields)});
    into.bytes += size_of(entry);
    while (into.entries.size() > limits_.entries || (into.bytes > limits_.bytes && into.entries.size() > 1)) {
        lost_ = std::max(lost_, into.entries.front().id);
        into.bytes -= size_of(into.entries.front());
        into.entries.pop_front();
    }
}

std::vector<const journal_entry*> journal::after(std::uint64_t id, std::size_t most) const
{
    const auto is_read = [id](const journal_entry& entry) { return entry.id <= id; };
    auto heard = std::ranges::partition_point(heard_.entries, is_read);
    auto other = std::ranges::partition_point(others_.entries, is_read);
    std::vector<const journal_entry*> found;
    while (found.size() < most && (heard != heard_.entries.end() || other != others_.entries.end())) {
        const bool is_heard =
            other == others_.entries.end() || (heard != heard_.entries.end() && heard->id < other->id);
        found.push_back(is_heard ? &*heard++ : &*other++);
    }
    return found;
}

std::vector<const journal_entry*> journal::latest(const ring& from, std::size_t most)
{
    std::vector<const journal_entry*> found;
    for (auto entry = from.entries.rbegin(); entry != from.entries.rend() && found.size() < most; ++entry)
        found.push_back(&*entry);
    return found;
}

} // namespace agent::shell
