#include "agent/shell/options.hpp"

#include <cerrno>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::shell {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using words = std::vector<std::string>;
using variables = std::map<std::string, std::string, std::less<>>;

/// Files by path.
using file_map = std::map<std::string, std::string>;

std::variant<options, early_exit> parse(words arguments, const variables& set = {}, const file_map& files = {})
{
    const auto variable = [&set](std::string_view name) -> std::optional<std::string> {
        const auto found = set.find(name);
        return found == set.end() ? std::nullopt : std::optional(found->second);
    };
    const auto read_file = [&files](const std::filesystem::path& path) {
        const auto found = files.find(path);
        if (found == files.end())
            throw std::system_error(ENOENT, std::generic_category());
        return found->second;
    };
    return parse_options(std::move(arguments), variable, read_file);
}

options parsed(words arguments, const variables& set = {}, const file_map& files = {})
{
    auto result = parse(std::move(arguments), set, files);
    if (const auto* end = std::get_if<early_exit>(&result))
        ADD_FAILURE() << end->text;
    return std::get<options>(std::move(result));
}

early_exit ended(words arguments, const variables& set = {}, const file_map& files = {})
{
    auto result = parse(std::move(arguments), set, files);
    EXPECT_TRUE(std::holds_alternative<early_exit>(result)) << "it was accepted";
    return std::holds_alternative<early_exit>(result) ? std::get<early_exit>(result) : early_exit{};
}

TEST(Options, HaveTheWordsThatTheirHelpTells)
{
    for (const auto& flag : describe_options().flags) {
        const auto name = flag.names.front();
        EXPECT_NE(flag.value, "TEXT") << name << ": what does it take?";
        std::string all;
        for (const auto& word : flag.words()) {
            static_cast<void>(parsed({name + "=" + word}));
            all += (all.empty() ? "" : ", ") + word;
        }
        const bool has_others = flag.value.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos;
        if (!all.empty() && !has_others) {
            EXPECT_THAT(ended({name + "=?"}).text, testing::EndsWith("expected one of: " + all));
        }
    }
}

TEST(Options, HaveTheDocumentedDefaults)
{
    const auto value = parsed({});
    EXPECT_EQ(value.what, command::run);
    EXPECT_EQ(value.engine, proto_http::origin(proto_http::unix_address{"/var/run/docker.sock"}));
    EXPECT_EQ(value.task_watch, (task_watch_choice{"/var/run/docker/swarm/control.sock", false}));
    EXPECT_EQ(value.resync_interval, 15s);
    EXPECT_EQ(value.outputs,
              (std::vector<output>{{core::role::endpoints, "/etc/swarm-endpoints/swarm-endpoints.json"}}));
    EXPECT_EQ(value.output_mode, 0644U);
    EXPECT_EQ(value.debounce.quiet, 100ms);
    EXPECT_EQ(value.debounce.most, 2s);
    EXPECT_EQ(value.rules.endpoints.select, core::selection::all);
    EXPECT_EQ(value.rules.endpoints.ports, core::port_source::target);
    EXPECT_EQ(value.rules.endpoints.meta, core::meta_labels::service);
    EXPECT_FALSE(value.rules.endpoints.default_port);
    EXPECT_TRUE(value.confirm_empty);
    EXPECT_EQ(value.listen_address, ":9819");
}

TEST(Options, TakeEveryFlag)
{
    const auto value = parsed({"--docker.host=tcp://engine:2375",
                               "--docker.task-watch=off",
                               "--docker.resync-interval=1m",
                               "--output=endpoints=/sd/x.json",
                               "--output.mode=0640",
                               "--debounce=20ms",
                               "--debounce.max=1s",
                               "--network=a,b",
                               "--network=c",
                               "--ignore-services=x*",
                               "--ignoredServices=y,z",
                               "--select=labelled",
                               "--port-source=published",
                               "--default-port=9100",
                               "--prometheus.service=mon_prometheus",
                               "--meta-labels=none",
                               "--confirm-empty=false",
                               "--role-port=8080",
                               "--containers.match-first-network=true",
                               "--containers.host-address=192.0.2.1",
                               "--web.listen-address=127.0.0.1:0",
                               "--log.level=debug",
                               "--log.format=json"});
    EXPECT_EQ(value.engine, proto_http::origin(proto_http::tcp_address{"engine", 2375}));
    EXPECT_TRUE(value.task_watch.socket.empty());
    EXPECT_EQ(value.resync_interval, 1min);
    EXPECT_EQ(value.outputs, (std::vector<output>{{core::role::endpoints, "/sd/x.json"}}));
    EXPECT_EQ(value.output_mode, 0640U);
    EXPECT_EQ(value.debounce.quiet, 20ms);
    EXPECT_EQ(value.debounce.most, 1s);
    EXPECT_EQ(value.rules.endpoints.networks, (words{"a", "b", "c"}));
    EXPECT_EQ(value.rules.endpoints.ignore_services, (words{"x*", "y", "z"}));
    EXPECT_EQ(value.rules.endpoints.select, core::selection::labelled);
    EXPECT_EQ(value.rules.endpoints.ports, core::port_source::published);
    EXPECT_EQ(value.rules.endpoints.default_port, 9100);
    EXPECT_EQ(value.rules.endpoints.prometheus_service, "mon_prometheus");
    EXPECT_EQ(value.rules.endpoints.meta, core::meta_labels::none);
    EXPECT_FALSE(value.confirm_empty);
    EXPECT_EQ(value.rules.role_port, 8080);
    EXPECT_TRUE(value.rules.match_first_network);
    EXPECT_EQ(value.rules.host_address, "192.0.2.1");
    EXPECT_EQ(value.listen_address, "127.0.0.1:0");
    EXPECT_EQ(value.level, runtime::log_level::debug);
    EXPECT_EQ(value.format, runtime::log_format::json);
}

TEST(Options, TakeAPathForTheTaskWatchAsTheEnginesOwn)
{
    EXPECT_EQ(parsed({"--docker.task-watch=/run/control.sock"}).task_watch,
              (task_watch_choice{"/run/control.sock", true}));
}

TEST(Options, TakeFlagsWithABlankBetweenNameAndValue)
{
    EXPECT_EQ(parsed({"--debounce", "20ms"}).debounce.quiet, 20ms);
    EXPECT_FALSE(parsed({"--confirm-empty", "false"}).confirm_empty);
}

TEST(Options, TakeFlagsBehindTheCommand)
{
    const auto value = parsed({"once", "--output=endpoints=/sd/x.json"});
    EXPECT_EQ(value.what, command::once);
    EXPECT_EQ(value.outputs, (std::vector<output>{{core::role::endpoints, "/sd/x.json"}}));
    EXPECT_EQ(parsed({"--debounce=1s", "health"}).what, command::health);
    EXPECT_EQ(parsed({"check", "file.json"}).checked_file, "file.json");
}

TEST(Options, LetTheCommandLineBeatTheEnvironment)
{
    const variables set{{"SWARM_SD_DOCKER_HOST", "tcp://ours"}, {"DOCKER_HOST", "tcp://dockers"}};
    const auto engine = [](const options& value) { return to_string(value.engine); };
    EXPECT_EQ(engine(parsed({"--docker.host=tcp://flag"}, set)), "tcp://flag:2375");
    EXPECT_EQ(engine(parsed({}, set)), "tcp://ours:2375");
    EXPECT_EQ(engine(parsed({}, {{"DOCKER_HOST", "tcp://dockers"}})), "tcp://dockers:2375");
    EXPECT_EQ(engine(parsed({}, {{"DOCKER_HOST", ""}})), "unix:///var/run/docker.sock");
}

TEST(Options, TakeEveryFlagFromTheEnvironment)
{
    const auto value = parsed({"once"}, {{"SWARM_SD_DEBOUNCE_MAX", "3s"},
                                         {"SWARM_SD_IGNORE_SERVICES", "a,b"},
                                         {"SWARM_SD_CONFIRM_EMPTY", "false"},
                                         {"SWARM_SD_OUTPUT", "endpoints=/sd/x.json"}});
    EXPECT_EQ(value.debounce.most, 3s);
    EXPECT_EQ(value.rules.endpoints.ignore_services, (words{"a", "b"}));
    EXPECT_FALSE(value.confirm_empty);
    EXPECT_EQ(value.outputs, (std::vector<output>{{core::role::endpoints, "/sd/x.json"}}));
    EXPECT_EQ(parsed({"--network=c"}, {{"SWARM_SD_NETWORK", "a"}}).rules.endpoints.networks, words{"c"});
}

TEST(Options, TakeAnOutputForEachRole)
{
    EXPECT_EQ(parsed({"--output=tasks=/sd/t.json", "--output", "endpoints=/sd/e.json"}).outputs,
              (std::vector<output>{{core::role::tasks, "/sd/t.json"}, {core::role::endpoints, "/sd/e.json"}}))
        << "giving any output replaces the default one";
}

TEST(Options, LetTheConfigurationFileSpeakLast)
{
    const file_map files{{"/etc/swarm-sd.yml", "docker: {host: 'tcp://file'}\n"
                                               "debounce: 1s\n"
                                               "debounce.max: 7s\n"
                                               "network: [a, b]\n"
                                               "output: {tasks: /sd/t.json, mode: '0640'}\n"}};
    const auto value =
        parsed({"--config.file=/etc/swarm-sd.yml", "--debounce=20ms"}, {{"SWARM_SD_DOCKER_HOST", "tcp://ours"}}, files);
    EXPECT_EQ(value.debounce.quiet, 20ms) << "flag";
    EXPECT_EQ(to_string(value.engine), "tcp://ours:2375") << "environment";
    EXPECT_EQ(value.debounce.most, 7s) << "file";
    EXPECT_EQ(value.rules.endpoints.networks, (words{"a", "b"}));
    EXPECT_EQ(value.outputs, (std::vector<output>{{core::role::tasks, "/sd/t.json"}}));
    EXPECT_EQ(value.output_mode, 0640U);
    EXPECT_EQ(parsed({}, {{"SWARM_SD_CONFIG_FILE", "/etc/swarm-sd.yml"}}, files).debounce.quiet, 1s);
}

TEST(Options, SayWhatIsWrongInTheConfigurationFile)
{
    const auto message = [](const std::string& text) {
        const auto end = ended({"--config.file=/c.yml"}, {}, {{"/c.yml", text}});
        EXPECT_EQ(end.code, 2);
        EXPECT_EQ(end.text.find('\n'), std::string::npos) << end.text;
        return end.text;
    };
    EXPECT_THAT(message("debounce: 1s\nnonsense: 2"), HasSubstr("/c.yml: line 2: unknown setting \"nonsense\""));
    EXPECT_THAT(message("docker:\n  hosts: x"), HasSubstr("line 2: unknown setting \"docker.hosts\""));
    EXPECT_THAT(message("debounce: [1s"), HasSubstr("/c.yml: line "));
    EXPECT_THAT(message("- debounce"), HasSubstr("line 1: expected settings"));
    EXPECT_THAT(message("debounce:"), HasSubstr("\"debounce\" has no value"));
    EXPECT_THAT(message("debounce: fast"), HasSubstr("--debounce"));
    EXPECT_THAT(ended({"--config.file=/none.yml"}).text, HasSubstr("/none.yml: No such file"));
    EXPECT_EQ(parsed({"--config.file=/c.yml"}, {}, {{"/c.yml", ""}}).debounce.quiet, 100ms) << "an empty file is fine";
}

TEST(Options, TakeAPinnedApiVersionOfOurRange)
{
    EXPECT_EQ(parsed({}, {{"DOCKER_API_VERSION", "1.41"}}).pinned_api, (docker::api_version{1, 41}));
    EXPECT_EQ(parsed({}).pinned_api, std::nullopt);
    for (const auto* outside : {"1.39", "1.52", "2.0", "v1.41", "x"})
        EXPECT_THAT(ended({}, {{"DOCKER_API_VERSION", outside}}).text, HasSubstr("DOCKER_API_VERSION")) << outside;
}

TEST(Options, PrintHelpAndVersion)
{
    EXPECT_EQ(ended({"--help"}).code, 0);
    EXPECT_THAT(ended({"--help"}).text, testing::AllOf(HasSubstr("--docker.host"), HasSubstr("once")));
    EXPECT_THAT(ended({"once", "--help"}).text, HasSubstr("--docker.host"));
    EXPECT_EQ(ended({"--version"}).code, 0);
    EXPECT_THAT(ended({"--version"}).text, testing::StartsWith("swarm-sd, version "));
}

struct mistake {
    words arguments;
    std::string named; ///< what the message must name
};

void PrintTo(const mistake& value, std::ostream* out)
{
    *out << testing::PrintToString(value.arguments);
}

class Mistake : public testing::TestWithParam<mistake> {};

TEST_P(Mistake, IsAUsageErrorInOneLineThatNamesTheFlag)
{
    const auto end = ended(GetParam().arguments);
    EXPECT_EQ(end.code, 2);
    EXPECT_THAT(end.text, HasSubstr(GetParam().named));
    EXPECT_EQ(end.text.find('\n'), std::string::npos) << end.text;
}

INSTANTIATE_TEST_SUITE_P(
    Options, Mistake,
    testing::Values(
        mistake{{"--nonsense"}, "--nonsense"}, mistake{{"nonsense"}, "nonsense"},
        mistake{{"--debounce=fast"}, "--debounce"}, mistake{{"--debounce"}, "--debounce"},
        mistake{{"--debounce=3s", "--debounce.max=2s"}, "--debounce.max"},
        mistake{{"--docker.resync-interval=0"}, "--docker.resync-interval"},
        mistake{{"--docker.host=engine"}, "--docker.host"}, mistake{{"--docker.host=ftp://engine"}, "--docker.host"},
        mistake{{"--docker.task-watch=sock"}, "--docker.task-watch"}, mistake{{"--output=/sd/x.json"}, "--output"},
        mistake{{"--output=tusks=/sd/x.json"}, "tusks"}, mistake{{"--output=endpoints="}, "--output"},
        mistake{{"--output.mode=rw"}, "--output.mode"}, mistake{{"--output.mode=1777"}, "--output.mode"},
        mistake{{"--select=some"}, "--select"}, mistake{{"--port-source=both"}, "--port-source"},
        mistake{{"--default-port=70000"}, "--default-port"}, mistake{{"--default-port=0"}, "--default-port"},
        mistake{{"--meta-labels=all"}, "--meta-labels"}, mistake{{"--confirm-empty=maybe"}, "--confirm-empty"},
        mistake{{"--log.level=loud"}, "--log.level"}, mistake{{"--log.format=xml"}, "--log.format"},
        mistake{{"--containers.host-address="}, "--containers.host-address"},
        mistake{{"--containers.host-address=10.0.0.1/24"}, "--containers.host-address"}, mistake{{"check"}, "FILE"},
        mistake{{"once", "health"}, "health"}));

} // namespace
} // namespace agent::shell
