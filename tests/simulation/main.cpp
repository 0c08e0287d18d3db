// Lives through simulated swarms, one a seed, and says which of them broke a promise.
#include "tests/simulation/simulation.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

namespace {

struct wishes {
    std::uint64_t first_seed = 1;
    std::uint64_t seeds = 1;
    unsigned minutes = 10;
    unsigned slowness = 1;
    bool calm = false;
    bool shows_log = false;
    std::string trace;
};

/// @return whether nothing was wrong
bool live_through(std::uint64_t seed, const wishes& wanted, std::ofstream& trace)
{
    simulation::plan how{.seed = seed,
                         .length = std::chrono::minutes(wanted.minutes),
                         .has_faults = !wanted.calm,
                         .slowness = wanted.slowness};
    if (trace.is_open())
        how.on_line = [&trace](const std::string& line) { trace << line << '\n'; };
    const auto found = simulation::simulate(how);
    if (found.violations.empty())
        return true;
    std::cout << "seed " << seed << ": " << found.violations.size() << " violations; again: --first-seed " << seed
              << " --minutes " << wanted.minutes << " --slowness " << wanted.slowness << (wanted.calm ? " --calm" : "") << " --trace FILE\n";
    constexpr std::size_t shown = 3;
    for (std::size_t at = 0; at < std::min(shown, found.violations.size()); ++at)
        std::cout << "  " << to_string(found.violations[at]) << std::endl;
    return false;
}

} // namespace

int main(int argc, char** argv)
{
    wishes wanted;
    CLI::App app("Simulated swarms, faults and agents in virtual time.");
    app.add_option("--first-seed", wanted.first_seed, "The first seed")->capture_default_str();
    app.add_option("--seeds", wanted.seeds, "How many")->capture_default_str();
    app.add_option("--minutes", wanted.minutes, "Length of each, in simulated time")->capture_default_str();
    app.add_option("--slowness", wanted.slowness, "So many times as long it takes until something happens")
        ->capture_default_str();
    app.add_flag("--calm", wanted.calm, "Without faults");
    app.add_flag("--log", wanted.shows_log, "Shows what the agents log");
    app.add_option("--trace", wanted.trace, "Writes down what happens, with the time it happens at");
    CLI11_PARSE(app, argc, argv);
    if (!wanted.shows_log && !std::freopen("/dev/null", "w", stderr))
        return 2;

    std::ofstream trace;
    if (!wanted.trace.empty())
        trace.open(wanted.trace);
    const auto began = std::chrono::steady_clock::now();
    std::uint64_t failed = 0;
    for (auto seed = wanted.first_seed; seed < wanted.first_seed + wanted.seeds; ++seed)
        failed += live_through(seed, wanted, trace) ? 0U : 1U;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::cout << wanted.seeds - failed << " of " << wanted.seeds << " seeds passed, " << took.count() << " s\n";
    return failed == 0 ? 0 : 1;
}
