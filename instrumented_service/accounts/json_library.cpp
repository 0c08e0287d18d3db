// Boost.JSON itself, compiled here once: the package of its headers is enough.
#include <boost/json/src.hpp>
