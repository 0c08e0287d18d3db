// A storm of events against the real agent, with figures of one's own: what tests/integration/storm_test.cpp does with its.
#include "tests/integration/storm.hpp"
#include "tests/support/temporary_directory.hpp"

#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

int main(int argc, char** argv)
{
    integration::storm_settings how;
    integration::storm_agent agent;
    double seconds = 20;
    CLI::App app{"Runs swarm-sd in a storm of events and says what it was like. Exit code 1: a promise was broken.",
                 "event_storm"};
    app.add_option("--services", how.services, "Number of services")->capture_default_str();
    app.add_option("--replicas", how.replicas, "Tasks of each")->capture_default_str();
    app.add_option("--events-per-second", how.events_per_second, "Records sent")->capture_default_str();
    app.add_option("--seconds", seconds, "How long it lasts")->capture_default_str();
    app.add_option("--lost", how.lost, "Part of the records that is never sent")->capture_default_str();
    app.add_option("--doubled", how.doubled, "Part that is sent twice")->capture_default_str();
    app.add_option("--reordered", how.reordered, "Part that is sent too early")->capture_default_str();
    app.add_option("--slow", how.slow, "Part of the answers that is slow")->capture_default_str();
    app.add_option("--failing", how.failing, "Part that is 500 or 503")->capture_default_str();
    app.add_option("--truncated", how.truncated, "Part that ends too early")->capture_default_str();
    app.add_option("--idle-connections", agent.idle_connections, "To the agent's own port")->capture_default_str();
    app.add_option("--seed", how.seed, "Another one is another storm")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    how.lasts = std::chrono::milliseconds(static_cast<long>(seconds * 1'000));
    try {
        const support::temporary_directory directory;
        const auto seen = run_storm(directory.path() / "storm", how, agent);
        std::cout << described(seen);
        const auto broken = broken_promises(seen, agent);
        for (const auto& promise : broken)
            std::cout << "BROKEN: " << promise << '\n';
        return broken.empty() ? 0 : 1;
    } catch (const std::exception& error) {
        std::cerr << "event_storm: " << error.what() << '\n';
        return 1;
    }
}
