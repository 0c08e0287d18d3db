#include "agent/docker/swarmkit.hpp"

#include "agent/core/role.hpp"
#include "agent/core/swarm.hpp"
#include "agent/core/target_set.hpp"
#include "agent/docker/decode.hpp"
#include "agent/docker/errc.hpp"
#include "sd_writer/json.hpp"
#include "tests/support/swarmkit_messages.hpp"
#include "tests/support/testdata.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace agent::docker {
namespace {

using namespace std::string_literals;
using protozero::pbf_writer;
using support::read_testdata;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

using kind = core::object_change::kind;

/// A message made by hand.
template <class Write>
std::string message(Write write)
{
    std::string bytes;
    pbf_writer into(bytes);
    write(into);
    return bytes;
}

std::string list_of(const std::string& object)
{
    return support::list_message({object});
}

/// A task with an ID and a container.
template <class Write>
std::string task_with(Write write)
{
    return message([&](pbf_writer& task) {
        task.add_string(1, "t1");
        task.add_message(3, message([](pbf_writer& spec) { spec.add_message(1, ""s); }));
        write(task);
    });
}

template <class Write>
core::task decoded_task(Write write)
{
    return decode_task_list(list_of(task_with(write))).value().at(0);
}

template <class Write>
core::service decoded_service(Write write)
{
    const auto bytes = message([&](pbf_writer& service) {
        service.add_string(1, "s1");
        service.add_message(3, message([&](pbf_writer& spec) {
                                spec.add_message(2, message([](pbf_writer& task) { task.add_message(1, ""s); }));
                                write(spec);
                            }));
    });
    return decode_service_list(list_of(bytes)).value().at(0);
}

template <class Write>
core::node decoded_node(Write write)
{
    const auto bytes = message([&](pbf_writer& node) {
        node.add_string(1, "n1");
        write(node);
    });
    return decode_node_list(list_of(bytes)).value().at(0);
}

/// A copy that ends where its memory ends, so that reading on is noticed.
class exactly {
public:
    explicit exactly(std::string_view bytes) : bytes_(std::make_unique<char[]>(bytes.size())), size_(bytes.size())
    {
        std::copy(bytes.begin(), bytes.end(), bytes_.get());
    }
    [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
};

// --- Recorded from Docker Engine 20.10.24 ---

TEST(SwarmkitRecorded, ATaskStartsInFiveMessages)
{
    std::vector<core::object_change> all;
    for (const auto* const number : {"1", "2", "3", "4", "5"}) {
        auto changes = decode_watch_message(read_testdata("watch/task-start-"s + number + ".bin")).value();
        ASSERT_THAT(changes, SizeIs(1));
        all.push_back(std::move(changes.front()));
    }
    std::vector<core::task_state> states;
    std::vector<std::uint64_t> versions;
    for (const auto& change : all) {
        const auto& task = std::get<core::task>(change.object);
        EXPECT_EQ(task.id, "x7ppokcmgy61gln2c9rchz2rd");
        EXPECT_EQ(task.service_id, "kb3rzj0cfmszazka9hb66yxn2");
        EXPECT_EQ(task.slot, 3);
        EXPECT_EQ(task.desired, core::task_state::running);
        EXPECT_THAT(task.container_labels, IsEmpty());
        EXPECT_TRUE(task.odd_states.empty());
        states.push_back(task.state);
        versions.push_back(task.version.index);
    }
    using enum core::task_state;
    EXPECT_THAT(states, ElementsAre(created, pending, assigned, starting, running));
    EXPECT_THAT(versions, ElementsAre(2959, 2960, 2961, 2962, 2963));
    EXPECT_EQ(all.front().what, kind::created);
    EXPECT_EQ(all.back().what, kind::updated);
    EXPECT_THAT(std::get<core::task>(all[0].object).attachments, IsEmpty());
    EXPECT_EQ(std::get<core::task>(all[1].object).node_id, "");

    const auto& started = std::get<core::task>(all.back().object);
    EXPECT_EQ(started.node_id, "w0lqyjf09jw4uxru079m6me3h");
    EXPECT_EQ(started.container_id, "5ec588b4340a6eb130ca9c572a182f2db9036c85ac5b5af24d6852216fce345b");
    EXPECT_THAT(started.host_ports, IsEmpty());
    ASSERT_THAT(started.attachments, SizeIs(1));
    EXPECT_EQ(started.attachments[0].network_id, "mq8lbx2k3sxtbgwx5djyfamvb");
    EXPECT_THAT(started.attachments[0].addresses, ElementsAre("10.0.1.2/24"));
}

TEST(SwarmkitRecorded, ANodesLabelChanges)
{
    const auto changes = decode_watch_message(read_testdata("watch/node-label-update.bin")).value();
    ASSERT_THAT(changes, SizeIs(1));
    EXPECT_EQ(changes[0].what, kind::updated);
    const auto& node = std::get<core::node>(changes[0].object);
    EXPECT_EQ(node.id, "8mjf497jw10i9ez2z9wq4byjh");
    EXPECT_EQ(node.version.index, 2957U);
    EXPECT_THAT(node.labels, ElementsAre(Pair("q", "1")));
    EXPECT_EQ(node.role, "manager");
    EXPECT_EQ(node.availability, "active");
    EXPECT_EQ(node.hostname, "mn-node2");
    EXPECT_EQ(node.architecture, "x86_64");
    EXPECT_EQ(node.os, "linux");
    EXPECT_EQ(node.engine_version, "20.10.24+dfsg1");
    EXPECT_EQ(node.state, "ready");
    EXPECT_EQ(node.address, "10.77.0.2");
    EXPECT_FALSE(node.manager) << "the store does not hold it";
}

TEST(SwarmkitRecorded, ListsHaveEverything)
{
    const auto nodes = decode_node_list(read_testdata("watch/lists/Nodes.bin")).value();
    ASSERT_THAT(nodes, SizeIs(4));
    EXPECT_EQ(nodes[0].id, "8mjf497jw10i9ez2z9wq4byjh");
    EXPECT_EQ(nodes[0].manager, (core::manager_status{"10.77.0.2:2377", false, "reachable"}));
    EXPECT_EQ(
        std::count_if(nodes.begin(), nodes.end(), [](const auto& one) { return one.manager && one.manager->leader; }),
        1);
    EXPECT_EQ(nodes[1].hostname, "mn-node1");

    const auto networks = decode_network_list(read_testdata("watch/lists/Networks.bin")).value();
    std::map<std::string, core::network> by_name;
    for (const auto& one : networks)
        by_name[one.name] = one;
    EXPECT_THAT(networks, SizeIs(5));
    EXPECT_EQ(by_name["mon"], (core::network{"mq8lbx2k3sxtbgwx5djyfamvb", "mon", "overlay", false, false, "swarm"}));
    EXPECT_EQ(by_name["mon"].version.index, 2417U);
    EXPECT_TRUE(by_name["ingress"].ingress);
    EXPECT_EQ(by_name["host"].driver, "host");
    EXPECT_THAT(by_name["host"].labels, ElementsAre(Pair("com.docker.swarm.predefined", "true")));

    const auto services = decode_service_list(read_testdata("watch/lists/Services.bin")).value();
    ASSERT_THAT(services, SizeIs(2));
    EXPECT_EQ(services[0].name, "fresh");
    EXPECT_EQ(services[0].mode, core::service_mode::replicated);
    EXPECT_EQ(services[0].wanted, 3U);
    EXPECT_EQ(services[0].image, "bb:1");
    EXPECT_THAT(services[0].network_ids, ElementsAre("mq8lbx2k3sxtbgwx5djyfamvb"));
    EXPECT_THAT(services[0].virtual_ips, ElementsAre(core::virtual_ip{"mq8lbx2k3sxtbgwx5djyfamvb", "10.0.1.11/24"}));
    EXPECT_EQ(services[0].version.index, 2958U);
    EXPECT_EQ(services[1].name, "w");
    EXPECT_THAT(services[1].labels, ElementsAre(Pair("after", "rotate"), Pair("x", "14"), Pair("y", "30")));
    EXPECT_EQ(services[1].wanted, 6U);

    const auto tasks = decode_task_list(read_testdata("watch/lists/Tasks.bin")).value();
    ASSERT_THAT(tasks, SizeIs(12));
    EXPECT_EQ(std::count_if(tasks.begin(), tasks.end(), core::is_serving), 9);
    EXPECT_EQ(tasks[0].id, "e72nhr8yvj9t86jl9oed8jplh");
    EXPECT_EQ(tasks[0].desired, core::task_state::shutdown);
    EXPECT_EQ(tasks[11].id, "z1st5wu74rz54nsjjr78ppv8i");
}

TEST(SwarmkitRecorded, NothingIsReadBehindTheEndOfACutMessage)
{
    for (const auto* const name : {"task-start-1", "task-start-5", "lists/Networks", "lists/Services"}) {
        const auto whole = read_testdata("watch/"s + name + ".bin");
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const exactly cut(std::string_view(whole).substr(0, length));
            (void)decode_task_list(cut.view());
            (void)decode_service_list(cut.view());
            (void)decode_node_list(cut.view());
            (void)decode_network_list(cut.view());
            const auto changes = decode_watch_message(cut.view());
            if (std::string_view(name).starts_with("task")) {
                EXPECT_EQ(changes.has_value(), length == 0) << name << " cut at " << length;
            }
        }
    }
}

// --- Words ---

TEST(SwarmkitWords, TaskStatesAreTheEngines)
{
    using enum core::task_state;
    const std::map<std::uint64_t, core::task_state> known{
        {0, created},  {64, pending},   {192, assigned}, {256, accepted}, {320, preparing},
        {384, ready},  {448, starting}, {512, running},  {576, complete}, {640, shutdown},
        {704, failed}, {768, rejected}, {800, remove},   {832, orphaned}};
    for (const auto& [number, state] : known) {
        const auto task = decoded_task([number = number](pbf_writer& into) {
            into.add_message(9, message([number](pbf_writer& status) { status.add_uint64(2, number); }));
            into.add_uint64(10, number);
        });
        EXPECT_EQ(task.state, state) << number;
        EXPECT_EQ(task.desired, state) << number;
        EXPECT_TRUE(task.odd_states.empty());
    }
}

TEST(SwarmkitWords, StatesThatNobodyKnowsAreTheirNumbersAsGoWritesThem)
{
    const auto task = decoded_task([](pbf_writer& into) {
        into.add_message(9, message([](pbf_writer& status) { status.add_int32(2, 513); }));
        into.add_int32(10, -1);
    });
    EXPECT_EQ(task.state, core::task_state::unknown);
    EXPECT_EQ(state_word(task), "513");
    EXPECT_EQ(desired_word(task), "-1");
    EXPECT_FALSE(is_serving(task));
}

TEST(SwarmkitWords, ATaskWithoutAStatusIsNew)
{
    const auto task = decoded_task([](pbf_writer&) {});
    EXPECT_EQ(task.state, core::task_state::created);
    EXPECT_EQ(task.desired, core::task_state::created);
}

TEST(SwarmkitWords, OfNodesAreTheEngines)
{
    const auto node = [](std::int32_t role, std::int32_t availability, std::int32_t state, std::int32_t reachability) {
        return decoded_node([&](pbf_writer& into) {
            into.add_message(3, message([&](pbf_writer& spec) {
                                 spec.add_int32(2, role);
                                 spec.add_int32(4, availability);
                             }));
            into.add_message(5, message([&](pbf_writer& status) { status.add_int32(1, state); }));
            into.add_message(6, message([&](pbf_writer& status) { status.add_int32(4, reachability); }));
        });
    };
    const std::vector<std::string> roles{"worker", "manager", "2"};
    const std::vector<std::string> availabilities{"active", "pause", "drain", "3"};
    const std::vector<std::string> states{"unknown", "down", "ready", "disconnected", "4"};
    const std::vector<std::string> reachabilities{"unknown", "unreachable", "reachable", "3"};
    for (std::int32_t number = 0; number < 5; ++number) {
        const auto at = static_cast<std::size_t>(number);
        const auto found = node(number, number, number, number);
        if (at < roles.size()) {
            EXPECT_EQ(found.role, roles[at]);
        }
        if (at < availabilities.size()) {
            EXPECT_EQ(found.availability, availabilities[at]);
        }
        EXPECT_EQ(found.state, states[at]);
        if (at < reachabilities.size()) {
            EXPECT_EQ(found.manager->reachability, reachabilities[at]);
        }
    }
    EXPECT_EQ(node(-1, 0, 0, 0).role, "-1");
}

TEST(SwarmkitWords, WhatANodeDoesNotSayIsItsDefault)
{
    const auto node = decoded_node([](pbf_writer&) {});
    EXPECT_EQ(node.role, "worker");
    EXPECT_EQ(node.availability, "active");
    EXPECT_EQ(node.state, "unknown");
    EXPECT_FALSE(node.manager);
}

TEST(SwarmkitWords, OfPortsAreTheEngines)
{
    const auto port = [](std::int32_t protocol, std::int32_t mode) {
        const auto bytes = message([&](pbf_writer& into) {
            into.add_int32(2, protocol);
            into.add_uint32(3, 80);
            into.add_int32(5, mode);
        });
        const auto ports = message([&](pbf_writer& list) { list.add_message(1, bytes); });
        return decoded_task([&](pbf_writer& task) {
                   task.add_message(9, message([&](pbf_writer& status) { status.add_message(6, ports); }));
               })
            .host_ports[0];
    };
    EXPECT_EQ(port(0, 0).protocol, core::transport::tcp);
    EXPECT_EQ(port(1, 0).protocol, core::transport::udp);
    EXPECT_EQ(port(2, 0).protocol, core::transport::sctp);
    EXPECT_EQ(port(0, 0).mode, core::publish_mode::ingress);
    EXPECT_EQ(port(0, 1).mode, core::publish_mode::host);
    EXPECT_EQ(port(0, 2).mode, core::publish_mode::unknown);
}

TEST(SwarmkitWords, UpdateStatesAreTheEngines)
{
    const std::vector<std::string> words{
        "", "updating", "paused", "completed", "rollback_started", "rollback_paused", "rollback_completed", "7"};
    for (std::size_t number = 0; number < words.size(); ++number) {
        const auto bytes = message([&](pbf_writer& service) {
            service.add_string(1, "s1");
            service.add_message(3, message([](pbf_writer& spec) {
                                    spec.add_message(2, message([](pbf_writer& task) { task.add_message(1, ""s); }));
                                }));
            service.add_message(5, message([&](pbf_writer& update) { update.add_uint64(1, number); }));
        });
        const auto service = decode_service_list(list_of(bytes)).value().at(0);
        EXPECT_EQ(service.update_state, words[number]);
    }
}

// --- Objects ---

TEST(Swarmkit, ServicesHaveFourModes)
{
    using enum core::service_mode;
    const std::map<protozero::pbf_tag_type, core::service_mode> modes{
        {3, replicated}, {4, global}, {10, replicated_job}, {11, global_job}};
    for (const auto& [tag, mode] : modes) {
        const auto service = decoded_service([tag = tag](pbf_writer& spec) {
            spec.add_message(tag, message([](pbf_writer& inner) {
                                 inner.add_uint64(1, 3);
                                 inner.add_uint64(2, 7);
                             }));
        });
        EXPECT_EQ(service.mode, mode);
        EXPECT_EQ(service.wanted, mode == replicated ? 3U : mode == replicated_job ? 7U : 0U);
        EXPECT_EQ(service.at_once, mode == replicated_job ? 3U : 0U);
    }
}

TEST(Swarmkit, WhatRunsNoContainersIsLeftOut)
{
    const auto plugin = message([](pbf_writer& service) {
        service.add_string(1, "plugin");
        service.add_message(3, message([](pbf_writer& spec) {
                                spec.add_message(2, message([](pbf_writer& task) { task.add_message(10, ""s); }));
                            }));
    });
    EXPECT_THAT(decode_service_list(list_of(plugin)).value(), IsEmpty());

    // A container of `docker run --network <attachable>` is a task, too.
    const auto attachment = message([](pbf_writer& task) {
        task.add_string(1, "attachment");
        task.add_message(3, message([](pbf_writer& spec) { spec.add_message(8, ""s); }));
    });
    EXPECT_THAT(decode_task_list(list_of(attachment)).value(), IsEmpty());

    using support::watch_event;
    const auto changes = decode_watch_message(support::watch_message(
        {{watch_event::change::created, watch_event::kind::service, plugin},
         {watch_event::change::created, watch_event::kind::task, attachment},
         {watch_event::change::removed, watch_event::kind::task, task_with([](pbf_writer&) {})}}));
    ASSERT_THAT(changes.value(), SizeIs(1));
    EXPECT_EQ(changes->front().what, kind::removed);
}

TEST(Swarmkit, AnObjectWithoutItsIdSpoilsAll)
{
    const auto with_container = message([](pbf_writer& spec) { spec.add_message(1, ""s); });
    const auto task = message([&](pbf_writer& into) { into.add_message(3, with_container); });
    const auto service = message([&](pbf_writer& into) {
        into.add_message(3, message([&](pbf_writer& spec) { spec.add_message(2, with_container); }));
    });
    EXPECT_EQ(decode_task_list(support::list_message({task_with([](pbf_writer&) {}), task})).error(),
              errc::broken_answer);
    EXPECT_EQ(decode_service_list(list_of(service)).error(), errc::broken_answer);
    EXPECT_EQ(decode_node_list(list_of("")).error(), errc::broken_answer);
    EXPECT_EQ(decode_network_list(list_of("")).error(), errc::broken_answer);
    using support::watch_event;
    const auto change = [](watch_event::kind of, const std::string& object) {
        return support::watch_message({{watch_event::change::updated, of, object}});
    };
    EXPECT_EQ(decode_watch_message(change(watch_event::kind::task, task)).error(), errc::broken_answer);
    EXPECT_EQ(decode_watch_message(change(watch_event::kind::service, service)).error(), errc::broken_answer);
    EXPECT_EQ(decode_watch_message(change(watch_event::kind::node, "")).error(), errc::broken_answer);
    EXPECT_EQ(decode_watch_message(change(watch_event::kind::network, "")).error(), errc::broken_answer);
}

TEST(Swarmkit, AnEmptyMessageIsNoChange)
{
    EXPECT_THAT(decode_watch_message("").value(), IsEmpty());
    EXPECT_THAT(decode_task_list("").value(), IsEmpty());
}

TEST(Swarmkit, ChangesKeepTheirOrderAndKind)
{
    using support::watch_event;
    const auto node = message([](pbf_writer& into) { into.add_string(1, "n1"); });
    const auto network = message([](pbf_writer& into) { into.add_string(1, "net1"); });
    const auto changes = decode_watch_message(support::watch_message(
                                                  {{watch_event::change::removed, watch_event::kind::node, node},
                                                   {watch_event::change::created, watch_event::kind::network, network},
                                                   {watch_event::change::updated, watch_event::kind::node, node}}))
                             .value();
    ASSERT_THAT(changes, SizeIs(3));
    EXPECT_EQ(changes[0].what, kind::removed);
    EXPECT_EQ(changes[1].what, kind::created);
    EXPECT_EQ(std::get<core::network>(changes[1].object).id, "net1");
    EXPECT_EQ(changes[2].what, kind::updated);
}

TEST(Swarmkit, ChangesOfOtherKindsAndOldObjectsArePassedOver)
{
    const auto event = message([](pbf_writer& into) {
        into.add_uint64(1, 2);
        into.add_message(2, message([](pbf_writer& object) { object.add_message(5, "\x0a\x01x"s); })); // a cluster
        into.add_message(3, message([](pbf_writer& object) { object.add_message(1, ""s); }));          // the old one
    });
    EXPECT_THAT(decode_watch_message(list_of(event)).value(), IsEmpty());
}

TEST(Swarmkit, FieldsOfAnotherKindArePassedOver)
{
    const auto task = decoded_task([](pbf_writer& into) {
        into.add_fixed64(4, 1);
        into.add_uint64(6, 7);
        into.add_string(5, "slot");
        into.add_fixed32(9, 1);
        into.add_string(10, "running");
        into.add_uint64(11, 1);
        into.add_string(999, "from the future");
    });
    EXPECT_EQ(task.service_id, "");
    EXPECT_EQ(task.node_id, "");
    EXPECT_EQ(task.slot, 0);
    EXPECT_EQ(task.desired, core::task_state::created);
    EXPECT_THAT(task.attachments, IsEmpty());
}

TEST(Swarmkit, WhatIsNoProtobufIsRefused)
{
    for (const auto& bytes : {"\x00"s, "\x0a"s, "\x0a\x05xx"s, "\x0b"s, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s,
                              "\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"s, "{\"json\":1}"s}) {
        const exactly copy(bytes);
        EXPECT_EQ(decode_watch_message(copy.view()).error(), errc::broken_answer) << bytes;
        EXPECT_EQ(decode_node_list(copy.view()).error(), errc::broken_answer) << bytes;
    }
}

/// A flag that a message ends in front of.
TEST(Swarmkit, ABooleanWithoutItsByteIsRefused)
{
    const exactly network(list_of("\x0a\x01n\x1a\x01\x20"s)); // Network.spec.internal
    EXPECT_EQ(decode_network_list(network.view()).error(), errc::broken_answer);
    const exactly node(list_of("\x0a\x01n\x32\x01\x18"s)); // Node.manager_status.leader
    EXPECT_EQ(decode_node_list(node.view()).error(), errc::broken_answer);
}

TEST(Swarmkit, TextThatIsNotUtf8IsReadAsGoWritesIt)
{
    const auto node = decoded_node([](pbf_writer& into) {
        into.add_message(4, message([](pbf_writer& description) { description.add_string(1, "a\xff\xc3z"); }));
    });
    EXPECT_EQ(node.hostname, "a\xEF\xBF\xBD\xEF\xBF\xBDz");
}

TEST(Swarmkit, OfAKeyThatIsThereTwiceTheLastCounts)
{
    const auto service = decoded_service([](pbf_writer& spec) {
        spec.add_message(
            1, message([](pbf_writer& annotations) {
                for (const auto& [key, value] : {std::pair("b", "1"), std::pair("a", "2"), std::pair("b", "3")})
                    annotations.add_message(2, message([key = key, value = value](pbf_writer& entry) {
                                                entry.add_string(1, key);
                                                entry.add_string(2, value);
                                            }));
                annotations.add_message(2, ""s); // as proto3 sends an empty key with an empty value
            }));
    });
    EXPECT_THAT(service.labels, ElementsAre(Pair("", ""), Pair("a", "2"), Pair("b", "3")));
}

TEST(Swarmkit, OldServicesHaveTheirNetworksInTheirOwnSpec)
{
    const auto wanted = [](const std::string& id) {
        return message([&id](pbf_writer& config) { config.add_string(1, id); });
    };
    const auto service = decoded_service([&](pbf_writer& spec) { spec.add_message(7, wanted("old")); });
    EXPECT_THAT(service.network_ids, ElementsAre("old"));
}

TEST(Swarmkit, AsksForNoKindThatHoldsSecrets)
{
    std::vector<std::string> kinds;
    const auto request = watch_request();
    protozero::pbf_reader entries(request);
    while (entries.next(1)) {
        auto entry = entries.get_message();
        ASSERT_TRUE(entry.next(1));
        kinds.push_back(entry.get_string());
        ASSERT_TRUE(entry.next(2));
        EXPECT_EQ(entry.get_int32(), 7);
    }
    EXPECT_THAT(kinds, ElementsAre("task", "service", "node", "network"));
    EXPECT_EQ(request, "\x0a\x08\x0a\x04task\x10\x07\x0a\x0b\x0a\x07service\x10\x07\x0a\x08\x0a\x04node\x10\x07"
                       "\x0a\x0b\x0a\x07network\x10\x07");
}

// --- Parity: the same swarm, learnt in both ways ---

namespace fs = std::filesystem;

class SwarmkitParity : public testing::TestWithParam<std::string> {
protected:
    [[nodiscard]] std::string text(const char* file) const
    {
        return read_testdata("scenarios/" + GetParam() + "/" + file);
    }

    /// The elements of a list, each made a message.
    template <class Encode>
    std::string messages(const char* file, Encode encode) const
    {
        std::vector<std::string> objects;
        for (const auto& one : support::elements_of(text(file)))
            objects.push_back(encode(one, 0));
        return support::list_message(objects);
    }

    [[nodiscard]] std::string network_list() const
    {
        std::vector<std::string> objects;
        for (const auto& [id, one] : support::network_messages(support::elements_of(text("tasks.json"))))
            objects.push_back(one);
        return support::list_message(objects);
    }
};

template <class Value>
void expect_same(const std::vector<Value>& left, const std::vector<Value>& right)
{
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t at = 0; at < left.size(); ++at)
        EXPECT_EQ(left[at], right[at]) << left[at].id;
}

TEST_P(SwarmkitParity, ObjectsAreTheSameInBothForms)
{
    expect_same(decode_services(text("services.json")).value(),
                decode_service_list(messages("services.json", support::service_message)).value());
    expect_same(decode_nodes(text("nodes.json")).value(),
                decode_node_list(messages("nodes.json", support::node_message)).value());
    expect_same(decode_tasks(text("tasks.json")).value().tasks,
                decode_task_list(messages("tasks.json", support::task_message)).value());

    auto networks = decode_tasks(text("tasks.json")).value().networks;
    std::sort(networks.begin(), networks.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    expect_same(networks, decode_network_list(network_list()).value());
}

TEST_P(SwarmkitParity, ListsCanBeReadInParts)
{
    const auto message = messages("tasks.json", support::task_message);
    const auto whole = decode_task_list(message).value();
    for (std::size_t cut = 0; cut <= message.size(); cut += 7) {
        const auto length = length_of_whole_fields(std::string_view(message).substr(0, cut)).value();
        ASSERT_LE(length, cut);
        auto all = decode_task_list(message.substr(0, length)).value();
        const auto rest = decode_task_list(message.substr(length)).value();
        all.insert(all.end(), rest.begin(), rest.end());
        expect_same(all, whole);
    }
    EXPECT_EQ(length_of_whole_fields(message).value(), message.size());
    EXPECT_FALSE(length_of_whole_fields("\x07")) << "there is no such kind of field";
}

TEST_P(SwarmkitParity, NetworksOfListsSayTheSame)
{
    const auto listed = decode_networks(text("networks.json")).value();
    for (const auto& attached : decode_network_list(network_list()).value()) {
        const auto same =
            std::find_if(listed.begin(), listed.end(), [&](const auto& one) { return one.id == attached.id; });
        if (same != listed.end()) {
            EXPECT_EQ(*same, attached) << attached.name;
        }
    }
}

TEST_P(SwarmkitParity, EveryRoleHasTheSameTargets)
{
    auto [tasks, networks] = decode_tasks(text("tasks.json")).value();
    core::swarm by_engine;
    const auto engine_changes =
        by_engine.replace({decode_services(text("services.json")).value(), decode_nodes(text("nodes.json")).value(),
                           std::move(tasks), std::move(networks)});
    core::swarm by_watch;
    const auto watch_changes =
        by_watch.replace({decode_service_list(messages("services.json", support::service_message)).value(),
                          decode_node_list(messages("nodes.json", support::node_message)).value(),
                          decode_task_list(messages("tasks.json", support::task_message)).value(),
                          decode_network_list(network_list()).value()});
    for (const auto which : core::all_roles) {
        core::role_rules rules;
        rules.endpoints.meta = core::meta_labels::task;
        core::target_set left(which, rules);
        core::target_set right(which, rules);
        left.refresh(engine_changes, by_engine);
        right.refresh(watch_changes, by_watch);
        EXPECT_EQ(sd_writer::to_json(left.groups()), sd_writer::to_json(right.groups())) << to_string(which);
    }
}

std::vector<std::string> scenario_names()
{
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(TESTDATA_DIR "/scenarios"))
        if (entry.is_directory())
            names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& scenario)
{
    auto name = scenario.param;
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Recorded, SwarmkitParity, testing::ValuesIn(scenario_names()), test_name);

} // namespace
} // namespace agent::docker
