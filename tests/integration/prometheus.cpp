#include "tests/integration/prometheus.hpp"

#include "tests/integration/eventually.hpp"
#include "tests/integration/http.hpp"

#include <chrono>
#include <fstream>
#include <stdexcept>

namespace integration {
namespace {

const std::string image = "localhost:5000/prometheus:1";
const std::string container = "prometheus";
constexpr std::uint16_t port_inside = 9090;

std::string configuration_for(const std::string& file)
{
    return "global: {scrape_interval: 1s}\n"
           "scrape_configs:\n"
           "- job_name: swarm\n"
           "  file_sd_configs:\n"
           "  - files: ['" +
           file + "']\n";
}

std::uint16_t start(const private_swarm& swarm, const std::string& network, const std::filesystem::path& directory,
                    const std::string& text)
{
    const auto configuration = swarm.directory() / "prometheus.yml";
    std::ofstream(configuration) << text;
    swarm.docker({"run", "--detach", "--name", container, "--network", network, "--publish",
                  std::to_string(port_inside) + ":" + std::to_string(port_inside), "--volume",
                  configuration.string() + ":/prometheus.yml:ro", "--volume", directory.string() + ":/sd:ro",
                  "--volume", swarm.socket().string() + ":/docker.sock", image, "/bin/prometheus",
                  "--config.file=/prometheus.yml", "--storage.tsdb.path=/tmp/data"});
    return swarm.forward(port_inside);
}

} // namespace

void prometheus::make_image(const private_swarm& swarm)
{
    swarm.make_image(image, {output_of({"which", "prometheus"})});
}

prometheus::prometheus(const private_swarm& swarm, const std::string& network, const std::filesystem::path& file)
    : prometheus(swarm, network, file.parent_path(), configuration_for("/sd" / file.filename()))
{
}

prometheus::prometheus(const private_swarm& swarm, const std::string& network, const std::filesystem::path& directory,
                       const std::string& configuration)
    : swarm_(swarm), port_(start(swarm, network, directory, configuration))
{
}

prometheus::~prometheus()
{
    try {
        swarm_.docker({"rm", "--force", container});
    } catch (const std::runtime_error& error) {
        ADD_FAILURE() << error.what();
    }
}

bool prometheus::becomes_ready() const
{
    return eventually([this] { return http_get(port_, "/-/ready").has_value(); });
}

std::string prometheus::targets_up() const
{
    const auto answer = http_get(port_, "/api/v1/targets?state=active");
    if (!answer)
        return {};
    return jq(R"([.data.activeTargets[] | select(.health == "up") | .labels.instance] | sort | join("\n"))", *answer);
}

std::string prometheus::discovered(const std::string& job) const
{
    const auto answer = http_get(port_, "/api/v1/targets?state=any");
    if (!answer)
        return {};
    return jq("[(.data.activeTargets[], .data.droppedTargets[]) | .discoveredLabels | select(.job == \"" + job +
                  "\") | with_entries(select(.key | test(\"^__meta_docker|^__address__$\")))] | unique",
              *answer);
}

std::string prometheus::page(const std::string& path) const
{
    return http_get(port_, path).value_or("");
}

double prometheus::metric(const std::string& series) const
{
    return sample(http_get(port_, "/metrics").value_or(""), series).value_or(-1);
}

testing::AssertionResult accepted_by_prometheus(const std::filesystem::path& file)
{
    auto configuration = file.parent_path().parent_path() / "promtool.yml";
    std::ofstream(configuration) << configuration_for(file);
    const auto result = run({"promtool", "check", "config", configuration});
    if (result.exit_code == 0)
        return testing::AssertionSuccess();
    return testing::AssertionFailure() << file << ": " << result.out << result.err;
}

} // namespace integration
