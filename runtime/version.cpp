#include "runtime/version.hpp"

namespace runtime {

std::string_view version()
{
    return SWARM_SD_VERSION;
}

std::string_view compiler()
{
#ifdef __clang__
    return "clang++ " __clang_version__;
#else
    return "g++ " __VERSION__;
#endif
}

std::string version_line(std::string_view program)
{
    return std::string(program) + ", version " + std::string(version()) + " (built with " + std::string(compiler()) +
           ")";
}

} // namespace runtime
