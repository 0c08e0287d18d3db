#pragma once

#include <map>
#include <string>

namespace support {

/// What an engine answers, before anything goes wrong with it.
struct engine_answer {
    unsigned status = 200;
    std::string body;
    std::string content_type = "application/json";
};

/// What an engine knows: the texts of its objects by ID, as it sends them.
struct engine_state {
    using objects = std::map<std::string, std::string>;

    objects services;
    objects nodes;
    objects tasks;

    /// Takes JSON lists apart. @throws std::runtime_error for what is no list of objects with IDs
    static engine_state of(const std::string& services, const std::string& nodes, const std::string& tasks);

    /// The true answer to a request.
    [[nodiscard]] engine_answer answer(const std::string& target) const;
};

/// `/tasks/x` of `/v1.41/tasks/x?filters=…`
[[nodiscard]] std::string plain_path(const std::string& target);

} // namespace support
