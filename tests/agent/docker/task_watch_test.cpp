#include "agent/docker/task_watch.hpp"

#include "agent/docker/errc.hpp"
#include "tests/support/engine_objects.hpp"
#include "tests/support/fake_manager.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::docker {
namespace {

namespace asio = boost::asio;

using namespace std::chrono_literals;
using namespace std::string_literals;
using support::made_up_service;
using support::made_up_task;
using support::watch_event;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

watch_event task_change(const std::string& id, watch_event::change what = watch_event::change::updated)
{
    return {what, watch_event::kind::task, support::task_message(to_json(made_up_task{id, "s1"}), 20)};
}

std::vector<std::string> ids_of(const std::vector<core::object_change>& changes)
{
    std::vector<std::string> ids;
    for (const auto& change : changes)
        ids.push_back(std::visit([](const auto& object) { return std::string(object.id); }, change.object));
    return ids;
}

class TaskWatch : public testing::Test {
protected:
    TaskWatch()
    {
        manager.nodes["node1"] = support::node_message(support::node_json("node1", "192.0.2.1"), 5);
        manager.services["s1"] = support::service_message(to_json(made_up_service{"s1", "shop"}), 10);
        const auto task = to_json(made_up_task{"t1", "s1"});
        manager.tasks["t1"] = support::task_message(task, 15);
        manager.networks = support::network_messages({task});
    }

    ~TaskWatch() override
    {
        if (carrying && !carrying->is_done()) {
            carrying->cancel();
            EXPECT_TRUE(support::run_until(io, [this] { return carrying->is_done(); }));
        }
        watch.reset();
        serving.cancel();
        manager.server.drop_connections();
        EXPECT_TRUE(support::run_until(io, [this] { return serving.is_done(); }));
        EXPECT_TRUE(support::run_until(io, [this] { return manager.server.connections() == 0; }));
    }

    void connect()
    {
        auto made = support::run(io, task_watch::connect(io.get_executor(), directory / "control.sock"));
        ASSERT_TRUE(made) << made.error().detail;
        watch.emplace(*std::move(made));
        carrying.emplace(io, watch->run());
    }

    void arm()
    {
        connect();
        const auto armed = support::run(io, watch->arm());
        ASSERT_TRUE(armed) << armed.error().detail;
    }

    answer<std::vector<core::object_change>> changes() { return support::run(io, watch->changes()); }
    answer<core::swarm_lists> lists() { return support::run(io, watch->lists()); }

    asio::io_context io{1};
    support::temporary_directory directory;
    support::fake_manager manager{io.get_executor(), directory / "control.sock"};
    support::running<void> serving{io, manager.run()};
    std::optional<task_watch> watch;
    std::optional<support::running<failure>> carrying;
};

TEST_F(TaskWatch, HandsOverChangesInTheirOrder)
{
    arm();
    manager.tell({task_change("a"), task_change("b")});
    manager.tell({task_change("c")});
    EXPECT_THAT(ids_of(changes().value()), ElementsAre("a", "b", "c"));
    manager.tell({task_change("d", watch_event::change::removed)});
    const auto last = changes().value();
    EXPECT_THAT(ids_of(last), ElementsAre("d"));
    EXPECT_EQ(last[0].what, core::object_change::kind::removed);
}

TEST_F(TaskWatch, LosesNoChangeThatComesTogetherWithTheArming)
{
    manager.told_with_arming = {support::watch_message({task_change("a")}), support::watch_message({task_change("b")})};
    arm();
    EXPECT_THAT(ids_of(changes().value()), ElementsAre("a", "b"));
    manager.tell({task_change("c")});
    EXPECT_THAT(ids_of(changes().value()), ElementsAre("c"));
}

TEST_F(TaskWatch, PassesOverMessagesWithoutNews)
{
    arm();
    support::running<answer<std::vector<core::object_change>>> waiting(io, watch->changes());
    manager.tell(""s);
    support::run_handlers(io, 50, [] { return false; });
    EXPECT_FALSE(waiting.is_done());
    manager.tell({task_change("a")});
    EXPECT_THAT(ids_of(waiting.get().value()), ElementsAre("a"));
}

TEST_F(TaskWatch, ReadsAllListsWhileTheWatchIsOpen)
{
    arm();
    const auto found = lists().value();
    EXPECT_THAT(manager.asked, ElementsAre("Watch", "ListNodes", "ListNetworks", "ListServices", "ListTasks"));
    ASSERT_THAT(found.nodes, SizeIs(1));
    EXPECT_EQ(found.nodes[0].address, "192.0.2.1");
    EXPECT_EQ(found.nodes[0].version.index, 5U);
    ASSERT_THAT(found.services, SizeIs(1));
    EXPECT_EQ(found.services[0].name, "shop");
    ASSERT_THAT(found.networks, SizeIs(1));
    EXPECT_EQ(found.networks[0].name, "my_network");
    ASSERT_THAT(found.tasks, SizeIs(1));
    EXPECT_EQ(found.tasks[0].version.index, 15U);
    EXPECT_THAT(found.tasks[0].attachments[0].addresses, ElementsAre("10.0.1.2/24"));
}

TEST_F(TaskWatch, ReadsALongListInParts)
{
    const std::string label(1000, 'x');
    for (int number = 0; number < 2000; ++number) {
        made_up_service value{"s" + std::to_string(number), "shop" + std::to_string(number)};
        value.labels = {{"label", label}};
        manager.services[value.id] = support::service_message(to_json(value), 10);
    }
    arm();
    support::running listing(io, watch->lists());
    EXPECT_TRUE(support::run_until(io, [&listing] { return listing.is_done(); }));
    EXPECT_EQ(listing.get().value().services.size(), manager.services.size());
}

TEST_F(TaskWatch, ListsAreAllOrNothing)
{
    connect();
    for (const auto* const one : {"ListNodes", "ListNetworks", "ListServices", "ListTasks"}) {
        manager.failing = {{one, {14, "no leader"}}};
        const auto failed = lists();
        ASSERT_FALSE(failed) << one;
        EXPECT_THAT(failed.error().detail, AllOf(HasSubstr("/docker.swarmkit.v1.Control/"s + one),
                                                 HasSubstr("unavailable"), HasSubstr("no leader")));
        manager.failing.clear();

        manager.instead = {{one, "\x0a\x05no"}};
        const auto broken = lists();
        ASSERT_FALSE(broken) << one;
        EXPECT_EQ(broken.error().code, errc::broken_answer);
        EXPECT_THAT(broken.error().detail, HasSubstr(one));
        manager.instead.clear();
    }
    EXPECT_TRUE(lists());
}

TEST_F(TaskWatch, ALeaderThatIsAwayDoesNotAnswer)
{
    connect();
    manager.hanging = {"ListNodes"};
    const auto asked = support::run(io, watch->nodes(30ms));
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().code, asio::error::timed_out);
    EXPECT_THAT(asked.error().detail, HasSubstr("ListNodes"));
    manager.hanging.clear();
    EXPECT_THAT(support::run(io, watch->nodes(10s)).value(), SizeIs(1));
}

TEST_F(TaskWatch, SaysWhyItCouldNotBeArmed)
{
    manager.failing = {{"Watch", {12, "unknown service docker.swarmkit.v1.Watch"}}};
    connect();
    const auto armed = support::run(io, watch->arm());
    ASSERT_FALSE(armed);
    EXPECT_THAT(armed.error().detail, AllOf(HasSubstr("/docker.swarmkit.v1.Watch/Watch"), HasSubstr("unimplemented"),
                                            HasSubstr("unknown service")));
}

TEST_F(TaskWatch, SaysWhyItEnded)
{
    arm();
    manager.tell({task_change("last")});
    manager.end_watches(2, "context canceled");
    EXPECT_THAT(ids_of(changes().value()), ElementsAre("last"));
    const auto end = changes();
    ASSERT_FALSE(end);
    EXPECT_THAT(end.error().detail, HasSubstr("context canceled"));
}

TEST_F(TaskWatch, EndsWithItsConnection)
{
    arm();
    support::running<answer<std::vector<core::object_change>>> waiting(io, watch->changes());
    manager.server.drop_connections();
    EXPECT_FALSE(waiting.get());
    EXPECT_THAT(carrying->get().detail, HasSubstr("control socket"));
    EXPECT_FALSE(lists());
}

TEST_F(TaskWatch, EndsAtAMessageThatIsNone)
{
    arm();
    manager.tell("\x0a\x05no"s);
    const auto broken = changes();
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, errc::broken_answer);
    EXPECT_THAT(broken.error().detail, HasSubstr("Watch"));
}

TEST_F(TaskWatch, SaysWhichSocketIsNotThere)
{
    // Of every length that strings are kept in differently.
    for (const std::string path : {"/gone", "/gone/for/good/and/nowhere/to/be/found/control.sock"}) {
        const auto made = support::run(io, task_watch::connect(io.get_executor(), path));
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().code, boost::system::errc::no_such_file_or_directory);
        EXPECT_EQ(made.error().detail, path + ": No such file or directory");
    }
}

TEST_F(TaskWatch, EndsTheWatchAtTheManagerWhenItGoes)
{
    arm();
    EXPECT_EQ(manager.watches(), 1U);
    carrying->cancel();
    ASSERT_TRUE(support::run_until(io, [this] { return carrying->is_done(); }));
    watch.reset();
    EXPECT_TRUE(support::run_until(io, [this] { return manager.server.connections() == 0; }));
    EXPECT_EQ(manager.watches(), 0U);
}

TEST_F(TaskWatch, CanBeCancelledAtEveryMoment)
{
    manager.told_with_arming = {support::watch_message({task_change("a")})};
    bool was_done = false;
    for (int handlers = 0; !was_done && handlers < 2000; ++handlers) {
        auto attempt = [this]() -> asio::awaitable<bool> {
            const std::string path = directory / "control.sock";
            auto made = co_await task_watch::connect(io.get_executor(), path);
            if (!made)
                co_return false;
            watch.emplace(*std::move(made));
            carrying.emplace(io, watch->run());
            const auto armed = co_await watch->arm();
            const auto listed = co_await watch->lists();
            const auto told = co_await watch->changes();
            co_return armed&& listed&& told;
        };
        support::running<bool> trying(io, attempt());
        support::run_handlers(io, handlers, [&] { return trying.is_done(); });
        was_done = trying.is_done();
        trying.cancel();
        ASSERT_TRUE(support::run_until(io, [&] { return trying.is_done(); }));
        if (carrying) {
            carrying->cancel();
            ASSERT_TRUE(support::run_until(io, [this] { return carrying->is_done(); }));
        }
        carrying.reset();
        watch.reset();
    }
    EXPECT_TRUE(was_done);
}

} // namespace
} // namespace agent::docker
