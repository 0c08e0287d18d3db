#include "tests/faults/disk_model.hpp"

#include <optional>
#include <sstream>

namespace faults {
namespace {

using kind = disk_operation::kind;

/// What a call that succeeded returned; nothing for one that failed.
std::optional<std::size_t> returned(const std::string& line)
{
    constexpr std::string_view sign = " = ";
    const auto at = line.rfind(sign);
    if (at == std::string::npos || line.at(at + sign.size()) == '-')
        return std::nullopt;
    return std::stoul(line.substr(at + sign.size()));
}

std::optional<kind> kind_of(const std::string& line, const std::filesystem::path& output)
{
    const auto has = [&line](std::string_view text) { return line.find(text) != std::string::npos; };
    const auto begins = [&line](std::string_view call) { return line.starts_with(call); };
    const bool of_staged = has(".tmp>");
    const bool of_directory = has("<" + output.parent_path().string() + ">");
    if (begins("openat(") && has("O_CREAT") && of_staged)
        return kind::create;
    if (begins("write(") && of_staged)
        return kind::write;
    if (begins("fchmod(") && of_staged)
        return kind::set_mode;
    if (begins("fsync(") && of_staged)
        return kind::sync_file;
    if (begins("rename") && has("\"" + output.filename().string() + "\""))
        return kind::rename;
    if (begins("fsync(") && of_directory)
        return kind::sync_directory;
    return std::nullopt;
}

} // namespace

std::vector<disk_operation> disk_operations(const std::string& trace, const std::filesystem::path& output)
{
    std::vector<disk_operation> operations;
    std::istringstream lines(trace);
    for (std::string line; std::getline(lines, line);) {
        const auto result = returned(line);
        const auto what = kind_of(line, output);
        if (what && result)
            operations.push_back({*what, *what == kind::write ? *result : 0, line});
    }
    return operations;
}

void disk_model::apply(const disk_operation& operation)
{
    switch (operation.what) {
    case kind::create:
        *this = {};
        break;
    case kind::write:
        bytes_ += operation.bytes;
        is_synced_ = false;
        break;
    case kind::set_mode:
        has_mode_ = true;
        is_synced_ = false;
        break;
    case kind::sync_file:
        is_synced_ = has_mode_;
        break;
    case kind::rename:
        is_renamed_ = true;
        break;
    case kind::sync_directory:
        is_name_synced_ = is_renamed_;
        break;
    }
}

} // namespace faults
