#pragma once

#include "agent/core/swarm.hpp"

namespace agent::core {

/// Whether nothing more is expected to happen to a service's tasks by itself: as many serve as are wanted, and none is
/// on its way up or down, and no update is rolling.
///
/// A global service does not say how many it wants, so there only the second half counts, and it wants at least one.
[[nodiscard]] bool is_settled(const service& subject, const swarm::task_list& tasks);

} // namespace agent::core
