#include "tests/simulation/disk.hpp"

#include <boost/asio/execution.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <utility>

#include <fcntl.h>

namespace simulation {
namespace {

namespace asio = boost::asio;

disk* the_disk = nullptr;

/// What Asio wants of an executor, and a disk to run on.
class disk_executor {
public:
    explicit disk_executor(disk& where) : where_(&where) {}

    asio::execution_context& query(asio::execution::context_t) const noexcept { return where_->context(); }
    static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept
    {
        return asio::execution::blocking.never;
    }
    [[nodiscard]] disk_executor require(asio::execution::blocking_t::never_t) const { return *this; }

    template <class Job>
    void execute(Job job) const
    {
        // Jobs can be moved only; std::function wants to copy.
        auto shared = std::make_shared<Job>(std::move(job));
        where_->run([shared] { std::move (*shared)(); });
    }

    friend bool operator==(const disk_executor& a, const disk_executor& b) noexcept { return a.where_ == b.where_; }
    friend bool operator!=(const disk_executor& a, const disk_executor& b) noexcept { return !(a == b); }

private:
    disk* where_;
};

} // namespace

disk::disk(asio::io_context& io, agenda& plan, std::filesystem::path watched, std::string output)
    : io_(io), plan_(plan), watched_(std::move(watched)), output_(std::move(output))
{
    the_disk = this;
}

disk::~disk()
{
    the_disk = nullptr;
}

asio::any_io_executor disk::executor()
{
    return disk_executor(*this);
}

disk* disk::current() noexcept
{
    return the_disk;
}

/// Asio hands a job over in pieces: the job itself; perhaps its cancellation, which comes too late for it; and what
/// brings its result back, which is handed over while the job runs. All in order, as by a thread. Only what touches the
/// disk is a job.
void disk::run(std::function<void()> work)
{
    const bool is_result = is_running_;
    if (!is_result)
        on_begin();
    pieces_.push_back({std::move(work), clock::now(), is_result ? duration{} : job_time});
    if (pieces_.size() == 1)
        plan_next();
}

void disk::plan_next()
{
    plan_.in(pieces_.front().takes, [this] { asio::post(io_, [this] { do_next(); }); });
}

void disk::do_next()
{
    const auto next = pieces_.front();
    was_touched_ = false;
    has_failed_ = false;
    is_running_ = true;
    next.work();
    is_running_ = false;
    if (was_touched_)
        end_job(next.handed_over_at);
    pieces_.pop_front();
    if (!pieces_.empty())
        plan_next();
}

void disk::end_job(time_point begun_at)
{
    if (directory_is_dirty_ && !has_failed_)
        blame("directory_not_synced", watched_.native());
    directory_is_dirty_ = false;
    on_end(has_failed_, begun_at);
}

bool disk::covers(const std::string& path) const
{
    return path.starts_with(watched_.native());
}

std::optional<int> disk::fault_of(file_call what, const std::string& path)
{
    const auto fault = failing.find(what);
    if (fault == failing.end() || !covers(path))
        return std::nullopt;
    has_failed_ = true;
    return fault->second;
}

void disk::opened(const std::string& path, int flags)
{
    was_touched_ = was_touched_ || covers(path);
    if (!covers(path) || ((flags & O_ACCMODE) == O_RDONLY && (flags & O_CREAT) == 0))
        return;
    if (path == watched_ / output_)
        blame("written_in_place", path);
    else if (std::filesystem::path(path).parent_path() == watched_)
        blame("visible_temporary", path);
}

void disk::wrote(const std::string& path)
{
    if (covers(path))
        dirty_.insert(path);
}

void disk::synced(const std::string& path)
{
    dirty_.erase(path);
    if (path == watched_)
        directory_is_dirty_ = false;
}

void disk::renamed(const std::string& from, const std::string& to)
{
    if (!covers(to))
        return;
    if (dirty_.contains(from))
        blame("renamed_before_sync", from);
    dirty_.erase(from);
    directory_is_dirty_ = true;
}

} // namespace simulation
