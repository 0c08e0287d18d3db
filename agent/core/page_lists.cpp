#include "agent/core/page_lists.hpp"

#include <algorithm>
#include <utility>

namespace agent::core {

void page_lists::want(list_kind which, time_point now)
{
    auto& one = at(which);
    if (one.wanted)
        return;
    one.wanted = true;
    one.due = now;
}

void page_lists::ask(list_kind which, time_point when)
{
    auto& one = at(which);
    if (one.wanted && one.due && one.failures == 0)
        one.due = std::min(*one.due, when);
}

void page_lists::ask_all(time_point when)
{
    for (const auto which : all_lists)
        ask(which, when);
}

std::optional<list_kind> page_lists::take_due(time_point now)
{
    std::optional<list_kind> first;
    for (const auto which : all_lists)
        if (const auto due = at(which).due; due && *due <= now && (!first || *due < *at(*first).due))
            first = which;
    if (first)
        at(*first).due.reset();
    return first;
}

void page_lists::came(list_kind which, time_point next)
{
    at(which) = {.wanted = true, .tried = true, .due = next, .failures = 0, .trouble = {}};
}

void page_lists::failed(list_kind which, std::string why, time_point now, duration interval)
{
    auto& one = at(which);
    one.tried = true;
    one.trouble = std::move(why);
    one.due = now + interval * (1U << std::min(one.failures, most_doublings));
    ++one.failures;
}

bool page_lists::follows(list_kind which) const
{
    return at(which).wanted && at(which).failures == 0;
}

bool page_lists::awaits(list_kind which) const
{
    return at(which).wanted && !at(which).tried;
}

std::optional<time_point> page_lists::deadline() const
{
    std::optional<time_point> first;
    for (const auto& one : entries_)
        if (one.due && (!first || *one.due < *first))
            first = one.due;
    return first;
}

} // namespace agent::core
