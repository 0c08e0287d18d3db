#pragma once

#include "agent/core/owner_labels.hpp"
#include "agent/core/skip_log.hpp"
#include "sd_writer/target_group.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agent::core {

/// Ports that a label names.
struct labelled_ports {
    std::vector<std::uint16_t> good; ///< as written, each once, up to the quota of a task
    std::size_t bad = 0;             ///< entries that are no port
    std::size_t over_quota = 0;      ///< ports that are too many
};

/// Reads a comma list of ports; blanks around an entry are allowed, doubles count once.
[[nodiscard]] labelled_ports parse_ports(std::string_view list);

/// What labels say about one endpoint of a service.
struct endpoint_settings {
    std::string name;                    ///< empty: the unnamed one
    std::optional<labelled_ports> ports; ///< none: the label is not there
    std::vector<std::string> networks;   ///< of label `network`, in order; empty: the label is not there
    sd_writer::label_set labels;         ///< `job`, `__metrics_path__`, … as they stand in the file, sorted
};

/// Reads all endpoints of a service: the named ones (`endpoints.<name>.<key>`), which inherit what is not theirs
/// from the unnamed, or else the unnamed one alone. What cannot be used loses itself alone and is counted.
[[nodiscard]] std::vector<endpoint_settings> read_endpoints(const owner_labels& labels, skip_log skipped);

/// Whether Prometheus takes it as a label name: `[a-zA-Z_][a-zA-Z0-9_]*`.
[[nodiscard]] bool is_label_name(std::string_view name);

} // namespace agent::core
