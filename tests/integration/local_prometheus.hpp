#pragma once

#include "tests/integration/process.hpp"
#include "tests/support/temporary_directory.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace integration {

/// A Prometheus on this machine that scrapes ports of this machine every second. It needs neither root nor an engine.
class local_prometheus {
public:
    struct scraped_page {
        std::string job;
        std::uint16_t port;
        std::string path = "/metrics";
        std::string how{}; ///< further settings of the job, such as `scheme: https`
    };

    /// @param features  as --enable-feature takes them
    explicit local_prometheus(const std::vector<scraped_page>& pages, const std::string& features = "exemplar-storage");

    /// Whether each of its targets has been scraped, and all of what they answered been taken.
    [[nodiscard]] bool has_scraped() const;

    /// The value of an instant query that has one; otherwise the answer as it is.
    [[nodiscard]] std::string value(const std::string& query) const;

    /// The first exemplar that has a trace: its ID, value and Unix time.
    [[nodiscard]] std::string exemplars(const std::string& selector) const;

    [[nodiscard]] std::string log() const;

private:
    arguments command(const std::vector<scraped_page>& pages, const std::string& features);

    support::temporary_directory directory_;
    std::uint16_t port_;
    std::size_t pages_;
    child_process process_;
};

} // namespace integration
