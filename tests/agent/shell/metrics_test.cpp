#include "agent/shell/metrics.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::shell {
namespace {

using testing::HasSubstr;

TEST(Metrics, ShowEverySeriesFromTheStart)
{
    const metrics counts;
    const auto text = counts.text();
    for (const auto* line :
         {"swarm_sd_events_total{type=\"container\"} 0", "swarm_sd_events_dropped_total 0",
          "swarm_sd_stream_connected 0", "swarm_sd_stream_losses_total{cause=\"silent\"} 0",
          "swarm_sd_missed_changes_total{announced=\"true\"} 0", "swarm_sd_reads_total{what=\"everything\"} 0",
          "swarm_sd_read_failures_total{what=\"task\"} 0", "swarm_sd_read_duration_seconds_count{what=\"node\"} 0",
          "swarm_sd_last_sync_timestamp_seconds 0", "swarm_sd_targets{role=\"endpoints\"} 0",
          "swarm_sd_skipped_tasks{reason=\"no_shared_network\"} 0", "swarm_sd_bad_labels{reason=\"bad_path\"} 0",
          "swarm_sd_empty_held_back 0", "swarm_sd_file_writes_total{result=\"written\",role=\"endpoints\"} 0",
          "swarm_sd_update_delay_seconds_count{role=\"endpoints\"} 0", "swarm_sd_ready 0"})
        EXPECT_THAT(text, HasSubstr("\n" + std::string(line) + "\n"));
    EXPECT_THAT(text, HasSubstr("swarm_sd_build_info{compiler="));
}

TEST(Metrics, ShowTheProcess)
{
    const metrics counts;
    const auto text = counts.text();
    for (const auto* name :
         {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
          "process_start_time_seconds", "process_open_fds", "process_max_fds"})
        EXPECT_THAT(text, testing::ContainsRegex("\n" + std::string(name) + " [0-9]"));
}

} // namespace
} // namespace agent::shell
