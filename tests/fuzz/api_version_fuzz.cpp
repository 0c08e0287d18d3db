#include "agent/docker/api_version.hpp"

#include "tests/fuzz/fuzz_input.hpp"

#include <string>

using namespace agent::docker;

/// An `Api-Version` header, or DOCKER_API_VERSION.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const fuzz::input input(data, size);
    const auto version = parse_api_version(input.rest());
    if (!version)
        return 0;
    fuzz::require(input.rest().find_first_not_of("0123456789.") == std::string_view::npos, "a version is numbers");
    fuzz::require(parse_api_version(to_string(*version)) == version, "and they can be written again");
    if (const auto spoken = negotiate(*version, std::nullopt))
        fuzz::require(*spoken >= oldest_api && *spoken <= newest_api && *spoken <= *version,
                      "both know what is spoken");
    return 0;
}
