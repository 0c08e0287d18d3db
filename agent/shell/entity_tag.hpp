#pragma once

#include <string>
#include <string_view>

namespace agent::shell {

/// The value of an ETag header. Equal bytes have equal tags, in this process and the next. FNV-1a: nobody gains by
/// forging one.
[[nodiscard]] std::string entity_tag(std::string_view document);

/// Whether If-None-Match, a comma list of tags or `*`, has this one. A weak tag matches, too: only the contents count.
[[nodiscard]] bool lists_tag(std::string_view list, std::string_view tag);

} // namespace agent::shell
