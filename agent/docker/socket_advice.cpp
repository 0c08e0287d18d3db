#include "agent/docker/socket_advice.hpp"

#include <sys/stat.h>

namespace agent::docker {
namespace {

std::string advice_on_access(const struct stat& file)
{
    if ((file.st_mode & S_IWGRP) == 0)
        return " (the socket may be used by user " + std::to_string(file.st_uid) + " alone)";
    const auto group = std::to_string(file.st_gid);
    return " (the socket may be used by group " + group + ": run as a member of it; for a container, `--group-add " +
           group + "`, or `user: \"65534:" + group + "\"` in a stack file)";
}

} // namespace

std::string advice_for_socket(const std::string& path, const proto_http::error_code& why)
{
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode))
        return {};
    if (why == boost::system::errc::permission_denied)
        return advice_on_access(file);
    // No name leads to it any more: only a mount, or a process that holds it open, keeps it.
    if (why == boost::system::errc::connection_refused && file.st_nlink == 0)
        return " (the socket was removed, and the engine listens on a new one: mount its directory, not the socket "
               "alone)";
    return {};
}

} // namespace agent::docker
