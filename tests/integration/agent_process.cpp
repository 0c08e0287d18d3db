#include "tests/integration/agent_process.hpp"

#include "tests/integration/eventually.hpp"
#include "tests/integration/http.hpp"

#include <csignal>
#include <iterator>

namespace integration {

agent_process::agent_process(const private_swarm& swarm, std::filesystem::path file, const arguments& more,
                             const agent_place& place)
    : log_(file.parent_path().parent_path() / "agent.log"), port_(free_port())
{
    std::filesystem::create_directories(file.parent_path());
    arguments command{AGENT_BINARY,
                      "--docker.host=unix://" +
                          (place.engine.empty() ? swarm.socket(place.node) : place.engine).string(),
                      "--docker.task-watch=" + (place.watches ? swarm.control_socket(place.node).string() : "off"),
                      "--output=endpoints=" + file.string(),
                      "--debounce=100ms",
                      "--web.listen-address=127.0.0.1:" + std::to_string(port_),
                      "--log.level=debug"};
    command.insert(command.begin(), place.within.begin(), place.within.end());
    command.insert(command.end(), more.begin(), more.end());
    process_ = std::make_unique<child_process>(command, log_);
}

bool agent_process::becomes_ready() const
{
    return eventually([this] { return process_->running() && http_get(port_, "/-/ready").has_value(); });
}

int agent_process::stop()
{
    process_->signal(SIGTERM);
    return process_->wait();
}

void agent_process::kill()
{
    process_->signal(SIGKILL);
    process_->wait();
}

std::size_t agent_process::descriptors() const
{
    const std::filesystem::directory_iterator open("/proc/" + std::to_string(process_->pid()) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

double agent_process::metric(const std::string& series) const
{
    return sample(page("/metrics"), series).value_or(-1);
}

std::string agent_process::page(const std::string& path) const
{
    return http_get(port_, path).value_or("");
}

} // namespace integration
