// Faults 41 to 50: disks that are full or broken, directories that change, files that others touch.
#include "tests/faults/fault_test.hpp"
#include "tests/support/text_file.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

namespace faults {
namespace {

using support::contents_of;
using support::write_file;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// Prometheus runs as nobody.
constexpr unsigned nobody = 65534;

arguments as_nobody(arguments command = {})
{
    command.insert(command.begin(), {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"});
    return command;
}

mode_t mode_of(const fs::path& path)
{
    struct stat found = {};
    ::stat(path.c_str(), &found);
    return found.st_mode & 07777U;
}

/// Takes all the room that there is.
void fill(const fs::path& filler)
{
    std::ofstream file(filler, std::ios::binary);
    const std::string piece(4096, 'x');
    while (file.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush()) {
    }
}

class Files : public fault_test {};

// --- 41, 42, 43: writes that fail ---

TEST_F(Files, F41_AFullDiskKeepsTheOldFileAndThePagesStayRight)
{
    mount_tmpfs(sd, "size=64k");
    start_ready();
    fill(sd / "filler");
    scale(2);
    ASSERT_TRUE(until_failed(2));
    EXPECT_EQ(file(), text_for(1));
    EXPECT_TRUE(is_not_ready_for_its_file());
    expect_nothing_staged();
    EXPECT_THAT(running->get("/sd/endpoints").body, HasSubstr("10.0.0.3:6767")) << "what is known goes on";
    EXPECT_TRUE(running->has_said("No space left on device"));

    fs::remove(sd / "filler");
    expect_at_rest(2);
}

/// A call of the writer that fails, for the first two attempts.
struct failing_call {
    std::string fault;
    std::string name;
    std::string calls; ///< as strace(1) names them
    std::string error;
    std::string message;
};

class FailingCall : public traced_fault_test, public testing::WithParamInterface<failing_call> {};

std::string name_of(const testing::TestParamInfo<failing_call>& info)
{
    return info.param.fault + "_" + info.param.name;
}

/// How many descriptors a process has of files that were staged.
std::ptrdiff_t staged_descriptors(pid_t process)
{
    const fs::directory_iterator open("/proc/" + std::to_string(process) + "/fd");
    return std::count_if(begin(open), end(open), [](const fs::directory_entry& entry) {
        std::error_code ignored;
        return fs::read_symlink(entry.path(), ignored).string().find(".json.tmp") != std::string::npos;
    });
}

TEST_P(FailingCall, KeepsTheOldFileAndIsTriedAgain)
{
    const auto& with = GetParam();
    const bool is_close = with.calls == "close";
    write_file(output, text_for(1)); // of an earlier run
    scale(2);
    // The directory is in a call that renames, the file itself in all others.
    const auto& path = with.calls.starts_with("rename") ? staging : staged;
    start({with_calls({path}, with.calls + ":error=" + with.error + ":when=1..2"), {}});
    ASSERT_TRUE(eventually([this] { return running->has_said("attempt=2"); })) << contents_of(trace);
    EXPECT_EQ(file(), text_for(1));
    EXPECT_TRUE(running->has_said(with.message));
    EXPECT_TRUE(is_not_ready_for_its_file());

    ASSERT_TRUE(eventually([this] { return running->is_ready(); }));
    EXPECT_EQ(running->writes("failed"), 2);
    EXPECT_EQ(running->writes("written"), 1);
    // strace leaves out the calls that it fails, so these two descriptors were never closed.
    EXPECT_EQ(staged_descriptors(running->pid()), is_close ? 2 : 0);
    expect_at_rest(2);
}

INSTANTIATE_TEST_SUITE_P(
    Files, FailingCall,
    testing::Values(failing_call{"F41", "write", "write", "ENOSPC", "No space left on device"},
                    failing_call{"F41", "fsync", "fsync", "ENOSPC", "No space left on device"},
                    failing_call{"F41", "close", "close", "ENOSPC", "No space left on device"},
                    failing_call{"F42", "quota", "write", "EDQUOT", "Disk quota exceeded"},
                    failing_call{"F42", "chmod", "fchmod", "EPERM", "Operation not permitted"},
                    failing_call{"F42", "rename", "renameat,renameat2", "EROFS", "Read-only file system"},
                    failing_call{"F43", "fsync", "fsync", "EIO", "Input/output error"},
                    failing_call{"F46", "rename", "renameat,renameat2", "EXDEV", "Invalid cross-device link"}),
    name_of);

class TracedFiles : public traced_fault_test {};

// What the kernel could not write it forgets, and the next fsync of that descriptor would succeed.
TEST_F(TracedFiles, F43_AFailedFsyncIsNeverRepeatedOnTheSameFile)
{
    start({with_calls({staged, staging}, "fsync:error=EIO:when=1..2"), {}});
    ASSERT_TRUE(eventually([this] { return running->is_ready(); }));
    EXPECT_EQ(running->stop(), 0);

    std::ifstream lines(trace);
    bool is_new = false;
    int fsyncs = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.find("O_EXCL") != std::string::npos)
            is_new = true;
        if (line.find(" fsync(") != std::string::npos) {
            EXPECT_TRUE(is_new) << line;
            is_new = false;
            ++fsyncs;
        }
    }
    EXPECT_EQ(fsyncs, 3);
}

TEST_F(Files, F42_ADirectoryThatBecomesReadOnlyKeepsTheOldFile)
{
    mount_tmpfs(sd, "size=64k");
    start_ready();
    make_read_only(sd, true);
    scale(2);
    ASSERT_TRUE(until_failed(2));
    EXPECT_EQ(file(), text_for(1));
    EXPECT_TRUE(is_not_ready_for_its_file());
    EXPECT_TRUE(running->has_said("Read-only file system"));

    make_read_only(sd, false);
    expect_at_rest(2);
}

TEST_F(Files, F42_AReadOnlyDirectoryIsSaidAtTheStart)
{
    mount_tmpfs(sd, "size=64k");
    make_read_only(sd, true);
    EXPECT_EQ(start_fails(), "swarm-sd: --output: " + output.string() + ": Read-only file system; the directory " +
                                 sd.string() + " must be writable for this user\n");
}

TEST_F(Files, F42_ADirectoryTakenAwayFromTheAgentsUserKeepsTheOldFile)
{
    ASSERT_EQ(::chown(sd.c_str(), nobody, nobody), 0);
    // Mounted where everybody may run it: the way to the build may be closed to others.
    write_file(directory / "swarm-sd", "");
    bind(AGENT_BINARY, directory / "swarm-sd");
    start_ready({as_nobody(), {}, directory / "swarm-sd"});
    ASSERT_EQ(::chown(sd.c_str(), 0, 0), 0);
    scale(2);
    ASSERT_TRUE(until_failed(2));
    EXPECT_EQ(file(), text_for(1));
    EXPECT_TRUE(is_not_ready_for_its_file());
    EXPECT_TRUE(running->has_said("Permission denied"));
    expect_nothing_staged();

    ASSERT_EQ(::chown(sd.c_str(), nobody, nobody), 0);
    expect_at_rest(2);
}

// --- 44: the directory ---

TEST_F(Files, F44_ADirectoryThatWasDeletedIsUsedAgainOnceItIsThere)
{
    start_ready();
    for (unsigned round = 1; round <= 3; ++round) {
        const auto failed = running->writes("failed");
        fs::remove_all(sd);
        ASSERT_TRUE(until_failed(failed + 1));
        EXPECT_TRUE(is_not_ready_for_its_file());
        fs::create_directory(sd);
        expect_at_rest(1);
    }
}

TEST_F(Files, F44_ADirectoryReplacedByAnotherGetsTheFileThoughNothingChanged)
{
    start_ready();
    const auto old = directory / "old";
    fs::rename(sd, old);
    fs::create_directory(sd);
    expect_at_rest(1);

    scale(2);
    expect_at_rest(2);
    EXPECT_EQ(contents_of(old / "endpoints.json"), text_for(1)) << "the old one is nobody's any more";
}

TEST_F(Files, F44_ADirectoryMountedOverAndUnmountedHasTheFileEachTime)
{
    start_ready();
    mount_tmpfs(sd, "size=64k");
    expect_at_rest(1);
    scale(2);
    expect_at_rest(2);
    unmount(sd);
    expect_at_rest(2);
}

TEST_F(Files, F44_AStagingPlaceThatWasDeletedIsMadeAgain)
{
    start_ready();
    fs::remove_all(staging);
    scale(2);
    expect_at_rest(2);
}

// --- 45: what others do to the file ---

TEST_F(Files, F45_WhateverOthersDoToTheFileIsPutRight)
{
    start_ready();
    const std::vector<std::pair<const char*, std::function<void()>>> harm{
        {"deleted", [this] { fs::remove(output); }},
        {"emptied", [this] { write_file(output, ""); }},
        {"edited", [this] { write_file(output, text_for(7)); }},
        {"cut short", [this] { fs::resize_file(output, 20); }},
        {"appended to", [this] { std::ofstream(output, std::ios::app) << "\n"; }},
        {"replaced",
         [this] {
             write_file(directory / "other", "[]");
             fs::rename(directory / "other", output);
         }},
        {"made a symlink",
         [this] {
             write_file(directory / "victim", "precious");
             fs::remove(output);
             fs::create_symlink(directory / "victim", output);
         }},
        {"hidden from Prometheus", [this] { fs::permissions(output, fs::perms{0600}); }},
    };
    for (const auto& [what, doing] : harm) {
        SCOPED_TRACE(what);
        doing();
        ASSERT_TRUE(eventually([this] {
            return file() == text_for(1) && fs::is_regular_file(fs::symlink_status(output)) && mode_of(output) == 0644;
        })) << file();
    }
    EXPECT_EQ(contents_of(directory / "victim"), "precious");
    expect_at_rest(1);
}

TEST_F(Files, F45_ADirectoryInPlaceOfTheFileIsNotReadyUntilItIsGone)
{
    start_ready();
    fs::remove(output);
    fs::create_directories(output / "occupied");
    ASSERT_TRUE(until_failed(2));
    EXPECT_TRUE(is_not_ready_for_its_file());
    EXPECT_TRUE(fs::exists(output / "occupied"));
    fs::remove_all(output);
    expect_at_rest(1);
}

// --- 46: renames that cannot be ---

TEST_F(Files, F46_ASingleMountedFileIsRefusedAtTheStartWithWhatToDo)
{
    write_file(output, text_for(7));
    write_file(directory / "mounted", text_for(3));
    bind(directory / "mounted", output);
    const auto said = start_fails();
    EXPECT_THAT(said, StartsWith("swarm-sd: --output: " + output.string() + ": a single file is mounted here"));
    EXPECT_THAT(said, EndsWith("; mount its directory " + sd.string() + " instead of the file\n"));
    EXPECT_EQ(contents_of(directory / "mounted"), text_for(3));
    EXPECT_FALSE(fs::exists(staging));
}

TEST_F(Files, F46_AFileMountedOverTheOutputIsNotReadyUntilItIsGone)
{
    start_ready();
    write_file(directory / "mounted", text_for(3));
    bind(directory / "mounted", output);
    ASSERT_TRUE(until_failed(2));
    EXPECT_TRUE(is_not_ready_for_its_file());
    EXPECT_EQ(contents_of(directory / "mounted"), text_for(3));
    expect_nothing_staged();
    unmount(output);
    scale(2);
    expect_at_rest(2);
}

TEST_F(Files, F46_AStagingPlaceOnAnotherMountIsRefusedAtTheStart)
{
    fs::create_directory(staging);
    mount_tmpfs(staging, "size=64k");
    EXPECT_EQ(start_fails(), "swarm-sd: --output: " + output.string() + ": Invalid cross-device link; " +
                                 staging.string() + " must be on the file system of the file, not a mount\n");
    EXPECT_FALSE(fs::exists(output));
}

// --- 47: what is no file ---

TEST_F(Files, F47_ASymlinkIsFollowedToTheFile)
{
    const auto real = directory / "real";
    fs::create_directory(real);
    write_file(real / "contents.json", text_for(7));
    fs::create_symlink("../real/contents.json", output);
    start_ready();
    scale(2);
    ASSERT_TRUE(until_file_has(2));
    EXPECT_TRUE(fs::is_symlink(output));
    EXPECT_EQ(contents_of(real / "contents.json"), text_for(2));
    EXPECT_TRUE(fs::exists(real / ".swarm-sd/contents.json.lock"));
    EXPECT_FALSE(fs::exists(staging));
}

TEST_F(Files, F47_WhatIsNoFileIsRefusedAtTheStart)
{
    const auto refusal = [this](std::string_view why) {
        return "swarm-sd: --output: " + output.string() + ": " + std::string(why);
    };
    fs::create_directory(output);
    EXPECT_THAT(start_fails(), HasSubstr(refusal("not a regular file")));
    fs::remove(output);
    ASSERT_EQ(::mkfifo(output.c_str(), 0644), 0);
    EXPECT_THAT(start_fails(), HasSubstr(refusal("not a regular file")));
    fs::remove(output);
    fs::create_symlink("nowhere.json", output);
    EXPECT_THAT(start_fails(), HasSubstr(refusal("symbolic link that leads nowhere")));
    EXPECT_FALSE(fs::exists(staging)) << "nothing was made in there";
    EXPECT_FALSE(fs::exists(sd / "nowhere.json"));
}

// --- 48: who may read it ---

TEST_F(Files, F48_NobodyCanReadTheFileWhateverTheUmask)
{
    start_ready({{"sh", "-c", "umask 077; exec \"$@\"", "sh"}, {}});
    scale(2);
    expect_at_rest(2);
    const auto read = integration::run(as_nobody({"cat", output.string()}));
    EXPECT_EQ(read.out, text_for(2)) << read.err;
}

TEST_F(Files, F48_ADirectoryThatOthersMayNotEnterIsWarnedOf)
{
    fs::permissions(sd, fs::perms{0700});
    start_ready();
    EXPECT_TRUE(running->has_said("msg=output_out_of_reach")) << running->log();
    EXPECT_TRUE(running->has_said("directory=\"" + sd.string() + "\"")) << running->log();
    EXPECT_EQ(running->stop(), 0);

    fs::permissions(sd, fs::perms{0755});
    fs::remove(log);
    start_ready();
    EXPECT_FALSE(running->has_said("output_out_of_reach"));
    EXPECT_EQ(running->stop(), 0);

    fs::permissions(sd, fs::perms{0700});
    fs::remove(log);
    start_ready({{}, {"--output.mode=0640"}});
    EXPECT_FALSE(running->has_said("output_out_of_reach")) << "a file that is not meant for everybody";
}

// --- 49: two agents ---

TEST_F(Files, F49_OfTwoAgentsOneWritesAndTheOtherTakesOverWhenItIsKilled)
{
    start_ready();
    std::optional<agent> second;
    const auto second_log = directory / "second.log";
    second.emplace(socket, output, second_log, agent_start{});
    for (unsigned round = 1; round <= 3; ++round) {
        SCOPED_TRACE(round);
        ASSERT_TRUE(eventually([&] { return second->writes("failed") >= 1; }));
        EXPECT_EQ(second->get("/-/ready").status, 503);
        EXPECT_TRUE(second->has_said("another process"));
        scale(round + 1);
        expect_at_rest(round + 1);
        EXPECT_EQ(second->writes("written"), 0);
        EXPECT_THAT(second->get("/sd/endpoints").body, HasSubstr("10.0.0." + std::to_string(round + 2) + ":6767"))
            << "what it knows it tells";

        running->kill();
        ASSERT_TRUE(eventually([&] { return second->is_ready(); }));
        scale(round);
        ASSERT_TRUE(until_file_has(round));
        ASSERT_TRUE(eventually([&] { return second->is_ready(); }));
        EXPECT_EQ(second->stop(), 0);
        EXPECT_EQ(file(), text_for(round));
        start_ready();
        second.emplace(socket, output, second_log, agent_start{});
    }
}

// --- 50: no news of changes ---

// On file systems that tell nobody of changes (NFS, CIFS) Prometheus reads the file only every `refresh_interval`; an
// http_sd page is asked for as often. They must say the same.
TEST_F(Files, F50_ThePageForHttpSdSaysWhatTheFileSays)
{
    start_ready();
    for (const unsigned tasks : {3U, 1U, 4U}) {
        scale(tasks);
        ASSERT_TRUE(until_file_has(tasks));
        const auto page = running->get("/sd/endpoints").body;
        EXPECT_EQ(page, file());
    }
}

} // namespace
} // namespace faults
