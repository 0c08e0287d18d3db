#include "agent/shell/commands.hpp"
#include "agent/shell/options.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

namespace {

std::optional<std::string> variable(std::string_view name)
{
    const auto* value = std::getenv(std::string(name).c_str()); // before any thread starts
    return value ? std::optional<std::string>(value) : std::nullopt;
}

std::string contents_of(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file)
        throw std::system_error(errno, std::generic_category());
    return text;
}

int exit_early(const agent::shell::early_exit& end)
{
    if (end.code == 0)
        std::cout << end.text;
    else
        std::cerr << "swarm-sd: " << end.text << '\n';
    return end.code;
}

} // namespace

int main(int argc, char** argv)
{
    using namespace agent::shell;
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const auto read_settings = [&arguments] { return parse_options(arguments, variable, contents_of); };
    const auto parsed = read_settings();
    if (const auto* end = std::get_if<early_exit>(&parsed))
        return exit_early(*end);

    const auto& settings = std::get<options>(parsed);
    switch (settings.what) {
    case command::once:
        return run_once(settings);
    case command::diff:
        return show_diff(settings);
    case command::explain:
        return explain_service(settings);
    case command::check:
        return check_file(settings);
    case command::health:
        return ask_health(settings);
    case command::run:
        break;
    }
    return run(settings, read_settings);
}
