#include "bench/simulated_swarm.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

namespace {

constexpr unsigned services_per_stack = 10;
/// Tasks of one service have numbers of their own, so that no ID comes back.
constexpr unsigned slots_at_most = 1U << 20U;
constexpr std::uint64_t generations_at_most = std::uint64_t{1} << 24U;

constexpr std::size_t id_size = 25; // as swarmkit's
constexpr std::size_t number_size = 12;

/// As good as random, and always the same (splitmix64, https://prng.di.unimi.it/splitmix64.c).
std::uint64_t mixed(std::uint64_t value)
{
    value += 0x9E37'79B9'7F4A'7C15U;
    value = (value ^ (value >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D0'49BB'1331'11EBU;
    return value ^ (value >> 31U);
}

void append_base36(std::string& out, std::uint64_t value, std::size_t digits)
{
    constexpr std::string_view alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
    const auto end = out.size() + digits;
    out.resize(end);
    for (std::size_t at = 1; at <= digits; ++at, value /= 36)
        out[end - at] = alphabet[value % 36];
}

/// An ID with a number in it: scattered in front, so that they are in no order, and readable behind.
void append_id(std::string& out, char kind, std::uint64_t number)
{
    append_base36(out, mixed(number * 256 + static_cast<unsigned char>(kind)), id_size - number_size - 1);
    out += kind;
    append_base36(out, number, number_size);
}

std::string make_id(char kind, std::uint64_t number)
{
    std::string id;
    append_id(id, kind, number);
    return id;
}

std::optional<std::uint64_t> number_in(std::string_view id, char kind)
{
    if (id.size() != id_size || id[id_size - number_size - 1] != kind)
        return std::nullopt;
    std::uint64_t number = 0;
    const auto digits = id.substr(id_size - number_size);
    const auto* end = digits.data() + digits.size();
    if (const auto [stop, error] = std::from_chars(digits.data(), end, number, 36); error != std::errc{} || stop != end)
        return std::nullopt;
    return id == make_id(kind, number) ? std::optional(number) : std::nullopt;
}

void append_number(std::string& out, std::uint64_t value)
{
    std::array<char, 20> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out.append(digits.data(), end);
}

/// A container's ID, or an image's digest.
void append_hex(std::string& out, std::uint64_t seed)
{
    constexpr std::string_view alphabet = "0123456789abcdef";
    for (std::uint64_t word = 0; word < 4; ++word)
        for (auto rest = mixed(seed * 4 + word), digits = std::uint64_t{16}; digits > 0; --digits, rest /= 16)
            out += alphabet[rest % 16];
}

/// Where a task is on a /8 of its own.
void append_address(std::string& out, unsigned first, std::uint64_t host)
{
    append_number(out, first);
    for (const unsigned shift : {16U, 8U, 0U}) {
        out += '.';
        append_number(out, (host >> shift) & 0xFFU);
    }
}

void append_stack(std::string& out, unsigned stack)
{
    out += "stack";
    append_number(out, stack);
}

void append_service_name(std::string& out, unsigned service)
{
    out += "demo";
    append_number(out, service);
}

/// The labels of a container's spec.
void append_container_labels(std::string& out, unsigned service)
{
    out += R"({"com.docker.stack.namespace":")";
    append_stack(out, service / services_per_stack);
    out += R"(","com.example.owner":"team-)";
    append_number(out, service % 7);
    out += R"("})";
}

void append_image(std::string& out, unsigned service)
{
    out += R"("Image":"registry.example.com/team/application:1.2.3@sha256:)";
    append_hex(out, 1'000'000 + service);
    out += '"';
}

/// What tasks and services have in common.
void append_task_spec(std::string& out, unsigned service)
{
    out += R"({"ContainerSpec":{)";
    append_image(out, service);
    out += R"(,"Labels":)";
    append_container_labels(out, service);
    out += R"(,"Init":false,"StopGracePeriod":10000000000,"DNSConfig":{},"Isolation":"default"},)"
           R"("Resources":{"Limits":{},"Reservations":{}},)"
           R"("Placement":{},)"
           R"("Networks":[{"Target":")";
    append_id(out, 'w', 1 + service / services_per_stack);
    out += R"("}],"ForceUpdate":0)";
}

constexpr std::string_view times =
    R"("CreatedAt":"2026-11-22T12:47:11.900569844Z","UpdatedAt":"2026-11-22T12:47:14.253655284Z")";

/// As tasks carry it. Number 0 is the ingress network, the others are one for each stack.
void append_carried_network(std::string& out, unsigned network)
{
    out += R"({"ID":")";
    append_id(out, 'w', network);
    out += R"(","Version":{"Index":94},)";
    out += times;
    out += R"(,"Spec":{"Name":")";
    if (network == 0) {
        out += R"(ingress","Labels":{},"DriverConfiguration":{},"Ingress":true,)";
    } else {
        append_stack(out, network - 1);
        out += R"(_default","Labels":{"com.docker.stack.namespace":")";
        append_stack(out, network - 1);
        out += R"("},"DriverConfiguration":{"Name":"overlay"},)";
    }
    out += R"("IPAMOptions":{"Driver":{"Name":"default"}},"Scope":"swarm"},"DriverState":{"Name":"overlay",)"
           R"("Options":{"com.docker.network.driver.overlay.vxlanid_list":")";
    append_number(out, 4096 + network);
    out +=
        R"("}},"IPAMOptions":{"Driver":{"Name":"default"},"Configs":[{"Subnet":"10.0.0.0/8","Gateway":"10.0.0.1"}]}})";
}

} // namespace

simulated_swarm::simulated_swarm(shape size) : nodes_(std::max(size.nodes, 1U))
{
    for (unsigned number = 0; number < size.services; ++number, tasks_ += size.replicas)
        services_.push_back({size.replicas, tasks_, version_, 0, std::vector<std::uint32_t>(size.replicas, 0)});
}

// --- Changes ---

void simulated_swarm::replace(key which)
{
    ++services_.at(which.service).generations.at(which.slot);
    ++version_;
}

void simulated_swarm::scale(unsigned service, unsigned replicas)
{
    auto& found = services_.at(service);
    for (auto slot = replicas; slot < found.replicas; ++slot)
        ++found.generations.at(slot); // who comes next is another one
    found.replicas = replicas;
    if (found.generations.size() < replicas)
        found.generations.resize(replicas, 0);
    found.version = ++version_;
}

void simulated_swarm::relabel(unsigned service)
{
    auto& found = services_.at(service);
    ++found.revision;
    found.version = ++version_;
}

// --- IDs ---

std::uint64_t simulated_swarm::number(key which) const
{
    const auto place = std::uint64_t{which.service} * slots_at_most + which.slot;
    return place * generations_at_most + services_.at(which.service).generations.at(which.slot);
}

unsigned simulated_swarm::node_number(key which) const
{
    return (services_.at(which.service).first + which.slot) % nodes_;
}

std::string simulated_swarm::task_id(key which) const
{
    return make_id('t', number(which));
}

std::string simulated_swarm::service_id(unsigned service)
{
    return make_id('s', service);
}

std::string simulated_swarm::node_id(unsigned node)
{
    return make_id('n', node);
}

std::string simulated_swarm::node_of(key which) const
{
    return node_id(node_number(which));
}

std::optional<simulated_swarm::key> simulated_swarm::find_task(std::string_view id) const
{
    const auto number = number_in(id, 't');
    if (!number)
        return std::nullopt;
    const auto place = *number / generations_at_most;
    const key found{static_cast<unsigned>(place / slots_at_most), static_cast<unsigned>(place % slots_at_most)};
    if (found.service >= services() || found.slot >= replicas(found.service) || this->number(found) != *number)
        return std::nullopt;
    return found;
}

std::optional<unsigned> simulated_swarm::find_service(std::string_view id) const
{
    const auto number = number_in(id, 's');
    return number && *number < services_.size() ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
}

std::optional<unsigned> simulated_swarm::find_node(std::string_view id) const
{
    const auto number = number_in(id, 'n');
    return number && *number < nodes_ ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
}

simulated_swarm::key simulated_swarm::task_at(std::uint64_t place) const
{
    const auto wanted = static_cast<unsigned>(place % tasks_);
    const auto next =
        std::upper_bound(services_.begin(), services_.end(), wanted,
                         [](unsigned number, const kept_service& candidate) { return number < candidate.first; });
    const auto owner = std::prev(next);
    return {static_cast<unsigned>(owner - services_.begin()), std::min(wanted - owner->first, owner->replicas - 1)};
}

// --- Texts ---

void simulated_swarm::append_task(std::string& out, key which) const
{
    const auto own = number(which);
    const auto& owner = services_.at(which.service);
    out += R"({"ID":")";
    append_id(out, 't', own);
    out += R"(","Version":{"Index":)";
    append_number(out, 1'000 + owner.generations.at(which.slot));
    out += "},";
    out += times;
    out += R"(,"Labels":{},"Spec":)";
    append_task_spec(out, which.service);
    out += R"(},"ServiceID":")";
    append_id(out, 's', which.service);
    out += R"(","Slot":)";
    append_number(out, which.slot + 1);
    out += R"(,"NodeID":")";
    append_id(out, 'n', node_number(which));
    out += R"(","Status":{"Timestamp":"2026-11-22T12:47:14.164352616Z","State":"running","Message":"started",)"
           R"("ContainerStatus":{"ContainerID":")";
    append_hex(out, own);
    out +=
        R"(","PID":26621,"ExitCode":0},"PortStatus":{}},"DesiredState":"running","NetworksAttachments":[{"Network":)";
    // A /8 has room for every task of 100,000, and for those that took its place.
    const auto host = 2 + owner.first + which.slot + owner.generations.at(which.slot) % 120 * 131'072;
    append_carried_network(out, 0);
    out += R"(,"Addresses":[")";
    append_address(out, 11, host);
    out += R"(/8"]},{"Network":)";
    append_carried_network(out, 1 + which.service / services_per_stack);
    out += R"(,"Addresses":[")";
    append_address(out, 10, host);
    out += R"(/8"]}]})";
}

void simulated_swarm::append_service(std::string& out, unsigned service) const
{
    const auto& found = services_.at(service);
    out += R"({"ID":")";
    append_id(out, 's', service);
    out += R"(","Version":{"Index":)";
    append_number(out, found.version);
    out += "},";
    out += times;
    out += R"(,"Spec":{"Name":")";
    append_service_name(out, service);
    out += R"(","Labels":{"com.docker.stack.namespace":")";
    append_stack(out, service / services_per_stack);
    out += R"(","com.example.revision":")";
    append_number(out, found.revision);
    out += R"("},"TaskTemplate":)";
    append_task_spec(out, service);
    out += R"(,"Runtime":"container"},"Mode":{"Replicated":{"Replicas":)";
    append_number(out, found.replicas);
    out += R"(}},"EndpointSpec":{"Mode":"vip"}},"Endpoint":{"Spec":{"Mode":"vip"},"Ports":[{"Protocol":"tcp",)"
           R"("TargetPort":8080,"PublishedPort":)";
    append_number(out, 30'000 + service % 30'000);
    out += R"(,"PublishMode":"ingress"}],"VirtualIPs":[{"NetworkID":")";
    append_id(out, 'w', 1 + service / services_per_stack);
    out += R"(","Addr":")";
    append_address(out, 10, (std::uint64_t{255} << 16U) + service);
    out += R"(/8"}]}})";
}

void simulated_swarm::append_node(std::string& out, unsigned node) const
{
    out += R"({"ID":")";
    append_id(out, 'n', node);
    out += R"(","Version":{"Index":116},)";
    out += times;
    out += R"(,"Spec":{"Labels":{"zone":"a"},"Role":")";
    out += node == 0 ? "manager" : "worker";
    out += R"(","Availability":"active"},"Description":{"Hostname":"node)";
    append_number(out, node);
    out += R"(","Platform":{"Architecture":"x86_64","OS":"linux"},"Resources":{"NanoCPUs":2000000000,)"
           R"("MemoryBytes":25276502016},"Engine":{"EngineVersion":"20.10.24+dfsg1","Plugins":[{"Type":"Log",)"
           R"("Name":"json-file"},{"Type":"Network","Name":"bridge"},{"Type":"Network","Name":"overlay"},)"
           R"({"Type":"Volume","Name":"local"}]}},"Status":{"State":"ready","Addr":")";
    append_address(out, 192, node + 2);
    out += R"("})";
    if (node == 0)
        out += R"(,"ManagerStatus":{"Leader":true,"Reachability":"reachable","Addr":"192.0.0.2:2377"})";
    out += '}';
}

unsigned simulated_swarm::networks() const
{
    return 1 + (services() + services_per_stack - 1) / services_per_stack;
}

void simulated_swarm::append_network(std::string& out, unsigned network) const
{
    out += R"({"Name":")";
    if (network == 0) {
        out += "ingress";
    } else {
        append_stack(out, network - 1);
        out += "_default";
    }
    out += R"(","Id":")";
    append_id(out, 'w', network);
    out += R"(","Created":"2026-11-22T12:47:11.832940988Z","Scope":"swarm","Driver":"overlay","EnableIPv6":false,)"
           R"("IPAM":{"Driver":"default","Options":null,"Config":[{"Subnet":"10.0.0.0/8","Gateway":"10.0.0.1"}]},)"
           R"("Internal":false,"Attachable":false,"Ingress":)";
    out += network == 0 ? "true" : "false";
    out += R"(,"ConfigFrom":{"Network":""},"ConfigOnly":false,"Containers":null,"Options":)"
           R"({"com.docker.network.driver.overlay.vxlanid_list":")";
    append_number(out, 4096 + network);
    out += R"("},"Labels":{}})";
}
