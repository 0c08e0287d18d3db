#include "sd_writer/atomic_file.hpp"

#include "sd_writer/errc.hpp"
#include "tests/sd_writer/child_process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/text_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace sd_writer {
namespace {

using support::contents_of;
using support::temporary_directory;
using support::write_file;

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr mode_t usual_mode = 0644;

/// `bytes` in pieces of the given size.
piece_source pieces(std::string bytes, std::size_t piece_bytes)
{
    return [bytes = std::move(bytes), piece_bytes, at = std::size_t{0}]() mutable -> std::optional<std::string_view> {
        const auto piece = std::string_view(bytes).substr(at, piece_bytes);
        at += piece.size();
        return piece;
    };
}

piece_source whole(std::string bytes)
{
    const auto size = bytes.size();
    return pieces(std::move(bytes), size);
}

/// Empty on success, so that a child can hand it on as text.
std::string text(std::error_code error)
{
    return error ? error.message() : "";
}

std::string text(errc code)
{
    return make_error_code(code).message();
}

std::string text(std::errc code)
{
    return std::make_error_code(code).message();
}

std::vector<std::string> names_in(const fs::path& directory)
{
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory))
        names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

mode_t mode_of(const fs::path& path)
{
    struct stat found = {};
    ::stat(path.c_str(), &found);
    return found.st_mode & 07777U;
}

ino_t inode_of(const fs::path& path)
{
    struct stat found = {};
    ::stat(path.c_str(), &found);
    return found.st_ino;
}

/// Opens and replaces once; what went wrong, as text.
std::string put(const fs::path& path, const std::string& bytes)
{
    atomic_file file(path, usual_mode);
    if (const auto error = file.open())
        return text(error);
    return text(file.replace(whole(bytes)));
}

TEST(AtomicFile, CreatesTheFile)
{
    const temporary_directory directory;
    atomic_file file(directory / "out.json", usual_mode);
    ASSERT_EQ(file.open(), std::error_code{});
    EXPECT_FALSE(fs::exists(directory / "out.json"));
    EXPECT_EQ(file.replace(whole("[]\n")), std::error_code{});
    EXPECT_EQ(contents_of(directory / "out.json"), "[]\n");
}

TEST(AtomicFile, ReplacesTheWholeFile)
{
    const temporary_directory directory;
    write_file(directory / "out.json", std::string(100'000, 'x'));
    atomic_file file(directory / "out.json", usual_mode);
    ASSERT_EQ(file.open(), std::error_code{});
    for (const std::size_t piece_bytes : {1U, 7U, 4096U, 1'000'000U}) {
        const auto bytes = std::string(5000, 'a') + std::to_string(piece_bytes);
        ASSERT_EQ(file.replace(pieces(bytes, piece_bytes)), std::error_code{});
        EXPECT_EQ(contents_of(directory / "out.json"), bytes);
    }
}

TEST(AtomicFile, LeavesNothingButTheFileAndItsStagingPlace)
{
    const temporary_directory directory;
    ASSERT_EQ(put(directory / "out.json", "[]"), "");
    EXPECT_THAT(names_in(directory.path()), ElementsAre(".swarm-sd", "out.json"));
    EXPECT_THAT(names_in(directory / ".swarm-sd"), ElementsAre("out.json.lock"));
}

TEST(AtomicFile, TakesARelativePath)
{
    const temporary_directory directory;
    EXPECT_EQ(in_child([&] { return ::chdir(directory.path().c_str()) == 0 ? put("out.json", "[1]") : "chdir"; }), "");
    EXPECT_EQ(contents_of(directory / "out.json"), "[1]");
}

TEST(AtomicFile, OldReadersKeepTheOldBytes)
{
    const temporary_directory directory;
    write_file(directory / "out.json", "old");
    std::ifstream reader(directory / "out.json");
    ASSERT_EQ(put(directory / "out.json", "new"), "");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(reader), {}), "old");
}

TEST(AtomicFile, F48_HasTheWantedModeWhateverTheUmask)
{
    const temporary_directory directory;
    for (const mode_t mode : {0644U, 0600U, 0664U}) {
        EXPECT_EQ(in_child([&] {
                      ::umask(077);
                      atomic_file file(directory / "out.json", mode);
                      const auto error = file.open();
                      return text(error ? error : file.replace(whole("[]")));
                  }),
                  "");
        EXPECT_EQ(mode_of(directory / "out.json"), mode);
    }
}

// Prometheus runs as nobody.
TEST(AtomicFile, F48_CanBeReadByAnotherUserDespiteTheUmask)
{
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root can become another user";
    const temporary_directory directory;
    EXPECT_EQ(in_child([&]() -> std::string {
                  ::umask(077);
                  if (auto wrong = put(directory / "out.json", "[]"); !wrong.empty())
                      return wrong;
                  if (::setgid(65534) != 0 || ::setuid(65534) != 0)
                      return "setuid";
                  return contents_of(directory / "out.json") == "[]" ? "" : "cannot read";
              }),
              "");
}

TEST(AtomicFile, F48_GetsItsModeBack)
{
    const temporary_directory directory;
    const auto path = directory / "out.json";
    ASSERT_EQ(put(path, "[]"), "");
    const atomic_file file(path, usual_mode);
    const auto inode = inode_of(path);
    for (const mode_t mode : {0600U, 0644U, 0666U}) {
        ASSERT_EQ(::chmod(path.c_str(), mode), 0);
        EXPECT_TRUE(file.restore_mode());
        EXPECT_EQ(mode_of(path), usual_mode);
    }
    EXPECT_EQ(inode_of(path), inode);
    EXPECT_FALSE(atomic_file(directory / "missing.json", usual_mode).restore_mode());
}

TEST(AtomicFile, F48_KnowsADirectoryThatIsClosedToOthers)
{
    const temporary_directory directory;
    fs::create_directories(directory / "a/b");
    EXPECT_EQ(closed_to_others(directory / "a/b/out.json"), std::nullopt);
    fs::permissions(directory / "a/b", fs::perms{0750});
    EXPECT_EQ(closed_to_others(directory / "a/b/out.json"), directory / "a/b");
    fs::permissions(directory / "a", fs::perms{0754});
    EXPECT_EQ(closed_to_others(directory / "a/b/out.json"), directory / "a") << "the first one";
}

// One event: one re-read in Prometheus, whose watch takes these kinds.
TEST(AtomicFile, DisturbsAWatcherOfTheDirectoryOnce)
{
    const temporary_directory directory;
    write_file(directory / "out.json", "old");
    atomic_file file(directory / "out.json", usual_mode);
    ASSERT_EQ(file.open(), std::error_code{});
    const unique_fd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    constexpr std::uint32_t kinds =
        IN_CREATE | IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_CLOSE_WRITE;
    ASSERT_GE(::inotify_add_watch(watch.get(), directory.path().c_str(), kinds), 0);

    ASSERT_EQ(file.open(), std::error_code{});
    ASSERT_EQ(file.replace(pieces("new contents", 3)), std::error_code{});

    alignas(inotify_event) std::array<char, 4096> events;
    const auto bytes = ::read(watch.get(), events.data(), events.size());
    ASSERT_GT(bytes, 0);
    inotify_event first;
    std::memcpy(&first, events.data(), sizeof first);
    EXPECT_EQ(first.mask, std::uint32_t{IN_MOVED_TO});
    EXPECT_EQ(static_cast<std::size_t>(bytes), sizeof first + first.len) << "more than one event";
}

// Opening.

TEST(AtomicFile, NeedsToBeOpenedFirst)
{
    const temporary_directory directory;
    atomic_file file(directory / "out.json", usual_mode);
    EXPECT_EQ(file.replace(whole("[]")), std::errc::bad_file_descriptor);
}

TEST(AtomicFile, IsNotOpenAfterAFailure)
{
    const temporary_directory directory;
    fs::create_directory(directory / "out.json");
    atomic_file file(directory / "out.json", usual_mode);
    ASSERT_EQ(file.open(), errc::not_a_regular_file);
    EXPECT_EQ(file.replace(whole("[]")), std::errc::bad_file_descriptor);
    fs::remove(directory / "out.json");
    EXPECT_EQ(file.open(), std::error_code{}) << "and may be opened later";
}

TEST(AtomicFile, RefusesNamesThatPrometheusWouldNotRead)
{
    const temporary_directory directory;
    for (const auto* name : {"out", "out.txt", "out.json.tmp", "out.Json", "json", "out.json/"})
        EXPECT_EQ(atomic_file(directory / name, usual_mode).open(), errc::wrong_extension) << name;
    EXPECT_THAT(names_in(directory.path()), IsEmpty());
    for (const auto* name : {"a.json", "a.yml", "a.yaml", "a.JSON", "a.YML", "a.YAML", ".json"})
        EXPECT_EQ(atomic_file(directory / name, usual_mode).open(), std::error_code{}) << name;
}

TEST(AtomicFile, DoesNotMakeAMissingDirectory)
{
    const temporary_directory directory;
    EXPECT_EQ(atomic_file(directory / "missing/out.json", usual_mode).open(), std::errc::no_such_file_or_directory);
    write_file(directory / "file", "");
    EXPECT_EQ(atomic_file(directory / "file/out.json", usual_mode).open(), std::errc::not_a_directory);
}

TEST(AtomicFile, F47_RefusesWhatIsNoRegularFile)
{
    const temporary_directory directory;
    fs::create_directory(directory / "directory.json");
    ASSERT_EQ(::mkfifo((directory / "fifo.json").c_str(), 0644), 0);
    fs::create_symlink("/dev/null", directory / "device.json");
    for (const auto* name : {"directory.json", "fifo.json", "device.json"})
        EXPECT_EQ(atomic_file(directory / name, usual_mode).open(), errc::not_a_regular_file) << name;
    EXPECT_FALSE(fs::exists(directory / ".swarm-sd")) << "nothing was created yet";
    EXPECT_FALSE(fs::exists("/dev/.swarm-sd"));
}

TEST(AtomicFile, F47_WritesToTheEndOfASymlink)
{
    const temporary_directory directory;
    fs::create_directory(directory / "real");
    write_file(directory / "real/contents", "old");
    fs::create_symlink("real/contents", directory / "hop");
    fs::create_symlink("hop", directory / "out.json");

    atomic_file file(directory / "out.json", usual_mode);
    ASSERT_EQ(file.open(), std::error_code{});
    EXPECT_EQ(file.path(), fs::canonical(directory.path()) / "real/contents");
    ASSERT_EQ(file.replace(whole("new")), std::error_code{});
    EXPECT_TRUE(fs::is_symlink(directory / "out.json"));
    EXPECT_EQ(contents_of(directory / "real/contents"), "new");
    EXPECT_FALSE(fs::exists(directory / ".swarm-sd")) << "staged beside the real file";
}

TEST(AtomicFile, F47_RefusesASymlinkThatLeadsNowhere)
{
    const temporary_directory directory;
    fs::create_symlink("missing.json", directory / "out.json");
    EXPECT_EQ(atomic_file(directory / "out.json", usual_mode).open(), errc::dangling_symlink);
    fs::create_symlink("loop.json", directory / "loop.json");
    EXPECT_EQ(atomic_file(directory / "loop.json", usual_mode).open(), std::errc::too_many_symbolic_link_levels);
}

TEST(AtomicFile, F47_DoesNotFollowASymlinkInTheStagingPlace)
{
    const temporary_directory directory;
    fs::create_directory(directory / "elsewhere");
    fs::create_symlink("elsewhere", directory / ".swarm-sd");
    EXPECT_NE(put(directory / "out.json", "[]"), "");
    EXPECT_THAT(names_in(directory / "elsewhere"), IsEmpty());

    fs::remove(directory / ".swarm-sd");
    fs::create_directory(directory / ".swarm-sd");
    write_file(directory / "victim", "precious");
    fs::create_symlink("../victim", directory / ".swarm-sd/out.json.tmp");
    EXPECT_EQ(put(directory / "out.json", "[]"), "");
    EXPECT_EQ(contents_of(directory / "victim"), "precious");
}

TEST(AtomicFile, F52_RemovesWhatAKilledPredecessorStaged)
{
    const temporary_directory directory;
    fs::create_directory(directory / ".swarm-sd");
    write_file(directory / ".swarm-sd/out.json.tmp", "half of a");
    atomic_file file(directory / "out.json", usual_mode);
    ASSERT_EQ(file.open(), std::error_code{});
    EXPECT_THAT(names_in(directory / ".swarm-sd"), ElementsAre("out.json.lock"));
}

TEST(AtomicFile, LeavesAloneWhatOthersStaged)
{
    const temporary_directory directory;
    fs::create_directory(directory / ".swarm-sd");
    write_file(directory / ".swarm-sd/other.json.tmp", "half of a");
    EXPECT_EQ(put(directory / "out.json", "[]"), "");
    EXPECT_TRUE(fs::exists(directory / ".swarm-sd/other.json.tmp"));
}

// The lock.

TEST(AtomicFile, F49_IsKeptByOneProcessAtATime)
{
    const temporary_directory directory;
    atomic_file file(directory / "out.json", usual_mode);
    ASSERT_EQ(file.open(), std::error_code{});
    write_file(directory / ".swarm-sd/out.json.tmp", "being staged");
    EXPECT_EQ(in_child([&] { return put(directory / "out.json", "[]"); }), text(errc::locked));
    EXPECT_FALSE(fs::exists(directory / "out.json"));
    EXPECT_TRUE(fs::exists(directory / ".swarm-sd/out.json.tmp")) << "only the lock's holder may clean up";
}

TEST(AtomicFile, F49_IsKeptByOneObjectAtATime)
{
    const temporary_directory directory;
    atomic_file second(directory / "out.json", usual_mode);
    {
        atomic_file first(directory / "out.json", usual_mode);
        ASSERT_EQ(first.open(), std::error_code{});
        EXPECT_EQ(second.open(), errc::locked);
    }
    EXPECT_EQ(second.open(), std::error_code{}) << "the lock ends with its holder";
}

TEST(AtomicFile, F49_TheLockEndsWithAKilledHolder)
{
    const temporary_directory directory;
    pipe_ends pipe;
    const auto child = start_child([&] {
        atomic_file file(directory / "out.json", usual_mode);
        const char result = file.open() ? 'x' : 'o';
        if (::write(pipe.to, &result, 1) == 1)
            ::pause();
    });
    char result = 0;
    ASSERT_EQ(::read(pipe.from, &result, 1), 1);
    EXPECT_EQ(result, 'o');
    atomic_file file(directory / "out.json", usual_mode);
    EXPECT_EQ(file.open(), errc::locked);
    ::kill(child, SIGKILL);
    wait_for(child);
    EXPECT_EQ(file.open(), std::error_code{});
}

TEST(AtomicFile, SharesADirectoryWithAnotherOutput)
{
    const temporary_directory directory;
    atomic_file first(directory / "tasks.json", usual_mode);
    atomic_file second(directory / "nodes.json", usual_mode);
    ASSERT_EQ(first.open(), std::error_code{});
    ASSERT_EQ(second.open(), std::error_code{});
    EXPECT_EQ(first.replace(whole("1")), std::error_code{});
    EXPECT_EQ(second.replace(whole("2")), std::error_code{});
    EXPECT_EQ(contents_of(directory / "tasks.json"), "1");
    EXPECT_EQ(contents_of(directory / "nodes.json"), "2");
}

// Opening again.

TEST(AtomicFile, OpeningAgainDoesNothing)
{
    const temporary_directory directory;
    atomic_file file(directory / "out.json", usual_mode);
    ASSERT_EQ(file.open(), std::error_code{});
    write_file(directory / ".swarm-sd/out.json.tmp", "would be removed");
    const auto lock = inode_of(directory / ".swarm-sd/out.json.lock");
    EXPECT_EQ(file.open(), std::error_code{});
    EXPECT_EQ(inode_of(directory / ".swarm-sd/out.json.lock"), lock);
    EXPECT_TRUE(fs::exists(directory / ".swarm-sd/out.json.tmp"));
}

TEST(AtomicFile, F44_FindsADirectoryDeletedAndMadeAnew)
{
    const temporary_directory parent;
    fs::create_directory(parent / "d");
    atomic_file file(parent / "d/out.json", usual_mode);
    ASSERT_EQ(file.open(), std::error_code{});
    ASSERT_EQ(file.replace(whole("old")), std::error_code{});

    fs::remove_all(parent / "d");
    EXPECT_EQ(file.replace(whole("new")), std::errc::no_such_file_or_directory);
    EXPECT_EQ(file.open(), std::errc::no_such_file_or_directory);
    fs::create_directory(parent / "d");
    ASSERT_EQ(file.open(), std::error_code{});
    EXPECT_EQ(file.replace(whole("new")), std::error_code{});
    EXPECT_EQ(contents_of(parent / "d/out.json"), "new");
}

TEST(AtomicFile, F44_FindsADirectoryReplacedByAnother)
{
    const temporary_directory parent;
    fs::create_directory(parent / "d");
    atomic_file file(parent / "d/out.json", usual_mode);
    ASSERT_EQ(file.open(), std::error_code{});
    ASSERT_EQ(file.replace(whole("old")), std::error_code{});

    fs::rename(parent / "d", parent / "moved");
    fs::create_directory(parent / "d");
    ASSERT_EQ(file.open(), std::error_code{});
    EXPECT_EQ(file.replace(whole("new")), std::error_code{});
    EXPECT_EQ(contents_of(parent / "d/out.json"), "new");
    EXPECT_EQ(contents_of(parent / "moved/out.json"), "old");
    atomic_file moved(parent / "moved/out.json", usual_mode);
    EXPECT_EQ(moved.open(), std::error_code{}) << "the old lock was let go";
}

TEST(AtomicFile, F44_FollowsADirectoryLinkThatWasTurned)
{
    const temporary_directory parent;
    fs::create_directory(parent / "one");
    fs::create_directory(parent / "two");
    fs::create_directory_symlink("one", parent / "d");
    atomic_file file(parent / "d/out.json", usual_mode);
    ASSERT_EQ(file.open(), std::error_code{});
    fs::remove(parent / "d");
    fs::create_directory_symlink("two", parent / "d");
    ASSERT_EQ(file.open(), std::error_code{});
    EXPECT_EQ(file.replace(whole("new")), std::error_code{});
    EXPECT_EQ(contents_of(parent / "two/out.json"), "new");
}

TEST(AtomicFile, F49_TakesTheLockAgainWhereItsFileWasDeleted)
{
    const temporary_directory directory;
    atomic_file file(directory / "out.json", usual_mode);
    for (const auto* victim : {".swarm-sd/out.json.lock", ".swarm-sd"}) {
        ASSERT_EQ(file.open(), std::error_code{});
        fs::remove_all(directory / victim);
        ASSERT_EQ(file.open(), std::error_code{});
        EXPECT_EQ(file.replace(whole(victim)), std::error_code{});
        EXPECT_EQ(atomic_file(directory / "out.json", usual_mode).open(), errc::locked) << victim;
    }
}

std::size_t open_descriptors()
{
    return names_in("/proc/self/fd").size();
}

TEST(AtomicFile, LosesNoDescriptors)
{
    const temporary_directory parent;
    const auto before = open_descriptors();
    {
        atomic_file file(parent / "d/out.json", usual_mode);
        for (int round = 0; round < 20; ++round) {
            EXPECT_EQ(file.open(), std::errc::no_such_file_or_directory);
            fs::create_directory(parent / "d");
            ASSERT_EQ(file.open(), std::error_code{});
            ASSERT_EQ(file.replace(whole("x")), std::error_code{});
            EXPECT_TRUE(file.holds(whole("x")));
            EXPECT_EQ(file.replace([] { return std::nullopt; }), std::errc::operation_canceled);
            EXPECT_EQ(open_descriptors(), before + 3) << "directory, staging place, lock";
            fs::remove_all(parent / "d");
        }
    }
    EXPECT_EQ(open_descriptors(), before);
}

// Failing.

TEST(AtomicFile, KeepsTheOldFileWhenTheSourceGivesUp)
{
    const temporary_directory directory;
    ASSERT_EQ(put(directory / "out.json", "old"), "");
    atomic_file file(directory / "out.json", usual_mode);
    ASSERT_EQ(file.open(), std::error_code{});
    int left = 3;
    const piece_source source = [&left]() -> std::optional<std::string_view> {
        return left-- > 0 ? std::optional<std::string_view>("new") : std::nullopt;
    };
    EXPECT_EQ(file.replace(source), std::errc::operation_canceled);
    EXPECT_EQ(contents_of(directory / "out.json"), "old");
    EXPECT_THAT(names_in(directory / ".swarm-sd"), ElementsAre("out.json.lock"));
}

TEST(AtomicFile, F56_KeepsTheOldFileWhenTheSourceThrows)
{
    const temporary_directory directory;
    ASSERT_EQ(put(directory / "out.json", "old"), "");
    atomic_file file(directory / "out.json", usual_mode);
    ASSERT_EQ(file.open(), std::error_code{});
    const piece_source source = []() -> std::optional<std::string_view> { throw std::bad_alloc(); };
    EXPECT_THROW((void)file.replace(source), std::bad_alloc);
    EXPECT_EQ(contents_of(directory / "out.json"), "old");
    EXPECT_THAT(names_in(directory / ".swarm-sd"), ElementsAre("out.json.lock"));
}

/// Replaces the file under some harm done in a process of its own, and says how that ended.
std::string put_harmed(const fs::path& path, const std::string& bytes, const std::function<bool()>& harm)
{
    return in_child([&]() -> std::string {
        atomic_file file(path, usual_mode);
        if (const auto error = file.open())
            return "open: " + text(error);
        if (!harm())
            return "could not do the harm";
        return text(file.replace(pieces(bytes, 1000)));
    });
}

// The limit lets the write that crosses it be short, and fails the next one.
TEST(AtomicFile, F41_KeepsTheOldFileAtTheFileSizeLimit)
{
    const temporary_directory directory;
    ASSERT_EQ(put(directory / "out.json", "old"), "");
    const auto limit_file_size = [] {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{2500, 2500};
        return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
    };
    EXPECT_EQ(put_harmed(directory / "out.json", std::string(5000, 'x'), limit_file_size),
              text(std::errc::file_too_large));
    EXPECT_EQ(contents_of(directory / "out.json"), "old");
    EXPECT_THAT(names_in(directory / ".swarm-sd"), ElementsAre("out.json.lock"));
}

/// From now on this process' calls of these numbers fail so, and for one descriptor only where one is given.
bool fail_system_calls(std::span<const long> numbers, int error, std::optional<int> fd = {})
{
    // The descriptor is compared in the low half of the first argument.
    constexpr auto first_argument = static_cast<std::uint32_t>(offsetof(seccomp_data, args));
    const auto deny = SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
    std::vector<sock_filter> program;
    for (const auto number : numbers) {
        program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0,
                                   static_cast<std::uint8_t>(fd ? 3 : 1)));
        if (fd) {
            program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, first_argument));
            program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(*fd), 0, 1));
        }
        program.push_back(BPF_STMT(BPF_RET | BPF_K, deny));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

struct failing_call {
    const char* name;
    std::vector<long> numbers;
    int error;
    std::string expected;
};

TEST(AtomicFile, F41_KeepsTheOldFileWhicheverSystemCallFails)
{
    std::vector<long> renames{__NR_renameat2};
#ifdef __NR_renameat
    renames.push_back(__NR_renameat);
#endif
    const failing_call calls[] = {
        {"openat", {__NR_openat}, EMFILE, text(std::errc::too_many_files_open)},
        {"write", {__NR_write}, ENOSPC, text(std::errc::no_space_on_device)},
        {"write", {__NR_write}, EDQUOT, std::generic_category().message(EDQUOT)},
        {"fchmod", {__NR_fchmod}, EPERM, text(std::errc::operation_not_permitted)},
        {"fsync", {__NR_fsync}, EIO, text(std::errc::io_error)},
        {"fsync", {__NR_fsync}, ENOSPC, text(std::errc::no_space_on_device)},
        {"rename", renames, EXDEV, text(std::errc::cross_device_link)},
        {"rename", renames, EBUSY, text(errc::is_a_mount_point)},
        {"rename", renames, EROFS, text(std::errc::read_only_file_system)},
    };
    for (const auto& call : calls) {
        const temporary_directory directory;
        ASSERT_EQ(put(directory / "out.json", "old"), "");
        // A pipe's write fails as well, so the answer comes as the child's status.
        const auto child = start_child([&] {
            atomic_file file(directory / "out.json", usual_mode);
            const bool is_ready = !file.open() && fail_system_calls(call.numbers, call.error);
            const auto error = file.replace(pieces(std::string(5000, 'x'), 1000));
            ::_exit(is_ready && text(error) == call.expected ? 0 : 1);
        });
        EXPECT_EQ(wait_for(child), 0) << call.name << ' ' << call.expected;
        EXPECT_EQ(contents_of(directory / "out.json"), "old") << call.name;
        EXPECT_THAT(names_in(directory / ".swarm-sd"), ElementsAre("out.json.lock")) << call.name;
        EXPECT_EQ(put(directory / "out.json", "new"), "") << "and all is well afterwards";
    }
}

/// The descriptor this process has of a directory, found through /proc.
std::optional<int> descriptor_of(const fs::path& directory)
{
    for (int fd = 0; fd < 256; ++fd) {
        std::error_code ignored;
        if (fs::read_symlink("/proc/self/fd/" + std::to_string(fd), ignored) == directory)
            return fd;
    }
    return std::nullopt;
}

TEST(AtomicFile, F43_ReportsADirectoryThatCouldNotBeSynced)
{
    const temporary_directory directory;
    const std::array fsync{long{__NR_fsync}};
    const auto fail_directory = [&] {
        const auto fd = descriptor_of(fs::canonical(directory.path()));
        return fd && fail_system_calls(fsync, EIO, *fd);
    };
    EXPECT_EQ(put_harmed(directory / "out.json", "new", fail_directory), text(std::errc::io_error));
    EXPECT_EQ(contents_of(directory / "out.json"), "new") << "the one failure with the new file in place";
}

TEST(AtomicFile, F42_NeedsAWritableDirectory)
{
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root can become another user";
    const temporary_directory directory;
    ASSERT_EQ(put(directory / "out.json", "old"), "");
    const auto become_nobody = [] { return ::setgid(65534) == 0 && ::setuid(65534) == 0; };
    const auto try_as_nobody = [&] {
        return in_child([&] { return become_nobody() ? put(directory / "out.json", "new") : "setuid"; });
    };
    EXPECT_EQ(try_as_nobody(), text(std::errc::permission_denied)) << "the directory is root's";
    ASSERT_EQ(::chown(directory.path().c_str(), 65534, 65534), 0);
    EXPECT_EQ(try_as_nobody(), text(std::errc::permission_denied)) << "the staging place is root's";
    ASSERT_EQ(::chown((directory / ".swarm-sd").c_str(), 65534, 65534), 0);
    EXPECT_EQ(contents_of(directory / "out.json"), "old");
    EXPECT_EQ(try_as_nobody(), "");
    EXPECT_EQ(contents_of(directory / "out.json"), "new");
}

// Mounts, each in a mount namespace of a child, so that nothing of it is left here.

bool enter_mount_namespace()
{
    return ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

bool bind_mount(const fs::path& from, const fs::path& to)
{
    return ::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

class MountedAtomicFile : public testing::Test {
protected:
    void SetUp() override
    {
        if (::geteuid() != 0)
            GTEST_SKIP() << "only root can mount";
    }

    /// Runs `work` where it may mount what it likes.
    static std::string with_mounts(const std::function<std::string()>& work)
    {
        return in_child([&] { return enter_mount_namespace() ? work() : "unshare: " + text(std::errc{errno}); });
    }

    temporary_directory directory;
    fs::path output = directory / "out.json";
};

TEST_F(MountedAtomicFile, F46_RefusesASingleMountedFile)
{
    write_file(output, "covered");
    write_file(directory / "mounted", "old");
    EXPECT_EQ(with_mounts([&]() -> std::string {
                  if (!bind_mount(directory / "mounted", output))
                      return "mount";
                  const auto answer = put(output, "new");
                  return contents_of(output) == "old" ? answer : "changed";
              }),
              text(errc::is_a_mount_point));
    EXPECT_FALSE(fs::exists(directory / ".swarm-sd"));
}

TEST_F(MountedAtomicFile, F46_RefusesAFileMountedLater)
{
    write_file(output, "old");
    write_file(directory / "mounted", "other");
    EXPECT_EQ(with_mounts([&]() -> std::string {
                  atomic_file file(output, usual_mode);
                  if (file.open() || !bind_mount(directory / "mounted", output))
                      return "mount";
                  return text(file.replace(whole("new")));
              }),
              text(errc::is_a_mount_point));
    EXPECT_EQ(contents_of(output), "old");
    EXPECT_THAT(names_in(directory / ".swarm-sd"), ElementsAre("out.json.lock"));
}

TEST_F(MountedAtomicFile, F46_RefusesAStagingPlaceOnAnotherMount)
{
    fs::create_directory(directory / ".swarm-sd");
    fs::create_directory(directory / "other");
    EXPECT_EQ(with_mounts([&]() -> std::string {
                  if (!bind_mount(directory / "other", directory / ".swarm-sd"))
                      return "mount";
                  return put(output, "new");
              }),
              text(std::errc::cross_device_link));
}

TEST_F(MountedAtomicFile, TakesAMountedDirectory)
{
    const temporary_directory mounted;
    EXPECT_EQ(with_mounts([&]() -> std::string {
                  return bind_mount(mounted.path(), directory.path()) ? put(output, "new") : "mount";
              }),
              "");
    EXPECT_EQ(contents_of(mounted / "out.json"), "new");
}

TEST_F(MountedAtomicFile, F44_FindsADirectoryMountedOver)
{
    const temporary_directory mounted;
    EXPECT_EQ(with_mounts([&]() -> std::string {
                  atomic_file file(output, usual_mode);
                  if (file.open() || !bind_mount(mounted.path(), directory.path()))
                      return "mount";
                  const auto error = file.open();
                  return text(error ? error : file.replace(whole("new")));
              }),
              "");
    EXPECT_EQ(contents_of(mounted / "out.json"), "new");
    EXPECT_FALSE(fs::exists(output));
}

TEST_F(MountedAtomicFile, F42_RefusesAReadOnlyFileSystem)
{
    EXPECT_EQ(with_mounts([&]() -> std::string {
                  if (::mount("none", directory.path().c_str(), "tmpfs", MS_RDONLY, "size=64k") != 0)
                      return "mount";
                  return put(output, "new");
              }),
              text(std::errc::read_only_file_system));
}

TEST_F(MountedAtomicFile, F41_KeepsTheOldFileOnAFullFileSystem)
{
    EXPECT_EQ(with_mounts([&]() -> std::string {
                  if (::mount("none", directory.path().c_str(), "tmpfs", 0, "size=64k") != 0)
                      return "mount";
                  if (auto wrong = put(output, "old"); !wrong.empty())
                      return wrong;
                  const auto answer = put(output, std::string(100'000, 'x'));
                  const bool is_clean = names_in(directory / ".swarm-sd") == std::vector<std::string>{"out.json.lock"};
                  if (contents_of(output) != "old" || !is_clean)
                      return "changed";
                  return put(output, "new").empty() ? answer : "no better with room again";
              }),
              text(std::errc::no_space_on_device));
}

// Dying.

/// Runs `work` under ptrace and kills it after so many stops; each system call has two, before and after.
/// @return whether it had ended by itself
bool ends_before(int stops, const std::function<void()>& work)
{
    const auto child = start_child([&] {
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
        work();
    });
    int status = wait_for(child);
    for (; stops > 0 && WIFSTOPPED(status); --stops) {
        ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
        status = wait_for(child);
    }
    if (!WIFSTOPPED(status))
        return true;
    ::kill(child, SIGKILL);
    while (WIFSTOPPED(status))
        status = wait_for(child);
    return false;
}

TEST(AtomicFile, F52_HoldsOldOrNewBytesWhenKilledAtAnySystemCall)
{
    const temporary_directory directory;
    const auto path = directory / "out.json";
    const std::string old_bytes(3000, 'o');
    const std::string new_bytes(3000, 'n');
    bool seen_old = false;
    bool seen_new = false;
    bool seen_leftover = false;

    const auto replace_file = [&] {
        atomic_file file(path, usual_mode);
        if (!file.open())
            (void)file.replace(pieces(new_bytes, 1000));
    };
    bool is_over = false;
    for (int stops = 0; !is_over && stops < 2000; ++stops) {
        ASSERT_EQ(put(path, old_bytes), "") << "the leftovers of a killed process must not disturb, stop " << stops;
        is_over = ends_before(stops, replace_file);
        const auto bytes = contents_of(path);
        ASSERT_TRUE(bytes == old_bytes || bytes == new_bytes) << "stop " << stops;
        seen_old = seen_old || bytes == old_bytes;
        seen_new = seen_new || bytes == new_bytes;
        seen_leftover = seen_leftover || fs::exists(directory / ".swarm-sd/out.json.tmp");
    }
    EXPECT_TRUE(is_over && seen_old && seen_new && seen_leftover);
}

/// Replaces a file by turns with two different contents, for ever, and tells each piece written.
void replace_for_ever(const fs::path& path, const std::array<std::string, 2>& contents, int tell)
{
    atomic_file file(path, usual_mode);
    if (file.open())
        return;
    for (std::size_t round = 0;; ++round) {
        auto source = pieces(contents[round % 2], 10'000);
        (void)file.replace([&] {
            const char tick = '.';
            return ::write(tell, &tick, 1) == 1 ? source() : std::nullopt;
        });
    }
}

TEST(AtomicFile, F52_IsWholeWhenItsWriterIsKilledAtRandom)
{
    const temporary_directory directory;
    const auto path = directory / "out.json";
    const std::array contents{std::string(150'000, 'a'), std::string(90'000, 'b')};
    ASSERT_EQ(put(path, contents[0]), "");

    std::mt19937 random(20240501);
    for (int round = 0; round < 60; ++round) {
        pipe_ends pipe;
        const auto child = start_child([&] { replace_for_ever(path, contents, pipe.to); });
        std::array<char, 64> ticks{};
        for (auto left = random() % 64; left > 0; --left)
            ASSERT_EQ(::read(pipe.from, ticks.data(), 1), 1);
        const auto while_writing = contents_of(path);
        ::kill(child, SIGKILL);
        wait_for(child);
        EXPECT_THAT(contents, testing::Contains(while_writing));
        EXPECT_THAT(contents, testing::Contains(contents_of(path)));
        atomic_file next(path, usual_mode);
        ASSERT_EQ(next.open(), std::error_code{});
        EXPECT_THAT(names_in(directory / ".swarm-sd"), ElementsAre("out.json.lock"));
    }
}

// Reading.

TEST(AtomicFile, KnowsWhetherItHoldsTheseBytes)
{
    const temporary_directory directory;
    const std::string bytes = "0123456789";
    write_file(directory / "out.json", bytes);
    const atomic_file file(directory / "out.json", usual_mode);
    for (std::size_t piece_bytes = 1; piece_bytes <= bytes.size(); ++piece_bytes) {
        EXPECT_TRUE(file.holds(pieces(bytes, piece_bytes)));
        EXPECT_FALSE(file.holds(pieces("012345678", piece_bytes))) << "shorter";
        EXPECT_FALSE(file.holds(pieces("0123456789a", piece_bytes))) << "longer";
        EXPECT_FALSE(file.holds(pieces("012345678x", piece_bytes)));
        EXPECT_FALSE(file.holds(pieces("x123456789", piece_bytes)));
    }
    EXPECT_FALSE(file.holds([] { return std::nullopt; }));
    EXPECT_EQ(file.contents(), bytes);
}

TEST(AtomicFile, ComparesLargeFiles)
{
    const temporary_directory directory;
    std::string bytes(1'000'001, 'x');
    write_file(directory / "out.json", bytes);
    const atomic_file file(directory / "out.json", usual_mode);
    EXPECT_TRUE(file.holds(whole(bytes)));
    EXPECT_TRUE(file.holds(pieces(bytes, 300'000)));
    EXPECT_EQ(file.contents(), bytes);
    bytes.back() = 'y';
    EXPECT_FALSE(file.holds(whole(bytes)));
}

TEST(AtomicFile, HoldsNothingWhereThereIsNoFile)
{
    const temporary_directory directory;
    fs::create_directory(directory / "directory.json");
    ASSERT_EQ(::mkfifo((directory / "fifo.json").c_str(), 0644), 0);
    for (const auto* name : {"missing.json", "missing/out.json", "directory.json", "fifo.json"}) {
        const atomic_file file(directory / name, usual_mode);
        EXPECT_FALSE(file.holds(whole(""))) << name;
        EXPECT_EQ(file.contents(), std::nullopt) << name;
    }
    write_file(directory / "empty.json", "");
    EXPECT_TRUE(atomic_file(directory / "empty.json", usual_mode).holds(whole("")));
    EXPECT_EQ(atomic_file(directory / "empty.json", usual_mode).contents(), "");
}

TEST(AtomicFile, DoesNotReadAFileLargerThanAnyAgentWrites)
{
    const temporary_directory directory;
    write_file(directory / "out.json", "");
    fs::resize_file(directory / "out.json", std::uintmax_t{1} << 31);
    EXPECT_EQ(atomic_file(directory / "out.json", usual_mode).contents(), std::nullopt);
}

TEST(UniqueFd, ClosesOnce)
{
    const auto before = open_descriptors();
    {
        unique_fd first(::dup(STDERR_FILENO));
        unique_fd second(std::move(first));
        EXPECT_FALSE(first); // NOLINT(bugprone-use-after-move): what is left is what this is about
        EXPECT_TRUE(second);
        first = unique_fd(::dup(STDERR_FILENO));
        second = std::move(first);
        EXPECT_EQ(open_descriptors(), before + 1);
        auto& same = second;
        second = std::move(same);
        EXPECT_TRUE(second);
        const unique_fd third(second.release());
        EXPECT_FALSE(second);
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Errc, HasAMessageForEachCode)
{
    for (int code = 1; code <= static_cast<int>(errc::refused_by_check); ++code)
        EXPECT_NE(error_category().message(code), "unknown error");
    EXPECT_EQ(error_category().message(0), "unknown error");
    EXPECT_STREQ(error_category().name(), "sd_writer");
}

} // namespace
} // namespace sd_writer
