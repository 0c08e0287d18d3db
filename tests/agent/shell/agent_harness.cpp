#include "tests/agent/shell/agent_harness.hpp"

#include "tests/support/text_file.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <cstdlib>

namespace asio = boost::asio;
using namespace std::chrono_literals;

agent_harness::agent_harness()
    : engine(io.get_executor(), directory.path() / "engine.sock"),
      log(std::getenv("TEST_LOG") ? runtime::log_level::debug : runtime::log_level::error, runtime::log_format::logfmt)
{
    settings.engine = proto_http::unix_address{directory.path() / "engine.sock"};
    settings.task_watch.socket.clear(); // the machine may have one
    std::filesystem::create_directory(directory.path() / "sd");
    settings.outputs = {{agent::core::role::endpoints, directory.path() / "sd" / "endpoints.json"}};
    settings.debounce = {.quiet = 5ms, .most = 500ms};
    settings.listen_address = "127.0.0.1:0";
    asio::co_spawn(io, engine.run(), asio::bind_cancellation_slot(stop_engine_.slot(), [this](std::exception_ptr) {
                       engine_running_ = false;
                   }));
}

agent_harness::~agent_harness()
{
    stop();
    emit(stop_engine_);
    (void)until([this] { return !engine_running_; });
    engine.drop_connections();
    (void)until([this] { return engine.connections() == 0; });
}

void agent_harness::start()
{
    agent.emplace(io.get_executor(), settings, log, around);
    running = true;
    asio::co_spawn(io, agent->run(), asio::bind_cancellation_slot(stop_agent_.slot(), [this](std::exception_ptr error) {
                       failure = error;
                       running = false;
                   }));
}

/// From inside the reactor: Asio 1.81 only notes a pointer when a signal is emitted from elsewhere.
void agent_harness::emit(asio::cancellation_signal& signal)
{
    asio::post(io, [&signal] { signal.emit(asio::cancellation_type::terminal); });
}

void agent_harness::stop()
{
    emit(stop_agent_);
    (void)until([this] { return !running; });
}

bool agent_harness::until(const std::function<bool()>& holds, std::chrono::seconds limit)
{
    const auto deadline = std::chrono::steady_clock::now() + limit;
    const auto look = [this] {
        if (on_turn)
            on_turn();
    };
    for (look(); !holds(); look()) {
        if (std::chrono::steady_clock::now() >= deadline)
            return false;
        io.restart();
        if (pass_time)
            pass_time(deadline);
        else
            io.run_one_for(10ms);
    }
    return true;
}

bool agent_harness::until_ready()
{
    return until([this] { return !agent->not_ready_because(); });
}

std::string agent_harness::file() const
{
    return support::contents_of(output());
}

bool agent_harness::until_file_is(const std::string& text)
{
    return until([&] { return file() == text; });
}

proto_http::response agent_harness::get(const std::string& path)
{
    proto_http::client client(io.get_executor(), proto_http::tcp_address{"127.0.0.1", agent->port()});
    std::optional<proto_http::response> answer;
    asio::co_spawn(io, client.get(path), [&answer](std::exception_ptr, proto_http::result<proto_http::response> got) {
        answer = got ? *std::move(got) : proto_http::response{};
    });
    (void)until([&answer] { return answer.has_value(); });
    return answer.value_or(proto_http::response{});
}

unsigned agent_harness::status(const std::string& path)
{
    return get(path).head.status;
}

std::string agent_harness::page(const std::string& path)
{
    return get(path).body;
}

double agent_harness::metric(const std::string& series)
{
    const auto text = "\n" + page("/metrics");
    const auto found = text.find("\n" + series + " ");
    return found == std::string::npos ? -1 : std::stod(text.substr(found + series.size() + 2));
}
