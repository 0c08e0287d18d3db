#include "tests/integration/local_prometheus.hpp"

#include "proto_http/target.hpp"
#include "tests/integration/eventually.hpp"
#include "tests/integration/http.hpp"
#include "tests/support/text_file.hpp"

namespace integration {

local_prometheus::local_prometheus(const std::vector<scraped_page>& pages, const std::string& features)
    : port_(free_port()), pages_(pages.size()), process_(command(pages, features), directory_ / "log")
{
}

arguments local_prometheus::command(const std::vector<scraped_page>& pages, const std::string& features)
{
    std::string configuration = "global: {scrape_interval: 1s}\nscrape_configs:\n";
    for (const auto& page : pages)
        configuration += "- {job_name: " + page.job + ", metrics_path: " + page.path +
                         ", static_configs: [{targets: ['127.0.0.1:" + std::to_string(page.port) + "']}]" +
                         (page.how.empty() ? "" : ", " + page.how) + "}\n";
    support::write_file(directory_ / "prometheus.yml", configuration);
    return {"prometheus", "--config.file=" + (directory_ / "prometheus.yml").string(),
            "--storage.tsdb.path=" + (directory_ / "data").string(),
            "--web.listen-address=127.0.0.1:" + std::to_string(port_), "--enable-feature=" + features};
}

bool local_prometheus::has_scraped() const
{
    return eventually([this] { return value("count(up == 1)") == std::to_string(pages_); });
}

std::string local_prometheus::value(const std::string& query) const
{
    const auto answer = http_get(port_, "/api/v1/query?query=" + proto_http::percent_encode(query)).value_or("{}");
    return jq(R"(if (.data.result | length) == 1 then .data.result[0].value[1] else (.data.result | tojson) end)",
              answer);
}

std::string local_prometheus::exemplars(const std::string& selector) const
{
    const auto answer = http_get(port_, "/api/v1/query_exemplars?start=1600000000&end=4000000000&query=" +
                                            proto_http::percent_encode(selector))
                            .value_or("{}");
    return jq(R"jq([.data[].exemplars[] | select(.labels.trace_id != null)][0])jq"
              R"jq( | "\(.labels.trace_id) \(.value) \(.timestamp)")jq",
              answer);
}

std::string local_prometheus::log() const
{
    return support::contents_of(directory_ / "log");
}

} // namespace integration
