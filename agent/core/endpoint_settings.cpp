#include "agent/core/endpoint_settings.hpp"

#include "agent/core/duration.hpp"
#include "agent/core/quotas.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <map>
#include <set>

namespace agent::core {
namespace {

using namespace std::chrono_literals;

constexpr auto shortest_interval = 5s;
constexpr auto longest_interval = 1h;
constexpr std::string_view default_timeout = "10s";
/// Prometheus' own, where a job says nothing else (its `scrape_interval`).
constexpr auto default_interval = 1min;
constexpr std::size_t longest_path = 1024;
constexpr std::size_t longest_endpoint_name = 32;

// Keys an endpoint may have. `param.` and `label.` go on with a name.
constexpr std::array<std::string_view, 7> plain_keys{"port", "network", "job", "path", "scheme", "interval", "timeout"};
constexpr std::array<std::string_view, 2> named_keys{"param.", "label."};

bool is_lower_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_word_char(char c)
{
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_endpoint_name(std::string_view name)
{
    return !name.empty() && name.size() <= longest_endpoint_name &&
           std::all_of(name.begin(), name.end(), [](char c) { return is_lower_alnum(c) || c == '_' || c == '-'; });
}

bool is_endpoint_key(std::string_view key)
{
    return std::find(plain_keys.begin(), plain_keys.end(), key) != plain_keys.end() ||
           std::any_of(named_keys.begin(), named_keys.end(), [key](auto prefix) { return key.starts_with(prefix); });
}

bool is_control(char c)
{
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

bool is_metrics_path(std::string_view path)
{
    return path.starts_with('/') && path.size() <= longest_path && path.find('?') == std::string_view::npos &&
           std::none_of(path.begin(), path.end(), is_control);
}

bool is_promotable(std::string_view name)
{
    return is_label_name(name) && !name.starts_with("__") && name != "task" && name != "job" && name != "instance";
}

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view blanks = " \t";
    const auto first = text.find_first_not_of(blanks);
    return first == std::string_view::npos ? std::string_view{}
                                           : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// The entries of a comma list, without the blanks around them.
std::vector<std::string_view> split_list(std::string_view list)
{
    std::vector<std::string_view> entries;
    for (;;) {
        const auto comma = list.find(',');
        entries.push_back(trimmed(list.substr(0, comma)));
        if (comma == std::string_view::npos)
            return entries;
        list.remove_prefix(comma + 1);
    }
}

std::optional<std::uint16_t> parse_port(std::string_view text)
{
    std::uint16_t port = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    return error == std::errc{} && stop == end && port != 0 ? std::optional(port) : std::nullopt;
}

/// Collects what the labels of one endpoint come to. An unset name means the unnamed endpoint.
class endpoint_reader {
public:
    endpoint_reader(const owner_labels& labels, std::string_view name, skip_log skipped)
        : labels_(labels),
          name_(name),
          own_prefix_(name.empty() ? "" : "endpoints." + std::string(name) + "."),
          skipped_(skipped)
    {
    }

    endpoint_settings read()
    {
        endpoint_settings settings;
        settings.name = name_;
        if (const auto list = find("port"))
            settings.ports = parse_ports(*list);
        if (const auto list = used("network"))
            settings.networks = read_networks(*list);

        if (const auto job = used("job"))
            set("job", *job);
        if (const auto path = used("path"); path && check(is_metrics_path(*path), bad_label::path, "path", *path))
            set("__metrics_path__", *path);
        if (const auto scheme = used("scheme");
            scheme && check(*scheme == "http" || *scheme == "https", bad_label::scheme, "scheme", *scheme))
            set("__scheme__", *scheme);
        read_named("param.", "__param_",
                   [](std::string_view name) { return is_label_name("_" + std::string(name)) && !name.empty(); });
        read_named("label.", "", is_promotable);
        read_times();

        settings.labels.assign(found_.begin(), found_.end());
        return settings;
    }

private:
    /// The endpoint's own value of a key, else the unnamed endpoint's.
    std::optional<std::string_view> find(std::string_view key) const
    {
        if (!own_prefix_.empty())
            if (const auto own = labels_.find(own_prefix_ + std::string(key)))
                return own;
        return labels_.find(key);
    }

    /// As `find`, but an empty value is no value, and neither is one over the quota.
    std::optional<std::string_view> used(std::string_view key)
    {
        const auto value = find(key);
        const bool usable = value && check(!value->empty(), bad_label::empty, key, *value) &&
                            check(value->size() <= quota::label_bytes, bad_label::too_long, key, *value);
        return usable ? value : std::nullopt;
    }

    bool check(bool good, bad_label otherwise, std::string_view key, std::string_view value)
    {
        if (!good) {
            const auto own = own_prefix_ + std::string(key);
            const bool inherited = !labels_.find(own);
            skipped_.add(otherwise, "prometheus." + (inherited ? std::string(key) : own), value);
        }
        return good;
    }

    std::vector<std::string> read_networks(std::string_view list)
    {
        std::vector<std::string> names;
        for (const auto name : split_list(list))
            if (check(!name.empty(), bad_label::empty, "network", list))
                names.emplace_back(name);
        return names;
    }

    void set(std::string name, std::string_view value) { found_.insert_or_assign(std::move(name), std::string(value)); }

    template <class Valid>
    void read_named(std::string_view key, std::string_view prefix, Valid valid)
    {
        std::map<std::string_view, std::string_view> values;
        if (!own_prefix_.empty())
            for (const auto& [name, value] : labels_.starting_with(own_prefix_ + std::string(key)))
                values.emplace(name, value);
        for (const auto& [name, value] : labels_.starting_with(key))
            values.emplace(name, value);

        std::size_t count = 0;
        for (const auto& [name, value] : values) {
            const auto full = std::string(key) + std::string(name);
            const bool usable =
                check(valid(name), bad_label::name, full, value) &&
                check(!value.empty(), bad_label::empty, full, value) &&
                check(name.size() + value.size() <= quota::label_bytes, bad_label::too_long, full, value) &&
                check(count < quota::named_labels, bad_label::too_many, full, value);
            if (!usable)
                continue;
            set(std::string(prefix) + std::string(name), value);
            ++count;
        }
    }

    struct written_duration {
        std::string_view text;
        std::chrono::milliseconds length;
    };

    std::optional<written_duration> read_duration(std::string_view key)
    {
        const auto text = used(key);
        if (!text)
            return std::nullopt;
        const auto length = parse_duration(*text);
        if (!check(length && *length > 0ms, bad_label::period, key, *text))
            return std::nullopt;
        return written_duration{*text, *length};
    }

    // Prometheus drops a target whose timeout exceeds its interval, so whoever sets the one gets the other. Of the
    // interval that the job has nothing is known here but what it is by default.
    void read_times()
    {
        auto interval = read_duration("interval");
        auto timeout = read_duration("timeout");
        if (interval) {
            if (interval->length < shortest_interval)
                interval = written_duration{"5s", shortest_interval};
            if (interval->length > longest_interval)
                interval = written_duration{"1h", longest_interval};
            if (!timeout)
                timeout = written_duration{default_timeout, 10s};
            if (timeout->length > interval->length)
                timeout = interval;
            set("__scrape_interval__", interval->text);
        } else if (timeout && timeout->length > default_interval) {
            timeout = written_duration{"1m", default_interval};
        }
        if (timeout)
            set("__scrape_timeout__", timeout->text);
    }

    const owner_labels& labels_;
    std::string name_;
    std::string own_prefix_;
    skip_log skipped_;
    std::map<std::string, std::string> found_;
};

/// Names of the endpoints that have at least one key of their own.
std::set<std::string_view> endpoint_names(const owner_labels& labels, skip_log skipped)
{
    std::set<std::string_view> names;
    for (const auto& [rest, value] : labels.starting_with("endpoints.")) {
        const auto dot = rest.find('.');
        const auto name = rest.substr(0, dot);
        const auto key = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
        const auto label = [&rest = rest] { return "prometheus.endpoints." + std::string(rest); };
        if (!is_endpoint_name(name) || !is_endpoint_key(key))
            skipped.add(bad_label::endpoint, label(), value);
        else if (names.size() < quota::endpoints || names.contains(name))
            names.insert(name);
        else
            skipped.add(bad_label::too_many, label(), value);
    }
    return names;
}

} // namespace

labelled_ports parse_ports(std::string_view list)
{
    labelled_ports ports;
    std::set<std::uint16_t> seen;
    for (const auto entry : split_list(list)) {
        const auto port = parse_port(entry);
        if (!port)
            ++ports.bad;
        else if (!seen.insert(*port).second)
            continue;
        else if (ports.good.size() < quota::task_targets)
            ports.good.push_back(*port);
        else
            ++ports.over_quota;
    }
    return ports;
}

std::vector<endpoint_settings> read_endpoints(const owner_labels& labels, skip_log skipped)
{
    std::vector<endpoint_settings> endpoints;
    for (const auto name : endpoint_names(labels, skipped))
        endpoints.push_back(endpoint_reader(labels, name, skipped).read());
    if (endpoints.empty())
        endpoints.push_back(endpoint_reader(labels, {}, skipped).read());
    return endpoints;
}

bool is_label_name(std::string_view name)
{
    return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
           std::all_of(name.begin(), name.end(), is_word_char);
}

} // namespace agent::core
