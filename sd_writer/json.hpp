#pragma once

#include "sd_writer/target_group.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sd_writer {

/// Appends `text` as a JSON string, quotes included.
///
/// Control characters (C0, DEL, C1), `"`, `\`, U+2028, U+2029, U+FEFF, U+FFFE and U+FFFF are escaped; bytes that
/// are not UTF-8 become U+FFFD each (as Prometheus itself would read them), so the result is valid JSON whatever
/// came in. It is valid YAML as well, which allows fewer characters unescaped: Prometheus reads a file named .yml
/// that way, and refuses all of it for one raw DEL (measured with promtool 2.42).
void append_json_string(std::string& out, std::string_view text);

/// Appends one group as `{"targets":[…],"labels":{…}}`, without blanks or a line end.
void append_json(std::string& out, const target_group& group);

/// The whole file_sd document of canonical groups: `[`, one group per line, `]`, each on its own line and a comma
/// after every group but the last. An empty list is `[]` and a line end. Equal groups give equal bytes.
[[nodiscard]] std::string to_json(const ordered_groups& groups);
[[nodiscard]] std::string to_json(const std::vector<target_group>& groups);

/// Gives the bytes of `to_json(groups)` in pieces, so that a large file needs no second copy of itself.
///
/// `groups` must outlive the renderer.
class json_pieces {
public:
    static constexpr std::size_t piece_bytes = std::size_t{256} * 1024;

    /// @param bytes  about how large a piece is to be
    explicit json_pieces(const ordered_groups& groups, std::size_t bytes = piece_bytes)
        : groups_(&groups), bytes_(bytes > 0 ? bytes : 1)
    {
    }

    /// The next piece, empty after the last one; valid until the next call. A piece ends at a line end and
    /// has about the wanted size, or that of one group where that is more.
    [[nodiscard]] std::string_view next();

private:
    const ordered_groups* groups_;
    std::size_t bytes_;
    std::size_t done_ = 0; ///< groups rendered so far
    bool finished_ = false;
    std::string piece_;
};

} // namespace sd_writer
