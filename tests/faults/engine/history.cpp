#include "tests/faults/engine/history.hpp"

#include "sd_writer/check.hpp"
#include "tests/support/text_file.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string_view>

#include <simdjson.h>
#include <sys/stat.h>

namespace faults {
namespace {

using testing::AssertionFailure;
using testing::AssertionResult;
using testing::AssertionSuccess;

target_names without(const target_names& all, const target_names& some)
{
    target_names rest;
    std::ranges::set_difference(all, some, std::inserter(rest, rest.end()));
    return rest;
}

/// From the beginning to `end`.
target_names always_true(const history& seen, clock::time_point end)
{
    target_names found;
    for (const auto& [name, life] : seen.lives)
        if (!life.gone || *life.gone > end)
            found.insert(name);
    return found;
}

target_names ever_true(const history& seen, clock::time_point end)
{
    target_names found;
    for (const auto& [name, life] : seen.lives)
        if (life.seen <= end)
            found.insert(name);
    return found;
}

} // namespace

target_names targets_in(const std::string& text)
{
    simdjson::dom::parser parser;
    simdjson::dom::array groups;
    if (parser.parse(text).get(groups) != simdjson::SUCCESS)
        throw std::runtime_error("no list of groups: " + text);
    target_names found;
    for (const simdjson::dom::element group : groups) {
        std::string_view task;
        simdjson::dom::array targets;
        if (group["labels"]["task"].get(task) != simdjson::SUCCESS ||
            group["targets"].get(targets) != simdjson::SUCCESS)
            throw std::runtime_error("a group without targets or label `task`: " + text);
        for (const simdjson::dom::element target : targets)
            found.insert(std::string(task) + " " + std::string(target.get_string().value()));
    }
    return found;
}

void history::is_true(clock::time_point now, const target_names& targets)
{
    for (const auto& name : targets)
        lives.try_emplace(name, life{now, begin}); // whatever comes later was not there at the beginning
    begin = begin.value_or(now);
    for (auto& [name, own] : lives)
        if (!own.gone && !targets.contains(name))
            own.gone = now;
}

AssertionResult every_version_is_complete(const history& seen)
{
    for (const auto& [since, text] : seen.versions)
        if (const auto error = sd_writer::check(text).error)
            return AssertionFailure() << "I1: Prometheus refuses line " << error->line << " of a version ("
                                      << error->reason << "):\n"
                                      << text;
    return AssertionSuccess();
}

AssertionResult every_version_is_from_whole_lists(const history& seen)
{
    for (const auto& [since, text] : seen.versions) {
        const auto said = targets_in(text);
        for (const auto& name : without(said, ever_true(seen, since)))
            return AssertionFailure() << "I2: " << name << " never ran, but a version has it:\n" << text;
        for (const auto& name : without(always_true(seen, since), said))
            return AssertionFailure() << "I2: " << name << " runs all the time, but a version lacks it:\n" << text;
    }
    return AssertionSuccess();
}

AssertionResult no_version_repeats(const history& seen)
{
    const auto same = std::ranges::adjacent_find(seen.versions, {}, &history::version::text);
    if (same == seen.versions.end())
        return AssertionSuccess();
    return AssertionFailure() << "I4: the file was replaced by the same bytes:\n" << same->text;
}

AssertionResult no_two_versions_are_closer_than(clock::duration least, const history& seen)
{
    for (std::size_t at = 2; at < seen.versions.size(); ++at) {
        const auto gap = seen.versions[at].since - seen.versions[at - 1].since;
        if (gap < least)
            return AssertionFailure() << "I5: two writes are only "
                                      << std::chrono::duration<double, std::milli>(gap).count() << " ms apart";
    }
    return AssertionSuccess();
}

std::optional<file_watch::identity> file_watch::now() const
{
    struct stat file {};
    if (::stat(path_.c_str(), &file) != 0)
        return std::nullopt;
    constexpr std::int64_t second = 1'000'000'000;
    return identity{file.st_ino, file.st_mtim.tv_sec * second + file.st_mtim.tv_nsec};
}

void file_watch::look(history& into)
{
    const auto found = now();
    const auto is_new = found && found != last_ && has_looked_;
    has_looked_ = true;
    last_ = found;
    if (is_new)
        into.versions.push_back({clock::now(), support::contents_of(path_)});
}

std::size_t open_descriptors()
{
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

} // namespace faults
