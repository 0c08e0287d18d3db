#pragma once

#include "agent/core/endpoints.hpp"
#include "agent/core/model.hpp"
#include "sd_writer/target_group.hpp"

#include <string>
#include <string_view>

namespace agent::core {

/// A Docker label's key as the end of a Prometheus label name: each character outside `[a-zA-Z0-9_]` becomes `_`.
///
/// A character, not a byte: `größe` is `gr__e`. Source: `strutil.SanitizeLabelName` of Prometheus 2.42.
[[nodiscard]] std::string sanitized_label_name(std::string_view key);

/// Labels that every target of a service carries: `task` (its name), and with `meta_labels::service` the
/// `__meta_dockerswarm_service_*` ones for relabelling. Sorted; without empty values, which Prometheus drops.
///
/// Keys that become equal when sanitised: the value of the key that sorts first, always.
[[nodiscard]] sd_writer::label_set service_meta_labels(const service& subject, meta_labels which);

} // namespace agent::core
