#include "agent/shell/output_error.hpp"

#include "sd_writer/errc.hpp"

namespace agent::shell {
namespace {

/// What to do about it; empty where the error says enough.
std::string advice(const std::filesystem::path& path, const std::error_code& why)
{
    const auto directory = path.parent_path().string();
    if (why == sd_writer::errc::is_a_mount_point)
        return "; mount its directory " + directory + " instead of the file";
    if (why == std::errc::cross_device_link)
        return "; " + directory + "/.swarm-sd must be on the file system of the file, not a mount";
    if (why == std::errc::no_such_file_or_directory)
        return "; the directory " + directory + " must exist";
    if (why == std::errc::permission_denied || why == std::errc::read_only_file_system)
        return "; the directory " + directory + " must be writable for this user";
    return {};
}

} // namespace

std::string output_error(const std::filesystem::path& path, const std::error_code& why)
{
    return "--output: " + path.string() + ": " + why.message() + advice(path, why);
}

} // namespace agent::shell
