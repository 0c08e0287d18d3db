#pragma once

#include <filesystem>
#include <string>

namespace runtime {

/// The text of a configuration or a certificate.
/// @throws std::system_error  if it cannot be read; `file_too_large` beyond 1 MiB, which none of them has
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

} // namespace runtime
