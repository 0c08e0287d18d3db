#include "tests/agent/shell/agent_harness.hpp"
#include "tests/support/documented_calls.hpp"
#include "tests/support/engine_objects.hpp"
#include "tests/support/text_file.hpp"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using support::made_up_service;
using support::made_up_task;

/// What `--meta-labels=none` writes for one service.
std::string file_with(const std::string& targets, const std::string& service = "accountservice")
{
    return "[\n{\"targets\":[" + targets + R"(],"labels":{"task":")" + service + "\"}}\n]\n";
}

/// `/containers/json` with one container.
std::string containers_at(const std::string& ip)
{
    return R"([{"Id":"c1","Names":["/web"],"HostConfig":{"NetworkMode":"default"},"Ports":[{"PrivatePort":80,"Type":"tcp"}],)"
           R"("NetworkSettings":{"Networks":{"bridge":{"NetworkID":"net9","IPAddress":")" +
           ip + R"("}}}}])";
}

class Daemon : public testing::Test {
protected:
    Daemon()
    {
        harness_.settings.rules.endpoints.meta = agent::core::meta_labels::none;
        harness_.engine.state.nodes["node1"] = support::node_json("node1", "192.0.2.1");
        put(made_up_service{"s1", "accountservice", 1, 6767});
        put(made_up_task{"t1", "s1"});
    }

    void put(const made_up_service& value) { harness_.engine.state.services[value.id] = to_json(value); }
    void put(const made_up_task& value) { harness_.engine.state.tasks[value.id] = to_json(value); }

    void start()
    {
        harness_.start();
        ASSERT_TRUE(harness_.until_ready());
    }

    agent_harness harness_;
};

TEST_F(Daemon, SubscribesBeforeItLists)
{
    start();
    std::vector<std::string> order;
    for (const auto& request : harness_.engine.requests)
        order.push_back(request.method + " " + request.target.substr(0, request.target.find('?')));
    EXPECT_THAT(order, testing::ElementsAre("HEAD /_ping", "GET /v1.41/events", "GET /v1.41/services",
                                            "GET /v1.41/nodes", "GET /v1.41/tasks"));
}

TEST_F(Daemon, WritesTheFirstListAtOnce)
{
    harness_.settings.debounce = {.quiet = 1h, .most = 1h};
    start();
    EXPECT_EQ(harness_.file(), file_with(R"("10.0.1.2:6767")"));
}

TEST_F(Daemon, AddsATaskWhoseContainerStarted)
{
    start();
    const made_up_task fresh{"t2", "s1", "node1", "10.0.1.3"};
    put(fresh);
    harness_.engine.emit(container_event("start", fresh));
    EXPECT_TRUE(harness_.until_file_is(file_with(R"("10.0.1.2:6767","10.0.1.3:6767")")));
    EXPECT_EQ(harness_.engine.count("/tasks"), 1U) << "one task was read, not all of them";
}

TEST_F(Daemon, LooksAgainAtATaskThatIsStillStarting)
{
    start();
    made_up_task fresh{"t2", "s1", "node1", "10.0.1.3", "starting"};
    put(fresh);
    harness_.engine.emit(container_event("start", fresh));
    ASSERT_TRUE(harness_.until([&] { return harness_.engine.count("/tasks/t2") >= 1; }));
    fresh.state = "running";
    put(fresh);
    EXPECT_TRUE(harness_.until_file_is(file_with(R"("10.0.1.2:6767","10.0.1.3:6767")")));
}

TEST_F(Daemon, DropsATaskAsSoonAsItIsNotWantedAnyMore)
{
    put(made_up_task{"t2", "s1", "node1", "10.0.1.3"});
    start();
    put(made_up_task{"t2", "s1", "node1", "10.0.1.3", "running", "shutdown"});
    harness_.engine.emit(support::object_event("service", "update", "s1"));
    EXPECT_TRUE(harness_.until_file_is(file_with(R"("10.0.1.2:6767")")));
}

TEST_F(Daemon, MakesOneWriteOfManyChanges)
{
    harness_.settings.debounce = {.quiet = 100ms, .most = 10s};
    start();
    for (int number = 2; number <= 9; ++number) {
        const made_up_task fresh{"t" + std::to_string(number), "s1", "node1", "10.0.1." + std::to_string(number + 1)};
        put(fresh);
        harness_.engine.emit(container_event("start", fresh));
    }
    ASSERT_TRUE(harness_.until([this] { return harness_.file().find("10.0.1.10:") != std::string::npos; }));
    const auto writes = [this] {
        return harness_.metric(R"(swarm_sd_file_writes_total{result="written",role="endpoints"})");
    };
    // The file is there a moment before its writer says so.
    EXPECT_TRUE(harness_.until([&writes] { return writes() >= 2; }));
    EXPECT_EQ(writes(), 2);
}

TEST_F(Daemon, WritesNothingWhileNothingChanges)
{
    harness_.settings.resync_interval = 20ms;
    start();
    const auto before = std::filesystem::last_write_time(harness_.output());
    ASSERT_TRUE(harness_.until([this] { return harness_.engine.count("/tasks") >= 5; }));
    EXPECT_EQ(harness_.metric(R"(swarm_sd_file_writes_total{result="written",role="endpoints"})"), 1);
    EXPECT_EQ(std::filesystem::last_write_time(harness_.output()), before);
}

TEST_F(Daemon, F45_RepairsAFileThatSomebodyEdited)
{
    harness_.settings.resync_interval = 20ms;
    start();
    support::write_file(harness_.output(), "[]");
    EXPECT_TRUE(harness_.until_file_is(file_with(R"("10.0.1.2:6767")")));
    std::filesystem::remove(harness_.output());
    EXPECT_TRUE(harness_.until_file_is(file_with(R"("10.0.1.2:6767")")));
}

TEST_F(Daemon, BelievesThatAllTargetsAreGoneOnlyWhenASecondListSaysSo)
{
    start();
    const auto before = harness_.file();
    harness_.engine.state.tasks.clear();
    harness_.engine.state.services.clear();
    const auto emptied = std::chrono::steady_clock::now();
    harness_.engine.emit(support::object_event("service", "remove", "s1"));
    ASSERT_TRUE(harness_.until([this] { return harness_.agent->state().holds_back(); }));
    EXPECT_EQ(harness_.file(), before);
    EXPECT_EQ(harness_.metric("swarm_sd_empty_held_back"), 1);
    EXPECT_TRUE(harness_.until_file_is("[]\n"));
    EXPECT_GE(std::chrono::steady_clock::now() - emptied, 5s);
}

TEST_F(Daemon, KeepsAnEarlierRunsTargetsUntilASecondListConfirmsThatThereAreNone)
{
    const auto earlier = file_with(R"("10.0.1.9:6767")");
    support::write_file(harness_.output(), earlier);
    harness_.engine.state = {};
    harness_.start();
    ASSERT_TRUE(harness_.until([this] { return harness_.agent->state().holds_back(); }));
    EXPECT_EQ(harness_.file(), earlier);
    EXPECT_TRUE(harness_.until_file_is("[]\n"));
}

TEST_F(Daemon, IsToldNotToConfirmEmptiness)
{
    harness_.settings.confirm_empty = false;
    start();
    harness_.engine.state.tasks.clear();
    harness_.engine.emit(support::object_event("service", "update", "s1"));
    EXPECT_TRUE(harness_.until([this] { return harness_.file() == "[]\n"; }, 4s));
}

TEST_F(Daemon, LeavesItsFileWhenItStops)
{
    start();
    const auto before = harness_.file();
    harness_.stop();
    EXPECT_EQ(harness_.file(), before);
}

TEST_F(Daemon, AsksForNothingButWhatIsDocumented)
{
    harness_.settings.outputs.push_back({agent::core::role::services, harness_.directory.path() / "sd/services.json"});
    harness_.settings.outputs.push_back({agent::core::role::containers, harness_.directory.path() / "sd/all.json"});
    harness_.engine.instead["/networks"] = {200, "[]"};
    harness_.engine.instead["/containers/json"] = {200, "[]"};
    start();
    harness_.engine.emit(support::object_event("service", "update", "s1"));
    harness_.engine.emit(support::object_event("node", "update", "node1"));
    harness_.engine.emit(container_event("start", made_up_task{"t1", "s1"}));
    const auto unseen = [this] {
        support::documented_calls documented;
        for (const auto& [method, target, number] : harness_.engine.requests)
            EXPECT_TRUE(documented.allow(method, target)) << method << " " << target;
        return documented.unseen();
    };
    EXPECT_TRUE(harness_.until([&unseen] { return unseen().size() <= 1; }));
    EXPECT_THAT(unseen(), testing::ElementsAre(testing::HasSubstr("`GET /_ping`")));
}

TEST(DocumentedCalls, AllowNothingElse)
{
    support::documented_calls documented;
    EXPECT_TRUE(documented.allow("GET", "/v1.41/services/abc"));
    EXPECT_TRUE(documented.allow("HEAD", "/_ping"));
    for (const auto* target :
         {"/services", "/v1.41/services/abc/logs", "/v1.41/services?filters=x", "/v1.41/tasks?filters=x&all=1",
          "/v1.41/secrets", "/v1.41/containers/abc/json", "/v1.41/events", "/v1.41/_ping", "*"})
        EXPECT_FALSE(documented.allow("GET", target)) << target;
    EXPECT_FALSE(documented.allow("POST", "/v1.41/services"));
    EXPECT_FALSE(documented.allow("HEAD", "/v1.41/services"));
}

TEST_F(Daemon, KeepsAFileForEachRole)
{
    const auto tasks_file = harness_.directory.path() / "sd" / "tasks.json";
    const auto nodes_file = harness_.directory.path() / "sd" / "nodes.json";
    harness_.settings.outputs.push_back({agent::core::role::tasks, tasks_file});
    harness_.settings.outputs.push_back({agent::core::role::nodes, nodes_file});
    start();
    EXPECT_THAT(harness_.file(), testing::HasSubstr("10.0.1.2:6767"));
    EXPECT_THAT(support::contents_of(tasks_file), testing::HasSubstr("__meta_dockerswarm_task_id\":\"t1\""));
    EXPECT_THAT(support::contents_of(nodes_file), testing::HasSubstr("\"192.0.2.1:80\""));

    put(made_up_task{"t1", "s1", "node1", "10.0.1.2", "running", "shutdown"});
    put(made_up_task{"t2", "s1", "node1", "10.0.1.3"});
    harness_.engine.emit(support::object_event("service", "update", "s1"));
    EXPECT_TRUE(harness_.until_file_is(file_with(R"("10.0.1.3:6767")")));
    EXPECT_TRUE(harness_.until([&] {
        const auto text = support::contents_of(tasks_file);
        return text.find("\"t2\"") != std::string::npos && text.find("\"shutdown\"") != std::string::npos;
    })) << "role tasks shows every task";
}

TEST_F(Daemon, FollowsContainersOnAnEngineWithoutSwarm)
{
    harness_.engine.swarm = "inactive";
    for (const auto* path : {"/services", "/nodes", "/tasks"})
        harness_.engine.instead[path] = {503, R"({"message":"This node is not a swarm manager."})"};
    const std::string network = R"({"Id":"net9","Name":"bridge","Scope":"local","Driver":"bridge"})";
    harness_.engine.instead["/networks"] = {200, "[" + network + "]"};
    harness_.engine.instead["/containers/json"] = {200, containers_at("172.17.0.2")};
    harness_.settings.outputs.front().what = agent::core::role::containers;
    start();
    EXPECT_THAT(harness_.file(), testing::AllOf(testing::HasSubstr("\"172.17.0.2:80\""),
                                                testing::HasSubstr("__meta_docker_network_name\":\"bridge\"")));
    EXPECT_EQ(harness_.engine.count("/services"), 0U);

    harness_.engine.instead["/containers/json"] = {200, containers_at("172.17.0.9")};
    harness_.engine.emit(R"({"Type":"container","Action":"start","Actor":{"ID":"c1","Attributes":{}}})");
    EXPECT_TRUE(harness_.until([this] { return harness_.file().find("172.17.0.9:80") != std::string::npos; }));
    EXPECT_EQ(harness_.engine.count("/networks"), 1U) << "only the containers were read again";
}

TEST_F(Daemon, ExplainsAServicesTargets)
{
    start();
    const auto page = harness_.page("/api/v1/explain?service=accountservice");
    EXPECT_THAT(page, testing::HasSubstr(R"("service_id":"s1")"));
    EXPECT_THAT(page, testing::HasSubstr(R"({"rule":"state","saw":"running, desired running","rejects":false})"));
    EXPECT_THAT(page, testing::HasSubstr(R"("targets":["10.0.1.2:6767"])"));
    EXPECT_THAT(harness_.page("/api/v1/explain?service=account"),
                testing::HasSubstr(R"("nearest":["accountservice"])"));
}

TEST_F(Daemon, ShowsTargetsAndSkippedTasks)
{
    put(made_up_task{"t2", "s1", "node1", "10.0.1.3", "failed", "shutdown"});
    start();
    const auto page = harness_.page("/api/v1/targets");
    EXPECT_THAT(page, testing::HasSubstr(R"("endpoints":{"target_count":1,"targets":[{"target":"10.0.1.2:6767")"));
    EXPECT_THAT(page, testing::HasSubstr(R"("skipped_count":{"not_running":1})"));
    EXPECT_THAT(page, testing::HasSubstr(R"("task_id":"t2","node_id":"node1","rule":"state")"));
    EXPECT_THAT(page, testing::Not(testing::HasSubstr("\"tasks\":{"))) << "it has no output";
    EXPECT_THAT(harness_.page("/api/v1/targets?role=tasks"), testing::HasSubstr(R"("tasks":{"target_count":2)"));
    EXPECT_THAT(harness_.page("/api/v1/targets?limit=0"), testing::HasSubstr(R"("targets":[],)"));

    EXPECT_EQ(harness_.status("/api/v1/targets?role=tusks"), 400U);
    harness_.engine.instead["/networks"] = {403, "no"};
    EXPECT_EQ(harness_.status("/api/v1/targets?role=services"), 503U);
    EXPECT_THAT(harness_.page("/api/v1/targets?role=services"),
                testing::HasSubstr(R"("errorType":"unavailable","error":"no complete list yet: GET /networks: 403)"));
}

TEST_F(Daemon, ServesARoleThatHasNoFile)
{
    start();
    EXPECT_THAT(harness_.page("/sd/tasks"), testing::HasSubstr("__meta_dockerswarm_task_id\":\"t1\""));
    EXPECT_EQ(harness_.engine.count("/networks"), 0U) << "nobody asked for a page that needs it";
    EXPECT_THAT(harness_.page("/sd/tusks"), testing::HasSubstr("no such role"));
}

TEST_F(Daemon, ReadsFurtherListsForAPage)
{
    harness_.engine.instead["/networks"] = {200, R"([{"Id":"net9","Name":"bridge","Scope":"local"}])"};
    harness_.engine.instead["/containers/json"] = {200, containers_at("172.17.0.2")};
    start();
    EXPECT_THAT(harness_.page("/sd/containers"),
                testing::AllOf(testing::HasSubstr("\"172.17.0.2:80\""),
                               testing::HasSubstr("__meta_docker_network_name\":\"bridge\"")))
        << "the first answer waits for them";
    EXPECT_EQ(harness_.status("/sd/services"), 200U);
    EXPECT_EQ(harness_.engine.count("/networks"), 1U) << "the two pages share it";

    harness_.engine.instead["/containers/json"] = {200, containers_at("172.17.0.9")};
    harness_.engine.emit(R"({"Type":"container","Action":"start","Actor":{"ID":"c1","Attributes":{}}})");
    EXPECT_TRUE(
        harness_.until([this] { return harness_.page("/sd/containers").find("172.17.0.9:80") != std::string::npos; }));
}

TEST_F(Daemon, FailsOnlyThePagesWhoseListsAreRefused)
{
    const support::fake_engine::canned refusal{403, "<html><body>403 Forbidden</body></html>", "text/html"};
    harness_.engine.instead["/networks"] = refusal;
    harness_.engine.instead["/containers/json"] = refusal;
    harness_.settings.resync_interval = 20ms;
    start();
    for (const auto* page : {"/sd/services", "/sd/containers"}) {
        EXPECT_EQ(harness_.status(page), 503U) << page;
        EXPECT_THAT(harness_.page(page), testing::HasSubstr("no complete list yet: GET /networks: 403"));
    }
    for (const auto* page : {"/sd/endpoints", "/sd/tasks", "/sd/nodes"})
        EXPECT_EQ(harness_.status(page), 200U) << page;

    const made_up_task fresh{"t2", "s1", "node1", "10.0.1.3"};
    put(fresh);
    EXPECT_TRUE(harness_.until_file_is(file_with(R"("10.0.1.2:6767","10.0.1.3:6767")")));
    EXPECT_EQ(harness_.agent->not_ready_because(), std::nullopt);
    EXPECT_EQ(harness_.metric(R"(swarm_sd_read_failures_total{what="everything"})"), 0);
    EXPECT_GE(harness_.metric(R"(swarm_sd_read_failures_total{what="networks"})"), 1);

    harness_.engine.instead["/networks"] = {200, "[]"};
    EXPECT_TRUE(harness_.until([this] { return harness_.status("/sd/services") == 200; })) << "it is allowed now";
    EXPECT_EQ(harness_.status("/sd/containers"), 503U);
    EXPECT_THAT(harness_.page("/sd/containers"), testing::HasSubstr("GET /containers/json: 403"));
}

TEST_F(Daemon, ServesContainersOfAnEngineWithoutSwarmWhateverItsOutputsNeed)
{
    harness_.engine.swarm = "inactive";
    for (const auto* path : {"/services", "/nodes", "/tasks"})
        harness_.engine.instead[path] = {503, R"({"message":"This node is not a swarm manager."})"};
    harness_.engine.instead["/networks"] = {200, "[]"};
    harness_.engine.instead["/containers/json"] = {200, containers_at("172.17.0.2")};
    harness_.start();
    EXPECT_TRUE(harness_.until([this] { return harness_.status("/sd/containers") == 200; }));
    EXPECT_THAT(harness_.page("/sd/containers"), testing::HasSubstr("\"172.17.0.2:80\""));
    for (const auto* page : {"/sd/endpoints", "/sd/tasks", "/sd/services", "/sd/nodes"}) {
        EXPECT_EQ(harness_.status(page), 503U) << page;
        EXPECT_THAT(harness_.page(page), testing::HasSubstr("not a swarm manager")) << page;
    }
    EXPECT_FALSE(std::filesystem::exists(harness_.output()));
}

TEST_F(Daemon, LetsAPageWaitOnlySoLong)
{
    harness_.engine.hanging = {"/networks"};
    start();
    const auto asked = std::chrono::steady_clock::now();
    EXPECT_EQ(harness_.status("/sd/services"), 503U);
    EXPECT_GE(std::chrono::steady_clock::now() - asked, 5s);
}

TEST_F(Daemon, StopsWhileAPageWaits)
{
    harness_.engine.hanging = {"/networks"};
    start();
    proto_http::client client(harness_.io.get_executor(), proto_http::tcp_address{"127.0.0.1", harness_.agent->port()});
    bool answered = false;
    boost::asio::co_spawn(
        harness_.io, client.get("/sd/services"),
        [&answered](std::exception_ptr, const proto_http::result<proto_http::response>&) { answered = true; });
    ASSERT_TRUE(harness_.until([this] { return harness_.engine.count("/networks") > 0; }));
    harness_.stop();
    EXPECT_EQ(harness_.failure, nullptr);
    EXPECT_TRUE(harness_.until([&answered] { return answered; }));
}

TEST_F(Daemon, CountsEventsByType)
{
    start();
    harness_.engine.emit(support::object_event("service", "update", "s1"));
    harness_.engine.emit(support::object_event("node", "update", "node1"));
    harness_.engine.emit(R"({"Type":"volume","Action":"create","Actor":{"ID":"v"}})");
    EXPECT_TRUE(harness_.until([this] { return harness_.metric(R"(swarm_sd_events_total{type="node"})") == 1; }));
    EXPECT_EQ(harness_.metric(R"(swarm_sd_events_total{type="service"})"), 1);
    EXPECT_EQ(harness_.metric(R"(swarm_sd_events_total{type="container"})"), 0);
}

TEST_F(Daemon, MeasuresTheTimeFromHearingToTheFile)
{
    start();
    const made_up_task fresh{"t2", "s1", "node1", "10.0.1.3"};
    put(fresh);
    harness_.engine.emit(container_event("start", fresh));
    ASSERT_TRUE(harness_.until_file_is(file_with(R"("10.0.1.2:6767","10.0.1.3:6767")")));
    EXPECT_TRUE(harness_.until(
        [this] { return harness_.metric(R"(swarm_sd_update_delay_seconds_count{role="endpoints"})") == 1; }));
}

} // namespace
