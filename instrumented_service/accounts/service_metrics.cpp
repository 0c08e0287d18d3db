#include "instrumented_service/accounts/service_metrics.hpp"

#include "instrumented_service/http_metrics/metric_name.hpp"
#include "runtime/version.hpp"

#include <string>
#include <utility>

namespace accounts {
namespace {

using http_metrics::is_metric_name;
using http_metrics::unowned;

constexpr const char* program = "accountservice";
static_assert(is_metric_name(program));

http_metrics::middleware_options middleware_options(const options& settings)
{
    http_metrics::middleware_options wanted;
    wanted.service = program;
    wanted.names = settings.names;
    wanted.clock = settings.clock;
    return wanted;
}

http_metrics::label_list build_labels()
{
    return {{"version", std::string(runtime::version())}, {"compiler", std::string(runtime::compiler())}};
}

http_metrics::scrape_options scrape_options(const runtime::logger& log)
{
    http_metrics::scrape_options wanted;
    wanted.on_error = [&log](std::string_view what) { log.error("scrape_failed", {{"error", what}}); };
    return wanted;
}

} // namespace

service_metrics::service_metrics(const options& settings, const prometheus::Registry& counters,
                                 const runtime::logger& log)
    : is_monitored_(settings.is_monitored),
      requests_(middleware_options(settings)),
      counters_(counters),
      build_(program, build_labels()),
      page_({{unowned(requests_)},
             {unowned(counters_)},
             {unowned(connections_)},
             {unowned(lag_)},
             {unowned(process_)},
             {unowned(build_)}},
            scrape_options(log))
{
    const auto& clock = requests_.clock();
    log.info("metrics_clock", {{"source", clock.source()},
                               {"reason", clock.reason()},
                               {"ticks_per_second", clock.ticks_per_second()},
                               {"monitoring", is_monitored_}});
}

proto_http::router service_metrics::router_of(std::vector<proto_http::route> routes)
{
    routes.push_back({"Prometheus", "GET", "/metrics", page_.handler(), false});
    return is_monitored_ ? requests_.chain(std::move(routes)) : proto_http::router(std::move(routes));
}

} // namespace accounts
