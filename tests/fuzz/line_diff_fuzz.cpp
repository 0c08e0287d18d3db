#include "agent/shell/line_diff.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <charconv>
#include <string>
#include <vector>

namespace {

using lines = std::vector<std::string>;

/// With their line ends, which the last one may lack.
lines lines_of(std::string_view text)
{
    lines found;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
        found.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return found;
}

/// How many lines a shortest way leaves as they are.
std::size_t most_in_common(const lines& before, const lines& after)
{
    std::vector<std::size_t> row(after.size() + 1);
    for (const auto& old : before) {
        std::size_t diagonal = 0;
        for (std::size_t at = 1; at < row.size(); ++at) {
            const auto above = row[at];
            row[at] = old == after[at - 1] ? diagonal + 1 : std::max(row[at], row[at - 1]);
            diagonal = above;
        }
    }
    return row.back();
}

/// The changes of a diff, as patch(1) reads them.
class patch {
public:
    explicit patch(std::string_view diff) : rest_(diff) {}

    lines apply_to(const lines& before)
    {
        lines after;
        std::size_t at = 0;
        while (!rest_.empty()) {
            take("@@ -");
            const auto old = take_range();
            take(" +");
            const auto fresh = take_range();
            take(" @@\n");
            // An empty range names the line before it.
            const auto first = old.count == 0 ? old.first : old.first - 1;
            fuzz::require(at <= first && first <= before.size(), "changes come in order");
            after.insert(after.end(), before.begin() + static_cast<std::ptrdiff_t>(at),
                         before.begin() + static_cast<std::ptrdiff_t>(first));
            at = first;
            for (auto left = old.count; left > 0; --left, ++at)
                fuzz::require(at < before.size() && take_line('-') == before[at], "what goes was there");
            fuzz::require(after.size() == (fresh.count == 0 ? fresh.first : fresh.first - 1), "places are right");
            for (auto left = fresh.count; left > 0; --left)
                after.push_back(take_line('+'));
            changed += old.count + fresh.count;
        }
        after.insert(after.end(), before.begin() + static_cast<std::ptrdiff_t>(at), before.end());
        return after;
    }

    std::size_t changed = 0; ///< lines that go, and lines that come

private:
    struct range {
        std::size_t first = 0;
        std::size_t count = 1;
    };

    void take(std::string_view wanted)
    {
        fuzz::require(rest_.starts_with(wanted), "a diff has the form of a diff");
        rest_.remove_prefix(wanted.size());
    }

    std::size_t take_number()
    {
        std::size_t number = 0;
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
        fuzz::require(error == std::errc{}, "a number is one");
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return number;
    }

    range take_range()
    {
        range taken;
        taken.first = take_number();
        if (rest_.starts_with(',')) {
            rest_.remove_prefix(1);
            taken.count = take_number();
        }
        return taken;
    }

    std::string take_line(char mark)
    {
        constexpr std::string_view without_end = "\\ No newline at end of file\n";
        take({&mark, 1});
        const auto end = rest_.find('\n');
        fuzz::require(end != std::string_view::npos, "a diff ends in a line end");
        std::string line(rest_.substr(0, end + 1));
        rest_.remove_prefix(end + 1);
        if (rest_.starts_with(without_end)) {
            rest_.remove_prefix(without_end.size());
            line.pop_back();
        }
        return line;
    }

    std::string_view rest_;
};

} // namespace

/// Two texts with 0x1e between them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    constexpr std::size_t most_bytes = 600; // the oracle is slow
    const fuzz::input input(data, std::min(size, most_bytes));
    const auto text = input.rest();
    const auto middle = std::min(text.find('\x1e'), text.size());
    const auto before = text.substr(0, middle);
    const auto after = text.substr(std::min(middle + 1, text.size()));

    const auto diff = agent::shell::line_diff(before, after);
    fuzz::require(diff.empty() == (before == after), "equal texts differ in nothing, and others in something");
    const auto old_lines = lines_of(before);
    const auto new_lines = lines_of(after);
    patch changes(diff);
    fuzz::require(changes.apply_to(old_lines) == new_lines, "a diff leads from the one text to the other");
    fuzz::require(changes.changed == old_lines.size() + new_lines.size() - 2 * most_in_common(old_lines, new_lines),
                  "by a shortest way");
    return 0;
}
