#include "deploy/packages/completions.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace packaging {
namespace {

using runtime::described_flag;
using runtime::described_program;

/// `_swarm_sd`: names of shell functions have no dashes.
std::string function_of(const described_program& program)
{
    auto name = "_" + program.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

std::string joined(const std::vector<std::string>& words, std::string_view between)
{
    std::string text;
    for (const auto& word : words)
        text += (text.empty() ? "" : std::string(between)) + word;
    return text;
}

/// As one word of a POSIX shell.
std::string quoted(std::string_view text)
{
    std::string word = "'";
    for (const char c : text)
        word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return word + "'";
}

std::vector<std::string> command_names(const described_program& program)
{
    std::vector<std::string> names;
    for (const auto& command : program.commands)
        names.push_back(command.name);
    return names;
}

/// Commands whose argument is a file.
std::vector<std::string> commands_on_files(const described_program& program)
{
    std::vector<std::string> names;
    for (const auto& command : program.commands)
        if (command.argument == "FILE")
            names.push_back(command.name);
    return names;
}

std::string with_backslash_before(std::string_view special, std::string_view text)
{
    std::string escaped;
    for (const char c : text) {
        if (special.find(c) != std::string_view::npos)
            escaped += '\\';
        escaped += c;
    }
    return escaped;
}

} // namespace

std::string bash_completion(const described_program& program)
{
    const auto function = function_of(program);
    std::vector<std::string> all;
    std::string values;
    for (const auto& flag : program.flags) {
        all.insert(all.end(), flag.names.begin(), flag.names.end());
        if (flag.value.empty())
            continue;
        values += "    " + joined(flag.names, "|") + ") takes=value words='" + joined(flag.words(), " ") + "'" +
                  (flag.takes_path() ? " files=yes" : "") + " ;;\n";
    }
    std::string of_files;
    for (const auto& command : commands_on_files(program))
        of_files += "      " + command + ") files=yes ;;\n";

    return "# bash completion for " + program.name + ". Made from its flags.\n" + function +
           "() {\n"
           "  local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]} takes= words= files= command= "
           "seen\n"
           "  # Bash takes --flag=value apart.\n"
           "  if [[ $word == = ]]; then\n"
           "    word=\n"
           "  elif [[ $flag == = && $COMP_CWORD -ge 2 ]]; then\n"
           "    flag=${COMP_WORDS[COMP_CWORD-2]}\n"
           "    [[ $flag == -* ]] || takes=value files=yes # ROLE=PATH\n"
           "  fi\n"
           "  case $flag in\n" +
           values +
           "  esac\n"
           "  if [[ -z $takes ]]; then\n"
           "    for seen in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
           "      case $seen in\n"
           "        " +
           joined(command_names(program), "|") +
           ") command=$seen ;;\n"
           "      esac\n"
           "    done\n"
           "    words='" +
           joined(all, " ") +
           "'\n"
           "    case $command in\n"
           "      '') [[ $word == -* ]] || words='" +
           joined(command_names(program), " ") + "' ;;\n" + of_files +
           "      *) [[ $word == -* ]] || words= ;;\n"
           "    esac\n"
           "    [[ $word != -* ]] || files=\n"
           "  fi\n"
           "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
           "  if [[ -n $files ]]; then\n"
           "    compopt -o filenames 2>/dev/null\n"
           "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$word\")\n"
           "  fi\n"
           "}\n"
           "complete -F " +
           function + " " + program.name + "\n";
}

std::string zsh_completion(const described_program& program)
{
    constexpr std::string_view special = "[]:\\";
    std::string text = "#compdef " + program.name + "\n# Made from its flags.\nlocal state line\n_arguments -S \\\n";
    for (const auto& flag : program.flags) {
        const auto help = "[" + with_backslash_before(special, flag.help) + "]";
        for (const auto& name : flag.names) {
            std::string takes;
            if (!flag.value.empty()) {
                takes = ":" + with_backslash_before(special, flag.value) + ":";
                if (const auto words = flag.words(); !words.empty())
                    takes += "(" + joined(words, " ") + ")";
                else if (flag.takes_path())
                    takes += "_files";
            }
            const auto equals = flag.value.empty() || !name.starts_with("--") ? "" : "=";
            text += "  " + quoted((flag.is_list ? "*" : "") + name + equals + help + takes) + " \\\n";
        }
    }
    std::string commands;
    for (const auto& command : program.commands)
        commands += (commands.empty() ? "" : " ") + command.name + "\\:" + "\"" +
                    with_backslash_before("\\:\"'`$", command.help) + "\"";
    text += "  " + quoted("1:command:((" + commands + "))") + " \\\n  '*:argument:->argument'\n";
    text += "[[ $state != argument ]] || case $line[1] in\n";
    for (const auto& command : commands_on_files(program))
        text += "  " + command + ") _files ;;\n";
    return text + "esac\n";
}

std::string fish_completion(const described_program& program)
{
    // In single quotes fish knows two escapes.
    const auto in_fish = [](std::string_view text) { return "'" + with_backslash_before("\\'", text) + "'"; };
    const auto complete = "complete --command " + program.name;
    std::string text = "# Made from its flags.\n" + complete + " --no-files\n";
    for (const auto& flag : program.flags) {
        text += complete;
        for (const auto& name : flag.names)
            text += name.starts_with("--") ? " --long-option " + name.substr(2) : " --short-option " + name.substr(1);
        if (!flag.value.empty()) {
            text += flag.takes_path() ? " --require-parameter --force-files" : " --exclusive";
            if (const auto words = flag.words(); !words.empty())
                text += " --arguments " + in_fish(joined(words, " "));
        }
        text += " --description " + in_fish(flag.help) + "\n";
    }
    for (const auto& command : program.commands)
        text += complete + " --condition __fish_use_subcommand --arguments " + command.name + " --description " +
                in_fish(command.help) + "\n";
    for (const auto& command : commands_on_files(program))
        text += complete + " --condition " + in_fish("__fish_seen_subcommand_from " + command) + " --force-files\n";
    return text;
}

} // namespace packaging
