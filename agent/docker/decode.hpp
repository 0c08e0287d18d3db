#pragma once

#include "agent/core/events.hpp"
#include "agent/core/model.hpp"
#include "proto_http/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The engine's JSON as the model has it (Docker Engine API v1.41; fields of later versions are passed over).
///
/// A list is all or nothing: broken JSON, anything but a list, or an element without its ID is `errc::broken_answer`,
/// since publishing the rest would drop targets for lack of information. A field of the wrong kind counts as absent,
/// but for ports (`core::unreadable_port`); strings that are not UTF-8 are read as Go reads them, with U+FFFD.
///
/// `json` is taken by value because the parser wants room behind the text and reads in place.
namespace agent::docker {

struct decoded_tasks {
    std::vector<core::task> tasks;
    std::vector<core::network> networks; ///< that they are attached to, each once
};

[[nodiscard]] proto_http::result<std::vector<core::service>> decode_services(std::string json);
[[nodiscard]] proto_http::result<std::vector<core::node>> decode_nodes(std::string json);
[[nodiscard]] proto_http::result<decoded_tasks> decode_tasks(std::string json);
[[nodiscard]] proto_http::result<std::vector<core::network>> decode_networks(std::string json);
[[nodiscard]] proto_http::result<std::vector<core::container>> decode_containers(std::string json);

[[nodiscard]] proto_http::result<core::service> decode_service(std::string json);
[[nodiscard]] proto_http::result<core::node> decode_node(std::string json);
[[nodiscard]] proto_http::result<decoded_tasks> decode_task(std::string json);

/// One record of `/events`. Nothing for events that tell the agent nothing; `errc::broken_answer` for what is no event.
[[nodiscard]] proto_http::result<std::optional<core::hint>> decode_event(std::string json);

/// `message` of an error answer, or the beginning of a body that is no JSON; one line, at most 200 bytes. Of a page of
/// markup nothing: what its status says is all that it says.
[[nodiscard]] std::string error_message(std::string body);

} // namespace agent::docker
