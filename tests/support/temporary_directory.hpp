#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace support {

/// An empty directory that everybody may enter and that goes away with its object. Its path is short, since sockets are
/// made in it.
class temporary_directory {
public:
    temporary_directory()
    {
        std::string path = std::filesystem::temp_directory_path() / "test-XXXXXX";
        if (!mkdtemp(path.data()))
            throw std::runtime_error("no temporary directory: " + path);
        path_ = path;
        std::filesystem::permissions(path_, std::filesystem::perms{0755});
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    ~temporary_directory()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

} // namespace support
