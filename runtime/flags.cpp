#include "runtime/flags.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iostream>

#include <CLI/CLI.hpp>

namespace runtime {

std::string variable_of(std::string_view prefix, std::string_view flag)
{
    auto name = std::string(prefix) + std::string(flag);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return c == '.' || c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
    return name;
}

int exit_early(std::string_view program, const early_exit& end)
{
    if (end.code == 0)
        std::cout << end.text;
    else
        std::cerr << program << ": " << end.text << '\n';
    return end.code;
}

std::optional<std::string> variable(std::string_view name)
{
    const auto* value = std::getenv(std::string(name).c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
}

std::vector<std::string> from_environment(const CLI::App& app, std::string_view prefix, const environment& variables)
{
    std::vector<std::string> more;
    for (const auto* option : app.get_options()) {
        const auto flag = option->get_single_name();
        if (option->count() > 0 || flag == "help" || flag == "version")
            continue;
        const auto value = variables(variable_of(prefix, flag));
        if (value && !value->empty())
            more.push_back("--" + flag + "=" + *value);
    }
    return more;
}

} // namespace runtime
