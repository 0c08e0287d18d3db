#include "agent/shell/output_error.hpp"

#include "sd_writer/errc.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent::shell {
namespace {

using testing::HasSubstr;

TEST(OutputError, NamesTheFileTheReasonAndWhatToDo)
{
    EXPECT_THAT(output_error("/sd/x.json", sd_writer::errc::is_a_mount_point),
                testing::AllOf(HasSubstr("--output: /sd/x.json: "), HasSubstr("mount its directory /sd")));
    EXPECT_THAT(output_error("/sd/x.json", std::make_error_code(std::errc::no_such_file_or_directory)),
                HasSubstr("the directory /sd must exist"));
    EXPECT_THAT(output_error("/sd/x.json", std::make_error_code(std::errc::permission_denied)),
                HasSubstr("must be writable"));
    EXPECT_THAT(output_error("/sd/x.json", std::make_error_code(std::errc::cross_device_link)),
                HasSubstr("/sd/.swarm-sd must be on the file system of the file"));
}

TEST(OutputError, SaysNoMoreThanTheReasonWhereThatIsEnough)
{
    const std::error_code full = std::make_error_code(std::errc::no_space_on_device);
    EXPECT_EQ(output_error("/sd/x.json", full), "--output: /sd/x.json: " + full.message());
}

} // namespace
} // namespace agent::shell
