#include "agent/core/empty_guard.hpp"
#include "agent/shell/commands.hpp"
#include "agent/shell/output_error.hpp"
#include "agent/shell/snapshot.hpp"
#include "sd_writer/writer.hpp"

#include <cstddef>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace agent::shell {
namespace {

std::vector<sd_writer::writer> open_outputs(const options& settings)
{
    std::vector<sd_writer::writer> files;
    for (const auto& wanted : settings.outputs) {
        files.emplace_back(wanted.path, settings.output_mode);
        if (const auto error = files.back().open())
            throw std::runtime_error(output_error(wanted.path, error));
    }
    return files;
}

/// Whether the snapshot would take all targets from a file that has some.
bool empties_a_file(const std::vector<file_snapshot>& snapshot, const std::vector<sd_writer::writer>& files)
{
    for (std::size_t at = 0; at < files.size(); ++at)
        if (snapshot.at(at).targets.empty() && files.at(at).existing().targets > 0)
            return true;
    return false;
}

} // namespace

int run_once(const options& settings)
{
    try {
        auto files = open_outputs(settings);
        auto snapshot = take_snapshot(settings);
        if (settings.confirm_empty && empties_a_file(snapshot, files)) {
            std::cerr << "swarm-sd: there are no targets but a file has some: looking again in "
                      << core::empty_guard::apart.count() << " s\n";
            std::this_thread::sleep_for(core::empty_guard::apart);
            snapshot = take_snapshot(settings);
        }
        for (std::size_t at = 0; at < files.size(); ++at) {
            const auto report = files.at(at).write(snapshot.at(at).targets);
            if (report.outcome == sd_writer::write_outcome::failed)
                throw std::runtime_error(output_error(files.at(at).path(), report.error));
        }
    } catch (const std::exception& error) {
        std::cerr << "swarm-sd: " << error.what() << '\n';
        return exit_failure;
    }
    return exit_fine;
}

} // namespace agent::shell
