#include "tests/integration/private_swarm.hpp"

#include <gtest/gtest.h>
#include <stdexcept>
#include <string_view>
#include <unistd.h>

namespace integration {
namespace {

const std::string script = SOURCE_DIR "/scripts/private-swarm";

std::string call(arguments words, std::chrono::seconds limit = std::chrono::seconds{90})
{
    words.insert(words.begin(), script);
    return output_of(words, limit);
}

} // namespace

std::string private_swarm::obstacle()
{
    const auto result = run({script, "check"});
    return result.exit_code == 0 ? std::string{} : result.err;
}

private_swarm::private_swarm(const swarm_size& size)
{
    // Short: sockets live below it, and a socket's path is limited.
    std::string path = "/tmp/swarm-XXXXXX";
    if (mkdtemp(path.data()) == nullptr)
        throw std::runtime_error("no temporary directory");
    directory_ = path;
    call({"up", directory_, "--managers", std::to_string(size.managers), "--workers", std::to_string(size.workers),
          "--with", std::to_string(getpid())});
}

private_swarm::~private_swarm()
{
    const auto result = run({script, "down", directory_});
    if (result.exit_code != 0)
        ADD_FAILURE() << "the swarm left something behind: " << result.err;
}

std::filesystem::path private_swarm::socket(int node) const
{
    return directory_ / ("node" + std::to_string(node)) / "docker.sock";
}

std::filesystem::path private_swarm::control_socket(int node) const
{
    return directory_ / ("node" + std::to_string(node)) / "exec/swarm/control.sock";
}

std::string private_swarm::docker(const arguments& words, int node) const
{
    arguments all{"docker", directory_, std::to_string(node)};
    all.insert(all.end(), words.begin(), words.end());
    return call(all);
}

std::string private_swarm::get(const std::string& path, int node) const
{
    return run({"curl", "--silent", "--max-time", "5", "--unix-socket", socket(node), "http://engine/v1.40" + path})
        .out;
}

void private_swarm::start(const arguments& flags, int number) const
{
    arguments all{"start", directory_, std::to_string(number)};
    all.insert(all.end(), flags.begin(), flags.end());
    call(all);
}

void private_swarm::node(const std::string& command, int number) const
{
    call({command, directory_, std::to_string(number)});
}

std::string private_swarm::inside(const arguments& command, int node) const
{
    arguments all{"exec", directory_, std::to_string(node)};
    all.insert(all.end(), command.begin(), command.end());
    return call(all);
}

void private_swarm::make_image(const std::string& name, const arguments& binaries) const
{
    arguments all{"image", directory_, name};
    all.insert(all.end(), binaries.begin(), binaries.end());
    call(all);
}

std::uint16_t private_swarm::forward(std::uint16_t port, int node) const
{
    return static_cast<std::uint16_t>(
        std::stoul(call({"forward", directory_, std::to_string(node), "0", std::to_string(port)})));
}

} // namespace integration
