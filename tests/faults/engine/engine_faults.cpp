#include "tests/faults/engine/engine_faults.hpp"

#include <algorithm>
#include <set>

namespace faults {

engine_faults::engine_faults(bool is_virtual) : descriptors_before_(open_descriptors())
{
    if (is_virtual)
        time.emplace();
    harness.emplace();
    if (is_virtual) {
        harness->around = {.seed = 1, .disk = harness->io.get_executor()};
        harness->pass_time = [&io = harness->io, &now = *time](clock::time_point latest) {
            if (io.poll_one() == 0)
                now.advance_to(std::min(latest, now.next_timer().value_or(latest)));
        };
    }
    settings().rules.endpoints.meta = agent::core::meta_labels::none;
    settings().resync_interval = 50ms;
    engine().state.nodes["node1"] = support::node_json("node1", "192.0.2.1");
    put(made_up_service{"s1", "accountservice", 1, 6767});
    scale(1);
    watch_.emplace(harness->output());
    harness->on_turn = [this] { look(); };
}

void engine_faults::TearDown()
{
    harness->on_turn = nullptr;
    look();
    EXPECT_TRUE(every_version_is_complete(seen));
    EXPECT_TRUE(every_version_is_from_whole_lists(seen));
    EXPECT_TRUE(no_version_repeats(seen));
    if (time) {
        EXPECT_TRUE(no_two_versions_are_closer_than(settings().debounce.quiet, seen));
    }
    EXPECT_LE(engine().most_reads_at_once(), 1U) << "I9";
    EXPECT_EQ(wrongly_ready_, "") << "I8";
    if (harness->agent)
        harness->stop();
    harness.reset();
    EXPECT_EQ(open_descriptors(), descriptors_before_) << "I6";
}

// --- What is true ---

void engine_faults::put(const made_up_service& value)
{
    services_[value.id] = value;
    engine().state.services[value.id] = to_json(value);
    note_truth();
}

void engine_faults::put(const made_up_task& value)
{
    tasks_[value.id] = value;
    engine().state.tasks[value.id] = to_json(value);
    note_truth();
}

void engine_faults::remove_task(const std::string& id)
{
    tasks_.erase(id);
    engine().state.tasks.erase(id);
    note_truth();
}

made_up_task engine_faults::task(unsigned number)
{
    return {"t" + std::to_string(number), "s1", "node1", "10.0.1." + std::to_string(number + 1)};
}

void engine_faults::scale(unsigned tasks)
{
    for (unsigned number = 1; number <= tasks; ++number)
        put(task(number));
    for (auto number = tasks + 1; tasks_.contains(task(number).id); ++number)
        remove_task(task(number).id);
}

/// A second reading of the endpoint rules, for what these swarms are made of.
target_names engine_faults::true_targets() const
{
    target_names targets;
    for (const auto& [id, one] : tasks_) {
        const auto service = services_.find(one.service_id);
        if (service != services_.end() && one.state == "running" && one.desired == "running")
            targets.insert(service->second.name + " " + one.address + ":" + std::to_string(service->second.port));
    }
    return targets;
}

std::string engine_faults::truth() const
{
    std::map<std::string, std::string> groups; // by service
    for (const auto& name : true_targets()) {
        const auto blank = name.find(' ');
        auto& targets = groups[name.substr(0, blank)];
        targets += (targets.empty() ? "\"" : ",\"") + name.substr(blank + 1) + "\"";
    }
    std::set<std::string> lines; // by the first target
    for (const auto& [service, targets] : groups)
        lines.insert("{\"targets\":[" + targets + "],\"labels\":{\"task\":\"" + service + "\"}}");
    std::string text;
    for (const auto& line : lines)
        text += (text.empty() ? "[\n" : ",\n") + line;
    return text.empty() ? "[]\n" : text + "\n]\n";
}

void engine_faults::note_truth()
{
    seen.is_true(clock::now(), true_targets());
}

// --- The agent ---

void engine_faults::start()
{
    watch_->look(seen); // what an earlier run left
    seen.lives.clear();
    seen.begin.reset();
    note_truth();
    harness->start();
}

void engine_faults::start_ready()
{
    start();
    ASSERT_TRUE(until([this] { return is_ready(); }));
    ASSERT_EQ(file(), truth());
}

void engine_faults::look()
{
    watch_->look(seen);
    if (!harness->agent || !harness->running || harness->agent->not_ready_because() || !wrongly_ready_.empty())
        return;
    if (seen.versions.empty() && !std::filesystem::exists(harness->output()))
        wrongly_ready_ = "ready without a file";
    for (const auto* path : three_lists) {
        const auto told = engine().told_truth_at(path);
        if (!told)
            wrongly_ready_ = std::string("ready, but never heard the truth about ") + path;
        else if (clock::now() - *told > harness->agent->state().stale_after() + 1s)
            wrongly_ready_ = std::string("ready, but has not heard the truth lately about ") + path;
    }
}

bool engine_faults::until(const std::function<bool()>& holds, std::chrono::seconds limit)
{
    return harness->until(holds, limit);
}

void engine_faults::run_for(clock::duration span)
{
    const auto end = clock::now() + span;
    EXPECT_TRUE(until([end] { return clock::now() >= end; }, std::chrono::ceil<std::chrono::seconds>(span) + 1s));
}

bool engine_faults::until_file_is(const std::string& text)
{
    return until([&] { return file() == text; });
}

double engine_faults::metric(const std::string& series)
{
    const auto text = "\n" + harness->agent->counts().text();
    const auto found = text.find("\n" + series + " ");
    return found == std::string::npos ? -1 : std::stod(text.substr(found + series.size() + 2));
}

bool engine_faults::until_lists_fail(unsigned times)
{
    const auto& failures = harness->agent->counts().read_failures["everything"];
    const auto enough = failures.Value() + times;
    return until([&] { return failures.Value() >= enough; });
}

bool engine_faults::until_connected()
{
    return until([this] { return metric("swarm_sd_stream_connected") == 1; });
}

} // namespace faults
