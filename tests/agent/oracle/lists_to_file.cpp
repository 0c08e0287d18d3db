// What the agent makes of an engine's lists that lie in a directory: everything between the engine's bytes and the
// file's, without an engine and a file's discipline.
//
// Reads jobs from standard input, one a line, its fields between tabs: role, output, directory, flags of the agent.
#include "agent/core/swarm.hpp"
#include "agent/core/target_set.hpp"
#include "agent/docker/decode.hpp"
#include "agent/shell/options.hpp"
#include "sd_writer/json.hpp"
#include "tests/support/text_file.hpp"

#include <exception>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::vector<std::string> split(const std::string& line)
{
    std::vector<std::string> fields;
    std::istringstream rest(line);
    for (std::string field; std::getline(rest, field, '\t');)
        fields.push_back(field);
    return fields;
}

agent::core::role_rules rules_from(std::vector<std::string> flags)
{
    const auto none = [](std::string_view) -> std::optional<std::string> { return {}; };
    const auto no_file = [](const fs::path&) { return std::string{}; };
    auto parsed = agent::shell::parse_options(std::move(flags), none, no_file);
    if (const auto* refused = std::get_if<agent::shell::early_exit>(&parsed))
        throw std::runtime_error(refused->text);
    return std::get<agent::shell::options>(parsed).rules;
}

agent::core::snapshot read_lists(const fs::path& directory)
{
    using namespace agent::docker;
    const auto text = [&directory](const char* name) { return support::contents_of(directory / name); };
    auto [tasks, networks] = decode_tasks(text("tasks.json")).value();
    if (fs::exists(directory / "networks.json")) {
        auto listed = decode_networks(text("networks.json")).value();
        networks.insert(networks.end(), listed.begin(), listed.end());
    }
    agent::core::snapshot data{decode_services(text("services.json")).value(), decode_nodes(text("nodes.json")).value(),
                               std::move(tasks), std::move(networks)};
    if (fs::exists(directory / "containers.json"))
        data.containers = decode_containers(text("containers.json")).value();
    return data;
}

void carry_out(const std::string& job)
{
    auto fields = split(job);
    const auto which = agent::core::parse_role(fields.at(0)).value();
    agent::core::swarm world;
    world.replace(read_lists(fields.at(2)));
    agent::core::target_set targets(which, rules_from({fields.begin() + 3, fields.end()}));
    targets.refresh_all(world);
    support::write_file(fields.at(1), sd_writer::to_json(targets.groups()));
}

} // namespace

int main()
{
    std::string job;
    try {
        while (std::getline(std::cin, job))
            carry_out(job);
    } catch (const std::exception& error) {
        std::cerr << job << ": " << error.what() << '\n';
        return 1;
    }
    return 0;
}
