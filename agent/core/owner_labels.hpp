#pragma once

#include "agent/core/model.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agent::core {

/// What the owner of a service says about its scraping, by labels in any of the accepted spellings.
///
/// `prometheus.<key>` and `prometheus.io/<key>`, on the service or on the container. Each key is settled by itself: any
/// spelling on the service beats any on the container, and on one level `prometheus.x` beats `prometheus.io/x`.
/// `enable` is an alias of `scrape`, which beats it on the same level.
///
/// Holds views into the labels it was made from.
class owner_labels {
public:
    owner_labels(const label_map& service, const label_map& container);

    /// Value of `key` (`port`, `label.team`, `endpoints.admin.port`), as written.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view key) const;

    struct entry {
        std::string_view name; ///< what follows the prefix
        std::string_view value;
    };

    /// All keys that begin with `prefix`, sorted.
    [[nodiscard]] std::vector<entry> starting_with(std::string_view prefix) const;

private:
    void take(const label_map& level);

    std::map<std::string_view, std::string_view> values_;
};

/// `true 1 yes on` and `false 0 no off`, in any case; nothing for another word.
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text);

} // namespace agent::core
