#pragma once

#include <string>
#include <string_view>

namespace agent::shell {

/// Whether an Accept-Encoding header takes gzip: it names it, or `*`, and not with a weight of zero (RFC 9110 §12.5.3).
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

/// The text as a gzip stream (RFC 1952), quickly rather than as small as can be.
[[nodiscard]] std::string gzip(std::string_view text);

} // namespace agent::shell
