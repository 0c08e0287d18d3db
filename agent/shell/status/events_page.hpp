#pragma once

#include "agent/shell/status/chronicle.hpp"
#include "proto_http/router.hpp"

namespace agent::shell {

/// What happens, as server-sent events: one event for each entry of the journal, with its number as `id:`. It begins
/// after the entry that `Last-Event-ID` names, or `?after=`, else with what is to come. Who asks for entries that are
/// gone is told by an event of kind `gap`; who reads too slowly to keep up is let go, and is told so when it comes
/// again. Comments keep the connection alive while nothing happens.
///
/// Source: HTML Living Standard §9.2.
///
/// @param from  must outlive the reply's stream
[[nodiscard]] proto_http::reply events_page(chronicle& from, const proto_http::request& asked);

} // namespace agent::shell
