#include "runtime/command_description.hpp"

#include <algorithm>
#include <sstream>

#include <CLI/CLI.hpp>

namespace runtime {
namespace {

described_flag describe(const CLI::Option& option)
{
    described_flag flag;
    for (const auto& name : option.get_lnames())
        flag.names.push_back("--" + name);
    for (const auto& name : option.get_snames())
        flag.names.push_back("-" + name);
    flag.help = option.get_description();
    if (option.get_items_expected_max() == 0)
        return flag;
    flag.value = option.get_type_name();
    flag.standard = option.get_default_str();
    flag.is_list = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
    // A list is shown in brackets, which nobody would write.
    if (flag.is_list && flag.standard.starts_with('['))
        flag.standard = flag.standard.substr(1, flag.standard.size() - 2);
    return flag;
}

described_command describe_command(const CLI::App& command)
{
    described_command described{command.get_name(), {}, command.get_description()};
    for (const auto* option : command.get_options())
        if (option->get_positional())
            described.argument = option->get_name();
    return described;
}

bool is_written_in_capitals(const std::string& word)
{
    return word.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos;
}

} // namespace

std::vector<std::string> described_flag::words() const
{
    std::vector<std::string> found;
    std::istringstream text(value);
    for (std::string word; std::getline(text, word, '|');)
        if (!is_written_in_capitals(word))
            found.push_back(word);
    return found;
}

bool described_flag::takes_path() const
{
    return value.find("FILE") != std::string::npos || value.find("PATH") != std::string::npos;
}

described_program describe(const CLI::App& app)
{
    described_program program{app.get_name(), app.get_description(), {}, {}};
    for (const auto* option : app.get_options())
        if (!option->get_positional())
            program.flags.push_back(describe(*option));
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
        program.commands.push_back(describe_command(*command));
    return program;
}

} // namespace runtime
