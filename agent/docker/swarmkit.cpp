#include "agent/docker/swarmkit.hpp"

#include "agent/core/shared_parts.hpp"
#include "agent/docker/errc.hpp"
#include "agent/docker/label_map.hpp"
#include "agent/docker/utf8.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace agent::docker {
namespace {

using proto_http::result;
using protozero::pbf_reader;

// Every field is asked for by its number and the kind it must have; one of another kind is passed over as unknown.
constexpr std::uint32_t number(protozero::pbf_tag_type tag)
{
    return protozero::tag_and_type(tag, protozero::pbf_wire_type::varint);
}
constexpr std::uint32_t bytes(protozero::pbf_tag_type tag)
{
    return protozero::tag_and_type(tag, protozero::pbf_wire_type::length_delimited);
}

std::string text(pbf_reader& from)
{
    const auto view = from.get_view();
    return with_valid_utf8({view.data(), view.size()});
}

/// protozero's own reader of flags looks at the first byte before it knows that there is one.
bool is_set(pbf_reader& from)
{
    return from.get_uint64() != 0;
}

/// Reads a message field by field: `take(tag, reader)` reads the field, or says that it is not its business.
template <class Take>
void read(pbf_reader from, Take take)
{
    while (from.next())
        if (!take(from.tag_and_type(), from))
            from.skip();
}

/// The one field of a message that is of interest.
template <class Take>
void read_one(pbf_reader from, std::uint32_t wanted, Take take)
{
    read(from, [wanted, &take](std::uint32_t tag, pbf_reader& field) {
        if (tag != wanted)
            return false;
        take(field);
        return true;
    });
}

// --- Words: the numbers of swarmkit's enumerations as the Engine API says them ---

/// A number without a word is itself one, as Go writes it: enumerations have 32 bits and a sign.
std::string number_word(std::uint64_t value)
{
    return std::to_string(static_cast<std::int32_t>(value));
}

template <std::size_t Count>
std::string word(const std::array<std::string_view, Count>& words, std::uint64_t value)
{
    return value < Count ? std::string(words.at(static_cast<std::size_t>(value))) : number_word(value);
}

core::task_state task_state(std::uint64_t value)
{
    using enum core::task_state;
    static constexpr std::array<std::pair<std::uint64_t, core::task_state>, 14> states{{{0, created},
                                                                                        {64, pending},
                                                                                        {192, assigned},
                                                                                        {256, accepted},
                                                                                        {320, preparing},
                                                                                        {384, ready},
                                                                                        {448, starting},
                                                                                        {512, running},
                                                                                        {576, complete},
                                                                                        {640, shutdown},
                                                                                        {704, failed},
                                                                                        {768, rejected},
                                                                                        {800, remove},
                                                                                        {832, orphaned}}};
    const auto* const known =
        std::find_if(states.begin(), states.end(), [value](const auto& entry) { return entry.first == value; });
    return known == states.end() ? unknown : known->second;
}

std::string state_word(std::uint64_t value)
{
    const auto state = task_state(value);
    return state == core::task_state::unknown ? number_word(value) : std::string(to_string(state));
}

core::publish_mode publish_mode(std::uint64_t value)
{
    if (value == 0)
        return core::publish_mode::ingress;
    return value == 1 ? core::publish_mode::host : core::publish_mode::unknown;
}

core::transport transport(std::uint64_t value)
{
    static constexpr std::array<core::transport, 3> transports{core::transport::tcp, core::transport::udp,
                                                               core::transport::sctp};
    return value < transports.size() ? transports.at(static_cast<std::size_t>(value)) : core::transport::other;
}

// --- Parts ---

core::object_version version(pbf_reader meta)
{
    core::object_version into;
    read_one(meta, bytes(1), [&into](pbf_reader& field) {
        read_one(field.get_message(), number(1), [&into](pbf_reader& index) { into.index = index.get_uint64(); });
    });
    return into;
}

/// One entry of a map.
void read_label(pbf_reader entry, core::label_map& into)
{
    auto& label = into.emplace_back();
    read(entry, [&](std::uint32_t tag, pbf_reader& field) {
        if (tag == bytes(1))
            label.first = text(field);
        else if (tag == bytes(2))
            label.second = text(field);
        else
            return false;
        return true;
    });
}

struct annotations {
    std::string name;
    core::label_map labels;
};

annotations read_annotations(pbf_reader from)
{
    annotations into;
    read(from, [&into](std::uint32_t tag, pbf_reader& field) {
        if (tag == bytes(1))
            into.name = text(field);
        else if (tag == bytes(2))
            read_label(field.get_message(), into.labels);
        else
            return false;
        return true;
    });
    keep_last_of_each_key(into.labels);
    return into;
}

core::port read_port(pbf_reader from)
{
    core::port into;
    into.mode = core::publish_mode::ingress; // 0, which is not sent
    read(from, [&into](std::uint32_t tag, pbf_reader& field) {
        switch (tag) {
        case bytes(1):
            into.name = text(field);
            return true;
        case number(2):
            into.protocol = transport(field.get_uint64());
            return true;
        case number(3):
            into.target = field.get_uint32();
            return true;
        case number(4):
            into.published = field.get_uint32();
            return true;
        case number(5):
            into.mode = publish_mode(field.get_uint64());
            return true;
        default:
            return false;
        }
    });
    return into;
}

struct container_spec {
    std::string image;
    std::string hostname;
    core::label_map labels;
};

container_spec read_container_spec(pbf_reader from)
{
    container_spec into;
    read(from, [&into](std::uint32_t tag, pbf_reader& field) {
        if (tag == bytes(1))
            into.image = text(field);
        else if (tag == bytes(2))
            read_label(field.get_message(), into.labels);
        else if (tag == bytes(14))
            into.hostname = text(field);
        else
            return false;
        return true;
    });
    keep_last_of_each_key(into.labels);
    return into;
}

/// Where a spec names the networks it wants.
void read_network_id(pbf_reader config, std::vector<std::string>& into)
{
    into.emplace_back();
    read_one(config, bytes(1), [&into](pbf_reader& field) { into.back() = text(field); });
}

struct task_spec {
    std::optional<container_spec> container; ///< none: a plugin, or a container of `docker run` on a swarm's network
    std::vector<std::string> network_ids;
};

task_spec read_task_spec(pbf_reader from)
{
    task_spec into;
    read(from, [&into](std::uint32_t tag, pbf_reader& field) {
        if (tag == bytes(1))
            into.container = read_container_spec(field.get_message());
        else if (tag == bytes(7))
            read_network_id(field.get_message(), into.network_ids);
        else
            return false;
        return true;
    });
    return into;
}

// --- Objects ---

core::network network(pbf_reader from)
{
    core::network into;
    std::string wanted_driver;
    into.scope = "swarm"; // the store holds no others
    const auto driver_name = [](pbf_reader driver, std::string& name) {
        read_one(driver, bytes(1), [&name](pbf_reader& field) { name = text(field); });
    };
    const auto spec = [&](std::uint32_t tag, pbf_reader& field) {
        switch (tag) {
        case bytes(1): {
            auto named = read_annotations(field.get_message());
            into.name = std::move(named.name);
            into.labels = std::move(named.labels);
            return true;
        }
        case bytes(2):
            driver_name(field.get_message(), wanted_driver);
            return true;
        case number(4):
            into.internal = is_set(field);
            return true;
        case number(7):
            into.ingress = is_set(field);
            return true;
        default:
            return false;
        }
    };
    read(from, [&](std::uint32_t tag, pbf_reader& field) {
        if (tag == bytes(1))
            into.id = text(field);
        else if (tag == bytes(2))
            into.version = version(field.get_message());
        else if (tag == bytes(3))
            read(field.get_message(), spec);
        else if (tag == bytes(4))
            driver_name(field.get_message(), into.driver);
        else
            return false;
        return true;
    });
    if (into.driver.empty())
        into.driver = std::move(wanted_driver);
    return into;
}

core::attachment attachment(pbf_reader from)
{
    core::attachment into;
    read(from, [&into](std::uint32_t tag, pbf_reader& field) {
        if (tag == bytes(1))
            read_one(field.get_message(), bytes(1), [&into](pbf_reader& id) { into.network_id = text(id); });
        else if (tag == bytes(2))
            into.addresses.push_back(text(field));
        else
            return false;
        return true;
    });
    return into;
}

/// @return the state as a number
std::uint64_t read_status(pbf_reader from, core::task& into)
{
    std::uint64_t state = 0;
    read(from, [&](std::uint32_t tag, pbf_reader& field) {
        if (tag == number(2))
            state = field.get_uint64();
        else if (tag == bytes(5))
            read_one(field.get_message(), bytes(1), [&into](pbf_reader& id) { into.container_id = text(id); });
        else if (tag == bytes(6))
            read_one(field.get_message(), bytes(1),
                     [&into](pbf_reader& port) { into.host_ports.push_back(read_port(port.get_message())); });
        else
            return false;
        return true;
    });
    return state;
}

/// Nothing for a task that runs no container of a service.
std::optional<core::task> task(pbf_reader from)
{
    core::task into;
    std::optional<container_spec> container;
    std::uint64_t state = 0;
    std::uint64_t desired = 0;
    read(from, [&](std::uint32_t tag, pbf_reader& field) {
        switch (tag) {
        case bytes(1):
            into.id = text(field);
            return true;
        case bytes(2):
            into.version = version(field.get_message());
            return true;
        case bytes(3):
            container = read_task_spec(field.get_message()).container;
            return true;
        case bytes(4):
            into.service_id = text(field);
            return true;
        case number(5):
            into.slot = field.get_int64();
            return true;
        case bytes(6):
            into.node_id = text(field);
            return true;
        case bytes(9):
            state = read_status(field.get_message(), into);
            return true;
        case number(10):
            desired = field.get_uint64();
            return true;
        case bytes(11):
            into.attachments.push_back(attachment(field.get_message()));
            return true;
        default:
            return false;
        }
    });
    if (!container)
        return std::nullopt;
    into.container_labels = std::move(container->labels);
    into.state = task_state(state);
    into.desired = task_state(desired);
    if (into.state == core::task_state::unknown || into.desired == core::task_state::unknown)
        into.odd_states.push_front({state_word(state), state_word(desired)});
    return into;
}

void read_replicas(pbf_reader mode, protozero::pbf_tag_type wanted, protozero::pbf_tag_type at_once,
                   core::service& into)
{
    read(mode, [&](std::uint32_t tag, pbf_reader& field) {
        if (tag == number(wanted))
            into.wanted = field.get_uint64();
        else if (at_once != 0 && tag == number(at_once))
            into.at_once = field.get_uint64();
        else
            return false;
        return true;
    });
}

bool read_mode(std::uint32_t tag, pbf_reader& field, core::service& into)
{
    using enum core::service_mode;
    switch (tag) {
    case bytes(3):
        into.mode = replicated;
        read_replicas(field.get_message(), 1, 0, into);
        return true;
    case bytes(4):
        into.mode = global;
        field.skip();
        return true;
    case bytes(10):
        into.mode = replicated_job;
        read_replicas(field.get_message(), 2, 1, into);
        return true;
    case bytes(11):
        into.mode = global_job;
        field.skip();
        return true;
    default:
        return false;
    }
}

/// @return whether it runs containers, and no plugin
bool read_service_spec(pbf_reader from, core::service& into)
{
    bool runs_containers = false;
    std::vector<std::string> old_network_ids; // where services of before API 1.25 have them
    read(from, [&](std::uint32_t tag, pbf_reader& field) {
        if (tag == bytes(1)) {
            auto named = read_annotations(field.get_message());
            into.name = std::move(named.name);
            into.labels = std::move(named.labels);
            return true;
        }
        if (tag == bytes(2)) {
            auto spec = read_task_spec(field.get_message());
            into.network_ids = std::move(spec.network_ids);
            runs_containers = spec.container.has_value();
            if (spec.container) {
                into.image = std::move(spec.container->image);
                into.hostname = std::move(spec.container->hostname);
            }
            return true;
        }
        if (tag == bytes(7)) {
            read_network_id(field.get_message(), old_network_ids);
            return true;
        }
        return read_mode(tag, field, into);
    });
    if (into.network_ids.empty())
        into.network_ids = std::move(old_network_ids);
    return runs_containers;
}

void read_endpoint(pbf_reader from, core::service& into)
{
    read(from, [&into](std::uint32_t tag, pbf_reader& field) {
        if (tag == bytes(2)) {
            into.ports.push_back(read_port(field.get_message()));
            return true;
        }
        if (tag != bytes(3))
            return false;
        auto& vip = into.virtual_ips.emplace_back();
        read(field.get_message(), [&vip](std::uint32_t inner, pbf_reader& value) {
            if (inner == bytes(1))
                vip.network_id = text(value);
            else if (inner == bytes(2))
                vip.address = text(value);
            else
                return false;
            return true;
        });
        return true;
    });
}

/// Nothing for a service that runs no containers.
std::optional<core::service> service(pbf_reader from)
{
    static constexpr std::array<std::string_view, 7> update_words{
        "", "updating", "paused", "completed", "rollback_started", "rollback_paused", "rollback_completed"};
    core::service into;
    bool runs_containers = false;
    read(from, [&](std::uint32_t tag, pbf_reader& field) {
        switch (tag) {
        case bytes(1):
            into.id = text(field);
            return true;
        case bytes(2):
            into.version = version(field.get_message());
            return true;
        case bytes(3):
            runs_containers = read_service_spec(field.get_message(), into);
            return true;
        case bytes(4):
            read_endpoint(field.get_message(), into);
            return true;
        case bytes(5):
            read_one(field.get_message(), number(1),
                     [&into](pbf_reader& state) { into.update_state = word(update_words, state.get_uint64()); });
            return true;
        default:
            return false;
        }
    });
    return runs_containers ? std::optional(std::move(into)) : std::nullopt;
}

constexpr std::array<std::string_view, 2> node_roles{"worker", "manager"};
constexpr std::array<std::string_view, 3> node_availabilities{"active", "pause", "drain"};
constexpr std::array<std::string_view, 4> node_states{"unknown", "down", "ready", "disconnected"};

void read_node_spec(pbf_reader from, core::node& into)
{
    read(from, [&into](std::uint32_t tag, pbf_reader& field) {
        if (tag == bytes(1))
            into.labels = read_annotations(field.get_message()).labels;
        else if (tag == number(2))
            into.role = word(node_roles, field.get_uint64());
        else if (tag == number(4))
            into.availability = word(node_availabilities, field.get_uint64());
        else
            return false;
        return true;
    });
}

void read_description(pbf_reader from, core::node& into)
{
    read(from, [&into](std::uint32_t tag, pbf_reader& field) {
        if (tag == bytes(1)) {
            into.hostname = text(field);
            return true;
        }
        if (tag == bytes(2)) {
            read(field.get_message(), [&into](std::uint32_t inner, pbf_reader& value) {
                if (inner == bytes(1))
                    into.architecture = text(value);
                else if (inner == bytes(2))
                    into.os = text(value);
                else
                    return false;
                return true;
            });
            return true;
        }
        if (tag != bytes(4))
            return false;
        read_one(field.get_message(), bytes(1), [&into](pbf_reader& value) { into.engine_version = text(value); });
        return true;
    });
}

void read_node_status(pbf_reader from, core::node& into)
{
    read(from, [&into](std::uint32_t tag, pbf_reader& field) {
        if (tag == number(1))
            into.state = word(node_states, field.get_uint64());
        else if (tag == bytes(3))
            into.address = text(field);
        else
            return false;
        return true;
    });
}

core::manager_status manager_status(pbf_reader from)
{
    static constexpr std::array<std::string_view, 3> words{"unknown", "unreachable", "reachable"};
    core::manager_status into;
    into.reachability = words.front();
    read(from, [&into](std::uint32_t tag, pbf_reader& field) {
        if (tag == bytes(2))
            into.address = text(field);
        else if (tag == number(3))
            into.leader = is_set(field);
        else if (tag == number(4))
            into.reachability = word(words, field.get_uint64());
        else
            return false;
        return true;
    });
    return into;
}

core::node node(pbf_reader from)
{
    core::node into;
    into.role = node_roles.front(); // 0 is not sent
    into.availability = node_availabilities.front();
    into.state = node_states.front();
    read(from, [&into](std::uint32_t tag, pbf_reader& field) {
        switch (tag) {
        case bytes(1):
            into.id = text(field);
            return true;
        case bytes(2):
            into.version = version(field.get_message());
            return true;
        case bytes(3):
            read_node_spec(field.get_message(), into);
            return true;
        case bytes(4):
            read_description(field.get_message(), into);
            return true;
        case bytes(5):
            read_node_status(field.get_message(), into);
            return true;
        case bytes(6):
            into.manager = manager_status(field.get_message());
            return true;
        default:
            return false;
        }
    });
    return into;
}

// --- Messages ---

/// Thrown for an object that nobody could tell from others.
struct without_id {};

std::optional<core::object_change> change(pbf_reader event)
{
    using kind = core::object_change::kind;
    std::uint64_t action = 0;
    std::optional<decltype(core::object_change::object)> object;
    bool has_id = true;
    const auto keep = [&](auto value) {
        has_id = !value.id.empty();
        object = std::move(value);
    };
    read(event, [&](std::uint32_t tag, pbf_reader& field) {
        if (tag == number(1)) {
            action = field.get_uint64();
            return true;
        }
        if (tag != bytes(2))
            return false;
        read(field.get_message(), [&](std::uint32_t which, pbf_reader& value) {
            switch (which) {
            case bytes(1):
                keep(node(value.get_message()));
                return true;
            case bytes(2):
                if (auto found = service(value.get_message()))
                    keep(*std::move(found));
                return true;
            case bytes(3):
                keep(network(value.get_message()));
                return true;
            case bytes(4):
                if (auto found = task(value.get_message()))
                    keep(*std::move(found));
                return true;
            default:
                return false;
            }
        });
        return true;
    });
    if (!has_id)
        throw without_id{};
    if (!object)
        return std::nullopt;
    const auto what = action == 4 ? kind::removed : action == 1 ? kind::created : kind::updated;
    return core::object_change{what, *std::move(object)};
}

/// Reads the elements of a message's one repeated field; `decode` may leave one out.
template <class Value, class Decode>
result<std::vector<Value>> decode_all(std::string_view message, Decode decode)
{
    std::vector<Value> values;
    try {
        read_one(pbf_reader(message.data(), message.size()), bytes(1), [&](pbf_reader& field) {
            std::optional<Value> value = decode(field.get_message());
            if (value)
                values.push_back(*std::move(value));
        });
    } catch (const protozero::exception&) {
        return make_error_code(errc::broken_answer);
    } catch (const without_id&) {
        return make_error_code(errc::broken_answer);
    } catch (const std::bad_alloc&) {
        return make_error_code(boost::system::errc::not_enough_memory);
    }
    return values;
}

/// All or nothing: publishing the rest would drop targets for lack of information.
template <class Value>
result<std::vector<Value>> with_ids(result<std::vector<Value>> values)
{
    const auto lacks_id = [](const Value& value) { return value.id.empty(); };
    if (values && std::any_of(values->begin(), values->end(), lacks_id))
        return make_error_code(errc::broken_answer);
    return values;
}

} // namespace

result<std::vector<core::object_change>> decode_watch_message(std::string_view message)
{
    return decode_all<core::object_change>(message, change);
}

result<std::vector<core::task>> decode_task_list(std::string_view message)
{
    core::shared_parts parts;
    return with_ids(decode_all<core::task>(message, [&parts](pbf_reader from) {
        auto made = task(from);
        if (made)
            parts.share(*made);
        return made;
    }));
}

result<std::vector<core::service>> decode_service_list(std::string_view message)
{
    return with_ids(decode_all<core::service>(message, service));
}

result<std::vector<core::node>> decode_node_list(std::string_view message)
{
    return with_ids(decode_all<core::node>(message, node));
}

result<std::vector<core::network>> decode_network_list(std::string_view message)
{
    return with_ids(decode_all<core::network>(message, network));
}

result<std::size_t> length_of_whole_fields(std::string_view message)
{
    std::size_t length = 0;
    try {
        pbf_reader fields(message.data(), message.size());
        while (fields.next()) {
            fields.skip();
            length = message.size() - fields.length();
        }
    } catch (const protozero::end_of_buffer_exception&) {
        return length;
    } catch (const protozero::exception&) {
        return make_error_code(errc::broken_answer);
    }
    return length;
}

std::string watch_request()
{
    constexpr std::int32_t created_updated_removed = 1 | 2 | 4;
    std::string request;
    protozero::pbf_writer into(request);
    for (const std::string_view kind : {"task", "service", "node", "network"}) {
        protozero::pbf_writer entry(into, 1);
        entry.add_string(1, kind.data(), kind.size());
        entry.add_int32(2, created_updated_removed);
    }
    return request;
}

} // namespace agent::docker
