#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// The requests that docs/architecture.md says the agent makes, read from its table, so that the two cannot part.
class documented_calls {
public:
    /// @throws std::runtime_error if the document has no such table
    documented_calls();

    /// Whether the table has this request: the method, the path, and exactly those query keys. Notes that it was seen.
    [[nodiscard]] bool allow(std::string_view method, std::string_view target);

    /// Rows of the table that no request has matched yet, as they stand there.
    [[nodiscard]] std::vector<std::string> unseen() const;

private:
    struct call {
        std::string row; ///< for people
        std::string method;
        std::string path;
        std::set<std::string> query;
        bool seen = false;
    };
    std::vector<call> calls_;
};

} // namespace support
