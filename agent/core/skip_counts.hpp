#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace agent::core {

/// Why a task, or one of its targets, is left out.
enum class skip_reason {
    not_running,       ///< not at work, or not meant to be any more
    unknown_service,   ///< its service is not in the list: a removed job left it behind
    ignored,           ///< --ignore-services
    not_selected,      ///< `prometheus.scrape` says no, or does not say yes where it has to
    no_port,           ///< no label, no TCP port of the service, no --default-port
    bad_port,          ///< a port that is no number from 1 to 65535; in the other roles, one that cannot be read
    no_shared_network, ///< no address on a network that counts, nor on its node
    bad_address,       ///< an address that cannot be read, or has a `/` (all roles but `endpoints`)
    over_quota,        ///< more than a task or a service may have; see quotas.hpp
};
constexpr std::size_t skip_reason_count = 9;

/// Why a label of a service's owner has no effect.
enum class bad_label {
    boolean,  ///< none of the words for yes and no
    path,     ///< does not start with `/`, has a `?` or a control character, or is too long
    scheme,   ///< neither http nor https
    period,   ///< unreadable or zero
    name,     ///< no label name, or a reserved one
    empty,    ///< no value
    endpoint, ///< `endpoints.<name>.<key>` with a bad name or an unknown key
    too_long, ///< more bytes than a label may have; see quotas.hpp
    too_many, ///< more labels, or endpoints, than there may be
};
constexpr std::size_t bad_label_count = 9;

/// The words for metrics, logs and explanations.
[[nodiscard]] constexpr std::string_view to_string(skip_reason reason) noexcept
{
    constexpr std::array<std::string_view, skip_reason_count> words{
        "not_running", "unknown_service",   "ignored",     "not_selected", "no_port",
        "bad_port",    "no_shared_network", "bad_address", "over_quota"};
    return words.at(static_cast<std::size_t>(reason));
}

[[nodiscard]] constexpr std::string_view to_string(bad_label reason) noexcept
{
    constexpr std::array<std::string_view, bad_label_count> words{"bad_boolean",  "bad_path", "bad_scheme",
                                                                  "bad_duration", "bad_name", "empty_value",
                                                                  "bad_endpoint", "too_long", "too_many"};
    return words.at(static_cast<std::size_t>(reason));
}

/// How much is left out, by reason.
struct skip_counts {
    std::array<std::size_t, skip_reason_count> tasks{};
    std::array<std::size_t, bad_label_count> labels{};

    void add(skip_reason reason, std::size_t count = 1) { tasks.at(static_cast<std::size_t>(reason)) += count; }
    void add(bad_label reason) { ++labels.at(static_cast<std::size_t>(reason)); }

    skip_counts& operator+=(const skip_counts& more)
    {
        for (std::size_t i = 0; i < tasks.size(); ++i)
            tasks.at(i) += more.tasks.at(i);
        for (std::size_t i = 0; i < labels.size(); ++i)
            labels.at(i) += more.labels.at(i);
        return *this;
    }

    /// @pre they are part of these
    skip_counts& operator-=(const skip_counts& part)
    {
        for (std::size_t i = 0; i < tasks.size(); ++i)
            tasks.at(i) -= part.tasks.at(i);
        for (std::size_t i = 0; i < labels.size(); ++i)
            labels.at(i) -= part.labels.at(i);
        return *this;
    }

    friend bool operator==(const skip_counts&, const skip_counts&) = default;
};

} // namespace agent::core
