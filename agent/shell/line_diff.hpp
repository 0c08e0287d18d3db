#pragma once

#include <string>
#include <string_view>

namespace agent::shell {

/// What has to change in a text, line by line, as `diff -U0` writes it but without the two lines that name the files;
/// empty when nothing has to.
///
/// Finds a shortest way for texts of usual size; beyond some thousand differing lines it gives all old and all new
/// ones.
[[nodiscard]] std::string line_diff(std::string_view before, std::string_view after);

} // namespace agent::shell
