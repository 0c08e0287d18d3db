#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace agent::core {

/// What a file, or a page for http_sd, is about.
enum class role {
    endpoints,  ///< one target per thing worth scraping; no relabelling needed
    tasks,      ///< as role `tasks` of Prometheus' dockerswarm_sd_configs
    services,   ///< as role `services`
    nodes,      ///< as role `nodes`
    containers, ///< as docker_sd_configs
};
constexpr std::size_t role_count = 5;
constexpr std::array<role, role_count> all_roles{role::endpoints, role::tasks, role::services, role::nodes,
                                                 role::containers};

[[nodiscard]] constexpr std::string_view to_string(role which) noexcept
{
    constexpr std::array<std::string_view, role_count> words{"endpoints", "tasks", "services", "nodes", "containers"};
    return words.at(static_cast<std::size_t>(which));
}

[[nodiscard]] constexpr std::optional<role> parse_role(std::string_view word) noexcept
{
    for (const auto which : all_roles)
        if (to_string(which) == word)
            return which;
    return std::nullopt;
}

} // namespace agent::core
