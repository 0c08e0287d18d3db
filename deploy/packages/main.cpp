// Writes what a package has beside a program, made from the program's own flags:
//
//   command_docs PROGRAM bash|zsh|fish
//   command_docs PROGRAM man TEXT           TEXT: see manual_page
#include "agent/shell/options.hpp"
#include "instrumented_service/accounts/options.hpp"
#include "deploy/packages/completions.hpp"
#include "deploy/packages/manual_page.hpp"
#include "runtime/flags.hpp"
#include "runtime/version.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

std::string contents_of(const std::string& path)
{
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file)
        throw std::runtime_error(path + " cannot be read");
    return text;
}

std::string written(const std::vector<std::string>& arguments)
{
    if (arguments.size() < 2)
        throw std::runtime_error("usage: command_docs PROGRAM bash|zsh|fish|man [TEXT]");
    const bool is_agent = arguments[0] == "swarm-sd";
    const auto program = is_agent ? agent::shell::describe_options() : accounts::describe_options();
    if (program.name != arguments[0])
        throw std::runtime_error(arguments[0] + " is unknown");
    const auto& what = arguments[1];
    if (what == "bash")
        return packaging::bash_completion(program);
    if (what == "zsh")
        return packaging::zsh_completion(program);
    if (what == "fish")
        return packaging::fish_completion(program);
    if (what == "man" && arguments.size() == 3)
        return packaging::manual_page(contents_of(arguments[2]), program, runtime::version(),
                                      is_agent ? "SWARM_SD_" : "ACCOUNTSERVICE_");
    throw std::runtime_error(what + " is unknown");
}

} // namespace

int main(int argc, char** argv)
{
    try {
        std::cout << written({argv + 1, argv + argc}) << std::flush;
        return std::cout ? 0 : 1;
    } catch (const std::exception& error) {
        std::cerr << "command_docs: " << error.what() << '\n';
        return runtime::usage_error;
    }
}
