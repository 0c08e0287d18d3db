#include "tests/faults/agent.hpp"

#include "tests/integration/http.hpp"
#include "tests/support/text_file.hpp"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <limits>

namespace faults {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

arguments command_for(const fs::path& engine, const fs::path& output, std::uint16_t port, const agent_start& how)
{
    auto command = how.around;
    command.insert(command.end(), {how.binary, "--docker.host=unix://" + engine.string(), "--docker.task-watch=off",
                                   "--docker.resync-interval=200ms", "--output=endpoints=" + output.string(),
                                   "--debounce=10ms", "--debounce.max=50ms", "--meta-labels=none",
                                   "--web.listen-address=127.0.0.1:" + std::to_string(port)});
    command.insert(command.end(), how.flags.begin(), how.flags.end());
    return command;
}

} // namespace

agent::agent(const fs::path& engine, const fs::path& output, const fs::path& log, const agent_start& how)
    : log_(log), port_(integration::free_port()), process_(command_for(engine, output, port_, how), log)
{
}

agent::page agent::get(const std::string& path) const
{
    auto answer = integration::run({"curl", "--silent", "--noproxy", "*", "--max-time", "10", "--write-out",
                                    "\n%{http_code}", "http://127.0.0.1:" + std::to_string(port_) + path});
    const auto end = answer.out.rfind('\n');
    if (answer.exit_code != 0 || end == std::string::npos)
        return {};
    return {static_cast<unsigned>(std::stoul(answer.out.substr(end + 1))), answer.out.substr(0, end)};
}

double agent::metric(const std::string& series) const
{
    return integration::sample(get("/metrics").body, series).value_or(-1);
}

double agent::writes(const std::string& result) const
{
    return metric("swarm_sd_file_writes_total{result=\"" + result + "\",role=\"endpoints\"}");
}

bool agent::has_said(std::string_view text) const
{
    return log().find(text) != std::string::npos;
}

std::string agent::log() const
{
    return support::contents_of(log_);
}

std::size_t agent::descriptors() const
{
    // A page's connection may be closed a moment after its answer, so the least of several looks counts.
    auto least = std::numeric_limits<std::size_t>::max();
    for (int look = 0; look < 5; ++look) {
        (void)get("/-/healthy");
        const fs::directory_iterator open("/proc/" + std::to_string(pid()) + "/fd");
        least = std::min(least, static_cast<std::size_t>(std::distance(begin(open), end(open))));
    }
    return least;
}

int agent::stop()
{
    signal(SIGTERM);
    return wait(10s);
}

void agent::kill()
{
    signal(SIGKILL);
    wait();
}

} // namespace faults
