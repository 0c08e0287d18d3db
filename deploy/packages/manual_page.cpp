#include "deploy/packages/manual_page.hpp"

#include "runtime/flags.hpp"

#include <cctype>
#include <sstream>

namespace packaging {
namespace {

/// Text that roff shows as it is.
std::string plain(std::string_view text)
{
    std::string escaped;
    for (const char c : text) {
        if (c == '\\')
            escaped += "\\e";
        else if (c == '-')
            escaped += "\\-"; // a minus, as one types it
        else if ((c == '.' || c == '\'') && escaped.empty())
            escaped += std::string("\\&") + c; // no request
        else
            escaped += c;
    }
    return escaped;
}

std::string bold(std::string_view text)
{
    return "\\fB" + plain(text) + "\\fR";
}

std::string italic(std::string_view text)
{
    return "\\fI" + plain(text) + "\\fR";
}

/// `swarm\-sd \- keeps …`: what apropos(1) reads.
std::string name_line(const runtime::described_program& program)
{
    auto help = program.help;
    if (help.ends_with('.'))
        help.pop_back();
    if (!help.empty())
        help.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(help.front())));
    return plain(program.name) + " \\- " + plain(help) + "\n";
}

std::string commands_of(const runtime::described_program& program)
{
    std::string text;
    for (const auto& command : program.commands)
        text += ".TP\n" + bold(command.name) + (command.argument.empty() ? "" : " " + italic(command.argument)) + "\n" +
                plain(command.help) + ".\n";
    return text;
}

std::string flags_of(const runtime::described_program& program, std::string_view variable)
{
    std::string text;
    for (const auto& flag : program.flags) {
        text += ".TP\n";
        for (const auto& name : flag.names)
            text += (name == flag.names.front() ? "" : ", ") + bold(name) +
                    (flag.value.empty() ? "" : "=" + italic(flag.value));
        text += "\n" + plain(flag.help) + ".\n";
        if (flag.value.empty())
            continue;
        if (flag.is_list)
            text += "May be given several times.\n";
        if (!flag.standard.empty())
            text += "Default: " + plain(flag.standard) + ".\n";
        text += "Variable: " + bold(runtime::variable_of(variable, flag.names.front().substr(2))) + ".\n";
    }
    return text;
}

} // namespace

std::string manual_page(std::string_view text, const runtime::described_program& program, std::string_view version,
                        std::string_view variable)
{
    std::istringstream lines{std::string(text)};
    std::string page;
    for (std::string line; std::getline(lines, line);) {
        if (line == "@NAME@")
            page += name_line(program);
        else if (line == "@COMMANDS@")
            page += commands_of(program);
        else if (line == "@FLAGS@")
            page += flags_of(program, variable);
        else {
            constexpr std::string_view mark = "@VERSION@";
            if (const auto at = line.find(mark); at != std::string::npos)
                line.replace(at, mark.size(), version);
            page += line + "\n";
        }
    }
    return page;
}

} // namespace packaging
