#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sd_writer {

/// Why Prometheus would not take a file_sd document, and where.
struct check_error {
    std::size_t line = 0;   ///< from 1
    std::size_t column = 0; ///< in bytes, from 1
    std::string reason;     ///< one line, for a person

    friend bool operator==(const check_error&, const check_error&) = default;
};

/// What a document holds, or the first thing wrong with it.
struct check_result {
    std::optional<check_error> error;
    std::size_t groups = 0; ///< 0 when there is an error, as `targets`
    std::size_t targets = 0;
};

/// Reads a file_sd JSON document as strictly as Prometheus 2.42 does.
///
/// Prometheus takes the whole file or nothing: an unknown key, a `null` group, a value that is no string or one
/// bad label name (anything but `[a-zA-Z_][a-zA-Z0-9_]*`) makes it keep what it had before. `[]` and `null` are
/// valid and drop every target. An empty target or one with a `/` costs only itself there, but is an error here
/// as in `promtool check config`, since this program never writes one.
///
/// What Prometheus takes is taken, odd as it is: keys in any case (`Targets`), a key twice (the last counts, but
/// a mistake in the first is one), `null` for a list, for labels and for a label's value, bytes that are not UTF-8
/// and lone surrogates (both read as U+FFFD), a target without a port (the scheme's is used) or a host (its own
/// `docker_sd_configs` give `:80` for a container without an address).
///
/// One pass over the document, no copy of it, no recursion into it.
///
/// Source: Prometheus `discovery/file/file.go`, `discovery/targetgroup/targetgroup.go`,
/// `scrape/target.go` (`PopulateLabels`), Go `encoding/json`; measured with promtool 2.42.
[[nodiscard]] check_result check(std::string_view document);

/// As `check`, for one group: `{"targets":[…],"labels":{…}}`.
[[nodiscard]] check_result check_group(std::string_view group);

} // namespace sd_writer
