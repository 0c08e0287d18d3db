#include "tests/faults/engine_thread.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <exception>

namespace faults {

namespace asio = boost::asio;

engine_thread::engine_thread(const std::filesystem::path& socket) : engine_(io_.get_executor(), socket)
{
    // Cancelled at the end, which it tells by an exception.
    asio::co_spawn(io_, engine_.run(), asio::bind_cancellation_slot(stop_.slot(), [](const std::exception_ptr&) {}));
    thread_ = std::thread([this] { io_.run(); });
}

engine_thread::~engine_thread()
{
    with([this](support::fake_engine& engine) {
        stop_.emit(asio::cancellation_type::terminal);
        engine.drop_connections();
    });
    work_.reset();
    thread_.join();
}

} // namespace faults
