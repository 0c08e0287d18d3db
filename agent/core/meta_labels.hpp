#pragma once

#include "agent/core/endpoints.hpp"
#include "agent/core/model.hpp"
#include "agent/core/skip_log.hpp"
#include "sd_writer/target_group.hpp"

#include <cstdint>

namespace agent::core {

/// Labels that every target of a service carries in role `endpoints`: `task` (its name), and unless there are to be
/// none the `__meta_dockerswarm_service_*` ones for relabelling, with its image and stack, which Prometheus' own
/// discovery does not have there. Sorted; without empty values, which Prometheus drops, and without what is over a
/// quota.
[[nodiscard]] sd_writer::label_set service_meta_labels(const service& subject, meta_labels which, skip_log left_out);

/// Where a target of a task is.
struct task_place {
    const node* host = nullptr;     ///< none: not known
    const network* where = nullptr; ///< whose address is used; none: the node's
    std::uint32_t target_port = 0;  ///< what the program listens on
    publish_mode mode = publish_mode::unknown;
};

/// Further labels of `meta_labels::task`: all of role `tasks`, the task's name and its target port; without what is
/// over a quota.
[[nodiscard]] sd_writer::label_set task_meta_labels(const task& value, const service& owner, const task_place& place,
                                                    skip_log left_out);

} // namespace agent::core
