#pragma once

#include <boost/asio/io_context.hpp>

#include <prometheus/histogram.h>

namespace agent::shell {

/// Runs `io` to its end, as `io.run()` does, and observes for how long each turn held it: nothing else was heard for so
/// long.
///
/// It is CPU time, since a turn waits for nothing, and what a busy machine does in between is not the turn's doing.
void run_measured(boost::asio::io_context& io, prometheus::Histogram& holds);

} // namespace agent::shell
