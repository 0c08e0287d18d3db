#pragma once

#include "agent/core/events.hpp"
#include "agent/core/swarm.hpp"
#include "agent/shell/options.hpp"
#include "sd_writer/target_group.hpp"

#include <vector>

namespace agent::shell {

/// A file as it should be, by one list of the engine.
struct file_snapshot {
    output file;
    std::vector<sd_writer::target_group> targets; ///< canonical
};

/// What one list of the engine says.
///
/// @throws std::runtime_error at the first failure, or after 30 s, in one line that names the engine and the cause
[[nodiscard]] core::swarm read_swarm(const options& settings, core::read_everything lists);

/// Asks the engine once, for all outputs.
///
/// @throws std::runtime_error as `read_swarm`
[[nodiscard]] std::vector<file_snapshot> take_snapshot(const options& settings);

} // namespace agent::shell
