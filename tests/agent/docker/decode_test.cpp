#include "agent/docker/decode.hpp"

#include "agent/docker/errc.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace agent::docker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

std::string recorded(const std::string& path)
{
    std::ifstream file(TESTDATA_DIR "/scenarios/" + path, std::ios::binary);
    EXPECT_TRUE(file) << path;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

template <class Result>
bool is_broken(const Result& result)
{
    return !result && result.error() == make_error_code(errc::broken_answer);
}

/// The only service, node or task of a list.
core::service service_from(const std::string& json)
{
    return decode_services("[" + json + "]").value().at(0);
}

core::node node_from(const std::string& json)
{
    return decode_nodes("[" + json + "]").value().at(0);
}

core::task task_from(const std::string& json)
{
    return decode_tasks("[" + json + "]").value().tasks.at(0);
}

std::string with_value(std::string json, const std::string& value)
{
    return json.replace(json.find('@'), 1, value);
}

TEST(Decode, KnowsWhetherAnUpdateIsRolling)
{
    const std::string json = R"({"ID":"s","UpdateStatus":{"State":"@"}})";
    for (const auto* rolling : {"updating", "rollback_started"})
        EXPECT_TRUE(is_updating(service_from(with_value(json, rolling)))) << rolling;
    for (const auto* resting : {"paused", "completed", "rollback_paused", "rollback_completed", ""})
        EXPECT_FALSE(is_updating(service_from(with_value(json, resting)))) << resting;
    EXPECT_FALSE(is_updating(service_from(R"({"ID":"s"})")));
}

// --- Recorded answers (Engine 20.10.24, API 1.41) ---

TEST(Decode, ReadsARecordedService)
{
    const auto services = decode_services(recorded("seed-ingress/services.json")).value();
    ASSERT_THAT(services, SizeIs(1));
    const auto& service = services.front();
    EXPECT_EQ(service.id, "1zpi3108twoh2ryek5g2mghm8");
    EXPECT_EQ(service.name, "accountservice");
    EXPECT_EQ(service.mode, core::service_mode::replicated);
    EXPECT_EQ(service.wanted, 3U);
    EXPECT_EQ(service.image, "localhost:5000/bb:1");
    EXPECT_THAT(service.labels, IsEmpty());
    EXPECT_THAT(service.network_ids, SizeIs(1));
    EXPECT_THAT(service.ports, ElementsAre(core::port{6767, 6767, core::transport::tcp, core::publish_mode::ingress}));
}

TEST(Decode, ReadsRecordedLabels)
{
    const auto services = decode_services(recorded("labels-plain/services.json")).value();
    EXPECT_THAT(services.at(0).labels,
                ElementsAre(Pair("Upper.Case", "Yes"), Pair("build-id", "42"), Pair("com.example.team", "payments"),
                            Pair("owner", "Jane Doe"), Pair("prometheus.io/port", "9102"),
                            Pair("prometheus.io/scrape", "true")));
    const auto tasks = decode_tasks(recorded("container-labels/tasks.json")).value().tasks;
    EXPECT_THAT(tasks.at(0).container_labels, ElementsAre(Pair("com.example.job", "shop"), Pair("level", "container"),
                                                          Pair("prometheus-port", "9102")));
}

TEST(Decode, ReadsRecordedModes)
{
    const auto global = decode_services(recorded("global-service/services.json")).value();
    EXPECT_EQ(global.at(0).mode, core::service_mode::global);
    const auto job = decode_services(recorded("replicated-job/services.json")).value();
    EXPECT_EQ(job.at(0).mode, core::service_mode::replicated_job);
    EXPECT_EQ(job.at(0).wanted, 4U);
    EXPECT_EQ(job.at(0).at_once, 2U);
}

TEST(Decode, ReadsRecordedPortsOfAllTransports)
{
    const auto services = decode_services(recorded("two-ports-udp/services.json")).value();
    EXPECT_THAT(services.at(0).ports,
                ElementsAre(core::port{53, 5353, core::transport::udp, core::publish_mode::ingress},
                            core::port{9153, 9153, core::transport::tcp, core::publish_mode::ingress}));
}

TEST(Decode, ReadsARecordedTask)
{
    const auto decoded = decode_tasks(recorded("global-service/tasks.json")).value();
    ASSERT_THAT(decoded.tasks, SizeIs(1));
    const auto& task = decoded.tasks.front();
    EXPECT_EQ(task.id, "myk0if6viymj8izr3cwooaoo5");
    EXPECT_EQ(task.service_id, "7hqegbxlvoywb8adaw33r992i");
    EXPECT_EQ(task.node_id, "sw9rpqhpkxfxc2sgc38f7638w");
    EXPECT_EQ(task.state, core::task_state::running);
    EXPECT_EQ(task.desired, core::task_state::running);
    EXPECT_THAT(task.attachments, ElementsAre(core::attachment{"p8cwkalha8kgrx4h3s3jn8cyz", {"10.0.12.3/24"}}));
    EXPECT_THAT(task.host_ports, ElementsAre(core::port{9100, 9100, core::transport::tcp, core::publish_mode::host},
                                             core::port{9100, 9100, core::transport::tcp, core::publish_mode::host}));
    EXPECT_THAT(decoded.networks,
                ElementsAre(core::network{"p8cwkalha8kgrx4h3s3jn8cyz", "mon_net", "overlay", false, false, "swarm"}));
}

TEST(Decode, ReadsRecordedNetworks)
{
    const auto networks = decode_networks(recorded("two-networks/networks.json")).value();
    const core::network back{"ibj7c0kt4136kewuqzovee6t3", "back_net", "overlay", false, true, "swarm",
                             {{"zone", "back"}}};
    EXPECT_THAT(networks, ::testing::Contains(back));
    EXPECT_TRUE(is_broken(decode_networks("null")));
    EXPECT_TRUE(is_broken(decode_networks(R"([{"Name":"no ID"}])")));
}

TEST(Decode, ReadsRecordedContainers)
{
    const auto containers = decode_containers(recorded("plain-containers/containers.json")).value();
    const auto web = std::find_if(containers.begin(), containers.end(),
                                  [](const auto& value) { return value.name == "/plain-web"; });
    ASSERT_NE(web, containers.end());
    EXPECT_EQ(web->network_mode, "default");
    ASSERT_THAT(web->networks, SizeIs(1));
    EXPECT_EQ(web->networks[0].name, "bridge");
    EXPECT_EQ(web->networks[0].ip, "172.17.0.2");
    EXPECT_THAT(web->ports, ::testing::Contains(core::container_port{80, 18080, "127.0.0.1", core::transport::tcp}));
    EXPECT_TRUE(is_broken(decode_containers("{}")));
}

TEST(Decode, GivesEachNetworkOfManyTasksOnce)
{
    const auto decoded = decode_tasks(recorded("seed-ingress/tasks.json")).value();
    EXPECT_THAT(decoded.tasks, SizeIs(3));
    ASSERT_THAT(decoded.networks, SizeIs(2));
    EXPECT_EQ(decoded.networks[0].name, "ingress");
    EXPECT_TRUE(decoded.networks[0].ingress);
    EXPECT_EQ(decoded.networks[0].driver, "overlay");
    EXPECT_EQ(decoded.networks[1].name, "my_network");
    EXPECT_FALSE(decoded.networks[1].ingress);
}

TEST(Decode, ReadsRecordedNodes)
{
    const auto nodes = decode_nodes(recorded("two-nodes-worker-drained/nodes.json")).value();
    ASSERT_THAT(nodes, SizeIs(2));
    EXPECT_EQ(nodes[0].address, "10.80.0.2");
    EXPECT_EQ(nodes[0].state, "ready");
    EXPECT_EQ(nodes[0].availability, "drain");
    EXPECT_EQ(nodes[1].address, "10.80.0.1");
    EXPECT_EQ(nodes[1].availability, "active");
}

// --- Fields ---

TEST(Decode, KnowsEveryTaskState)
{
    using enum core::task_state;
    const std::vector<std::pair<std::string, core::task_state>> words{
        {"new", created},       {"allocated", allocated}, {"pending", pending},
        {"assigned", assigned}, {"accepted", accepted},   {"preparing", preparing},
        {"ready", ready},       {"starting", starting},   {"running", running},
        {"complete", complete}, {"shutdown", shutdown},   {"failed", failed},
        {"rejected", rejected}, {"remove", remove},       {"orphaned", orphaned},
        {"dancing", unknown},   {"RUNNING", unknown},     {"", unknown}};
    for (const auto& [word, state] : words) {
        EXPECT_EQ(task_from(with_value(R"({"ID":"t","Status":{"State":"@"}})", word)).state, state) << word;
        EXPECT_EQ(task_from(with_value(R"({"ID":"t","DesiredState":"@"})", word)).desired, state) << word;
    }
}

TEST(Decode, F35_TakesAFieldOfTheWrongKindForAbsent)
{
    const std::vector<std::string> values{"null",
                                          "1",
                                          "-1",
                                          "1.5",
                                          "true",
                                          "\"x\"",
                                          "[]",
                                          "[1]",
                                          "[null]",
                                          "[[]]",
                                          "{}",
                                          "{\"x\":1}",
                                          "18446744073709551616",
                                          "1e400"};
    const std::vector<std::string> service_fields{R"({"ID":"s","Spec":@})",
                                                  R"({"ID":"s","Spec":{"Labels":@}})",
                                                  R"({"ID":"s","Spec":{"Mode":@}})",
                                                  R"({"ID":"s","Spec":{"Mode":{"ReplicatedJob":@}}})",
                                                  R"({"ID":"s","Spec":{"TaskTemplate":@}})",
                                                  R"({"ID":"s","Spec":{"TaskTemplate":{"ContainerSpec":@}}})",
                                                  R"({"ID":"s","Endpoint":@})",
                                                  R"({"ID":"s","Endpoint":{"Spec":@}})",
                                                  R"({"ID":"s","Spec":{"EndpointSpec":@}})"};
    const core::service bare{.id = "s", .name = {}, .image = {}, .labels = {}, .network_ids = {}, .ports = {}};
    for (const auto& field : service_fields)
        for (const auto& value : values) {
            const auto result = decode_services("[" + with_value(field, value) + "]");
            if (!result)
                continue; // a number that no JSON parser has room for
            auto found = result.value().at(0);
            found.mode = core::service_mode::unknown;
            EXPECT_EQ(found, bare) << field << value;
        }

    const std::vector<std::string> task_fields{R"({"ID":"t","Status":@})",
                                               R"({"ID":"t","Status":{"PortStatus":@}})",
                                               R"({"ID":"t","Spec":@})",
                                               R"({"ID":"t","Spec":{"ContainerSpec":@}})",
                                               R"({"ID":"t","Spec":{"ContainerSpec":{"Labels":@}}})",
                                               R"({"ID":"t","Status":{"State":@}})"};
    core::task bare_task;
    bare_task.id = "t";
    for (const auto& field : task_fields)
        for (const auto& value : values)
            if (const auto result = decode_tasks("[" + with_value(field, value) + "]"); result) {
                auto found = result.value().tasks.at(0);
                found.odd_states.clear(); // `x` may be a state that later engines have
                EXPECT_EQ(found, bare_task) << field << value;
            }

    for (const std::string field : {R"({"ID":"n","Status":@})", R"({"ID":"n","Spec":@})"})
        for (const auto& value : values)
            if (const auto result = decode_nodes("[" + with_value(field, value) + "]"); result) {
                EXPECT_EQ(result.value().at(0), (core::node{"n", {}, {}, {}})) << field << value;
            }
}

TEST(Decode, F35_NeedsNothingButTheId)
{
    EXPECT_EQ(service_from(R"({"ID":"s"})").id, "s");
    EXPECT_EQ(node_from(R"({"ID":"n"})").id, "n");
    EXPECT_EQ(task_from(R"({"ID":"t"})").id, "t");
}

TEST(Decode, F35_PassesOverUnknownFields)
{
    EXPECT_EQ(service_from(R"({"New":{"a":[1]},"ID":"s","Spec":{"Name":"x","Newer":null}})").name, "x");
    EXPECT_EQ(service_from(R"({"ID":"s","Spec":{"Mode":{"Newer":{}}}})").mode, core::service_mode::unknown);
}

TEST(Decode, LeavesOutLabelsThatAreNoText)
{
    EXPECT_THAT(service_from(R"({"ID":"s","Spec":{"Labels":{"b":"2","n":null,"i":1,"o":{},"a":""}}})").labels,
                ElementsAre(Pair("a", ""), Pair("b", "2")));
}

TEST(Decode, F32_TakesTheLastOfLabelsWithOneKey)
{
    EXPECT_THAT(service_from(R"({"ID":"s","Spec":{"Labels":{"a":"1","b":"x","a":"2","a":"3"}}})").labels,
                ElementsAre(Pair("a", "3"), Pair("b", "x")));
}

TEST(Decode, ReadsLabelsTheSameInAnyOrder)
{
    std::vector<std::string> labels{R"("a":"1")", R"("a-b":"2")", R"("":"3")", R"("größe":"4")", R"("\u0000":"5")"};
    std::sort(labels.begin(), labels.end());
    const auto joined = [&labels] {
        std::string all;
        for (const auto& label : labels)
            all += (all.empty() ? "" : ",") + label;
        return service_from(R"({"ID":"s","Spec":{"Labels":{)" + all + "}}}").labels;
    };
    const auto first = joined();
    EXPECT_THAT(first, SizeIs(5));
    while (std::next_permutation(labels.begin(), labels.end()))
        EXPECT_EQ(joined(), first);
}

TEST(Decode, TakesThePortsTheSwarmMadeAndNotThoseWished)
{
    EXPECT_THAT(service_from(R"({"ID":"s","Endpoint":{"Ports":[{"TargetPort":1,"PublishedPort":30000}]},
                                 "Spec":{"EndpointSpec":{"Ports":[{"TargetPort":1}]}}})")
                    .ports,
                ElementsAre(core::port{1, 30000, core::transport::tcp}));
    EXPECT_THAT(service_from(R"({"ID":"s","Endpoint":{},"Spec":{"EndpointSpec":{"Ports":[{"TargetPort":1}]}}})").ports,
                IsEmpty());
}

TEST(Decode, ReadsPortsOfAnyValue)
{
    constexpr auto bad = core::unreadable_port;
    EXPECT_THAT(service_from(R"({"ID":"s","Endpoint":{"Ports":[{}, null, 5, {"TargetPort":-1,"PublishedPort":"80"},
                                 {"TargetPort":70000,"PublishedPort":99999999999,"Protocol":"sctp"},
                                 {"TargetPort":1e3,"PublishedPort":null,"Protocol":"udp"},
                                 {"TargetPort":80.0,"PublishedPort":[],"Protocol":"TCP"}]}})")
                    .ports,
                ElementsAre(core::port{}, core::port{bad, bad}, core::port{70000, bad, core::transport::sctp},
                            core::port{bad, 0, core::transport::udp}, core::port{bad, bad, core::transport::other}));
}

TEST(Decode, F32_ReadsTheRestOfAListWithANumberThatNobodyHasRoomFor)
{
    for (const std::string number : {"99999999999999999999", "-99999999999999999999", "1e400"}) {
        const auto read = decode_services(R"([{"ID":"a","Endpoint":{"Ports":[{"TargetPort":)" + number +
                                          R"(}]},"Spec":{"Name":"\ud800"}},{"ID":"b","Spec":{"Name":"b"}}])");
        ASSERT_TRUE(read) << number;
        EXPECT_THAT(read->at(0).ports, ElementsAre(core::port{core::unreadable_port}));
        EXPECT_EQ(read->at(1).name, "b");
    }
}

TEST(Decode, TakesNoUnknownTransportForTcp)
{
    EXPECT_THAT(service_from(R"({"ID":"s","Endpoint":{"Ports":[{"TargetPort":1,"Protocol":"quic"},
                                 {"TargetPort":2,"Protocol":""},{"TargetPort":3,"Protocol":"TCP"}]}})")
                    .ports,
                ElementsAre(core::port{1, 0, core::transport::other}, core::port{2, 0, core::transport::other},
                            core::port{3, 0, core::transport::other}));
}

TEST(Decode, PrefersTheGlobalModeAsPrometheusDoes)
{
    EXPECT_EQ(service_from(R"({"ID":"s","Spec":{"Mode":{"Global":{},"Replicated":{"Replicas":2}}}})").mode,
              core::service_mode::global);
}

TEST(Decode, ReadsTheNetworksOfAService)
{
    EXPECT_THAT(
        service_from(R"({"ID":"s","Spec":{"TaskTemplate":{"Networks":[{"Target":"a"},{"Target":"b"}]}}})").network_ids,
        ElementsAre("a", "b"));
    EXPECT_THAT(service_from(R"({"ID":"s","Spec":{"Networks":[{"Target":"old"}]}})").network_ids, ElementsAre("old"));
    EXPECT_THAT(service_from(R"({"ID":"s","Spec":{"TaskTemplate":{"Networks":[{"Target":"a"}]},
                                 "Networks":[{"Target":"old"}]}})")
                    .network_ids,
                ElementsAre("a"));
}

TEST(Decode, ReadsAttachmentsWithoutAddressesOrNetwork)
{
    const auto decoded = decode_tasks(R"([{"ID":"t","NetworksAttachments":[
        {"Network":{"ID":"h","Spec":{"Name":"host"},"DriverState":{"Name":"host"}}},
        {"Addresses":["10.0.0.1/24", null, 5]},
        null]}])")
                             .value();
    EXPECT_THAT(decoded.tasks.at(0).attachments,
                ElementsAre(core::attachment{"h", {}}, core::attachment{"", {"10.0.0.1/24", "", ""}},
                            core::attachment{"", {}}));
    EXPECT_THAT(decoded.networks, ElementsAre(core::network{"h", "host", "host", false}));
}

TEST(Decode, TakesTheWishedDriverWhereThereIsNoOther)
{
    const auto decoded = decode_tasks(
        R"([{"ID":"t","NetworksAttachments":[{"Network":{"ID":"n","Spec":{"DriverConfiguration":{"Name":"overlay"}}}}]}])");
    EXPECT_EQ(decoded.value().networks.at(0).driver, "overlay");
}

// --- All or nothing ---

TEST(Decode, F35_RefusesAListWithAnElementWithoutId)
{
    for (const std::string element :
         {"{}", R"({"ID":""})", R"({"ID":null})", R"({"ID":5})", "null", "5", "[]", "\"x\"", R"({"Id":"x"})"}) {
        const auto list = R"([{"ID":"good"},)" + element + "]";
        EXPECT_TRUE(is_broken(decode_services(list))) << list;
        EXPECT_TRUE(is_broken(decode_nodes(list))) << list;
        EXPECT_TRUE(is_broken(decode_tasks(list))) << list;
        EXPECT_TRUE(is_broken(decode_service(element))) << element;
        EXPECT_TRUE(is_broken(decode_node(element))) << element;
        EXPECT_TRUE(is_broken(decode_task(element))) << element;
    }
}

TEST(Decode, RefusesWhatIsNoList)
{
    for (const std::string text : {"null", "{}", R"({"ID":"x"})", "\"\"", "0", "true", "", " ", "\n", "[", "]", "[]]",
                                   "[],", "[] []", "nul", "<html>403</html>", R"([{"ID":"x"},])", "\xEF\xBB\xBF"}) {
        EXPECT_TRUE(is_broken(decode_services(text))) << text;
        EXPECT_TRUE(is_broken(decode_nodes(text))) << text;
        EXPECT_TRUE(is_broken(decode_tasks(text))) << text;
    }
}

TEST(Decode, TakesAnEmptyList)
{
    EXPECT_THAT(decode_services("[]").value(), IsEmpty());
    EXPECT_THAT(decode_nodes(" [ ]\n").value(), IsEmpty());
    EXPECT_THAT(decode_tasks("[]").value().tasks, IsEmpty());
}

TEST(Decode, F26_RefusesAListCutAtAnyByte)
{
    for (const auto* name : {"services.json", "nodes.json", "tasks.json"}) {
        auto whole = recorded(std::string("two-nodes/") + name);
        whole.erase(whole.find_last_of(']') + 1);
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const auto cut = whole.substr(0, length);
            ASSERT_TRUE(is_broken(decode_services(cut)) && is_broken(decode_nodes(cut)) && is_broken(decode_tasks(cut)))
                << name << " cut at " << length;
        }
    }
}

/// What a list says that comes in two pieces.
template <class List>
proto_http::result<List> in_two(std::string_view text, std::size_t cut)
{
    list_decoder<List> decoder;
    for (const auto piece : {text.substr(0, cut), text.substr(cut)}) {
        const std::vector<char> only(piece.begin(), piece.end());
        if (const auto error = decoder.push({only.data(), only.size()}))
            return error;
    }
    return decoder.finish();
}

TEST(Decode, ReadsAListInPiecesAsAWhole)
{
    const auto services = recorded("two-nodes/services.json");
    for (std::size_t cut = 0; cut <= services.size(); ++cut)
        ASSERT_EQ(in_two<service_list>(services, cut).value(), decode_services(services).value()) << cut;
    const auto nodes = recorded("two-nodes/nodes.json");
    for (std::size_t cut = 0; cut <= nodes.size(); ++cut)
        ASSERT_EQ(in_two<node_list>(nodes, cut).value(), decode_nodes(nodes).value()) << cut;
    const auto tasks = recorded("two-nodes/tasks.json");
    const auto whole = decode_tasks(tasks).value();
    for (std::size_t cut = 0; cut <= tasks.size(); ++cut) {
        const auto found = in_two<decoded_tasks>(tasks, cut).value();
        ASSERT_EQ(found.tasks, whole.tasks) << cut;
        ASSERT_EQ(found.networks, whole.networks) << cut;
    }
}

TEST(Decode, RepairsObjectsInPieces)
{
    const std::string list =
        "[{\"ID\":\"a\",\"Spec\":{\"Name\":\"\xff\"}},{\"ID\":\"b\",\"Version\":{\"Index\":99999999999999999999}},"
        "{\"ID\":\"c\"}]";
    for (std::size_t cut = 0; cut <= list.size(); ++cut) {
        const auto services = in_two<service_list>(list, cut).value();
        ASSERT_EQ(services.size(), 3U) << cut;
        EXPECT_EQ(services[0].name, "\uFFFD") << cut;
        EXPECT_EQ(services[2].id, "c") << cut;
    }
}

/// Why there is no list.
std::string defect_of(std::string_view json)
{
    list_decoder<service_list> decoder;
    const bool is_refused = bool(decoder.push(json));
    EXPECT_TRUE(is_refused || is_broken(decoder.finish())) << json;
    return decoder.defect();
}

TEST(Decode, SaysWhereAListIsBroken)
{
    EXPECT_EQ(defect_of("null"), "no list of objects at byte 0");
    EXPECT_EQ(defect_of(R"([{"ID":"a"},null])"), "no list of objects at byte 12");
    EXPECT_EQ(defect_of(R"([{"ID":"a"}, {"ID":}])"), "an object that is no JSON at byte 13");
    EXPECT_EQ(defect_of(R"([{"ID":"a"},{"Id":"a"}])"), "an object without an ID at byte 12");
    EXPECT_EQ(defect_of(R"([{"ID":"a"},{"ID)"), "the list ends too soon at byte 16");
    EXPECT_EQ(defect_of("[{\"ID\":\"" + std::string(most_object_bytes, 'x')),
              "an object of more than 16777216 bytes at byte 1");
}

TEST(Decode, F32_RefusesDeepNesting)
{
    for (const std::size_t depth : {std::size_t{100}, std::size_t{100'000}}) {
        const auto deep = std::string(depth, '[') + std::string(depth, ']');
        EXPECT_TRUE(is_broken(decode_services(deep)));
        EXPECT_TRUE(is_broken(decode_services(R"([{"ID":"s","Spec":)" + deep + "}]")));
    }
    const auto shallow = std::string(40, '[') + std::string(40, ']');
    EXPECT_EQ(service_from(R"({"ID":"s","Spec":)" + shallow + "}").id, "s");
}

// --- Text that is no text ---

TEST(Decode, F33_ReadsInvalidUtf8AsReplacementCharacters)
{
    EXPECT_EQ(service_from("{\"ID\":\"s\",\"Spec\":{\"Name\":\"a\xFF\x62\"}}").name, "a\xEF\xBF\xBD"
                                                                                     "b");
    EXPECT_THAT(service_from("{\"ID\":\"s\",\"Spec\":{\"Labels\":{\"k\xC3\":\"\xED\xA0\x80\"}}}").labels,
                ElementsAre(Pair("k\xEF\xBF\xBD", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")));
}

TEST(Decode, F32_ReadsHalfSurrogatePairsAsReplacementCharacters)
{
    EXPECT_EQ(service_from(R"({"ID":"s","Spec":{"Name":"a\ud800b"}})").name, "a\xEF\xBF\xBD"
                                                                             "b");
    EXPECT_EQ(service_from(R"({"ID":"s","Spec":{"Name":"\udc00\ud83d\udc33"}})").name, "\xEF\xBF\xBD\xF0\x9F\x90\xB3");
    EXPECT_EQ(service_from("{\"ID\":\"s\",\"Spec\":{\"Name\":\"\\ud800\xFF\"}}").name, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Decode, KeepsEscapedTextAsItIsMeant)
{
    EXPECT_EQ(service_from(R"({"ID":"s","Spec":{"Name":"\u0000\u00e4\n\"\\\/"}})").name,
              std::string("\0\xC3\xA4\n\"\\/", 7));
}

TEST(Decode, RefusesABrokenEscape)
{
    EXPECT_TRUE(is_broken(decode_services(R"([{"ID":"s","Spec":{"Name":"\x"}}])")));
    EXPECT_TRUE(is_broken(decode_services("[{\"ID\":\"s\",\"Spec\":{\"Name\":\"a\nb\"}}]")));
}

// --- Single objects ---

TEST(Decode, ReadsASingleTaskWithItsNetworks)
{
    const auto decoded = decode_task(recorded("global-service/tasks/myk0if6viymj8izr3cwooaoo5.json")).value();
    ASSERT_THAT(decoded.tasks, SizeIs(1));
    EXPECT_EQ(decoded.tasks[0].id, "myk0if6viymj8izr3cwooaoo5");
    EXPECT_THAT(decoded.networks, SizeIs(1));
}

TEST(Decode, RefusesAListWhereOneObjectIsExpected)
{
    EXPECT_TRUE(is_broken(decode_service(R"([{"ID":"s"}])")));
    EXPECT_TRUE(is_broken(decode_node("[]")));
    EXPECT_TRUE(is_broken(decode_task("null")));
}

// --- Events ---

core::hint hint_from(const std::string& json)
{
    const auto decoded = decode_event(json);
    EXPECT_TRUE(decoded && *decoded) << json;
    return decoded && *decoded ? **decoded : core::hint{};
}

bool says_nothing(const std::string& json)
{
    const auto decoded = decode_event(json);
    return decoded && !*decoded;
}

TEST(Decode, ReadsEventsOfServicesAndNodes)
{
    for (const auto* action : {"create", "update", "remove"}) {
        const auto service = hint_from(with_value(R"({"Type":"service","Action":"@","Actor":{"ID":"s"}})", action));
        EXPECT_EQ(service.about, core::hint::subject::service);
        EXPECT_EQ(service.id, "s");
        const auto node = hint_from(with_value(R"({"Type":"node","Action":"@","Actor":{"ID":"n"}})", action));
        EXPECT_EQ(node.about, core::hint::subject::node);
        EXPECT_EQ(node.id, "n");
    }
}

const std::string container_event = R"({"Type":"container","Action":"@","Actor":{"ID":"c","Attributes":{
    "com.docker.swarm.node.id":"n","com.docker.swarm.service.id":"s","com.docker.swarm.task.id":"t"}}})";

TEST(Decode, ReadsEventsOfContainersThatAreTasks)
{
    for (const auto* action : {"start", "health_status: healthy", "health_status"}) {
        const auto started = hint_from(with_value(container_event, action));
        EXPECT_EQ(started.about, core::hint::subject::container) << action;
        EXPECT_EQ(started.what, core::hint::change::started) << action;
        EXPECT_EQ(started.task_id, "t");
        EXPECT_EQ(started.service_id, "s");
        EXPECT_EQ(started.node_id, "n");
        EXPECT_EQ(started.id, "");
    }
    EXPECT_EQ(hint_from(with_value(container_event, "die")).what, core::hint::change::died);
}

TEST(Decode, IsToldNothingByOtherEvents)
{
    for (const auto* action : {"create", "destroy", "kill", "exec_start: sh", "attach", "died", "starting"})
        EXPECT_TRUE(says_nothing(with_value(container_event, action))) << action;
    for (const auto* type : {"network", "image", "volume", "config", "secret", "daemon", "new"})
        EXPECT_TRUE(says_nothing(with_value(R"({"Type":"@","Action":"update","Actor":{"ID":"x"}})", type))) << type;
    EXPECT_TRUE(says_nothing(R"({"Type":"service","Action":"update","Actor":{}})"));
    EXPECT_TRUE(says_nothing(R"({"Type":"service","Action":"update"})"));
}

TEST(Decode, RefusesWhatIsNoEvent)
{
    for (const std::string text : {"", "{}", "null", "[]", "5", "{", R"({"Type":"service"})", R"({"Action":"update"})",
                                   R"({"Type":1,"Action":"update"})", R"({"message":"page not found"})"})
        EXPECT_TRUE(is_broken(decode_event(text))) << text;
}

TEST(Decode, NeverTakesACutEventForAWholeOne)
{
    const auto whole = with_value(container_event, "start");
    for (std::size_t length = 0; length < whole.size(); ++length)
        ASSERT_TRUE(is_broken(decode_event(whole.substr(0, length)))) << length;
}

// --- Messages ---

TEST(Decode, FindsTheMessageOfAnErrorAnswer)
{
    EXPECT_EQ(error_message(R"({"message":"task x not found"})"), "task x not found");
}

TEST(Decode, TakesTheBodyWhereThereIsNoMessage)
{
    EXPECT_EQ(error_message("Forbidden\n"), "Forbidden");
    EXPECT_EQ(error_message(R"({"message":5})"), R"({"message":5})");
    EXPECT_EQ(error_message("[]"), "[]");
    EXPECT_EQ(error_message(""), "");
}

TEST(Decode, TakesNoMarkupForAMessage)
{
    for (const auto* body :
         {"<html>403</html>", "\n <!DOCTYPE html><h1>No</h1>", R"({"message":"<b>no</b>"})", " \r\n"})
        EXPECT_EQ(error_message(body), "") << body;
}

TEST(Decode, MakesAMessageOneShortLine)
{
    EXPECT_EQ(error_message("{\"message\":\"a\\nb\\u0000c\\u001b[31m\"}"), "a b c [31m");
    EXPECT_EQ(error_message(std::string(1000, 'x')).size(), 200U);
}

TEST(Decode, CutsAMessageBetweenCharacters)
{
    const auto message = error_message(std::string(199, 'x') + "\xC3\xB6\xC3\xB6");
    EXPECT_EQ(message, std::string(199, 'x'));
    EXPECT_EQ(error_message(std::string(198, 'x') + "\xC3\xB6\xC3\xB6").size(), 200U);
}

TEST(Decode, F35_TakesNullForAbsent)
{
    EXPECT_FALSE(node_from(R"({"ID":"n","ManagerStatus":null})").manager.has_value());
    EXPECT_EQ(service_from(R"({"ID":"s","Spec":{"Mode":{"Replicated":null,"Global":{}}}})").mode,
              core::service_mode::global);
}

TEST(Decode, KeepsTheWordsOfStatesThatItDoesNotKnow)
{
    const auto odd = task_from(R"({"ID":"t","Status":{"State":"dreaming"},"DesiredState":"running"})");
    EXPECT_EQ(odd.state, core::task_state::unknown);
    EXPECT_EQ(odd.desired, core::task_state::running);
    EXPECT_EQ(state_word(odd), "dreaming");
    EXPECT_EQ(desired_word(odd), "running");
    const auto usual = task_from(R"({"ID":"t","Status":{"State":"failed"},"DesiredState":"shutdown"})");
    EXPECT_TRUE(usual.odd_states.empty());
    EXPECT_EQ(state_word(usual), "failed");
    EXPECT_TRUE(task_from(R"({"ID":"t"})").odd_states.empty());
}

TEST(Decode, ReadsAContainersPortsInOneOrder)
{
    const auto from = [](const std::string& ports) {
        return decode_containers(R"([{"Id":"c","Ports":[)" + ports + "]}]").value().at(0);
    };
    const auto one = from(R"({"PrivatePort":80,"Type":"tcp"},{"PrivatePort":53,"Type":"udp"},
        {"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"})");
    const auto other = from(R"({"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
        {"PrivatePort":53,"Type":"udp"},{"PrivatePort":80,"Type":"tcp"},{"PrivatePort":1,"Type":"new"},null)");
    EXPECT_THAT(one.ports, SizeIs(3));
    EXPECT_EQ(one, other);
}

} // namespace
} // namespace agent::docker
