// One bad object beside good ones, from the engine's bytes to the file's: it changes no other target in any role, the
// file stays one that Prometheus takes, and somebody is told.
#include "agent/core/explanation.hpp"
#include "agent/core/swarm.hpp"
#include "agent/core/target_set.hpp"
#include "agent/docker/decode.hpp"
#include "sd_writer/check.hpp"
#include "sd_writer/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

namespace agent::docker {
namespace {

using core::role;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

/// The lists of an engine, element by element.
struct lists {
    std::vector<std::string> services;
    std::vector<std::string> tasks;
    std::vector<std::string> nodes;
    std::vector<std::string> containers;
};

std::string joined(const std::vector<std::string>& elements)
{
    std::string list = "[";
    for (const auto& element : elements)
        list += (list.size() > 1 ? "," : "") + element;
    return list + "]";
}

std::string service(const std::string& name, const std::string& labels, const std::string& ports,
                    const std::string& vip = "10.0.1.2/24")
{
    return R"({"ID":")" + name + R"(","Spec":{"Name":")" + name + R"(","Labels":{)" + labels +
           R"(},"Mode":{"Replicated":{"Replicas":1}}},"Endpoint":{"Ports":[)" + ports +
           R"(],"VirtualIPs":[{"NetworkID":"net","Addr":")" + vip + R"("}]}})";
}

std::string task(const std::string& name, const std::string& labels, const std::string& address,
                 const std::string& node = "node")
{
    return R"({"ID":"task-)" + name + R"(","ServiceID":")" + name + R"(","NodeID":")" + node +
           R"(","Spec":{"ContainerSpec":{"Labels":{)" + labels +
           R"(}}},"DesiredState":"running","Status":{"State":"running"},"NetworksAttachments":[{"Network":)" +
           R"({"ID":"net","Spec":{"Name":"net","DriverConfiguration":{"Name":"overlay"}}},"Addresses":[")" + address +
           R"("]}]})";
}

std::string node(const std::string& id, const std::string& labels, const std::string& address)
{
    return R"({"ID":")" + id + R"(","Spec":{"Labels":{)" + labels + R"(}},"Status":{"Addr":")" + address + R"("}})";
}

std::string container(const std::string& name, const std::string& labels, const std::string& ports,
                      const std::string& ip = "172.17.0.9")
{
    return R"({"Id":"c-)" + name + R"(","Names":["/)" + name + R"("],"Labels":{)" + labels + R"(},"Ports":[)" + ports +
           R"(],"NetworkSettings":{"Networks":{"bridge":{"NetworkID":"b","IPAddress":")" + ip + R"("}}}})";
}

const std::string good_port = R"({"Protocol":"tcp","TargetPort":8080,"PublishedPort":80,"PublishMode":"ingress"})";

lists good()
{
    return {{service("good", R"("team":"blue")", good_port)},
            {task("good", R"("prometheus.label.tier":"front")", "10.0.1.3/24")},
            {node("node", R"("zone":"a")", "192.168.0.1")},
            {container("good", R"("team":"blue")", R"({"PrivatePort":80,"Type":"tcp"})", "172.17.0.2")}};
}

core::swarm world_of(const lists& from)
{
    auto [tasks, networks] = decode_tasks(joined(from.tasks)).value();
    core::swarm world;
    world.replace({decode_services(joined(from.services)).value(), decode_nodes(joined(from.nodes)).value(),
                   std::move(tasks), std::move(networks), decode_containers(joined(from.containers)).value()});
    return world;
}

/// A broken object, by what is broken about it.
struct bad_object {
    std::string name;
    lists more;              ///< beside the good ones
    std::string explained{}; ///< what `explain` says of service `bad`; empty: nothing to say
};

void PrintTo(const bad_object& value, std::ostream* out)
{
    *out << value.name;
}

class BadObject : public ::testing::TestWithParam<bad_object> {
protected:
    static core::role_rules rules()
    {
        core::role_rules made;
        made.endpoints.meta = core::meta_labels::task;
        return made;
    }

    static lists both()
    {
        auto all = good();
        const auto add = [](auto& to, const auto& more) { to.insert(to.begin(), more.begin(), more.end()); };
        add(all.services, GetParam().more.services);
        add(all.tasks, GetParam().more.tasks);
        add(all.nodes, GetParam().more.nodes);
        add(all.containers, GetParam().more.containers);
        return all;
    }

    static std::vector<sd_writer::target_group> groups(role which, const core::swarm& world)
    {
        core::target_set set(which, rules());
        set.refresh_all(world);
        return set.groups();
    }
};

TEST_P(BadObject, ChangesNoOtherTargetInAnyRole)
{
    const auto before = world_of(good());
    const auto after = world_of(both());
    for (const auto which : core::all_roles)
        EXPECT_THAT(groups(which, after), IsSupersetOf(groups(which, before))) << to_string(which);
}

TEST_P(BadObject, NeverMakesAFileThatPrometheusRefuses)
{
    const auto world = world_of(both());
    for (const auto which : core::all_roles) {
        const auto bytes = sd_writer::to_json(groups(which, world));
        const auto found = sd_writer::check(bytes);
        EXPECT_FALSE(found.error) << to_string(which) << found.error->reason;
        EXPECT_TRUE(std::none_of(bytes.begin(), bytes.end(), [](unsigned char c) { return c < 0x20 && c != '\n'; }));
    }
}

TEST_P(BadObject, IsExplained)
{
    const auto text = to_text(core::explain("bad", world_of(both()), rules().endpoints));
    EXPECT_THAT(text, HasSubstr(GetParam().explained)) << text;
    EXPECT_LT(text.size(), 2000U);
}

/// A service whose label is bad, with a task, whose container has it, too, on a node that has it, too.
bad_object with_label(const std::string& name, const std::string& label, const std::string& explained = {})
{
    return {name,
            {{service("bad", label, good_port)},
             {task("bad", label, "10.0.1.9/24", "other")},
             {node("other", label, "192.168.0.9")},
             {container("bad", label, "")}},
            explained};
}

bad_object with_port(const std::string& name, const std::string& number, const std::string& explained)
{
    const auto port = R"({"Protocol":"tcp","TargetPort":)" + number + R"(,"PublishedPort":)" + number + "}";
    return {name,
            {{service("bad", "", port)},
             {task("bad", "", "10.0.1.9/24")},
             {},
             {container("bad", "", R"({"Type":"tcp","PrivatePort":)" + number + "}")}},
            explained};
}

bad_object with_address(const std::string& name, const std::string& address, const std::string& explained)
{
    return {name,
            {{service("bad", "", good_port, address)},
             {task("bad", "", address)},
             {node("other", "", address)},
             {container("bad", "", "", address)}},
            explained};
}

std::vector<bad_object> bad_objects()
{
    const std::string megabyte(std::size_t{1024} * 1024, 'x');
    const std::string no_port = "x port: the service's 1 TCP ports: none, 1 that is no port";
    const auto label = [](const std::string& reason, const std::string& key) {
        return "label without effect, " + reason + ": " + key + "=";
    };
    return {
        with_port("port_70000", "70000", no_port),
        with_port("port_minus_one", "-1", no_port),
        with_port("port_0", "0", "x port: the service's 1 TCP ports: none"),
        with_port("port_1e3", "1e3", no_port),
        with_port("port_1e400", "1e400", no_port),
        with_port("port_in_quotes", R"("8080")", no_port),
        with_port("port_of_20_digits", "99999999999999999999", no_port),
        with_port("port_null", "null", "x port: the service's 1 TCP ports: none"),
        with_port("port_list", "[80]", no_port),
        with_label("port_label_70000", R"("prometheus.port":"70000")", "x port: label prometheus.port: none, 1 that"),
        with_label("port_label_in_words", R"("prometheus.port":"http\n")", "1 that is no port"),
        with_label("name_with_dash", R"("prometheus.label.a-b":"1","a-b":"2")",
                   label("bad_name", "prometheus.label.a-b")),
        with_label("name_reserved", R"("prometheus.label.__x":"1","__x":"2")",
                   label("bad_name", "prometheus.label.__x")),
        with_label("name_of_the_address", R"("prometheus.label.__address__":"evil:1")",
                   label("bad_name", "prometheus.label.__address__")),
        with_label("name_with_digit", R"("prometheus.label.1a":"1","1a":"2")",
                   label("bad_name", "prometheus.label.1a")),
        with_label("name_empty", R"("prometheus.label.":"1","":"2")", label("bad_name", "prometheus.label.")),
        with_label("name_with_newline", R"("prometheus.label.a\nb":"1","a\nb":"2")",
                   label("bad_name", "prometheus.label.a?b")),
        with_label("name_with_quotes", R"("prometheus.label.a\"b":"1","a\"b":"2")",
                   label("bad_name", "prometheus.label.a\"b")),
        with_label("name_with_unicode", R"("prometheus.label.größe":"1","größe":"2","名前":"3")",
                   label("bad_name", "prometheus.label.größe")),
        with_label("name_with_nul", R"("prometheus.label.a\u0000":"1","\u0000":"2")",
                   label("bad_name", "prometheus.label.a?")),
        with_label("name_of_a_megabyte", "\"prometheus.label." + megabyte + "\":\"1\",\"" + megabyte + "\":\"2\"",
                   "label without effect, too_long: prometheus.label.xxx"),
        with_label("name_not_utf8", "\"prometheus.label.a\xFF\":\"1\",\"\xC3\":\"2\"",
                   "label without effect, bad_name"),
        with_label("name_of_half_a_pair", R"("prometheus.label.\ud800":"1","\udc00":"2")",
                   "label without effect, bad_name"),
        with_label("value_empty", R"("prometheus.label.a":"","prometheus.job":"","a":"")",
                   label("empty_value", "prometheus.job")),
        with_label("value_of_a_megabyte", R"("prometheus.label.a":")" + megabyte + R"(","a":")" + megabyte + "\"",
                   label("too_long", "prometheus.label.a")),
        with_label("value_not_utf8", "\"prometheus.label.a\":\"\xFF\xC0\xAF\xED\xA0\x80\",\"a\":\"\xF5\""),
        with_label("value_of_half_a_pair", R"("prometheus.label.a":"\ud800","a":"\ud800\ud800x\udc00")"),
        with_label("value_with_nul", R"("prometheus.label.a":"\u0000","a":"x\u0000y")"),
        with_label("value_with_quotes", R"("prometheus.label.a":"\"\\\"","a":"\"},{\"")"),
        with_label("value_with_newlines", R"("prometheus.label.a":"a\r\nb","a":"\n]\n")"),
        with_label("value_with_separators", R"("prometheus.label.a":"\u2028\u2029\u007f\u0085","a":"\ufeff\uffff")"),
        with_label("value_no_text", R"("prometheus.label.a":{},"a":[1],"b":null,"c":1e999)"),
        with_label("path_with_control", R"("prometheus.path":"/a\u0000")", label("bad_path", "prometheus.path")),
        with_label("scheme_in_capitals", R"("prometheus.scheme":"HTTP")", label("bad_scheme", "prometheus.scheme")),
        with_label("scrape_in_words", R"("prometheus.scrape":"perhaps\n  = 10.0.0.1:80")",
                   "select: --select=all, label prometheus.scrape=perhaps?  = 10.0.0.1:80\n"),
        with_label("interval_zero", R"("prometheus.interval":"0s")", label("bad_duration", "prometheus.interval")),
        with_label("endpoint_name", R"("prometheus.endpoints.A b.port":"1")",
                   label("bad_endpoint", "prometheus.endpoints.A b.port")),
        with_address("address_in_words", "localhost/24", "x address: none for port 8080"),
        with_address("address_with_a_path", "10.0.0.1/metrics/24", ""),
        with_address("address_with_nul", R"(10.0.0.1\u0000/24)", "x address: none for port 8080"),
        with_address("address_empty", "", "x address: none for port 8080"),
        with_address("address_of_the_metadata_service", "169.254.169.254/32", "x address: none for port 8080"),
        {"service_without_anything",
         {{R"({"ID":"bad"})"}, {R"({"ID":"t","ServiceID":"bad"})"}, {R"({"ID":"n"})"}, {}},
         {}},
        {"objects_of_wrong_kinds",
         {{R"({"ID":"bad","Spec":[],"Endpoint":7})"},
          {R"({"ID":"t","ServiceID":"bad","Status":"running","NetworksAttachments":{"a":1}})"},
          {R"({"ID":"n","Spec":1e999,"Status":null})"},
          {R"({"Id":"c","Names":"x","Labels":[],"Ports":{},"NetworkSettings":[]})"}},
         {}},
    };
}

std::string test_name(const ::testing::TestParamInfo<bad_object>& tested)
{
    return tested.param.name;
}

INSTANTIATE_TEST_SUITE_P(By, BadObject, ::testing::ValuesIn(bad_objects()), test_name);

// --- What becomes of it in the roles of Prometheus' own ---

core::role_targets in_role(role which, const lists& more)
{
    const auto world = world_of(more);
    core::target_set set(which, {});
    set.refresh_all(world);
    return {set.groups(), set.skipped()};
}

std::size_t count(const core::role_targets& found, core::skip_reason reason)
{
    return found.skipped.tasks.at(static_cast<std::size_t>(reason));
}

TEST(BadObjects, LoseAnUnreadablePortAloneInTheRolesOfPrometheusOwn)
{
    const auto bad = R"({"Protocol":"tcp","TargetPort":80,"PublishedPort":-1})";
    const lists world{{service("s", "", std::string(bad) + "," + good_port)},
                      {task("s", "", "10.0.1.3/24")},
                      {},
                      {container("c", "", R"({"PrivatePort":70000,"Type":"tcp"},{"PrivatePort":81,"Type":"tcp"})")}};
    for (const auto which : {role::tasks, role::services, role::containers}) {
        const auto found = in_role(which, world);
        EXPECT_EQ(sd_writer::count_targets(found.groups), 1U) << to_string(which);
        EXPECT_EQ(count(found, core::skip_reason::bad_port), 1U) << to_string(which);
    }
}

TEST(BadObjects, GetNoOtherPortInstead)
{
    const lists world{{service("s", "", R"({"Protocol":"tcp","TargetPort":"x"})")},
                      {task("s", "", "10.0.1.3/24")},
                      {},
                      {container("c", "", R"({"PrivatePort":-1,"Type":"tcp"})")}};
    for (const auto which : {role::tasks, role::services, role::containers})
        EXPECT_TRUE(in_role(which, world).groups.empty()) << to_string(which);
}

TEST(BadObjects, KeepAPortThatPrometheusPassesOn)
{
    const lists world{{service("s", "", R"({"Protocol":"tcp","TargetPort":70000,"PublishedPort":70000})")},
                      {task("s", "", "10.0.1.3/24")},
                      {},
                      {}};
    EXPECT_EQ(in_role(role::tasks, world).groups.at(0).targets.at(0), "10.0.1.3:70000");
    EXPECT_EQ(in_role(role::services, world).groups.at(0).targets.at(0), "10.0.1.2:70000");
}

TEST(BadObjects, LoseAnAddressWithASlash)
{
    const lists world{{}, {}, {node("n", "", "10.0.0.1/24")}, {container("c", "", "", "a/b")}};
    for (const auto which : {role::nodes, role::containers}) {
        const auto found = in_role(which, world);
        EXPECT_TRUE(found.groups.empty()) << to_string(which);
        EXPECT_EQ(count(found, core::skip_reason::bad_address), 1U) << to_string(which);
    }
}

TEST(BadObjects, F34_HaveTheNamesThatPrometheusGivesTheirLabels)
{
    const lists world{{}, {}, {node("n", R"("a-b":"x\u0000\"\n","größe":"\ud800","":"e","1":"d")", "10.0.0.1")}, {}};
    const auto found = in_role(role::nodes, world);
    const sd_writer::label_set wanted{{"__meta_dockerswarm_node_address", "10.0.0.1"},
                                      {"__meta_dockerswarm_node_id", "n"},
                                      {"__meta_dockerswarm_node_label_", "e"},
                                      {"__meta_dockerswarm_node_label_1", "d"},
                                      {"__meta_dockerswarm_node_label_a_b", std::string("x\0\"\n", 4)},
                                      {"__meta_dockerswarm_node_label_gr__e", "\xEF\xBF\xBD"}};
    EXPECT_EQ(found.groups.at(0).labels, wanted);
}

} // namespace
} // namespace agent::docker
