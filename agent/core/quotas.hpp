#pragma once

#include <cstddef>

/// How much of the file of role `endpoints` one service may take. Whoever may deploy a service may write any label, so
/// without limits one of them could fill the disk and Prometheus' memory for all. What is over a limit costs that
/// service only, always the same part of it, and is counted.
///
/// The limits are ours, and far above what is of use: swarmkit itself takes objects of about 1.5 MB, Prometheus any
/// number of targets and labels. The other roles have none: they are what Prometheus' own discovery gives.
namespace agent::core::quota {

/// A label, name and value together. A longer one is left out.
constexpr std::size_t label_bytes = std::size_t{64} * 1024;

/// Labels that are taken over from one object (service, container, node, network) into `__meta_*` labels: the first
/// ones by their keys.
constexpr std::size_t object_labels = 256;

/// What those may have together.
constexpr std::size_t object_label_bytes = std::size_t{256} * 1024;

/// `prometheus.label.*` of one endpoint, and likewise `prometheus.param.*`: the first ones by name.
constexpr std::size_t named_labels = 64;

/// Endpoints of a service: the first ones in the order of their labels.
constexpr std::size_t endpoints = 64;

/// Targets of one task: the first ones by endpoint, then as the port label names them.
constexpr std::size_t task_targets = 64;

/// Targets of a service: the first ones in the order of the file.
constexpr std::size_t service_targets = 100'000;

/// A service's targets and labels in the file, before escaping: the first ones in its order.
constexpr std::size_t service_bytes = std::size_t{64} * 1024 * 1024;

} // namespace agent::core::quota
