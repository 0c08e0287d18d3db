#include "agent/shell/line_diff.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace agent::shell {
namespace {

using lines = std::vector<std::string_view>;

/// Cells of the table that is worth filling: 16 MB.
constexpr std::size_t largest_table = 4'000'000;

/// With their line ends, which the last one may lack: then it is another line.
lines split(std::string_view text)
{
    lines found;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
        found.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return found;
}

/// Lengths of the longest common part of what is left from each pair of positions on.
class common_lengths {
public:
    common_lengths(const lines& before, const lines& after)
        : columns_(after.size() + 1), cells_((before.size() + 1) * columns_)
    {
        for (auto i = before.size(); i-- > 0;)
            for (auto j = after.size(); j-- > 0;)
                cell(i, j) = before[i] == after[j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
    }

    [[nodiscard]] std::uint32_t at(std::size_t i, std::size_t j) const { return cells_[i * columns_ + j]; }

private:
    std::uint32_t& cell(std::size_t i, std::size_t j) { return cells_[i * columns_ + j]; }

    std::size_t columns_;
    std::vector<std::uint32_t> cells_;
};

/// Lines that go and lines that come at one place.
struct hunk {
    std::size_t before = 0; ///< lines in front of it, in either text
    std::size_t after = 0;
    lines removed;
    lines added;
};

std::string range(std::size_t in_front, std::size_t count)
{
    // As diff(1) counts: an empty range names the line before it.
    const auto first = count == 0 ? in_front : in_front + 1;
    return std::to_string(first) + (count == 1 ? "" : "," + std::to_string(count));
}

void write(std::string& out, char mark, std::string_view line)
{
    (out += mark) += line;
    if (!line.ends_with('\n'))
        out += "\n\\ No newline at end of file\n"; // as diff(1) says it
}

void write(std::string& out, const hunk& change)
{
    if (change.removed.empty() && change.added.empty())
        return;
    out += "@@ -" + range(change.before, change.removed.size()) + " +" + range(change.after, change.added.size()) +
           " @@\n";
    for (const auto line : change.removed)
        write(out, '-', line);
    for (const auto line : change.added)
        write(out, '+', line);
}

std::string hunks(const lines& before, const lines& after, std::size_t in_front)
{
    std::string out;
    if (before.size() * after.size() > largest_table) {
        write(out, {in_front, in_front, before, after});
        return out;
    }
    const common_lengths common(before, after);
    hunk open{in_front, in_front, {}, {}};
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < before.size() || j < after.size()) {
        if (i < before.size() && j < after.size() && before[i] == after[j]) {
            write(out, open);
            ++i;
            ++j;
            open = {in_front + i, in_front + j, {}, {}};
        } else if (j == after.size() || (i < before.size() && common.at(i + 1, j) >= common.at(i, j + 1))) {
            open.removed.push_back(before[i++]);
        } else {
            open.added.push_back(after[j++]);
        }
    }
    write(out, open);
    return out;
}

} // namespace

std::string line_diff(std::string_view before, std::string_view after)
{
    auto old_lines = split(before);
    auto new_lines = split(after);
    const auto [old_end, new_end] =
        std::mismatch(old_lines.begin(), old_lines.end(), new_lines.begin(), new_lines.end());
    const auto same = old_end - old_lines.begin();
    old_lines.erase(old_lines.begin(), old_end);
    new_lines.erase(new_lines.begin(), new_end);
    while (!old_lines.empty() && !new_lines.empty() && old_lines.back() == new_lines.back()) {
        old_lines.pop_back();
        new_lines.pop_back();
    }
    return hunks(old_lines, new_lines, static_cast<std::size_t>(same));
}

} // namespace agent::shell
