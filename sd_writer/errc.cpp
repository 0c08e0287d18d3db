#include "sd_writer/errc.hpp"

#include <string>

namespace sd_writer {
namespace {

class output_category final : public std::error_category {
public:
    const char* name() const noexcept override { return "sd_writer"; }
    std::string message(int code) const override { return text(static_cast<errc>(code)); }

private:
    static const char* text(errc code) noexcept
    {
        switch (code) {
        case errc::locked:
            return "another process keeps this file: give each agent its own output";
        case errc::not_a_regular_file:
            return "not a regular file";
        case errc::is_a_mount_point:
            return "a single file is mounted here, which can never be replaced: mount its directory instead";
        case errc::dangling_symlink:
            return "symbolic link that leads nowhere";
        case errc::wrong_extension:
            return "Prometheus reads only names that end in .json, .yml or .yaml";
        case errc::refused_by_check:
            return "Prometheus would refuse the new contents";
        }
        return "unknown error";
    }
};

} // namespace

const std::error_category& error_category() noexcept
{
    static const output_category category;
    return category;
}

std::error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), error_category()};
}

} // namespace sd_writer
