#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace agent::shell {

/// Something that happened, as JSON for `/api/v1/events`.
struct journal_entry {
    std::uint64_t id = 0;
    std::chrono::system_clock::time_point at;
    std::string kind;
    std::string text; ///< for people
    std::string
        fields; ///< for programs: `"role":"endpoints","targets":3`, what an entry of that kind has; maybe nothing
};

/// What somebody writes into the journal.
struct journal_note {
    std::string text;
    std::string fields{};
};

/// `{"id":…,"at":…,"kind":…,"text":…,…}`
[[nodiscard]] std::string to_json(const journal_entry& entry);

/// What happened lately, numbered. Bounded, whatever happens: the oldest entries go.
///
/// What was heard of the swarm is kept apart from what came of it, and only so much of it in a second: a storm leaves
/// the writes and the troubles of the last hours where they are, and costs a counter.
///
/// Pure: it is told the time. Numbers grow from one run of the agent to the next, so that a reader who comes back after
/// a restart is not mistaken for one who has read everything.
class journal {
public:
    using time_point = std::chrono::system_clock::time_point;

    struct limits {
        std::size_t entries = 256;         ///< of what was heard, and as many of all else
        std::size_t bytes = 128 * 1024;    ///< likewise
        std::size_t heard_per_second = 20; ///< what is more is counted: an entry `heard_more`
    };

    explicit journal(time_point begin) : journal(begin, limits{}) {}
    journal(time_point begin, limits bounds);

    /// Something came of what was heard, or went wrong.
    void add(std::string_view kind, journal_note note, time_point now);

    /// Whether there is room for one more entry about what was heard. If not, it is counted.
    [[nodiscard]] bool takes_heard(time_point now);
    /// Something was heard, and `takes_heard` said yes.
    void add_heard(journal_note note, time_point now);

    /// The number of the newest entry; before the first one, a number that is smaller than all.
    [[nodiscard]] std::uint64_t newest() const noexcept { return newest_; }

    /// Whether entries are gone that came after that one.
    [[nodiscard]] bool has_lost_some_after(std::uint64_t id) const noexcept { return id < lost_; }

    /// The entries after that one, oldest first, at most so many. Valid until the next entry.
    [[nodiscard]] std::vector<const journal_entry*> after(std::uint64_t id, std::size_t most) const;

    /// The newest entries, newest first.
    [[nodiscard]] std::vector<const journal_entry*> latest_heard(std::size_t most) const
    {
        return latest(heard_, most);
    }
    [[nodiscard]] std::vector<const journal_entry*> latest_others(std::size_t most) const
    {
        return latest(others_, most);
    }

private:
    struct ring {
        std::deque<journal_entry> entries;
        std::size_t bytes = 0;
    };

    void put(ring& into, std::string_view kind, journal_note note, time_point now);
    void tell_of_omitted(time_point now);
    [[nodiscard]] static std::vector<const journal_entry*> latest(const ring& from, std::size_t most);

    limits limits_;
    ring heard_;
    ring others_;
    std::uint64_t newest_;
    std::uint64_t lost_;  ///< the newest of those that are gone
    time_point second_{}; ///< that `in_second_` counts
    std::size_t in_second_ = 0;
    std::size_t omitted_ = 0;
};

} // namespace agent::shell
