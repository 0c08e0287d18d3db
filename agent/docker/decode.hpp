#pragma once

#include "agent/core/events.hpp"
#include "agent/core/model.hpp"
#include "proto_http/result.hpp"

#include <memory>
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
/// `json` of a single object is taken by value because the parser wants room behind the text and reads in place.
namespace agent::docker {

struct decoded_tasks {
    std::vector<core::task> tasks;
    std::vector<core::network> networks; ///< that they are attached to, each once
};

/// Decodes a list as it arrives, element by element: nothing is kept of its text but the element that is not yet
/// complete. `List` is one of those below.
template <class List>
class list_decoder {
public:
    list_decoder();
    list_decoder(list_decoder&&) noexcept;
    list_decoder& operator=(list_decoder&&) noexcept;
    ~list_decoder();

    /// Takes the next bytes, in whatever pieces. `errc::broken_answer` as soon as it is clear that there will be no
    /// list; nothing may be pushed any more then.
    [[nodiscard]] proto_http::error_code push(std::string_view bytes);

    /// What the list says, when all of it was pushed, in any pieces. To be called once, and last.
    [[nodiscard]] proto_http::result<List> finish();

    /// What is wrong with it, and where, for people; empty while nothing is.
    [[nodiscard]] const std::string& defect() const noexcept;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

using service_list = std::vector<core::service>;
using node_list = std::vector<core::node>;
using network_list = std::vector<core::network>;
using container_list = std::vector<core::container>;

extern template class list_decoder<service_list>;
extern template class list_decoder<node_list>;
extern template class list_decoder<decoded_tasks>;
extern template class list_decoder<network_list>;
extern template class list_decoder<container_list>;

/// More than an object of an engine has: swarmkit takes none above 4 MiB.
constexpr std::size_t most_object_bytes = 16 * 1024 * 1024;

// Lists that are here whole.
[[nodiscard]] proto_http::result<service_list> decode_services(std::string_view json);
[[nodiscard]] proto_http::result<node_list> decode_nodes(std::string_view json);
[[nodiscard]] proto_http::result<decoded_tasks> decode_tasks(std::string_view json);
[[nodiscard]] proto_http::result<network_list> decode_networks(std::string_view json);
[[nodiscard]] proto_http::result<container_list> decode_containers(std::string_view json);

[[nodiscard]] proto_http::result<core::service> decode_service(std::string json);
[[nodiscard]] proto_http::result<core::node> decode_node(std::string json);
[[nodiscard]] proto_http::result<decoded_tasks> decode_task(std::string json);

/// One record of `/events`. Nothing for events that tell the agent nothing; `errc::broken_answer` for what is no event.
[[nodiscard]] proto_http::result<std::optional<core::hint>> decode_event(std::string json);

/// `message` of an error answer, or the beginning of a body that is no JSON; one line, at most 200 bytes. Of a page of
/// markup nothing: what its status says is all that it says.
[[nodiscard]] std::string error_message(std::string body);

} // namespace agent::docker
