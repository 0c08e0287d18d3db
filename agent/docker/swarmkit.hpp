#pragma once

#include "agent/core/watch_events.hpp"
#include "proto_http/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// swarmkit's protobuf messages as the model has them (moby/swarmkit `api/*.proto`; unknown fields are passed over).
///
/// What comes out is what the Engine API's JSON gives for the same objects, so that both ways of learning end in the
/// same targets: tasks and services of plugins are left out as `/tasks` and `/services` leave them out, strings that
/// are not UTF-8 read with U+FFFD. A message is all or nothing: `errc::broken_answer` for what is no protobuf, and for
/// an object without its ID.
namespace agent::docker {

/// One message of `Watch`: the changes of one commit, to be applied in one go. Empty for the message that says that the
/// watch is armed.
[[nodiscard]] proto_http::result<std::vector<core::object_change>> decode_watch_message(std::string_view message);

[[nodiscard]] proto_http::result<std::vector<core::task>> decode_task_list(std::string_view message);
[[nodiscard]] proto_http::result<std::vector<core::service>> decode_service_list(std::string_view message);
[[nodiscard]] proto_http::result<std::vector<core::node>> decode_node_list(std::string_view message);
[[nodiscard]] proto_http::result<std::vector<core::network>> decode_network_list(std::string_view message);

/// Length of the front of a message that has whole fields in it. A list's front is a list itself, so that a list can be
/// decoded as it arrives. 0 where the first field is not whole.
[[nodiscard]] proto_http::result<std::size_t> length_of_whole_fields(std::string_view message);

/// The request for every change of tasks, services, nodes and networks, and of nothing else: other kinds come with
/// secrets in them.
[[nodiscard]] std::string watch_request();

} // namespace agent::docker
