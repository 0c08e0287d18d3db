#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace support {

/// Contents of a file below `tests/testdata`.
inline std::string read_testdata(std::string_view name)
{
    const auto path = std::filesystem::path(TESTDATA_DIR) / name;
    std::ifstream file(path, std::ios::binary);
    if (!file)
        throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace support
