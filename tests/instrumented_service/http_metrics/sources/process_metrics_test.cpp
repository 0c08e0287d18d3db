#include "instrumented_service/http_metrics/sources/process_metrics.hpp"

#include "tests/instrumented_service/http_metrics/handed_over.hpp"

#include <atomic>
#include <chrono>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

namespace http_metrics {
namespace {

/// Some open descriptors more.
class many_descriptors {
public:
    explicit many_descriptors(int count)
    {
        for (int number = 0; number < count; ++number)
            open_.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
    many_descriptors(const many_descriptors&) = delete;
    many_descriptors& operator=(const many_descriptors&) = delete;
    ~many_descriptors()
    {
        for (const int each : open_)
            ::close(each);
    }

private:
    std::vector<int> open_;
};

double value(const char* name)
{
    const process_metrics source;
    return handed_over(source).value(name).value_or(-1);
}

TEST(ProcessMetrics, HaveTheStandardNames)
{
    const process_metrics source;
    const handed_over seen(source);
    for (const auto* name :
         {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
          "process_virtual_memory_max_bytes", "process_start_time_seconds", "process_open_fds", "process_max_fds",
          "process_threads", "process_heap_bytes", "process_heap_in_use_bytes", "process_heap_mapped_bytes"}) {
        const auto* found = seen.find(name);
        ASSERT_NE(found, nullptr) << name;
        EXPECT_EQ(found->head.type == metric_type::counter, found->head.name.ends_with("_total"));
        EXPECT_TRUE(found->head.help.ends_with(".")) << name;
        EXPECT_GE(seen.value(name).value_or(-1), 0) << name;
    }
}

TEST(ProcessMetrics, CountOpenDescriptors)
{
    const auto before = value("process_open_fds");
    {
        const many_descriptors more(700);
        EXPECT_EQ(value("process_open_fds"), before + 700);
    }
    EXPECT_EQ(value("process_open_fds"), before);
}

TEST(ProcessMetrics, CountThreads)
{
    const auto before = value("process_threads");
    std::atomic<bool> may_end = false;
    std::thread other([&may_end] { may_end.wait(false); });
    EXPECT_EQ(value("process_threads"), before + 1);
    may_end = true;
    may_end.notify_one();
    other.join();
}

TEST(ProcessMetrics, KnowWhenItBegan)
{
    const auto now = static_cast<double>(std::time(nullptr));
    EXPECT_LE(value("process_start_time_seconds"), now + 1);
    EXPECT_GT(value("process_start_time_seconds"), now - 3600);
}

TEST(ProcessMetrics, CountTimeOfWork)
{
    const auto before = value("process_cpu_seconds_total");
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (value("process_cpu_seconds_total") == before && std::chrono::steady_clock::now() < end) {
    }
    EXPECT_GT(value("process_cpu_seconds_total"), before);
}

TEST(ProcessMetrics, ShowWhatTheHeapIsUsedFor)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizers have an allocator of their own";
#endif
    constexpr auto bytes = 50'000'000.0;
    const auto held = value("process_heap_bytes");
    const auto in_use = value("process_heap_in_use_bytes");
    const auto mapped = value("process_heap_mapped_bytes");
    EXPECT_LE(in_use, held);
    const std::string large(static_cast<std::size_t>(bytes), 'a');
    EXPECT_GE(value("process_heap_bytes"), held + bytes);
    EXPECT_GE(value("process_heap_in_use_bytes"), in_use + bytes);
    EXPECT_GE(value("process_heap_mapped_bytes"), mapped + bytes);
}

} // namespace
} // namespace http_metrics
