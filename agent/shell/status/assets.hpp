#pragma once

#include "proto_http/router.hpp"

#include <span>
#include <string_view>

namespace agent::shell {

/// A file that is part of the program; see cmake/embed_files.cmake.
struct embedded_file {
    std::string_view name;
    std::string_view bytes;
};

/// Those of `agent/shell/status/assets/`.
[[nodiscard]] std::span<const embedded_file> status_assets();

/// Serves the file that `/assets/{name}` names, to be kept by browsers but asked for again each time (`ETag`).
[[nodiscard]] proto_http::reply asset_page(const proto_http::request& asked);

} // namespace agent::shell
