#include "tests/support/fake_manager.hpp"

#include "proto_http/grpc_framing.hpp"

#include <algorithm>
#include <utility>

namespace support {
namespace {

std::string as_list(const fake_manager::objects& objects)
{
    std::vector<std::string> messages;
    for (const auto& [id, message] : objects)
        messages.push_back(message);
    return list_message(messages);
}

bool is_open(const grpc_server::call* watch)
{
    return watch->is_connected() && !watch->given_up();
}

} // namespace

fake_manager::fake_manager(boost::asio::any_io_executor executor, const std::filesystem::path& socket)
    : server(std::move(executor), socket, [this](grpc_server::call& call) { take(call); })
{
}

void fake_manager::take(grpc_server::call& call)
{
    asked.push_back(call.method.substr(call.method.rfind('/') + 1));
    if (!take_over || !take_over(call))
        answer(call);
}

void fake_manager::answer(grpc_server::call& call)
{
    const auto name = call.method.substr(call.method.rfind('/') + 1);
    if (hanging.contains(name))
        return;
    if (const auto fault = failing.find(name); fault != failing.end())
        return call.end(fault->second.status, fault->second.message);
    if (const auto scripted = instead.find(name); scripted != instead.end())
        return call.answer(scripted->second);
    if (call.method == "/docker.swarmkit.v1.Watch/Watch")
        return open_watch(call);
    if (call.method == "/docker.swarmkit.v1.Control/ListNodes")
        return call.answer(as_list(nodes));
    if (call.method == "/docker.swarmkit.v1.Control/ListNetworks")
        return call.answer(as_list(networks));
    if (call.method == "/docker.swarmkit.v1.Control/ListServices")
        return call.answer(as_list(services));
    if (call.method == "/docker.swarmkit.v1.Control/ListTasks")
        return call.answer(as_list(tasks));
    call.end(12, "unknown method");
}

void fake_manager::open_watch(grpc_server::call& call)
{
    std::erase_if(watches_, [](const auto* watch) { return !is_open(watch); });
    watches_.push_back(&call);
    std::string bytes;
    if (arms)
        bytes = proto_http::grpc_frame("");
    for (const auto& message : told_with_arming)
        bytes += proto_http::grpc_frame(message);
    call.send_bytes(bytes);
}

void fake_manager::tell(const std::string& message)
{
    for (auto* const watch : watches_)
        watch->send(message);
}

void fake_manager::end_watches(int status, std::string_view message)
{
    for (auto* const watch : std::exchange(watches_, {}))
        watch->end(status, message);
}

std::size_t fake_manager::watches() const
{
    return static_cast<std::size_t>(std::count_if(watches_.begin(), watches_.end(), is_open));
}

std::size_t fake_manager::count(std::string_view name) const
{
    return static_cast<std::size_t>(std::count(asked.begin(), asked.end(), name));
}

} // namespace support
