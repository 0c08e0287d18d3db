#include "sd_writer/debounce.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <chrono>
#include <optional>

namespace {

using namespace std::chrono_literals;
using sd_writer::debounce;
using clock_type = debounce::clock;

} // namespace

/// Limits, then steps: each a byte that says what happens, and one for the time until then, in 10 ms.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::input input(data, size);
    const auto quiet = input.byte() * 10ms;
    const debounce::limits limits{quiet, quiet + input.byte() * 10ms};
    debounce subject(limits);

    clock_type::time_point now{1h};
    std::optional<clock_type::time_point> first; ///< change that is not written yet
    std::optional<clock_type::time_point> last_write;
    while (!input.rest().empty()) {
        const auto what = input.byte();
        const bool busy = (what & 4U) != 0;
        const auto step = now + input.byte() * 10ms;
        // Whoever uses it writes at the deadline.
        if (const auto due = subject.deadline(busy); due && *due <= step) {
            now = std::max(now, *due);
            fuzz::require(first.has_value(), "nothing is written where nothing changed");
            fuzz::require(now <= *first + limits.most, "a change is written in time");
            fuzz::require(busy || now >= *first + limits.quiet, "and not before it was quiet");
            fuzz::require(!last_write || now >= *last_write + limits.quiet, "writes keep their distance");
            last_write = now;
            first.reset();
            subject.taken();
            fuzz::require(!subject.deadline(busy), "what is written is done");
        }
        now = std::max(now, step);
        if ((what & 3U) == 0)
            continue;
        subject.changed(now);
        first = first.value_or(now);
        const auto due = subject.deadline(busy);
        fuzz::require(due && *due <= *first + limits.most, "steady change does not starve it");
        fuzz::require(busy ? *due == *first + limits.most : *due <= now + limits.quiet, "quiet is waited for");
    }
    return 0;
}
