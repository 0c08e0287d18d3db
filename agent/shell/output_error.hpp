#pragma once

#include <filesystem>
#include <string>
#include <system_error>

namespace agent::shell {

/// One line for the user: which output cannot be used, why, and where known what to do instead.
[[nodiscard]] std::string output_error(const std::filesystem::path& path, const std::error_code& why);

} // namespace agent::shell
