#include "agent/shell/web.hpp"

#include "agent/core/target_set.hpp"
#include "proto_http/target.hpp"
#include "sd_writer/check.hpp"
#include "sd_writer/json.hpp"
#include "tests/agent/core/swarm_builder.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/utf8.hpp"
#include "tests/support/gunzip.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <simdjson.h>

using namespace agent::core;
using proto_http::reply;
using proto_http::request;

namespace {

namespace asio = boost::asio;

constexpr std::size_t most_ever = 10'000;

/// A swarm with something to show on each page, and what it comes to.
class site {
public:
    site()
    {
        auto shop = service_named("shop");
        shop.labels = {{"prometheus.job", "sells"}, {"prometheus.port", "9100"}, {"prometheus.scheme", "gopher"}};
        world_.put(std::vector{overlay("back"), overlay("front")});
        world_.put(node_at("node-1", "192.168.0.1"));
        world_.put(shop);
        world_.put(service_named("stock")); // has no port
        for (const auto* number : {"1", "2", "3"})
            world_.put(
                task_of(shop, std::string("shop-") + number, {on("back", {std::string("10.0.1.") + number + "/24"})}));
        world_.put(task_of(service_named("stock"), "stock-1", {on("front", {"10.0.2.1/24"})}));
        world_.put(task_of(service_named("gone"), "gone-1"));
        for (const auto which : {role::endpoints, role::tasks, role::services, role::nodes}) {
            target_set targets(which, {});
            targets.refresh_all(world_);
            known_[which] = std::make_shared<const std::vector<sd_writer::target_group>>(targets.groups());
            skipping_[which] = targets.skipping();
        }
        pages_ = agent::shell::web_pages(sources());
    }

    [[nodiscard]] const proto_http::router& pages() const { return pages_; }

    /// Nothing for containers: their lists did not come.
    [[nodiscard]] sd_writer::target_list known(role which) const
    {
        const auto found = known_.find(which);
        return found == known_.end() ? nullptr : found->second;
    }

    [[nodiscard]] const swarm& world() const { return world_; }

private:
    [[nodiscard]] agent::shell::web_sources sources() const
    {
        agent::shell::web_sources from;
        from.metrics_text = [] { return std::string("up 1\n"); };
        from.not_ready_because = [] { return std::optional<std::string_view>("no complete list"); };
        from.targets = [this](role which) { return targets_of(which); };
        from.unknown_because = [](role) { return std::string("no complete list"); };
        from.output_roles = {role::endpoints, role::nodes, role::containers};
        from.report = [this](role which, std::size_t most) {
            agent::shell::role_report found;
            found.which = which;
            found.targets = known(which);
            found.unknown_because = "no complete list";
            if (which == role::endpoints)
                found.skipped = list_skipped(skipping_.at(which), world_, {}, most);
            return found;
        };
        from.explain = [this](std::string_view service) { return agent::core::explain(service, world_, {}); };
        from.events = [](const request&) { return reply{}; };
        from.status = [this](std::string search) { return status_of(std::move(search)); };
        return from;
    }

    /// A report with what was searched for wherever a name may stand.
    asio::awaitable<agent::shell::status_report> status_of(std::string search) const
    {
        agent::shell::status_report report;
        report.findings = {{search, search}};
        report.feeds.carries_because = search;
        report.feeds.read_trouble = search;
        report.outputs = {{.path = search, .error = search}};
        for (const auto& [id, service] : world_.services())
            report.rows.push_back({.name = service.name});
        report.rows.push_back({.name = search});
        report.explained = search;
        report.heard = {{1, {}, "heard", search, {}}};
        report.search = std::move(search);
        co_return report;
    }

    asio::awaitable<sd_writer::target_list> targets_of(role which) const { co_return known(which); }

    swarm world_;
    std::map<role, sd_writer::target_list> known_;
    std::map<role, std::vector<std::string>> skipping_;
    proto_http::router pages_;
};

const site& the_site()
{
    static const site instance;
    return instance;
}

/// What the server would do with it. Nothing where no route fits.
std::optional<reply> answer(request asked)
{
    auto match = the_site().pages().find(asked.method, asked.path);
    if (match.found == nullptr)
        return std::nullopt;
    asked.params = std::move(match.params);
    std::optional<reply> answered;
    asio::io_context io;
    asio::co_spawn(io, match.found->handler(std::move(asked)), [&](const std::exception_ptr& problem, reply made) {
        fuzz::require(!problem, "no page fails");
        answered = std::move(made);
    });
    io.run();
    fuzz::require(answered.has_value(), "every page is made at once");
    return answered;
}

std::string_view field_of(const reply& page, std::string_view name)
{
    return proto_http::find_field(page.fields, name);
}

void require_sound(const reply& page)
{
    constexpr std::array<unsigned, 5> usual{200, 304, 400, 404, 503};
    fuzz::require(std::find(usual.begin(), usual.end(), page.status) != usual.end(),
                  "a page has one of these statuses");
    for (const auto& [name, value] : page.fields)
        fuzz::require((name + value).find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
                      "nothing that was asked ends a header field");
    fuzz::require(page.content_type.find_first_of("\r\n") == std::string::npos, "or a content type");
}

simdjson::dom::element parsed(simdjson::dom::parser& parser, const std::string& body)
{
    simdjson::dom::element root;
    fuzz::require(parser.parse(body).get(root) == simdjson::SUCCESS, "JSON is JSON, whatever was asked");
    return root;
}

// --- /sd/ROLE ---

bool has_label(const sd_writer::target_group& group, std::string_view name, std::string_view value)
{
    return std::find(group.labels.begin(), group.labels.end(), std::pair(std::string(name), std::string(value))) !=
           group.labels.end();
}

/// Whether a group is asked for: for each parameter that is given, with one of its values.
bool is_wanted(const sd_writer::target_group& group, const proto_http::field_list& query)
{
    const std::map<std::string_view, std::vector<std::string_view>> labels_of{
        {"job", {"job"}},
        {"service", {"task", "__meta_dockerswarm_service_name"}},
        {"network", {"__meta_dockerswarm_network_name", "__meta_docker_network_name"}}};
    for (const auto& [parameter, labels] : labels_of) {
        bool given = false;
        bool fits = false;
        for (const auto& [name, value] : query) {
            given = given || name == parameter;
            for (const auto label : labels)
                fits = fits || (name == parameter && has_label(group, label, value));
        }
        if (given && !fits)
            return false;
    }
    return true;
}

void require_sd_page(const reply& page, const request& asked, role which)
{
    const auto known = the_site().known(which);
    fuzz::require(known ? page.status == 200 || page.status == 304 : page.status == 503,
                  "a role has a page when it is known");
    if (!known)
        return;
    std::vector<sd_writer::target_group> wanted;
    std::copy_if(known->begin(), known->end(), std::back_inserter(wanted),
                 [&](const sd_writer::target_group& group) { return is_wanted(group, asked.query); });
    const auto expected = sd_writer::to_json(wanted);
    const bool is_packed = field_of(page, "Content-Encoding") == "gzip";
    fuzz::require(page.status == 304 ? page.body.empty()
                                     : (is_packed ? support::gunzip(page.body) : page.body) == expected,
                  "the page is the targets that were asked for");
    fuzz::require(!sd_writer::check(expected).error, "which Prometheus accepts");

    auto once_more = asked;
    once_more.fields = {{"If-None-Match", std::string(field_of(page, "ETag"))}};
    fuzz::require(answer(once_more).value().status == 304, "who has the page need not get it again");
}

// --- /api/v1 ---

/// The number that a text is, as far as a page cares.
std::size_t limit_of(const request& asked)
{
    const auto text = asked.query_value("limit");
    const bool is_number = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_number)
        return 1'000;
    const auto digits = text.substr(std::min(text.find_first_not_of('0'), text.size() - 1));
    return digits.size() > 5 ? most_ever
                             : std::min(most_ever, static_cast<std::size_t>(std::stoul(std::string(digits))));
}

std::size_t count(simdjson::dom::element from, std::string_view list)
{
    simdjson::dom::array found;
    fuzz::require(from[list].get(found) == simdjson::SUCCESS, "a role's lists are lists");
    return found.size();
}

void require_targets_page(const reply& page, const request& asked)
{
    simdjson::dom::parser parser;
    const auto root = parsed(parser, page.body);
    const auto name = asked.query_value("role");
    if (page.status != 200) {
        const auto which = parse_role(name);
        fuzz::require(!name.empty() && (!which || !the_site().known(*which)), "a role that is known is shown");
        fuzz::require(page.status == (which ? 503U : 400U) && root["error"].is_string(), "else the page says why not");
        return;
    }
    const auto most = limit_of(asked);
    simdjson::dom::object roles;
    fuzz::require(root["data"]["roles"].get(roles) == simdjson::SUCCESS, "the targets are there by role");
    fuzz::require(name.empty() ? roles.size() == 3 : roles.size() == 1 && roles.begin().key() == name,
                  "those of the role that is named, else of all with an output");
    for (const auto& [key, value] : roles) {
        const auto known = the_site().known(parse_role(key).value());
        fuzz::require(known || value["error"].is_string(), "what is not known has a reason");
        if (!known)
            continue;
        const auto all = sd_writer::count_targets(*known);
        fuzz::require(value["target_count"].get_uint64().value() == all, "all are counted");
        fuzz::require(count(value, "targets") == std::min(all, most), "and as many are shown as were asked for");
        fuzz::require(count(value, "skipped") <= most, "likewise of skipped tasks");
        fuzz::require(all <= most || value["truncated"].get_bool().value(), "a page says that it is not all");
    }
}

void require_explain_page(const reply& page, const request& asked)
{
    simdjson::dom::parser parser;
    const auto root = parsed(parser, page.body);
    const auto service = asked.query_value("service");
    const auto& services = the_site().world().services();
    const bool exists = std::any_of(services.begin(), services.end(), [service](const auto& each) {
        return each.second.id == service || each.second.name == service;
    });
    fuzz::require(page.status == (exists ? 200U : 404U), "a service is found by its name or ID");
    std::string_view id;
    std::string_view shown;
    fuzz::require(root["service_id"].get(id) == simdjson::SUCCESS && id.empty() == !exists,
                  "one that is there has an ID");
    fuzz::require(root["service"].get(shown) == simdjson::SUCCESS && (exists || shown == fuzz::as_utf8(service)),
                  "one that is not is called what it was called");
    fuzz::require(exists || (count(root, "nearest") <= 3 && count(root, "tasks") == 0), "and has no tasks");
}

// --- / and /api/v1/status ---

std::size_t count_of(std::string_view text, std::string_view part)
{
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size()))
        ++found;
    return found;
}

/// The page when a harmless name was searched for.
std::string harmless_page()
{
    request harmless;
    harmless.method = "GET";
    harmless.path = "/";
    harmless.query = {{"service", "a"}};
    return answer(harmless).value().body;
}

/// What was asked for is text in the page, and nothing else: the page has the same markup as when nothing was.
void require_status_page(const reply& page, const request& asked)
{
    static const auto plain = harmless_page();
    const auto search = asked.query_value("service");
    fuzz::require(fuzz::as_utf8(page.body) == page.body, "a page is UTF-8, whatever was asked");
    if (search.empty())
        return;
    for (const auto* mark : {"<", ">", "\""})
        fuzz::require(count_of(page.body, mark) == count_of(plain, mark), "no name is more than text");
}

void require_status_json(const reply& page, const request& asked)
{
    simdjson::dom::parser parser;
    const auto root = parsed(parser, page.body);
    std::string_view shown;
    fuzz::require(root["data"]["findings"].at(0)["what"].get(shown) == simdjson::SUCCESS &&
                      shown == fuzz::as_utf8(asked.query_value("service")),
                  "and in JSON it is what it was");
}

} // namespace

/// A request: its target, what it has (If-None-Match) and what it takes (Accept-Encoding), each a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    auto lines = fuzz::split(input.rest(), '\n');
    lines.resize(std::max<std::size_t>(lines.size(), 3));
    auto target = proto_http::split(lines[0]);
    if (!target)
        return 0;
    request asked;
    asked.method = "GET";
    asked.target = lines[0];
    asked.path = std::move(target->path);
    asked.query = std::move(target->query);
    asked.fields = {{"If-None-Match", std::string(lines[1])}, {"Accept-Encoding", std::string(lines[2])}};

    const auto page = answer(asked);
    if (!page)
        return 0;
    require_sound(*page);
    constexpr std::string_view sd = "/sd/";
    if (asked.path == "/api/v1/targets")
        require_targets_page(*page, asked);
    else if (asked.path == "/")
        require_status_page(*page, asked);
    else if (asked.path == "/api/v1/status")
        require_status_json(*page, asked);
    else if (asked.path == "/api/v1/explain")
        require_explain_page(*page, asked);
    else if (asked.path.starts_with(sd))
        if (const auto which = parse_role(std::string_view(asked.path).substr(sd.size())))
            require_sd_page(*page, asked, *which);
    return 0;
}
