#include "agent/shell/commands.hpp"
#include "agent/shell/line_diff.hpp"
#include "agent/shell/snapshot.hpp"
#include "sd_writer/json.hpp"

#include <cerrno>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>

namespace agent::shell {
namespace {

// As diff(1).
constexpr int exit_different = 1;
constexpr int exit_trouble = 2;

/// The file's text; empty where there is no file.
std::string text_of(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file && errno != ENOENT)
        throw std::runtime_error("--output: " + path.string() + ": " + std::generic_category().message(errno));
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

int show_diff(const options& settings)
{
    try {
        bool different = false;
        for (const auto& [file, targets] : take_snapshot(settings)) {
            const auto changes = line_diff(text_of(file.path), sd_writer::to_json(targets));
            if (changes.empty())
                continue;
            different = true;
            std::cout << "--- " << file.path.string() << "\n+++ " << to_string(file.what) << " of "
                      << to_string(settings.engine) << '\n'
                      << changes;
        }
        return different ? exit_different : exit_fine;
    } catch (const std::exception& error) {
        std::cerr << "swarm-sd: " << error.what() << '\n';
        return exit_trouble;
    }
}

} // namespace agent::shell
