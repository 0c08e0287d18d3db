#pragma once

#include "agent/core/model.hpp"
#include "agent/core/skip_log.hpp"
#include "sd_writer/target_group.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace agent::core {

/// A Docker label's key as the end of a Prometheus label name: each character outside `[a-zA-Z0-9_]` becomes `_`.
///
/// A character, not a byte: `größe` is `gr__e`. Source: `strutil.SanitizeLabelName` of Prometheus 2.42.
[[nodiscard]] std::string sanitized_label_name(std::string_view key);

/// Gathers the labels of one target, with one prefix before all names. Of equal names the first one given wins.
class label_builder {
public:
    /// Takes anything.
    explicit label_builder(std::string_view prefix) : prefix_(prefix) {}

    /// Takes what the quotas allow, and tells `left_out` of the rest.
    label_builder(std::string_view prefix, skip_log left_out) : prefix_(prefix), left_out_(left_out) {}

    void add(std::string_view name, std::string_view value);
    void add(std::string_view name, bool value) { add(name, value ? std::string_view("true") : "false"); }
    void add(std::string_view name, std::int64_t value) { add(name, std::to_string(value)); }
    void add(std::string_view name, const char* value) { add(name, std::string_view(value)); }

    /// All labels of an object, `<name>_<key>`. Of keys that become equal when sanitised the one that sorts first wins,
    /// always, even if its value is empty.
    void add_all(std::string_view name, const label_map& labels);

    /// Sorted; without empty values, which Prometheus drops.
    [[nodiscard]] sd_writer::label_set labels() const;

private:
    bool is_allowed(std::string_view name, std::string_view key, std::string_view value);

    std::string prefix_;
    std::optional<skip_log> left_out_; ///< none: no quotas
    std::map<std::string, std::string> labels_;
};

} // namespace agent::core
