#pragma once

#include "proto_http/result.hpp"

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace agent::docker {

/// A version of the Engine API, `1.41`.
struct api_version {
    unsigned major = 0;
    unsigned minor = 0;

    friend auto operator<=>(const api_version&, const api_version&) = default;
};

/// What this program was written and tested for.
constexpr api_version oldest_api{1, 40};
constexpr api_version newest_api{1, 51};

[[nodiscard]] std::optional<api_version> parse_api_version(std::string_view text);
[[nodiscard]] std::string to_string(api_version version);

/// The version to speak with an engine: the newest that both know, or the pinned one.
///
/// @param engines  newest version of the engine, from the `Api-Version` header of `/_ping`
/// @param pinned   DOCKER_API_VERSION, within our own range
/// @return `errc::api_too_old` when the engine knows none of ours
[[nodiscard]] proto_http::result<api_version> negotiate(api_version engines, std::optional<api_version> pinned);

} // namespace agent::docker
