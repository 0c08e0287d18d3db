#include "agent/docker/decode.hpp"

#include "agent/core/shared_parts.hpp"
#include "agent/docker/errc.hpp"
#include "agent/docker/json_repair.hpp"
#include "agent/docker/label_map.hpp"
#include "agent/docker/list_splitter.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <new>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <simdjson.h>

namespace agent::docker {
namespace {

namespace dom = simdjson::dom;
using proto_http::result;

/// Deeper than anything the engine sends, and far from the end of the stack.
constexpr std::size_t deepest_nesting = 64;
constexpr std::size_t longest_message = 200;

/// Most objects fit, and so does what their parser needs into a near cache.
constexpr std::size_t usual_object_bytes = 8 * 1024;

static_assert(list_splitter::padding_bytes >= simdjson::SIMDJSON_PADDING);

/// Parses texts one after the other, in the same memory.
class text_parser {
public:
    explicit text_parser(std::size_t deepest) : deepest_(deepest) {}

    /// @param json  with `SIMDJSON_PADDING` readable bytes behind it
    /// @return the whole text, which points into this parser and is valid until the next one; nothing when it is no
    ///         JSON
    [[nodiscard]] std::optional<dom::element> parse(std::string_view json)
    {
        auto error = try_to_parse(json);
        // There are two kinds of repair, and each is complete.
        for (int round = 0; round < 2; ++round) {
            if (error == simdjson::UTF8_ERROR || error == simdjson::STRING_ERROR)
                repaired_ = with_repaired_strings(json);
            else if (error == simdjson::NUMBER_ERROR)
                repaired_ = with_bounded_numbers(json);
            else
                break;
            json = repaired_;
            repaired_.append(simdjson::SIMDJSON_PADDING, ' ');
            json = std::string_view(repaired_).substr(0, json.size());
            error = try_to_parse(json);
        }
        if (error == simdjson::MEMALLOC)
            throw std::bad_alloc(); // says nothing about the text
        return error == simdjson::SUCCESS ? std::optional(root_) : std::nullopt;
    }

private:
    simdjson::error_code try_to_parse(std::string_view json)
    {
        if (parser_.capacity() < json.size())
            if (const auto error = parser_.allocate(std::bit_ceil(std::max(json.size(), usual_object_bytes)), deepest_))
                return error;
        return parser_.parse(json.data(), json.size(), false).get(root_);
    }

    std::size_t deepest_;
    dom::parser parser_;
    dom::element root_;
    std::string repaired_;
};

/// A parsed text, which the elements point into.
class document {
public:
    explicit document(std::string json) : json_(std::move(json)), parser_(deepest_nesting)
    {
        const auto length = json_.size();
        json_.append(simdjson::SIMDJSON_PADDING, ' ');
        root_ = parser_.parse(std::string_view(json_).substr(0, length));
    }

    /// The whole text; nothing when it is no JSON.
    [[nodiscard]] const std::optional<dom::element>& root() const { return root_; }

private:
    std::string json_;
    text_parser parser_;
    std::optional<dom::element> root_;
};

// --- Fields: what is absent or of another kind is empty ---

std::optional<dom::element> child(const dom::element& parent, std::string_view key)
{
    dom::element value;
    const bool found = parent[key].get(value) == simdjson::SUCCESS;
    return found && !value.is_null() ? std::optional(value) : std::nullopt; // null is absent, as in Go
}

std::optional<dom::element> child(const std::optional<dom::element>& parent, std::string_view key)
{
    return parent ? child(*parent, key) : std::nullopt;
}

/// Walks down a path of keys.
template <class... Keys>
std::optional<dom::element> descend(std::optional<dom::element> at, Keys... keys)
{
    ((at = child(at, keys)), ...);
    return at;
}

/// Children by these names, found in one go: of the same name the first.
template <std::size_t Count>
std::array<std::optional<dom::element>, Count> children(const dom::element& parent,
                                                        const std::array<std::string_view, Count>& names)
{
    std::array<std::optional<dom::element>, Count> found;
    dom::object fields;
    if (parent.get(fields) != simdjson::SUCCESS)
        return found;
    for (const auto& [key, value] : fields)
        for (std::size_t at = 0; at < Count; ++at)
            if (key == names[at] && !found[at] && !value.is_null())
                found[at] = value;
    return found;
}

/// Points into the parser.
std::string_view view(const std::optional<dom::element>& value)
{
    std::string_view found;
    return value && value->get(found) == simdjson::SUCCESS ? found : std::string_view{};
}

std::string text(const std::optional<dom::element>& value)
{
    return std::string(view(value));
}

bool is_true(const std::optional<dom::element>& value)
{
    bool found = false;
    return value && value->get(found) == simdjson::SUCCESS && found;
}

std::uint64_t number(const std::optional<dom::element>& value)
{
    std::uint64_t found = 0;
    return value && value->get(found) == simdjson::SUCCESS ? found : 0;
}

/// 0 when it is absent, as in Go.
std::uint32_t port_number(const std::optional<dom::element>& value)
{
    if (!value)
        return 0;
    std::uint64_t found = 0;
    const bool readable = value->get(found) == simdjson::SUCCESS && found < core::unreadable_port;
    return readable ? static_cast<std::uint32_t>(found) : core::unreadable_port;
}

/// Calls `take(element)` for each element of a list.
template <class Take>
void for_each(const std::optional<dom::element>& list, Take take)
{
    dom::array elements;
    if (list && list->get(elements) == simdjson::SUCCESS)
        for (const dom::element element : elements)
            take(element);
}

core::label_map labels(const std::optional<dom::element>& value)
{
    core::label_map found;
    dom::object fields;
    if (!value || value->get(fields) != simdjson::SUCCESS)
        return found;
    found.reserve(fields.size());
    for (const auto& [key, content] : fields) {
        std::string_view content_text;
        if (content.get(content_text) == simdjson::SUCCESS)
            found.emplace_back(key, content_text);
    }
    keep_last_of_each_key(found);
    return found;
}

// --- Words ---

core::task_state task_state(std::string_view word)
{
    using enum core::task_state;
    static constexpr std::array<std::pair<std::string_view, core::task_state>, 15> words{{{"new", created},
                                                                                          {"allocated", allocated},
                                                                                          {"pending", pending},
                                                                                          {"assigned", assigned},
                                                                                          {"accepted", accepted},
                                                                                          {"preparing", preparing},
                                                                                          {"ready", ready},
                                                                                          {"starting", starting},
                                                                                          {"running", running},
                                                                                          {"complete", complete},
                                                                                          {"shutdown", shutdown},
                                                                                          {"failed", failed},
                                                                                          {"rejected", rejected},
                                                                                          {"remove", remove},
                                                                                          {"orphaned", orphaned}}};
    const auto* known =
        std::find_if(words.begin(), words.end(), [word](const auto& entry) { return entry.first == word; });
    return known == words.end() ? unknown : known->second;
}

core::transport transport(const std::optional<dom::element>& value)
{
    const auto word = view(value);
    if (!value || word == "tcp") // engines always say it; their clients' default is TCP
        return core::transport::tcp;
    if (word == "udp")
        return core::transport::udp;
    return word == "sctp" ? core::transport::sctp : core::transport::other;
}

core::publish_mode publish_mode(const std::optional<dom::element>& value)
{
    const auto word = view(value);
    if (word == "host")
        return core::publish_mode::host;
    return word == "ingress" ? core::publish_mode::ingress : core::publish_mode::unknown;
}

// --- Objects ---

std::vector<core::port> ports(const std::optional<dom::element>& list)
{
    std::vector<core::port> found;
    for_each(list, [&found](const dom::element& element) {
        if (!element.is_object())
            return;
        found.push_back({port_number(child(element, "TargetPort")), port_number(child(element, "PublishedPort")),
                         transport(child(element, "Protocol")), publish_mode(child(element, "PublishMode")),
                         text(child(element, "Name"))});
    });
    return found;
}

void read_mode(const std::optional<dom::element>& mode, core::service& into)
{
    using enum core::service_mode;
    if (child(mode, "Global")) { // first, as in Prometheus
        into.mode = global;
    } else if (const auto replicated_mode = child(mode, "Replicated")) {
        into.mode = replicated;
        into.wanted = number(child(replicated_mode, "Replicas"));
    } else if (const auto job = child(mode, "ReplicatedJob")) {
        into.mode = replicated_job;
        into.wanted = number(child(job, "TotalCompletions"));
        into.at_once = number(child(job, "MaxConcurrent"));
    } else if (child(mode, "GlobalJob")) {
        into.mode = global_job;
    }
}

std::vector<std::string> network_ids(const std::optional<dom::element>& list)
{
    std::vector<std::string> found;
    for_each(list, [&found](const dom::element& network) { found.push_back(text(child(network, "Target"))); });
    return found;
}

core::service service(const dom::element& from)
{
    const auto spec = child(from, "Spec");
    core::service into;
    into.id = text(child(from, "ID"));
    into.name = text(child(spec, "Name"));
    into.labels = labels(child(spec, "Labels"));
    into.image = text(descend(from, "Spec", "TaskTemplate", "ContainerSpec", "Image"));
    read_mode(child(spec, "Mode"), into);
    into.update_state = text(descend(from, "UpdateStatus", "State"));
    into.hostname = text(descend(from, "Spec", "TaskTemplate", "ContainerSpec", "Hostname"));
    for_each(descend(from, "Endpoint", "VirtualIPs"), [&into](const dom::element& vip) {
        into.virtual_ips.push_back({text(child(vip, "NetworkID")), text(child(vip, "Addr"))});
    });
    into.network_ids = network_ids(descend(from, "Spec", "TaskTemplate", "Networks"));
    if (into.network_ids.empty()) // where services of before API 1.25 have them
        into.network_ids = network_ids(child(spec, "Networks"));

    // What the swarm made of it, dynamic ports included; the wish in its spec counts for nobody.
    into.ports = ports(descend(from, "Endpoint", "Ports"));
    return into;
}

core::node node(const dom::element& from)
{
    core::node into;
    into.id = text(child(from, "ID"));
    into.address = text(descend(from, "Status", "Addr"));
    into.state = text(descend(from, "Status", "State"));
    into.availability = text(descend(from, "Spec", "Availability"));
    into.hostname = text(descend(from, "Description", "Hostname"));
    into.role = text(descend(from, "Spec", "Role"));
    into.architecture = text(descend(from, "Description", "Platform", "Architecture"));
    into.os = text(descend(from, "Description", "Platform", "OS"));
    into.engine_version = text(descend(from, "Description", "Engine", "EngineVersion"));
    into.labels = labels(descend(from, "Spec", "Labels"));
    if (const auto manager = child(from, "ManagerStatus"))
        into.manager = {text(child(*manager, "Addr")), is_true(child(*manager, "Leader")),
                        text(child(*manager, "Reachability"))};
    return into;
}

core::network network(const dom::element& from)
{
    core::network into;
    into.id = text(child(from, "ID"));
    into.name = text(descend(from, "Spec", "Name"));
    into.driver = text(descend(from, "DriverState", "Name"));
    if (into.driver.empty())
        into.driver = text(descend(from, "Spec", "DriverConfiguration", "Name"));
    into.ingress = is_true(descend(from, "Spec", "Ingress"));
    into.internal = is_true(descend(from, "Spec", "Internal"));
    into.scope = text(descend(from, "Spec", "Scope"));
    into.labels = labels(descend(from, "Spec", "Labels"));
    return into;
}

/// What many tasks have in common, each once: every task carries whole copies of its networks and of its labels.
class task_parts {
public:
    core::shared_text text(const std::optional<dom::element>& value) { return parts_.share(view(value)); }

    core::shared_text add_network(const dom::element& from)
    {
        const auto id = view(child(from, "ID"));
        auto known = parts_.share(id);
        if (!id.empty() && seen_.insert(known).second)
            networks_.push_back(network(from));
        return known;
    }

    /// Labels of a task of that service: mostly those of the task before.
    core::shared_labels labels_of(const core::shared_text& service_id, const std::optional<dom::element>& value)
    {
        auto& latest = latest_labels_[service_id];
        if (!is_same(latest.get(), value))
            latest = labels(value);
        return latest;
    }

    [[nodiscard]] std::vector<core::network> take_networks() { return std::move(networks_); }

private:
    static bool is_same(const core::label_map& known, const std::optional<dom::element>& value)
    {
        dom::object fields;
        if (!value || value->get(fields) != simdjson::SUCCESS)
            return known.empty();
        if (fields.size() != known.size())
            return false;
        auto at = known.begin();
        for (const auto& [key, content] : fields) {
            if (key != at->first || !content.is_string() || view(content) != at->second)
                return false;
            ++at;
        }
        return true;
    }

    core::shared_parts parts_;
    std::unordered_set<core::shared_text, core::text_hash, core::text_equal> seen_;
    std::vector<core::network> networks_;
    std::unordered_map<core::shared_text, core::shared_labels, core::text_hash, core::text_equal> latest_labels_;
};

void read_states(const std::optional<dom::element>& state, const std::optional<dom::element>& desired, core::task& into)
{
    into.state = task_state(view(state));
    into.desired = task_state(view(desired));
    if (view(state) != to_string(into.state) || view(desired) != to_string(into.desired))
        into.odd_states.push_front({text(state), text(desired)});
}

core::task task(const dom::element& from, task_parts& parts)
{
    const auto [id, service_id, node_id, spec, slot, status, desired, attachments] = children<8>(
        from, {"ID", "ServiceID", "NodeID", "Spec", "Slot", "Status", "DesiredState", "NetworksAttachments"});
    core::task into;
    into.id = view(id);
    into.service_id = parts.text(service_id);
    into.node_id = parts.text(node_id);
    read_states(child(status, "State"), desired, into);
    into.container_labels = parts.labels_of(into.service_id, descend(spec, "ContainerSpec", "Labels"));
    into.host_ports = ports(descend(status, "PortStatus", "Ports"));
    into.slot = static_cast<std::int64_t>(number(slot));
    into.container_id = view(descend(status, "ContainerStatus", "ContainerID"));
    for_each(attachments, [&](const dom::element& attached) {
        auto& place = into.attachments.emplace_back();
        if (const auto where = child(attached, "Network"))
            place.network_id = parts.add_network(*where);
        for_each(child(attached, "Addresses"),
                 [&place](const dom::element& address) { place.addresses.push_back(view(address)); });
    });
    return into;
}

/// A network as `/networks` has it.
core::network listed_network(const dom::element& from)
{
    core::network into;
    into.id = text(child(from, "Id"));
    into.name = text(child(from, "Name"));
    into.driver = text(child(from, "Driver"));
    into.ingress = is_true(child(from, "Ingress"));
    into.internal = is_true(child(from, "Internal"));
    into.scope = text(child(from, "Scope"));
    into.labels = labels(child(from, "Labels"));
    return into;
}

std::vector<core::container_network> container_networks(const std::optional<dom::element>& value)
{
    std::vector<core::container_network> found;
    dom::object fields;
    if (!value || value->get(fields) != simdjson::SUCCESS)
        return found;
    for (const auto& [name, place] : fields)
        if (place.is_object())
            found.push_back({std::string(name), text(child(place, "NetworkID")), text(child(place, "IPAddress")),
                             text(child(place, "GlobalIPv6Address"))});
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return found;
}

std::vector<core::container_port> container_ports(const std::optional<dom::element>& list)
{
    std::vector<core::container_port> found;
    for_each(list, [&found](const dom::element& port) {
        const auto type = child(port, "Type");
        if (type && transport(type) != core::transport::other)
            found.push_back({port_number(child(port, "PrivatePort")), port_number(child(port, "PublicPort")),
                             text(child(port, "IP")), transport(type)});
    });
    // The engine walks through a map of them, so that each list may have another order.
    std::sort(found.begin(), found.end());
    return found;
}

core::container container(const dom::element& from)
{
    core::container into;
    into.id = text(child(from, "Id"));
    for_each(child(from, "Names"), [&into](const dom::element& name) {
        if (into.name.empty())
            into.name = text(name);
    });
    into.network_mode = text(descend(from, "HostConfig", "NetworkMode"));
    into.labels = labels(child(from, "Labels"));
    into.networks = container_networks(descend(from, "NetworkSettings", "Networks"));
    into.ports = container_ports(child(from, "Ports"));
    return into;
}

template <class Value, class Decode>
result<Value> decode_one(std::string json, Decode decode)
{
    const document parsed(std::move(json));
    const auto root = parsed.root();
    if (!root)
        return make_error_code(errc::broken_answer);
    Value value = decode(*root);
    if (value.id.empty())
        return make_error_code(errc::broken_answer);
    return value;
}

/// What an event's action means for a container that is a task.
std::optional<core::hint::change> container_change(std::string_view action)
{
    if (action == "start" || action.starts_with("health_status"))
        return core::hint::change::started;
    if (action == "die")
        return core::hint::change::died;
    if (action == "rename")
        return core::hint::change::object;
    return std::nullopt;
}

std::optional<core::hint> container_hint(const dom::element& event, std::string_view action)
{
    const auto what = container_change(action);
    if (!what)
        return std::nullopt;
    const auto attributes = descend(event, "Actor", "Attributes");
    core::hint found;
    found.about = core::hint::subject::container;
    found.what = *what;
    found.task_id = text(child(attributes, "com.docker.swarm.task.id"));
    found.service_id = text(child(attributes, "com.docker.swarm.service.id"));
    found.node_id = text(child(attributes, "com.docker.swarm.node.id"));
    return found;
}

/// Networks of the swarm tell nothing that lists do not; what matters is where a container joins or leaves one.
std::optional<core::hint> network_hint(std::string_view action)
{
    if (action != "connect" && action != "disconnect")
        return std::nullopt;
    core::hint found;
    found.about = core::hint::subject::network;
    return found;
}

std::optional<core::hint> object_hint(const dom::element& event, core::hint::subject about)
{
    core::hint found;
    found.about = about;
    found.id = text(descend(event, "Actor", "ID"));
    return found.id.empty() ? std::nullopt : std::optional(std::move(found));
}

std::string_view without_blanks_around(std::string_view words)
{
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = std::min(words.find_first_not_of(blanks), words.size());
    return words.substr(first, words.find_last_not_of(blanks) + 1 - first);
}

/// Cut at the limit, between characters, and nothing in it that could end a log line.
std::string as_one_line(std::string_view message)
{
    const auto continues = [message](std::size_t at) {
        return (static_cast<unsigned char>(message[at]) & 0xC0U) == 0x80U;
    };
    auto length = std::min(message.size(), longest_message);
    while (length > 0 && length < message.size() && continues(length))
        --length;
    std::string line(message.substr(0, length));
    std::replace_if(
        line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    return line;
}

} // namespace

// --- Lists ---

namespace {

core::service decoded(const dom::element& from, std::type_identity<core::service>)
{
    return service(from);
}

core::node decoded(const dom::element& from, std::type_identity<core::node>)
{
    return node(from);
}

core::network decoded(const dom::element& from, std::type_identity<core::network>)
{
    return listed_network(from);
}

core::container decoded(const dom::element& from, std::type_identity<core::container>)
{
    return container(from);
}

/// What was decoded of a list.
template <class List>
class collection {
public:
    /// @return whether it has an ID
    [[nodiscard]] bool add(const dom::element& from)
    {
        all_.push_back(decoded(from, std::type_identity<typename List::value_type>()));
        return !all_.back().id.empty();
    }

    [[nodiscard]] List take() { return std::move(all_); }

private:
    List all_;
};

template <>
class collection<decoded_tasks> {
public:
    [[nodiscard]] bool add(const dom::element& from)
    {
        tasks_.push_back(task(from, parts_));
        return !tasks_.back().id.empty();
    }

    [[nodiscard]] decoded_tasks take() { return {std::move(tasks_), parts_.take_networks()}; }

private:
    std::vector<core::task> tasks_;
    task_parts parts_;
};

std::string describe(const list_defect& defect)
{
    const auto where = " at byte " + std::to_string(defect.offset);
    if (defect.what == list_defect::kind::too_large)
        return "an object of more than " + std::to_string(most_object_bytes) + " bytes" + where;
    return "no list of objects" + where;
}

template <class List>
result<List> decode_list(std::string_view json)
{
    list_decoder<List> decoder;
    if (const auto error = decoder.push(json))
        return error;
    return decoder.finish();
}

} // namespace

template <class List>
struct list_decoder<List>::impl {
    list_splitter splitter{most_object_bytes};
    text_parser parser{deepest_nesting - 1}; // within the list
    collection<List> all;
    std::string defect;
};

template <class List>
list_decoder<List>::list_decoder() : impl_(std::make_unique<impl>())
{
}

template <class List>
list_decoder<List>::list_decoder(list_decoder&&) noexcept = default;
template <class List>
list_decoder<List>& list_decoder<List>::operator=(list_decoder&&) noexcept = default;
template <class List>
list_decoder<List>::~list_decoder() = default;

template <class List>
proto_http::error_code list_decoder<List>::push(std::string_view bytes)
{
    impl_->splitter.push(bytes);
    while (const auto object = impl_->splitter.next()) {
        const auto root = impl_->parser.parse(*object);
        if (root && impl_->all.add(*root))
            continue;
        impl_->defect = std::string(root ? "an object without an ID" : "an object that is no JSON") + " at byte " +
                        std::to_string(impl_->splitter.taken() - object->size());
        return make_error_code(errc::broken_answer);
    }
    if (const auto& defect = impl_->splitter.defect()) {
        impl_->defect = describe(*defect);
        return make_error_code(errc::broken_answer);
    }
    return {};
}

template <class List>
result<List> list_decoder<List>::finish()
{
    if (impl_->splitter.is_complete())
        return impl_->all.take();
    if (impl_->defect.empty())
        impl_->defect = "the list ends too soon at byte " + std::to_string(impl_->splitter.taken());
    return make_error_code(errc::broken_answer);
}

template <class List>
const std::string& list_decoder<List>::defect() const noexcept
{
    return impl_->defect;
}

template class list_decoder<service_list>;
template class list_decoder<node_list>;
template class list_decoder<decoded_tasks>;
template class list_decoder<network_list>;
template class list_decoder<container_list>;

result<service_list> decode_services(std::string_view json)
{
    return decode_list<service_list>(json);
}

result<node_list> decode_nodes(std::string_view json)
{
    return decode_list<node_list>(json);
}

result<decoded_tasks> decode_tasks(std::string_view json)
{
    return decode_list<decoded_tasks>(json);
}

result<network_list> decode_networks(std::string_view json)
{
    return decode_list<network_list>(json);
}

result<container_list> decode_containers(std::string_view json)
{
    return decode_list<container_list>(json);
}

// --- Single objects ---

result<core::service> decode_service(std::string json)
{
    return decode_one<core::service>(std::move(json), service);
}

result<core::node> decode_node(std::string json)
{
    return decode_one<core::node>(std::move(json), node);
}

result<decoded_tasks> decode_task(std::string json)
{
    task_parts parts;
    auto one =
        decode_one<core::task>(std::move(json), [&parts](const dom::element& element) { return task(element, parts); });
    if (!one)
        return one.error();
    return decoded_tasks{{*std::move(one)}, parts.take_networks()};
}

result<std::optional<core::hint>> decode_event(std::string json)
{
    const document parsed(std::move(json));
    const auto event = parsed.root();
    const auto type = text(child(event, "Type"));
    const auto action = text(child(event, "Action"));
    if (type.empty() || action.empty())
        return make_error_code(errc::broken_answer);

    if (type == "service")
        return object_hint(*event, core::hint::subject::service);
    if (type == "node")
        return object_hint(*event, core::hint::subject::node);
    if (type == "container")
        return container_hint(*event, action);
    if (type == "network")
        return network_hint(action);
    return std::optional<core::hint>{};
}

std::string error_message(std::string body)
{
    const document parsed(body);
    const auto message = text(child(parsed.root(), "message"));
    const auto words = without_blanks_around(message.empty() ? std::string_view(body) : std::string_view(message));
    return words.starts_with('<') ? std::string{} : as_one_line(words);
}

} // namespace agent::docker
