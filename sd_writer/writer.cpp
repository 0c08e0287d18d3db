#include "sd_writer/writer.hpp"

#include "sd_writer/check.hpp"
#include "sd_writer/content_digest.hpp"
#include "sd_writer/errc.hpp"
#include "sd_writer/json.hpp"

#include <new>
#include <optional>
#include <string_view>
#include <utility>

namespace sd_writer {
namespace {

/// A document on its way to the disk: digested, and every group checked, piece by piece.
class checked_pieces {
public:
    explicit checked_pieces(const ordered_groups& groups) : pieces_(groups) {}

    /// The next piece; nothing once a group was refused.
    std::optional<std::string_view> next()
    {
        const auto piece = pieces_.next();
        digest_.add(piece);
        return accepts(piece) ? std::optional(piece) : std::nullopt;
    }

    [[nodiscard]] const content_digest& digest() const noexcept { return digest_; }
    [[nodiscard]] const std::optional<check_error>& refused() const noexcept { return refused_; }

private:
    /// A piece is made of whole lines, and a line is a bracket or a group.
    bool accepts(std::string_view piece)
    {
        while (!piece.empty()) {
            const auto line = piece.substr(0, piece.find('\n'));
            piece.remove_prefix(line.size() + 1);
            ++lines_;
            if (line.starts_with('{') && !accepts_group(line))
                return false;
        }
        return true;
    }

    bool accepts_group(std::string_view line)
    {
        if (line.ends_with(','))
            line.remove_suffix(1);
        refused_ = check_group(line).error;
        if (refused_)
            refused_->line = lines_;
        return !refused_;
    }

    json_pieces pieces_;
    content_digest digest_;
    std::size_t lines_ = 0;
    std::optional<check_error> refused_;
};

/// The document's digest if the file holds it already.
std::optional<content_digest> held_digest(const atomic_file& file, const ordered_groups& groups)
{
    json_pieces pieces(groups);
    content_digest digest;
    const auto next_piece = [&pieces, &digest] {
        const auto piece = pieces.next();
        digest.add(piece);
        return piece;
    };
    return file.holds(next_piece) ? std::optional(digest) : std::nullopt;
}

std::string describe(const check_error& error)
{
    return "line " + std::to_string(error.line) + ", column " + std::to_string(error.column) + ": " + error.reason;
}

write_report failure(write_report report, std::error_code error, const std::string& detail)
{
    report.error = error;
    report.detail = detail;
    return report;
}

/// What there is no room for costs this write, not the program.
template <class Write>
write_report or_no_memory(Write write)
{
    try {
        return write();
    } catch (const std::bad_alloc&) {
        write_report report; // no text beyond what needs no room
        report.error = std::make_error_code(std::errc::not_enough_memory);
        return report;
    }
}

write_report success(write_report report, write_outcome outcome, const content_digest& digest)
{
    report.outcome = outcome;
    report.bytes = digest.bytes();
    report.hash = digest.hash();
    return report;
}

} // namespace

existing_file writer::existing() const
{
    const auto contents = file_.contents();
    if (!contents)
        return {};
    const auto result = check(*contents);
    return {.readable = !result.error, .targets = result.targets};
}

write_report writer::write(const ordered_groups& groups)
{
    return or_no_memory([&] { return compare_and_replace(groups); });
}

write_report writer::write(target_parts parts)
{
    return or_no_memory([&] { return compare_and_replace(ordered_groups(std::move(parts))); });
}

write_report writer::compare_and_replace(const ordered_groups& groups)
{
    write_report report;
    report.groups = groups.size();
    report.targets = groups.target_count();
    const auto named = [this](const std::string& what) { return path().string() + ": " + what; };

    // The directory may have been replaced since the last write.
    if (const auto error = file_.open())
        return failure(report, error, named(error.message()));

    if (const auto digest = held_digest(file_, groups); digest && file_.restore_mode())
        return success(report, write_outcome::unchanged, *digest);

    checked_pieces pieces(groups);
    const auto error = file_.replace([&pieces] { return pieces.next(); });
    if (pieces.refused())
        return failure(report, errc::refused_by_check, named(describe(*pieces.refused())));
    if (error)
        return failure(report, error, named(error.message()));
    return success(report, write_outcome::written, pieces.digest());
}

} // namespace sd_writer
