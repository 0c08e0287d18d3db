#include "sd_writer/writer.hpp"

#include "sd_writer/check.hpp"
#include "sd_writer/errc.hpp"
#include "sd_writer/json.hpp"
#include "tests/sd_writer/child_process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/text_file.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace sd_writer {
namespace {

using support::contents_of;
using support::temporary_directory;
using support::write_file;

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr mode_t usual_mode = 0644;

class WriterTest : public testing::Test {
protected:
    [[nodiscard]] ino_t inode() const
    {
        struct stat found = {};
        ::stat(output.c_str(), &found);
        return found.st_ino;
    }

    temporary_directory directory;
    fs::path output = directory / "out.json";
    writer file{output, usual_mode};
    std::vector<target_group> groups{{{"10.0.0.2:80", "10.0.0.3:80"}, {{"task", "a"}}}, {{"10.0.0.4:80"}, {}}};
};

TEST_F(WriterTest, WritesTheDocument)
{
    const auto report = file.write(groups);
    EXPECT_EQ(report.outcome, write_outcome::written);
    EXPECT_EQ(report.error, std::error_code{});
    EXPECT_EQ(report.detail, "");
    EXPECT_EQ(report.groups, 2u);
    EXPECT_EQ(report.targets, 3u);
    EXPECT_EQ(report.bytes, to_json(groups).size());
    EXPECT_EQ(contents_of(output), to_json(groups));
}

TEST_F(WriterTest, DoesNotTouchAnEqualFile)
{
    ASSERT_EQ(file.write(groups).outcome, write_outcome::written);
    const auto before = inode();
    const auto report = file.write(groups);
    EXPECT_EQ(report.outcome, write_outcome::unchanged);
    EXPECT_EQ(report.error, std::error_code{});
    EXPECT_EQ(report.bytes, to_json(groups).size());
    EXPECT_EQ(report.targets, 3u);
    EXPECT_EQ(inode(), before);
}

TEST_F(WriterTest, TellsEqualDocumentsByTheirHash)
{
    const auto written = file.write(groups);
    EXPECT_NE(written.hash, 0u);
    EXPECT_EQ(file.write(groups).hash, written.hash) << "unchanged";
    groups.front().targets.front() = "10.0.0.9:80";
    EXPECT_NE(file.write(groups).hash, written.hash);
}

TEST_F(WriterTest, DoesNotTouchAnEqualFileOfAnEarlierRun)
{
    write_file(output, to_json(groups));
    EXPECT_EQ(file.write(groups).outcome, write_outcome::unchanged);
}

// Somebody may have hidden it from Prometheus.
TEST_F(WriterTest, F48_GivesAnEqualFileItsModeBack)
{
    ASSERT_EQ(file.write(groups).outcome, write_outcome::written);
    fs::permissions(output, fs::perms{0600});
    EXPECT_EQ(file.write(groups).outcome, write_outcome::unchanged);
    EXPECT_EQ(fs::status(output).permissions(), fs::perms{0644});
}

TEST_F(WriterTest, WritesAnEmptyList)
{
    EXPECT_EQ(file.write(std::vector<target_group>{}).outcome, write_outcome::written);
    EXPECT_EQ(contents_of(output), "[]\n");
    EXPECT_EQ(file.write(std::vector<target_group>{}).outcome, write_outcome::unchanged);
}

TEST_F(WriterTest, F45_PutsRightWhatOthersDidToTheFile)
{
    ASSERT_EQ(file.write(groups).outcome, write_outcome::written);
    fs::remove(output);
    EXPECT_EQ(file.write(groups).outcome, write_outcome::written);
    write_file(output, "edited");
    EXPECT_EQ(file.write(groups).outcome, write_outcome::written);
    write_file(output, to_json(groups) + "\n");
    EXPECT_EQ(file.write(groups).outcome, write_outcome::written);
    EXPECT_EQ(contents_of(output), to_json(groups));
}

TEST_F(WriterTest, F44_WritesAgainIntoADirectoryMadeAnew)
{
    fs::create_directory(directory / "d");
    writer other(directory / "d/out.json", usual_mode);
    ASSERT_EQ(other.write(groups).outcome, write_outcome::written);
    fs::remove_all(directory / "d");
    const auto report = other.write(groups);
    EXPECT_EQ(report.outcome, write_outcome::failed);
    EXPECT_EQ(report.error, std::errc::no_such_file_or_directory);
    fs::create_directory(directory / "d");
    EXPECT_EQ(other.write(groups).outcome, write_outcome::written);
}

TEST_F(WriterTest, NamesTheFileAndTheCauseOfAFailure)
{
    writer other(directory / "missing/out.json", usual_mode);
    const auto report = other.write(groups);
    EXPECT_EQ(report.outcome, write_outcome::failed);
    EXPECT_EQ(report.detail, (directory / "missing/out.json").string() + ": No such file or directory");
    EXPECT_EQ(report.bytes, 0u);
    EXPECT_EQ(report.groups, 2u);
    EXPECT_EQ(other.open(), std::errc::no_such_file_or_directory);
}

TEST_F(WriterTest, F49_IsRefusedWhileAnotherHoldsTheFile)
{
    ASSERT_EQ(file.open(), std::error_code{});
    writer second(output, usual_mode);
    EXPECT_EQ(second.write(groups).error, errc::locked);
    EXPECT_FALSE(fs::exists(output));
}

TEST_F(WriterTest, WritesNothingThatPrometheusWouldRefuse)
{
    ASSERT_EQ(file.write(groups).outcome, write_outcome::written);
    const auto before = inode();
    auto bad = groups;
    bad[1].labels = {{"bad-name", "x"}};
    const auto report = file.write(bad);
    EXPECT_EQ(report.outcome, write_outcome::failed);
    EXPECT_EQ(report.error, errc::refused_by_check);
    EXPECT_EQ(report.detail, output.string() + ": line 3, column 38: bad label name \"bad-name\"");
    EXPECT_EQ(report.bytes, 0u);
    EXPECT_EQ(contents_of(output), to_json(groups));
    EXPECT_EQ(inode(), before);
    EXPECT_FALSE(fs::exists(directory / ".swarm-sd/out.json.tmp"));
    EXPECT_EQ(check(to_json(bad)).error->line, 3u) << "the same place as in the whole document";

    bad[1] = {{"10.0.0.4:80/metrics"}, {}};
    EXPECT_EQ(file.write(bad).error, errc::refused_by_check);
}

TEST_F(WriterTest, EscapesWhateverIsInAValue)
{
    groups[0].labels[0].second = std::string("\0\n\"\\\xFF\x7F\u2028},\n{", 13);
    ASSERT_EQ(file.write(groups).outcome, write_outcome::written);
    EXPECT_EQ(check(contents_of(output)).error, std::nullopt);
    EXPECT_EQ(file.write(groups).outcome, write_outcome::unchanged);
}

/// Groups whose document has about so many bytes.
std::vector<target_group> large_groups(std::size_t bytes)
{
    std::vector<target_group> groups;
    for (std::size_t i = 0; i < bytes / 1000; ++i)
        groups.push_back({{"10.0.0.1:" + std::to_string(i)}, {{"n", std::string(960, 'x')}}});
    return groups;
}

TEST_F(WriterTest, WritesAndComparesADocumentOfManyPieces)
{
    auto many = large_groups(3'000'000);
    EXPECT_EQ(file.write(many).outcome, write_outcome::written);
    EXPECT_EQ(contents_of(output), to_json(many));
    EXPECT_EQ(file.write(many).outcome, write_outcome::unchanged);
    many.back().labels[0].second.back() = 'y';
    EXPECT_EQ(file.write(many).outcome, write_outcome::written);

    many.back().labels[0].first = "1";
    const auto report = file.write(many);
    EXPECT_EQ(report.error, errc::refused_by_check);
    EXPECT_THAT(report.detail, HasSubstr("line " + std::to_string(many.size() + 1) + ", "));
}

long most_memory_kib()
{
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

TEST_F(WriterTest, NeedsNoCopyOfALargeDocument)
{
    EXPECT_EQ(in_child([&]() -> std::string {
                  const auto many = large_groups(24'000'000);
                  const auto before = most_memory_kib();
                  const bool is_good = file.write(many).outcome == write_outcome::written &&
                                       file.write(many).outcome == write_outcome::unchanged;
                  const auto grown = most_memory_kib() - before;
                  return is_good && grown < 8'000 ? "" : "grew by KiB " + std::to_string(grown);
              }),
              "");
}

TEST_F(WriterTest, KnowsWhatAnEarlierRunLeft)
{
    EXPECT_FALSE(file.existing().readable) << "no file";
    write_file(output, to_json(groups));
    EXPECT_TRUE(file.existing().readable);
    EXPECT_EQ(file.existing().targets, 3u);
    write_file(output, "[]");
    EXPECT_TRUE(file.existing().readable);
    EXPECT_EQ(file.existing().targets, 0u);
    write_file(output, to_json(groups).substr(0, 40));
    EXPECT_FALSE(file.existing().readable);
    EXPECT_EQ(file.existing().targets, 0u);
}

TEST_F(WriterTest, KnowsWhatIsAtTheEndOfASymlink)
{
    write_file(directory / "real.json", to_json(groups));
    fs::create_symlink("real.json", output);
    EXPECT_EQ(file.existing().targets, 3u);
    ASSERT_EQ(file.open(), std::error_code{});
    EXPECT_EQ(file.existing().targets, 3u);
    EXPECT_THAT(file.path().string(), EndsWith("/real.json"));
}

} // namespace
} // namespace sd_writer
