#include "tests/support/fake_manager.hpp"

#include "proto_http/grpc_framing.hpp"

#include <algorithm>
#include <memory>
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

std::string name_of(const grpc_server::call& call)
{
    return call.method.substr(call.method.rfind('/') + 1);
}

bool is_open(const grpc_server::call* watch)
{
    return watch->is_connected() && !watch->given_up();
}

} // namespace

fake_manager::fake_manager(boost::asio::any_io_executor executor, const std::filesystem::path& socket)
    : server(executor, socket, [this](grpc_server::call& call) { take(call); }), executor_(executor)
{
}

void fake_manager::take(grpc_server::call& call)
{
    const auto name = name_of(call);
    asked.push_back(name);
    if (take_over && take_over(call))
        return;
    const auto delay = delays.find(name);
    if (delay == delays.end())
        return answer(call);
    const auto timer = timers_.emplace(timers_.end(), executor_, delay->second);
    timer->async_wait([this, &call, timer, alive = std::weak_ptr(alive_)](boost::system::error_code error) {
        if (error || alive.expired())
            return;
        timers_.erase(timer);
        answer(call);
    });
}

void fake_manager::answer(grpc_server::call& call)
{
    const auto name = name_of(call);
    if (hanging.contains(name))
        return;
    if (const auto fault = failing.find(name); fault != failing.end() && fault->second.times > 0) {
        --fault->second.times;
        return call.end(fault->second.status, fault->second.message);
    }
    if (const auto scripted = instead.find(name); scripted != instead.end())
        return call.answer(scripted->second);
    if (name == "Watch")
        return open_watch(call);
    const objects* const listed = listed_by(name);
    if (!listed)
        return call.end(12, "unknown method");
    call.answer(as_list(*listed));
}

const fake_manager::objects* fake_manager::listed_by(std::string_view name) const
{
    if (name == "ListNodes")
        return behind_ ? &behind_->nodes : &nodes;
    if (name == "ListNetworks")
        return behind_ ? &behind_->networks : &networks;
    if (name == "ListServices")
        return behind_ ? &behind_->services : &services;
    if (name == "ListTasks")
        return behind_ ? &behind_->tasks : &tasks;
    return nullptr;
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
    if (behind_)
        return;
    if (loses > 0) {
        --loses;
        return;
    }
    for (auto* const watch : watches_)
        for (std::size_t copy = 0; copy < copies; ++copy)
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
