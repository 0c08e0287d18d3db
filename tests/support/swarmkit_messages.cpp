#include "tests/support/swarmkit_messages.hpp"

#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <protozero/pbf_writer.hpp>
#include <simdjson.h>

namespace support {
namespace {

namespace dom = simdjson::dom;
using protozero::pbf_writer;

/// Words and the numbers that stand for them (moby/swarmkit `api/types.proto`).
using enumeration = std::map<std::string_view, std::int32_t>;

const enumeration task_states{{"new", 0},         {"pending", 64},   {"assigned", 192}, {"accepted", 256},
                              {"preparing", 320}, {"ready", 384},    {"starting", 448}, {"running", 512},
                              {"complete", 576},  {"shutdown", 640}, {"failed", 704},   {"rejected", 768},
                              {"remove", 800},    {"orphaned", 832}};
const enumeration protocols{{"tcp", 0}, {"udp", 1}, {"sctp", 2}};
const enumeration publish_modes{{"ingress", 0}, {"host", 1}};
const enumeration update_states{{"updating", 1},         {"paused", 2},          {"completed", 3},
                                {"rollback_started", 4}, {"rollback_paused", 5}, {"rollback_completed", 6}};
const enumeration node_roles{{"worker", 0}, {"manager", 1}};
const enumeration availabilities{{"active", 0}, {"pause", 1}, {"drain", 2}};
const enumeration node_states{{"unknown", 0}, {"down", 1}, {"ready", 2}, {"disconnected", 3}};
const enumeration reachabilities{{"unknown", 0}, {"unreachable", 1}, {"reachable", 2}};

struct owned_bytes {
    std::string bytes;
};

/// A message within another one. Go sends it even where it is empty; protozero's own nested writer would not.
class part : private owned_bytes, public pbf_writer {
public:
    part(pbf_writer& whole, protozero::pbf_tag_type tag) : pbf_writer(bytes), whole_(whole), tag_(tag) {}
    part(const part&) = delete;
    part& operator=(const part&) = delete;
    ~part() { whole_.add_message(tag_, bytes); }

private:
    pbf_writer& whole_;
    protozero::pbf_tag_type tag_;
};

/// A JSON value that may be missing.
class value {
public:
    explicit value(const dom::element& from) : element_(from) {}

    [[nodiscard]] value operator[](std::string_view key) const
    {
        dom::element found;
        const bool is_there = element_ && element_->at_key(key).get(found) == simdjson::SUCCESS && !found.is_null();
        return is_there ? value(found) : value();
    }
    [[nodiscard]] bool exists() const { return element_.has_value(); }
    [[nodiscard]] std::string text() const
    {
        std::string_view found;
        return element_ && element_->get(found) == simdjson::SUCCESS ? std::string(found) : "";
    }
    [[nodiscard]] std::uint64_t number() const
    {
        std::uint64_t found = 0;
        return element_ && element_->get(found) == simdjson::SUCCESS ? found : 0;
    }
    [[nodiscard]] bool is_true() const
    {
        bool found = false;
        return element_ && element_->get(found) == simdjson::SUCCESS && found;
    }
    template <class Take>
    void for_each(Take take) const
    {
        dom::array list;
        if (element_ && element_->get(list) == simdjson::SUCCESS)
            for (const dom::element one : list)
                take(value(one));
    }
    template <class Take>
    void for_each_field(Take take) const
    {
        dom::object fields;
        if (element_ && element_->get(fields) == simdjson::SUCCESS)
            for (const auto& [key, content] : fields)
                take(std::string(key), value(content));
    }

private:
    value() = default;
    std::optional<dom::element> element_;
};

/// Reads an object and lets `write` make a message of it.
template <class Write>
std::string encode(const std::string& json, Write write)
{
    dom::parser parser;
    dom::element root;
    if (parser.parse(json).get(root) != simdjson::SUCCESS || !root.is_object())
        throw std::runtime_error("no object: " + json.substr(0, 100));
    std::string message;
    pbf_writer into(message);
    write(value(root), into);
    return message;
}

// --- As proto3 sends them: what is 0 or empty is left out ---

void add_text(pbf_writer& into, protozero::pbf_tag_type tag, const value& from)
{
    if (const auto text = from.text(); !text.empty())
        into.add_string(tag, text);
}

void add_number(pbf_writer& into, protozero::pbf_tag_type tag, std::uint64_t number)
{
    if (number != 0)
        into.add_uint64(tag, number);
}

void add_word(pbf_writer& into, protozero::pbf_tag_type tag, const value& from, const enumeration& words)
{
    const auto word = from.text();
    if (word.empty())
        return;
    const auto found = words.find(word);
    if (found == words.end())
        throw std::runtime_error("no such word: " + word);
    if (found->second != 0)
        into.add_enum(tag, found->second);
}

void add_labels(pbf_writer& into, protozero::pbf_tag_type tag, const value& labels)
{
    labels.for_each_field([&](const std::string& key, const value& content) {
        part entry(into, tag);
        entry.add_string(1, key);
        entry.add_string(2, content.text());
    });
}

void add_meta(pbf_writer& into, const value& object, version changed)
{
    part meta(into, 2);
    part number(meta, 1);
    add_number(number, 1, changed != 0 ? changed : object["Version"]["Index"].number());
}

void add_annotations(pbf_writer& into, protozero::pbf_tag_type tag, const value& spec)
{
    part annotations(into, tag);
    add_text(annotations, 1, spec["Name"]);
    add_labels(annotations, 2, spec["Labels"]);
}

void add_ports(pbf_writer& into, protozero::pbf_tag_type tag, const value& ports)
{
    ports.for_each([&](const value& one) {
        part port(into, tag);
        add_text(port, 1, one["Name"]);
        add_word(port, 2, one["Protocol"], protocols);
        add_number(port, 3, one["TargetPort"].number());
        add_number(port, 4, one["PublishedPort"].number());
        add_word(port, 5, one["PublishMode"], publish_modes);
    });
}

void add_task_spec(pbf_writer& into, protozero::pbf_tag_type tag, const value& spec)
{
    part task(into, tag);
    if (const auto container = spec["ContainerSpec"]; container.exists()) {
        part run(task, 1);
        add_text(run, 1, container["Image"]);
        add_labels(run, 2, container["Labels"]);
        add_text(run, 14, container["Hostname"]);
    }
    spec["Networks"].for_each([&task](const value& one) {
        part wanted(task, 7);
        add_text(wanted, 1, one["Target"]);
    });
}

// --- Objects ---

void add_network(pbf_writer& into, const value& from, version changed)
{
    add_text(into, 1, from["ID"]);
    add_meta(into, from, changed);
    {
        part spec(into, 3);
        add_annotations(spec, 1, from["Spec"]);
        if (const auto driver = from["Spec"]["DriverConfiguration"]; driver.exists()) {
            part wanted(spec, 2);
            add_text(wanted, 1, driver["Name"]);
        }
        add_number(spec, 4, from["Spec"]["Internal"].is_true() ? 1 : 0);
        add_number(spec, 7, from["Spec"]["Ingress"].is_true() ? 1 : 0);
    }
    if (const auto driver = from["DriverState"]; driver.exists()) {
        part state(into, 4);
        add_text(state, 1, driver["Name"]);
    }
}

void add_status(pbf_writer& into, const value& status)
{
    part made(into, 9);
    add_word(made, 2, status["State"], task_states);
    if (const auto container = status["ContainerStatus"]; container.exists()) {
        part run(made, 5);
        add_text(run, 1, container["ContainerID"]);
    }
    part ports(made, 6);
    add_ports(ports, 1, status["PortStatus"]["Ports"]);
}

void add_task(pbf_writer& into, const value& from, version changed)
{
    add_text(into, 1, from["ID"]);
    add_meta(into, from, changed);
    add_task_spec(into, 3, from["Spec"]);
    add_text(into, 4, from["ServiceID"]);
    add_number(into, 5, from["Slot"].number());
    add_text(into, 6, from["NodeID"]);
    add_status(into, from["Status"]);
    add_word(into, 10, from["DesiredState"], task_states);
    from["NetworksAttachments"].for_each([&into](const value& one) {
        part attached(into, 11);
        if (one["Network"].exists()) {
            part network(attached, 1);
            add_network(network, one["Network"], 0);
        }
        one["Addresses"].for_each([&attached](const value& address) { attached.add_string(2, address.text()); });
    });
}

void add_mode(pbf_writer& spec, const value& mode)
{
    if (const auto replicated = mode["Replicated"]; replicated.exists()) {
        part made(spec, 3);
        add_number(made, 1, replicated["Replicas"].number());
    }
    if (mode["Global"].exists())
        spec.add_message(4, std::string());
    if (const auto job = mode["ReplicatedJob"]; job.exists()) {
        part made(spec, 10);
        add_number(made, 1, job["MaxConcurrent"].number());
        add_number(made, 2, job["TotalCompletions"].number());
    }
    if (mode["GlobalJob"].exists())
        spec.add_message(11, std::string());
}

void add_service(pbf_writer& into, const value& from, version changed)
{
    add_text(into, 1, from["ID"]);
    add_meta(into, from, changed);
    {
        part spec(into, 3);
        add_annotations(spec, 1, from["Spec"]);
        add_task_spec(spec, 2, from["Spec"]["TaskTemplate"]);
        add_mode(spec, from["Spec"]["Mode"]);
        from["Spec"]["Networks"].for_each([&spec](const value& one) {
            part wanted(spec, 7);
            add_text(wanted, 1, one["Target"]);
        });
    }
    if (const auto endpoint = from["Endpoint"]; endpoint.exists()) {
        part made(into, 4);
        add_ports(made, 2, endpoint["Ports"]);
        endpoint["VirtualIPs"].for_each([&made](const value& one) {
            part address(made, 3);
            add_text(address, 1, one["NetworkID"]);
            add_text(address, 2, one["Addr"]);
        });
    }
    if (const auto update = from["UpdateStatus"]; update.exists()) {
        part made(into, 5);
        add_word(made, 1, update["State"], update_states);
    }
}

void add_node(pbf_writer& into, const value& from, version changed)
{
    add_text(into, 1, from["ID"]);
    add_meta(into, from, changed);
    {
        part spec(into, 3);
        add_annotations(spec, 1, from["Spec"]);
        add_word(spec, 2, from["Spec"]["Role"], node_roles);
        add_word(spec, 4, from["Spec"]["Availability"], availabilities);
    }
    if (const auto described = from["Description"]; described.exists()) {
        part description(into, 4);
        add_text(description, 1, described["Hostname"]);
        {
            part platform(description, 2);
            add_text(platform, 1, described["Platform"]["Architecture"]);
            add_text(platform, 2, described["Platform"]["OS"]);
        }
        part engine(description, 4);
        add_text(engine, 1, described["Engine"]["EngineVersion"]);
    }
    {
        part status(into, 5);
        add_word(status, 1, from["Status"]["State"], node_states);
        add_text(status, 3, from["Status"]["Addr"]);
    }
    if (const auto manager = from["ManagerStatus"]; manager.exists()) {
        part status(into, 6);
        add_text(status, 2, manager["Addr"]);
        add_number(status, 3, manager["Leader"].is_true() ? 1 : 0);
        add_word(status, 4, manager["Reachability"], reachabilities);
    }
}

} // namespace

std::string task_message(const std::string& json, version changed)
{
    return encode(json, [changed](const value& from, pbf_writer& into) { add_task(into, from, changed); });
}

std::string service_message(const std::string& json, version changed)
{
    return encode(json, [changed](const value& from, pbf_writer& into) { add_service(into, from, changed); });
}

std::string node_message(const std::string& json, version changed)
{
    return encode(json, [changed](const value& from, pbf_writer& into) { add_node(into, from, changed); });
}

std::string network_message(const std::string& json, version changed)
{
    return encode(json, [changed](const value& from, pbf_writer& into) { add_network(into, from, changed); });
}

std::map<std::string, std::string> network_messages(const std::vector<std::string>& tasks)
{
    std::map<std::string, std::string> found;
    for (const auto& task : tasks)
        (void)encode(task, [&found](const value& from, pbf_writer&) {
            from["NetworksAttachments"].for_each([&found](const value& one) {
                std::string message;
                pbf_writer into(message);
                add_network(into, one["Network"], 0);
                found.emplace(one["Network"]["ID"].text(), std::move(message));
            });
        });
    return found;
}

std::string list_message(const std::vector<std::string>& objects)
{
    std::string message;
    pbf_writer into(message);
    for (const auto& one : objects)
        into.add_message(1, one);
    return message;
}

std::string watch_message(const std::vector<watch_event>& events)
{
    std::string message;
    pbf_writer into(message);
    for (const auto& one : events) {
        part event(into, 1);
        event.add_enum(1, static_cast<std::int32_t>(one.what));
        part object(event, 2);
        object.add_message(static_cast<protozero::pbf_tag_type>(one.of), one.object);
    }
    return message;
}

std::vector<std::string> elements_of(const std::string& json)
{
    dom::parser parser;
    dom::array list;
    if (parser.parse(json).get(list) != simdjson::SUCCESS)
        throw std::runtime_error("no list: " + json.substr(0, 100));
    std::vector<std::string> found;
    for (const dom::element one : list)
        found.push_back(simdjson::minify(one));
    return found;
}

} // namespace support
