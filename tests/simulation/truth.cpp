#include "tests/simulation/truth.hpp"

#include <algorithm>

#include <simdjson.h>

namespace simulation {
namespace {

namespace dom = simdjson::dom;

/// Both what it does and what it is meant to do.
bool serves(const task& one)
{
    return one.state == task_state::running &&
           (one.desired == task_state::running || one.desired == task_state::complete);
}

bool look_alike(const task& a, const task& b)
{
    return a.address == b.address && a.target_port == b.target_port && a.published_port == b.published_port;
}

bool read_alike(const service& a, const service& b)
{
    return a.name == b.name && a.port == b.port && a.labels == b.labels;
}

std::string quoted(const std::string& plain)
{
    return '"' + plain + '"'; // nothing here needs escapes
}

std::vector<unsigned> ports_of(const service& owner)
{
    const auto label = owner.labels.find("prometheus.port");
    if (label == owner.labels.end())
        return owner.port == 0 ? std::vector<unsigned>{} : std::vector<unsigned>{owner.port};
    std::vector<unsigned> ports;
    for (std::size_t at = 0; at < label->second.size();) {
        const auto end = std::min(label->second.find(',', at), label->second.size());
        ports.push_back(static_cast<unsigned>(std::stoul(label->second.substr(at, end - at))));
        at = end + 1;
    }
    return ports;
}

std::map<std::string, std::string> labels_of(const service& owner)
{
    std::map<std::string, std::string> labels{{"task", owner.name}};
    for (const auto& [name, value] : owner.labels) {
        if (name == "prometheus.job")
            labels["job"] = value;
        if (name == "prometheus.path")
            labels["__metrics_path__"] = value;
        if (name == "prometheus.label.tier")
            labels["tier"] = value;
    }
    return labels;
}

} // namespace

std::string to_string(const target& value)
{
    auto text = value.where;
    for (const auto& [name, content] : value.labels)
        text += " " + name + "=" + content;
    return text;
}

std::string file_of(const target_list& targets)
{
    std::map<std::map<std::string, std::string>, std::vector<std::string>> groups;
    for (const auto& one : targets) // sorted by address
        groups[one.labels].push_back(one.where);

    std::vector<std::pair<std::vector<std::string>, std::map<std::string, std::string>>> sorted;
    for (const auto& [labels, places] : groups)
        sorted.emplace_back(places, labels);
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return std::tie(a.first.front(), a.second) < std::tie(b.first.front(), b.second);
    });

    std::string text = "[";
    for (const auto& [places, labels] : sorted) {
        text += (text.size() > 1 ? ",\n" : "\n") + std::string(R"({"targets":[)");
        for (const auto& one : places)
            text += (text.back() == '[' ? "" : ",") + quoted(one);
        text += R"(],"labels":{)";
        for (const auto& [name, value] : labels)
            text += (text.back() == '{' ? "" : ",") + quoted(name) + ":" + quoted(value);
        text += "}}";
    }
    return text + (sorted.empty() ? "]\n" : "\n]\n");
}

std::optional<target_list> read_file(const std::string& text)
{
    dom::parser parser;
    dom::array groups;
    if (parser.parse(text).get(groups) != simdjson::SUCCESS)
        return std::nullopt;
    target_list found;
    for (const dom::element group : groups) {
        target one;
        dom::object labels;
        dom::array places;
        if (group["labels"].get(labels) != simdjson::SUCCESS || group["targets"].get(places) != simdjson::SUCCESS)
            return std::nullopt;
        for (const auto& [name, value] : labels) {
            std::string_view content;
            if (value.get(content) != simdjson::SUCCESS)
                return std::nullopt;
            one.labels.emplace(name, content);
        }
        for (const dom::element place : places) {
            std::string_view where;
            if (place.get(where) != simdjson::SUCCESS)
                return std::nullopt;
            one.where = where;
            found.insert(one);
        }
    }
    return found;
}

std::vector<target> targets_of(const service& owner, const task& one, const std::string& address)
{
    if (const auto scrape = owner.labels.find("prometheus.scrape");
        scrape != owner.labels.end() && scrape->second == "false")
        return {};
    std::vector<target> found;
    for (const auto port : ports_of(owner)) {
        if (!one.address.empty())
            found.push_back({address + ":" + std::to_string(port), labels_of(owner)});
        else if (one.target_port == port)
            found.push_back({address + ":" + std::to_string(one.published_port), labels_of(owner)});
    }
    return found;
}

// --- Over time ---

template <class Value>
void truth::put(life<Value>& known, const Value& value, time_point now, bool (*are_same)(const Value&, const Value&))
{
    if (!known.empty() && known.back().to == time_point::max()) {
        if (are_same(known.back().value, value))
            return;
        known.back().to = now;
    }
    known.push_back({now, time_point::max(), value});
    changed_at_ = now;
}

template <class Value>
void truth::end(std::map<std::string, life<Value>>& lives, const std::string& id, time_point now)
{
    const auto found = lives.find(id);
    if (found == lives.end() || found->second.back().to != time_point::max())
        return;
    found->second.back().to = now;
    changed_at_ = now;
}

void truth::note(const commit& done, time_point now)
{
    for (const auto& [what, object] : done) {
        const bool removed = what == change::kind::removed;
        if (const auto* const owner = std::get_if<service>(&object)) {
            if (removed)
                end(services_, owner->id, now);
            else
                put(services_[owner->id], *owner, now, read_alike);
        } else if (const auto* const one = std::get_if<task>(&object)) {
            if (removed || !serves(*one))
                end(tasks_, one->id, now);
            else
                put(tasks_[one->id], *one, now, look_alike);
        } else {
            const auto& where = std::get<node>(object);
            node_addresses_[where.id] = where.address;
        }
    }
    const bool is_empty =
        std::all_of(tasks_.begin(), tasks_.end(), [this](const auto& entry) { return present(entry.second).empty(); });
    if (emptiness_.empty() || emptiness_.back().second != is_empty)
        emptiness_.emplace_back(now, is_empty);
}

const std::string& truth::address_of(const task& one) const
{
    return one.address.empty() ? node_addresses_.at(one.node_id) : one.address;
}

std::vector<target> truth::present(const life<task>& phases) const
{
    const auto& latest = phases.back();
    const auto owner = services_.find(latest.value.service_id);
    if (latest.to != time_point::max() || owner == services_.end() || owner->second.back().to != time_point::max())
        return {};
    return targets_of(owner->second.back().value, latest.value, address_of(latest.value));
}

bool truth::may_say(const target& value, time_point from, time_point to) const
{
    for (const auto& [id, phases] : tasks_)
        for (const auto& serving : phases) {
            const auto& address = address_of(serving.value);
            if (serving.from > to || serving.to < from || !value.where.starts_with(address + ":"))
                continue;
            const auto owner = services_.find(serving.value.service_id);
            if (owner == services_.end())
                continue;
            for (const auto& form : owner->second) {
                if (form.from > to || form.to < from)
                    continue;
                const auto possible = targets_of(form.value, serving.value, address);
                if (std::find(possible.begin(), possible.end(), value) != possible.end())
                    return true;
            }
        }
    return false;
}

target_list truth::must_say(time_point from, time_point to) const
{
    target_list found;
    for (const auto& [id, phases] : tasks_)
        for (const auto& serving : phases) {
            if (serving.from > from || serving.to <= to)
                continue;
            const auto owner = services_.find(serving.value.service_id);
            if (owner == services_.end())
                continue;
            for (const auto& form : owner->second)
                if (form.from <= from && form.to > to)
                    for (auto& one : targets_of(form.value, serving.value, address_of(serving.value)))
                        found.insert(std::move(one));
        }
    return found;
}

target_list truth::now() const
{
    target_list found;
    for (const auto& [id, phases] : tasks_)
        for (auto& one : present(phases))
            found.insert(std::move(one));
    return found;
}

bool truth::was_empty(time_point from, time_point to) const
{
    bool before = true;
    for (const auto& [since, is_empty] : emptiness_) {
        if (since > to)
            break;
        if (since >= from && is_empty)
            return true;
        if (since < from)
            before = is_empty;
    }
    return before;
}

void truth::forget(time_point before)
{
    const auto drop = [before](auto& lives) {
        for (auto& [id, phases] : lives)
            std::erase_if(phases, [before](const auto& one) { return one.to < before; });
        std::erase_if(lives, [](const auto& entry) { return entry.second.empty(); });
    };
    drop(services_);
    drop(tasks_);
    while (emptiness_.size() > 1 && emptiness_[1].first < before)
        emptiness_.erase(emptiness_.begin());
}

} // namespace simulation
