#include "agent/shell/measured_run.hpp"

#include "agent/docker/thread_cpu.hpp"

#include <chrono>

namespace agent::shell {

void run_measured(boost::asio::io_context& io, prometheus::Histogram& holds)
{
    auto before = docker::thread_cpu();
    while (io.run_one() > 0) {
        const auto now = docker::thread_cpu();
        holds.Observe(std::chrono::duration<double>(now - before).count());
        before = now;
    }
}

} // namespace agent::shell
