#include "agent/docker/api_version.hpp"

#include "agent/docker/errc.hpp"

#include <algorithm>
#include <charconv>

namespace agent::docker {

std::optional<api_version> parse_api_version(std::string_view text)
{
    api_version version;
    const auto* end = text.data() + text.size();
    const auto [dot, major_error] = std::from_chars(text.data(), end, version.major);
    if (major_error != std::errc{} || dot == end || *dot != '.')
        return std::nullopt;
    const auto [stop, minor_error] = std::from_chars(dot + 1, end, version.minor);
    if (minor_error != std::errc{} || stop != end)
        return std::nullopt;
    return version;
}

std::string to_string(api_version version)
{
    return std::to_string(version.major) + "." + std::to_string(version.minor);
}

proto_http::result<api_version> negotiate(api_version engines, std::optional<api_version> pinned)
{
    if (engines < oldest_api)
        return make_error_code(errc::api_too_old);
    if (pinned)
        return *pinned <= engines ? proto_http::result<api_version>(*pinned) : make_error_code(errc::api_too_old);
    return std::min(engines, newest_api);
}

} // namespace agent::docker
