#include "agent/shell/commands.hpp"
#include "sd_writer/check.hpp"

#include <cerrno>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <system_error>

namespace agent::shell {

int check_file(const options& settings)
{
    std::ifstream file(settings.checked_file, std::ios::binary);
    if (!file) {
        std::cerr << "swarm-sd: " << settings.checked_file.string() << ": " << std::generic_category().message(errno)
                  << '\n';
        return exit_failure;
    }
    const std::string document{std::istreambuf_iterator<char>(file), {}};
    const auto found = sd_writer::check(document);
    if (found.error) {
        std::cerr << settings.checked_file.string() << ':' << found.error->line << ':' << found.error->column << ": "
                  << found.error->reason << '\n';
        return exit_failure;
    }
    std::cout << settings.checked_file.string() << ": " << found.targets << " targets in " << found.groups
              << " groups\n";
    return exit_fine;
}

} // namespace agent::shell
