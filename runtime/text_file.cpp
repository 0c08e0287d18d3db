#include "runtime/text_file.hpp"

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <system_error>

namespace runtime {
namespace {

constexpr std::size_t most_bytes = 1024 * 1024;

} // namespace

std::string read_file(const std::filesystem::path& path)
{
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string text(most_bytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad() || !file.is_open())
        throw std::system_error(errno != 0 ? errno : EIO, std::generic_category());
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > most_bytes)
        throw std::system_error(std::make_error_code(std::errc::file_too_large));
    return text;
}

} // namespace runtime
